//! kubeadm's documents: ClusterConfiguration, InitConfiguration, JoinConfiguration (kubeadm.k8s.io/v1beta3, v1beta4,
//! v1; cmd/kubeadm/app/apis/kubeadm/*/types.go, v1.28 to v1.37).
//!
//! kubeadm passes unknown keys over with a warning, and a misspelt `certSANs` with them; here they are errors.

mod raw;

use std::path::PathBuf;

use crate::inventory::Certificates;
use crate::inventory::DEFAULT_BIND_PORT;
use crate::inventory::Etcd;
use crate::inventory::ExternalEtcd;
use crate::inventory::Inventory;
use crate::inventory::InventoryError;
use crate::inventory::Kubernetes;
use crate::inventory::KubernetesVersion;
use crate::inventory::Node;
use crate::inventory::Role;
use crate::inventory::ToldAt;
use crate::inventory::check;
use crate::inventory::duration;
use crate::inventory::kubeadm::raw::RawCluster;
use crate::inventory::kubeadm::raw::RawEndpoint;
use crate::inventory::kubeadm::raw::RawEtcd;
use crate::inventory::kubeadm::raw::RawInit;
use crate::inventory::kubeadm::raw::RawJoin;
use crate::inventory::kubeadm::raw::RawRegistration;
use crate::inventory::text;
use crate::inventory::text::ValueError;
use crate::inventory::yaml::Document;
use crate::inventory::yaml::Header;
use crate::inventory::yaml::Text;
use crate::place::Place;
use crate::x509::key::KeyAlgorithm;

/// Reads a stream of kubeadm's documents.
pub(super) fn read(
    documents: &[Document<'_>],
    headers: &[Header],
    place: &Place,
) -> Result<Inventory, InventoryError> {
    let mut stream = Stream::default();
    for (document, header) in documents.iter().zip(headers) {
        if let Some(kind) = kind_of(document, header)? {
            stream.take(document, kind)?;
        }
    }
    if stream.seen {
        return stream.inventory(place);
    }
    Err(InventoryError {
        place: Box::new(place.clone()),
        problem: "no document in it is an inventory".to_owned(),
        hint: Some(
            "hapki reads `apiVersion: hapki.dev/v1` with `kind: Cluster`, and kubeadm's ClusterConfiguration, \
             InitConfiguration and JoinConfiguration"
                .to_owned(),
        ),
    })
}

#[derive(Clone, Copy)]
enum Kind {
    Cluster,
    Init,
    Join,
}

/// Which of the three kinds a document is; `None` for what is passed over.
fn kind_of(document: &Document<'_>, header: &Header) -> Result<Option<Kind>, InventoryError> {
    let (Some(api_version), Some(kind)) = (&header.api_version, &header.kind) else {
        return Err(document.error(
            "`apiVersion` or `kind` is missing",
            "a document begins with both: `apiVersion: hapki.dev/v1`, `kind: Cluster`",
        ));
    };
    let Some(version) = api_version.value.strip_prefix("kubeadm.k8s.io/") else {
        return Ok(None);
    };
    let kind = match kind.value.as_str() {
        "ClusterConfiguration" => Kind::Cluster,
        "InitConfiguration" => Kind::Init,
        "JoinConfiguration" => Kind::Join,
        _ => return Ok(None),
    };
    if !VERSIONS.contains(&version) {
        return Err(document.error_at(
            api_version,
            format!("apiVersion `{}` is not read", api_version.value),
            "hapki reads v1beta3, v1beta4 and v1; `kubeadm config migrate` converts older documents",
        ));
    }
    Ok(Some(kind))
}

/// What a stream has told so far.
#[derive(Default)]
struct Stream {
    seen: bool,
    cluster: Option<ClusterSettings>,
    nodes: Vec<RawNodeIn>,
}

struct ClusterSettings {
    name: Option<String>,
    kubernetes: Kubernetes,
    certificates: Certificates,
    etcd: Etcd,
}

/// A node as an InitConfiguration or a JoinConfiguration tells it, before etcd's place is known.
struct RawNodeIn {
    node: Node,
    master: bool,
}

impl Stream {
    fn take(&mut self, document: &Document<'_>, kind: Kind) -> Result<(), InventoryError> {
        self.seen = true;
        match kind {
            Kind::Cluster if self.cluster.is_some() => {
                return Err(document.error(
                    "a second ClusterConfiguration begins here",
                    "one file describes one cluster; keep one",
                ));
            }
            Kind::Cluster => self.cluster = Some(cluster(document, document.read()?)?),
            Kind::Init => {
                let raw: RawInit = document.read()?;
                let endpoint = raw.local_api_endpoint.unwrap_or_default();
                self.nodes
                    .extend(node(document, raw.node_registration, endpoint, true)?);
            }
            Kind::Join => {
                let raw: RawJoin = document.read()?;
                let master = raw.control_plane.is_some();
                let endpoint = raw.control_plane.and_then(|plane| plane.local_api_endpoint);
                self.nodes.extend(node(
                    document,
                    raw.node_registration,
                    endpoint.unwrap_or_default(),
                    master,
                )?);
            }
        }
        Ok(())
    }

    fn inventory(self, place: &Place) -> Result<Inventory, InventoryError> {
        let settings = self.cluster;
        let external = settings
            .as_ref()
            .is_some_and(|settings| settings.etcd.external.is_some());
        let nodes: Vec<Node> = self
            .nodes
            .into_iter()
            .map(|raw| raw.with_roles(external))
            .collect();
        check::nodes(&nodes)?;
        let (name, kubernetes, certificates, etcd) = match settings {
            Some(told) => (told.name, told.kubernetes, told.certificates, told.etcd),
            None => Default::default(),
        };
        Ok(Inventory {
            place: place.clone(),
            name,
            lists_every_node: false,
            kubernetes,
            certificates,
            nodes,
            etcd,
            load_balancers: Vec::new(),
            registries: Vec::new(),
            ignores: Vec::new(),
        })
    }
}

impl RawNodeIn {
    fn with_roles(self, external_etcd: bool) -> Node {
        let roles = match (self.master, external_etcd) {
            (true, false) => vec![Role::ControlPlane, Role::Etcd],
            (true, true) => vec![Role::ControlPlane],
            (false, _) => vec![Role::Worker],
        };
        Node { roles, ..self.node }
    }
}

/// A node whose document names it. kubeadm would take the machine's host name; hapki does not ask the machine, so a
/// document without a name tells only of the cluster.
fn node(
    document: &Document<'_>,
    registration: Option<RawRegistration>,
    endpoint: RawEndpoint,
    master: bool,
) -> Result<Option<RawNodeIn>, InventoryError> {
    let Some(name) = registration.and_then(|registration| registration.name) else {
        return Ok(None);
    };
    let address = document.optional(&endpoint.advertise_address, text::address)?;
    let node = Node {
        place: document.place_of(&name),
        // As kubeadm does (cmd/kubeadm/app/util/config, GetHostname).
        name: document.value(&name, |name| text::node_name(&name.trim().to_lowercase()))?,
        // 0.0.0.0 and :: ask kubeadm to choose an address.
        addresses_at: document
            .place_of_one(&endpoint.advertise_address)
            .unwrap_or_else(|| document.place_of(&name)),
        addresses: address
            .into_iter()
            .filter(|address| !address.is_unspecified())
            .collect(),
        roles: Vec::new(),
        cert_sans: Vec::new(),
        bind_port: document
            .optional(&endpoint.bind_port, bind_port)?
            .flatten()
            .unwrap_or(DEFAULT_BIND_PORT),
    };
    Ok(Some(RawNodeIn { node, master }))
}

/// kubeadm writes 0 where none is told.
fn bind_port(text: &str) -> Result<Option<u16>, ValueError> {
    if text == "0" {
        Ok(None)
    } else {
        text::port(text).map(Some)
    }
}

fn cluster(document: &Document<'_>, raw: RawCluster) -> Result<ClusterSettings, InventoryError> {
    let networking = raw.networking.unwrap_or_default();
    let api_server = raw.api_server.unwrap_or_default();
    let told_at = ToldAt {
        version: document.place_of_one(&raw.kubernetes_version),
        service_subnets: document.place_of_one(&networking.service_subnet),
        dns_domain: document.place_of_one(&networking.dns_domain),
        control_plane_endpoint: document.place_of_one(&raw.control_plane_endpoint),
        cert_sans: document.place_of_first(&api_server.cert_sans),
    };
    let kubernetes = Kubernetes {
        told_at,
        version: document
            .optional(&raw.kubernetes_version, version)?
            .flatten(),
        service_subnets: document
            .optional(&non_empty(networking.service_subnet), text::service_subnets)?
            .unwrap_or_default(),
        dns_domain: document.optional(&non_empty(networking.dns_domain), text::dns_domain)?,
        control_plane_endpoint: document
            .optional(&non_empty(raw.control_plane_endpoint), str::parse)?,
        cert_sans: document.values(&api_server.cert_sans, text::san)?,
    };
    let certificates = Certificates {
        key: document.optional(&non_empty(raw.encryption_algorithm), encryption_algorithm)?,
        validity: document.optional(
            &non_empty(raw.certificate_validity_period),
            duration::go_duration,
        )?,
        ca_validity: document.optional(
            &non_empty(raw.ca_certificate_validity_period),
            duration::go_duration,
        )?,
    };
    Ok(ClusterSettings {
        name: raw.cluster_name.map(|name| name.value),
        kubernetes,
        certificates,
        etcd: etcd(document, raw.etcd.unwrap_or_default())?,
    })
}

fn etcd(document: &Document<'_>, raw: RawEtcd) -> Result<Etcd, InventoryError> {
    let local = raw.local.unwrap_or_default();
    let path = |text: Option<Text>| non_empty(text).map(|text| PathBuf::from(text.value));
    let external = match raw.external {
        Some(raw) => Some(ExternalEtcd {
            endpoints: check::etcd_endpoints(document, &raw.endpoints)?,
            ca_file: path(raw.ca_file),
            cert_file: path(raw.cert_file),
            key_file: path(raw.key_file),
        }),
        None => None,
    };
    Ok(Etcd {
        server_cert_sans: document.values(&local.server_cert_sans, text::san)?,
        peer_cert_sans: document.values(&local.peer_cert_sans, text::san)?,
        external,
    })
}

/// kubeadm writes empty strings where nothing is told.
fn non_empty(text: Option<Text>) -> Option<Text> {
    text.filter(|text| !text.value.is_empty())
}

/// A release, or a label of a release channel (`stable-1.34`), or one that names no release (`stable`).
fn version(text: &str) -> Result<Option<KubernetesVersion>, ValueError> {
    let label = text.split_once('/').map_or(text, |(_, label)| label);
    match label {
        "" | "stable" | "latest" | "stable-1" | "latest-1" => Ok(None),
        _ => {
            let release = label
                .strip_prefix("stable-")
                .or_else(|| label.strip_prefix("latest-"));
            text::version(release.unwrap_or(text)).map(Some)
        }
    }
}

fn encryption_algorithm(text: &str) -> Result<KeyAlgorithm, ValueError> {
    match text {
        "RSA-2048" => Ok(KeyAlgorithm::Rsa2048),
        "RSA-3072" => Ok(KeyAlgorithm::Rsa3072),
        "RSA-4096" => Ok(KeyAlgorithm::Rsa4096),
        "ECDSA-P256" => Ok(KeyAlgorithm::EcdsaP256),
        "ECDSA-P384" => Ok(KeyAlgorithm::EcdsaP384),
        _ => Err(text::error(
            format!("`{text}` is not an encryption algorithm of kubeadm"),
            "write RSA-2048, RSA-3072, RSA-4096, ECDSA-P256 or ECDSA-P384",
        )),
    }
}

const VERSIONS: [&str; 3] = ["v1beta3", "v1beta4", "v1"];

#[cfg(test)]
mod tests;
