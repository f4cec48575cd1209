//! hapki.yaml as it is written: keys and texts, nothing checked.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;

use crate::inventory::yaml::Text;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawCluster {
    #[serde(rename = "apiVersion")]
    _api_version: IgnoredAny,
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    pub(super) metadata: Option<RawMetadata>,
    pub(super) kubernetes: Option<RawKubernetes>,
    pub(super) certificates: Option<RawCertificates>,
    pub(super) nodes: Option<Vec<RawNode>>,
    pub(super) etcd: Option<RawEtcd>,
    pub(super) load_balancers: Option<Vec<RawLoadBalancer>>,
    pub(super) registries: Option<Vec<RawRegistry>>,
    pub(super) audit: Option<RawAudit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMetadata {
    pub(super) name: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawKubernetes {
    pub(super) version: Option<Text>,
    pub(super) service_subnet: Option<Text>,
    pub(super) dns_domain: Option<Text>,
    pub(super) control_plane_endpoint: Option<Text>,
    #[serde(rename = "certSANs")]
    pub(super) cert_sans: Option<Vec<Text>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawCertificates {
    pub(super) key: Option<Text>,
    pub(super) validity: Option<Text>,
    pub(super) ca_validity: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawNode {
    pub(super) name: Text,
    pub(super) addresses: Option<Vec<Text>>,
    pub(super) roles: Option<Vec<Text>>,
    #[serde(rename = "certSANs")]
    pub(super) cert_sans: Option<Vec<Text>>,
    pub(super) bind_port: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEtcd {
    pub(super) local: Option<RawLocalEtcd>,
    pub(super) external: Option<RawExternalEtcd>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLocalEtcd {
    #[serde(rename = "serverCertSANs")]
    pub(super) server_cert_sans: Option<Vec<Text>>,
    #[serde(rename = "peerCertSANs")]
    pub(super) peer_cert_sans: Option<Vec<Text>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawExternalEtcd {
    pub(super) endpoints: Spanned<Vec<Text>>,
    pub(super) ca_file: Option<Text>,
    pub(super) cert_file: Option<Text>,
    pub(super) key_file: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLoadBalancer {
    pub(super) node: Option<Text>,
    pub(super) address: Option<Text>,
    pub(super) listen: Text,
    pub(super) mode: Option<Text>,
    pub(super) names: Option<Vec<Text>>,
    pub(super) backends: Option<Vec<Text>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRegistry {
    pub(super) name: Text,
    pub(super) kind: Text,
    pub(super) version: Option<Text>,
    pub(super) port: Option<Text>,
    pub(super) path: Option<Text>,
    pub(super) instances: Option<Vec<RawInstance>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawInstance {
    pub(super) node: Text,
    pub(super) address: Text,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAudit {
    pub(super) ignore: Option<Vec<RawIgnore>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIgnore {
    pub(super) rule: Text,
    pub(super) node: Option<Text>,
    pub(super) path: Option<Text>,
    pub(super) reason: Text,
}
