//! hapki.yaml: `apiVersion: hapki.dev/v1`, `kind: Cluster`.

mod raw;

use std::path::PathBuf;

use crate::inventory::BalancerHost;
use crate::inventory::BalancerMode;
use crate::inventory::Certificates;
use crate::inventory::DEFAULT_BIND_PORT;
use crate::inventory::Etcd;
use crate::inventory::ExternalEtcd;
use crate::inventory::Ignore;
use crate::inventory::Inventory;
use crate::inventory::InventoryError;
use crate::inventory::Kubernetes;
use crate::inventory::LoadBalancer;
use crate::inventory::Node;
use crate::inventory::Registry;
use crate::inventory::RegistryInstance;
use crate::inventory::RegistryKind;
use crate::inventory::Role;
use crate::inventory::ToldAt;
use crate::inventory::check;
use crate::inventory::duration;
use crate::inventory::hapki::raw::RawCertificates;
use crate::inventory::hapki::raw::RawCluster;
use crate::inventory::hapki::raw::RawEtcd;
use crate::inventory::hapki::raw::RawIgnore;
use crate::inventory::hapki::raw::RawKubernetes;
use crate::inventory::hapki::raw::RawLoadBalancer;
use crate::inventory::hapki::raw::RawNode;
use crate::inventory::hapki::raw::RawRegistry;
use crate::inventory::text;
use crate::inventory::text::ValueError;
use crate::inventory::yaml::Document;
use crate::inventory::yaml::Header;
use crate::place::Place;

const API_VERSION: &str = "hapki.dev/v1";

/// Reads the stream when one of its documents is hapki's; `None` when none is.
pub(super) fn read(
    documents: &[Document<'_>],
    headers: &[Header],
    place: &Place,
) -> Result<Option<Inventory>, InventoryError> {
    for (document, header) in documents.iter().zip(headers) {
        let Some(api_version) = &header.api_version else {
            continue;
        };
        if !api_version.value.starts_with("hapki.dev/") {
            continue;
        }
        if api_version.value != API_VERSION {
            let problem = format!("apiVersion `{}` is not read", api_version.value);
            return Err(document.error_at(
                api_version,
                problem,
                format!("this hapki reads {API_VERSION}"),
            ));
        }
        if let Some(other) = documents.get(1) {
            return Err(other.error(
                "a second document begins here; one file describes one cluster",
                "put the other document into a file of its own",
            ));
        }
        match &header.kind {
            Some(kind) if kind.value == "Cluster" => {}
            Some(kind) => {
                return Err(document.error_at(
                    kind,
                    format!("kind `{}` is not read", kind.value),
                    "write `kind: Cluster`",
                ));
            }
            None => return Err(document.error("`kind` is missing", "add `kind: Cluster`")),
        }
        return cluster(document, place).map(Some);
    }
    Ok(None)
}

fn cluster(document: &Document<'_>, place: &Place) -> Result<Inventory, InventoryError> {
    let raw: RawCluster = document.read()?;
    let nodes = raw
        .nodes
        .iter()
        .flatten()
        .map(|raw| node(document, raw))
        .collect::<Result<Vec<_>, _>>()?;
    check::nodes(&nodes)?;
    let load_balancers = raw
        .load_balancers
        .iter()
        .flatten()
        .map(|raw| load_balancer(document, raw, &nodes))
        .collect::<Result<_, _>>()?;
    let registries = raw
        .registries
        .iter()
        .flatten()
        .map(|raw| registry(document, raw))
        .collect::<Result<Vec<_>, _>>()?;
    let audit = raw.audit.unwrap_or_default();
    let ignores = audit
        .ignore
        .iter()
        .flatten()
        .map(|raw| ignore(document, raw))
        .collect::<Result<_, _>>()?;
    Ok(Inventory {
        place: place.clone(),
        name: raw
            .metadata
            .and_then(|metadata| metadata.name)
            .map(|name| name.value),
        lists_every_node: true,
        kubernetes: kubernetes(document, raw.kubernetes.unwrap_or_default())?,
        certificates: certificates(document, raw.certificates.unwrap_or_default())?,
        nodes,
        etcd: etcd(document, raw.etcd.unwrap_or_default())?,
        load_balancers,
        registries,
        ignores,
    })
}

fn kubernetes(document: &Document<'_>, raw: RawKubernetes) -> Result<Kubernetes, InventoryError> {
    Ok(Kubernetes {
        version: document.optional(&raw.version, text::version)?,
        service_subnets: document
            .optional(&raw.service_subnet, text::service_subnets)?
            .unwrap_or_default(),
        dns_domain: document.optional(&raw.dns_domain, text::dns_domain)?,
        control_plane_endpoint: document.optional(&raw.control_plane_endpoint, str::parse)?,
        cert_sans: document.values(&raw.cert_sans, text::san)?,
        told_at: ToldAt {
            version: document.place_of_one(&raw.version),
            service_subnets: document.place_of_one(&raw.service_subnet),
            dns_domain: document.place_of_one(&raw.dns_domain),
            control_plane_endpoint: document.place_of_one(&raw.control_plane_endpoint),
            cert_sans: document.place_of_first(&raw.cert_sans),
        },
    })
}

fn certificates(
    document: &Document<'_>,
    raw: RawCertificates,
) -> Result<Certificates, InventoryError> {
    Ok(Certificates {
        key: document.optional(&raw.key, |key| {
            key.parse().map_err(|_| {
                text::error(
                    format!("`{key}` is not a kind of key"),
                    "write rsa-2048, rsa-3072, rsa-4096, ecdsa-p256, ecdsa-p384 or ed25519",
                )
            })
        })?,
        validity: document.optional(&raw.validity, duration::duration)?,
        ca_validity: document.optional(&raw.ca_validity, duration::duration)?,
    })
}

fn node(document: &Document<'_>, raw: &RawNode) -> Result<Node, InventoryError> {
    let roles = document.values(&raw.roles, role)?;
    if roles.is_empty() {
        return Err(document.error_at(
            &raw.name,
            format!("node `{}` has no roles", raw.name.value),
            format!("add `roles:` with one or more of {ROLES}"),
        ));
    }
    Ok(Node {
        place: document.place_of(&raw.name),
        name: document.value(&raw.name, text::node_name)?,
        addresses: document.values(&raw.addresses, text::address)?,
        addresses_at: document
            .place_of_first(&raw.addresses)
            .unwrap_or_else(|| document.place_of(&raw.name)),
        roles,
        cert_sans: document.values(&raw.cert_sans, text::san)?,
        bind_port: document
            .optional(&raw.bind_port, text::port)?
            .unwrap_or(DEFAULT_BIND_PORT),
    })
}

fn role(text: &str) -> Result<Role, ValueError> {
    match text {
        "control-plane" => Ok(Role::ControlPlane),
        "etcd" => Ok(Role::Etcd),
        "load-balancer" => Ok(Role::LoadBalancer),
        "worker" => Ok(Role::Worker),
        _ => Err(text::error(
            format!("`{text}` is not a role"),
            format!("the roles are {ROLES}"),
        )),
    }
}

fn etcd(document: &Document<'_>, raw: RawEtcd) -> Result<Etcd, InventoryError> {
    let local = raw.local.unwrap_or_default();
    let external = raw
        .external
        .map(|raw| {
            Ok(ExternalEtcd {
                endpoints: check::etcd_endpoints(document, &raw.endpoints)?,
                ca_file: document.optional(&raw.ca_file, absolute_path)?,
                cert_file: document.optional(&raw.cert_file, absolute_path)?,
                key_file: document.optional(&raw.key_file, absolute_path)?,
            })
        })
        .transpose()?;
    Ok(Etcd {
        server_cert_sans: document.values(&local.server_cert_sans, text::san)?,
        peer_cert_sans: document.values(&local.peer_cert_sans, text::san)?,
        external,
    })
}

fn load_balancer(
    document: &Document<'_>,
    raw: &RawLoadBalancer,
    nodes: &[Node],
) -> Result<LoadBalancer, InventoryError> {
    let backends = document.values(&raw.backends, text::node_name)?;
    for (text, backend) in raw.backends.iter().flatten().zip(&backends) {
        check::is_node(document, text, backend, nodes)?;
    }
    if backends.is_empty() {
        return Err(document.error_at(
            &raw.listen,
            "a load balancer has no backends",
            "add `backends:` with the names of the nodes it forwards to",
        ));
    }
    Ok(LoadBalancer {
        place: document.place_of(&raw.listen),
        host: balancer_host(document, raw, nodes)?,
        listen: document.value(&raw.listen, text::port)?,
        mode: document
            .optional(&raw.mode, balancer_mode)?
            .unwrap_or_default(),
        names: document.values(&raw.names, text::san)?,
        names_at: document
            .place_of_first(&raw.names)
            .unwrap_or_else(|| document.place_of(&raw.listen)),
        backends,
        backends_at: document
            .place_of_first(&raw.backends)
            .unwrap_or_else(|| document.place_of(&raw.listen)),
    })
}

fn balancer_host(
    document: &Document<'_>,
    raw: &RawLoadBalancer,
    nodes: &[Node],
) -> Result<BalancerHost, InventoryError> {
    match (&raw.node, &raw.address) {
        (Some(node), None) => {
            let name = document.value(node, text::node_name)?;
            check::is_node(document, node, &name, nodes)?;
            Ok(BalancerHost::Node(name))
        }
        (None, Some(given)) => {
            let address = document.value(given, text::address)?;
            match nodes.iter().find(|node| node.addresses.contains(&address)) {
                Some(node) => Err(document.error_at(
                    given,
                    format!("`{address}` is an address of node `{}`", node.name),
                    format!("write `node: {}` instead of `address`", node.name),
                )),
                None => Ok(BalancerHost::Address(address)),
            }
        }
        _ => Err(document.error_at(
            &raw.listen,
            "a load balancer runs either on a `node` or at an `address`",
            "give one of the two",
        )),
    }
}

fn balancer_mode(text: &str) -> Result<BalancerMode, ValueError> {
    match text {
        "tcp" => Ok(BalancerMode::Tcp),
        "http" => Ok(BalancerMode::Http),
        _ => Err(text::error(
            format!("`{text}` is not a balancer's mode"),
            "write tcp (passes TLS through) or http (ends TLS itself)",
        )),
    }
}

fn registry(document: &Document<'_>, raw: &RawRegistry) -> Result<Registry, InventoryError> {
    let instances = raw
        .instances
        .iter()
        .flatten()
        .map(|raw| {
            Ok(RegistryInstance {
                node: document.value(&raw.node, text::node_name)?,
                address: document.value(&raw.address, text::address)?,
            })
        })
        .collect::<Result<_, InventoryError>>()?;
    Ok(Registry {
        place: document.place_of(&raw.name),
        name: document.value(&raw.name, text::san)?,
        kind: document.value(&raw.kind, registry_kind)?,
        version: raw.version.as_ref().map(|version| version.value.clone()),
        port: document
            .optional(&raw.port, text::port)?
            .unwrap_or(HTTPS_PORT),
        path: document.optional(&raw.path, absolute_path)?,
        instances,
    })
}

fn registry_kind(text: &str) -> Result<RegistryKind, ValueError> {
    match text {
        "harbor" => Ok(RegistryKind::Harbor),
        "registry" => Ok(RegistryKind::Registry),
        _ => Err(text::error(
            format!("`{text}` is not a kind of registry"),
            "write harbor or registry",
        )),
    }
}

fn ignore(document: &Document<'_>, raw: &RawIgnore) -> Result<Ignore, InventoryError> {
    Ok(Ignore {
        place: document.place_of(&raw.rule),
        rule: raw.rule.value.clone(),
        node: document.optional(&raw.node, text::node_name)?,
        path: document.optional(&raw.path, absolute_path)?,
        reason: document.value(&raw.reason, reason)?,
    })
}

fn reason(text: &str) -> Result<String, ValueError> {
    if text.trim().is_empty() {
        return Err(text::error(
            "the reason is empty".to_owned(),
            "say why this finding is accepted",
        ));
    }
    Ok(text.to_owned())
}

fn absolute_path(text: &str) -> Result<PathBuf, ValueError> {
    if text.starts_with('/') {
        return Ok(PathBuf::from(text));
    }
    Err(text::error(
        format!("`{text}` is not an absolute path"),
        "write the path as it is on the node, from / on",
    ))
}

const ROLES: &str = "control-plane, etcd, load-balancer, worker";
const HTTPS_PORT: u16 = 443;
