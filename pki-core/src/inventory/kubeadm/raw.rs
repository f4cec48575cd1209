//! kubeadm's documents as they are written: what hapki reads, and the names of what it passes over.
//!
//! Source: cmd/kubeadm/app/apis/kubeadm/{v1beta3,v1beta4,v1}/types.go, v1.28 to v1.37.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;

use crate::inventory::yaml::Text;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawCluster {
    pub(super) etcd: Option<RawEtcd>,
    pub(super) networking: Option<RawNetworking>,
    pub(super) kubernetes_version: Option<Text>,
    pub(super) control_plane_endpoint: Option<Text>,
    pub(super) api_server: Option<RawApiServer>,
    pub(super) cluster_name: Option<Text>,
    pub(super) encryption_algorithm: Option<Text>,
    pub(super) certificate_validity_period: Option<Text>,
    pub(super) ca_certificate_validity_period: Option<Text>,
    #[serde(rename = "apiVersion")]
    _api_version: Option<IgnoredAny>,
    #[serde(rename = "kind")]
    _kind: Option<IgnoredAny>,
    #[serde(rename = "controllerManager")]
    _controller_manager: Option<IgnoredAny>,
    #[serde(rename = "scheduler")]
    _scheduler: Option<IgnoredAny>,
    #[serde(rename = "dns")]
    _dns: Option<IgnoredAny>,
    #[serde(rename = "proxy")]
    _proxy: Option<IgnoredAny>,
    #[serde(rename = "certificatesDir")]
    _certificates_dir: Option<IgnoredAny>,
    #[serde(rename = "imageRepository")]
    _image_repository: Option<IgnoredAny>,
    #[serde(rename = "featureGates")]
    _feature_gates: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawNetworking {
    pub(super) service_subnet: Option<Text>,
    pub(super) dns_domain: Option<Text>,
    #[serde(rename = "podSubnet")]
    _pod_subnet: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawApiServer {
    #[serde(rename = "certSANs")]
    pub(super) cert_sans: Option<Vec<Text>>,
    #[serde(rename = "extraArgs")]
    _extra_args: Option<IgnoredAny>,
    #[serde(rename = "extraVolumes")]
    _extra_volumes: Option<IgnoredAny>,
    #[serde(rename = "extraEnvs")]
    _extra_envs: Option<IgnoredAny>,
    #[serde(rename = "timeoutForControlPlane")]
    _timeout_for_control_plane: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawEtcd {
    pub(super) local: Option<RawLocalEtcd>,
    pub(super) external: Option<RawExternalEtcd>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawLocalEtcd {
    #[serde(rename = "serverCertSANs")]
    pub(super) server_cert_sans: Option<Vec<Text>>,
    #[serde(rename = "peerCertSANs")]
    pub(super) peer_cert_sans: Option<Vec<Text>>,
    #[serde(rename = "imageRepository")]
    _image_repository: Option<IgnoredAny>,
    #[serde(rename = "imageTag")]
    _image_tag: Option<IgnoredAny>,
    #[serde(rename = "dataDir")]
    _data_dir: Option<IgnoredAny>,
    #[serde(rename = "extraArgs")]
    _extra_args: Option<IgnoredAny>,
    #[serde(rename = "extraEnvs")]
    _extra_envs: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawExternalEtcd {
    pub(super) endpoints: Spanned<Vec<Text>>,
    pub(super) ca_file: Option<Text>,
    pub(super) cert_file: Option<Text>,
    pub(super) key_file: Option<Text>,
    #[serde(rename = "httpEndpoints")]
    _http_endpoints: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawInit {
    pub(super) node_registration: Option<RawRegistration>,
    #[serde(rename = "localAPIEndpoint")]
    pub(super) local_api_endpoint: Option<RawEndpoint>,
    #[serde(rename = "apiVersion")]
    _api_version: Option<IgnoredAny>,
    #[serde(rename = "kind")]
    _kind: Option<IgnoredAny>,
    #[serde(rename = "bootstrapTokens")]
    _bootstrap_tokens: Option<IgnoredAny>,
    #[serde(rename = "dryRun")]
    _dry_run: Option<IgnoredAny>,
    #[serde(rename = "certificateKey")]
    _certificate_key: Option<IgnoredAny>,
    #[serde(rename = "skipPhases")]
    _skip_phases: Option<IgnoredAny>,
    #[serde(rename = "patches")]
    _patches: Option<IgnoredAny>,
    #[serde(rename = "timeouts")]
    _timeouts: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawJoin {
    pub(super) node_registration: Option<RawRegistration>,
    pub(super) control_plane: Option<RawControlPlane>,
    #[serde(rename = "apiVersion")]
    _api_version: Option<IgnoredAny>,
    #[serde(rename = "kind")]
    _kind: Option<IgnoredAny>,
    #[serde(rename = "dryRun")]
    _dry_run: Option<IgnoredAny>,
    #[serde(rename = "caCertPath")]
    _ca_cert_path: Option<IgnoredAny>,
    #[serde(rename = "discovery")]
    _discovery: Option<IgnoredAny>,
    #[serde(rename = "skipPhases")]
    _skip_phases: Option<IgnoredAny>,
    #[serde(rename = "patches")]
    _patches: Option<IgnoredAny>,
    #[serde(rename = "timeouts")]
    _timeouts: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawControlPlane {
    #[serde(rename = "localAPIEndpoint")]
    pub(super) local_api_endpoint: Option<RawEndpoint>,
    #[serde(rename = "certificateKey")]
    _certificate_key: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawRegistration {
    pub(super) name: Option<Text>,
    #[serde(rename = "criSocket")]
    _cri_socket: Option<IgnoredAny>,
    #[serde(rename = "taints")]
    _taints: Option<IgnoredAny>,
    #[serde(rename = "kubeletExtraArgs")]
    _kubelet_extra_args: Option<IgnoredAny>,
    #[serde(rename = "ignorePreflightErrors")]
    _ignore_preflight_errors: Option<IgnoredAny>,
    #[serde(rename = "imagePullPolicy")]
    _image_pull_policy: Option<IgnoredAny>,
    #[serde(rename = "imagePullSerial")]
    _image_pull_serial: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawEndpoint {
    pub(super) advertise_address: Option<Text>,
    pub(super) bind_port: Option<Text>,
}
