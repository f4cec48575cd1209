//! What runs on a node and how it is addressed, from its manifests.

use std::collections::HashMap;
use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::facts::hosts::Hosts;
use crate::facts::hosts::HostsEntry;
use crate::facts::process::Process;
use crate::inventory::DEFAULT_BIND_PORT;
use crate::inventory::Inventory;
use crate::inventory::KubernetesVersion;
use crate::inventory::first_service_address;
use crate::place::Place;
use crate::topology::dialled;
use crate::topology::node::Apiserver;
use crate::topology::node::Claim;
use crate::topology::node::Etcd;
use crate::topology::node::NamedCertificate;
use crate::topology::node::Node;
use crate::topology::node::PairFiles;
use crate::topology::url;
use crate::topology::view::View;

/// Everything about a node but its final address, which the other nodes have a say in.
pub(super) fn node(
    view: &View<'_>,
    names: Vec<Claim<String>>,
    inventory: Option<&Inventory>,
) -> Node {
    let process = view.facts.process("kube-apiserver");
    let apiserver = match process {
        Some(process) => Some(apiserver(view, process)),
        None => apiserver_by_layout(view),
    };
    let kubeadm = view.facts.kubeadm.as_ref();
    let mut node = Node {
        name: view.name.clone(),
        apiserver,
        names: names
            .into_iter()
            .map(|claim| Claim {
                place: view.at(&claim.place),
                ..claim
            })
            .collect(),
        etcd: match view.facts.process("etcd") {
            Some(process) => Some(etcd(view, process)),
            None => etcd_by_layout(view),
        },
        cluster_signing: view
            .facts
            .process("kube-controller-manager")
            .and_then(|process| {
                pair(
                    view,
                    process,
                    ["cluster-signing-cert-file", "cluster-signing-key-file"],
                )
            }),
        hosts: view.facts.hosts.clone(),
        pki_dir: {
            let pki_dir = view.facts.given_dir.as_ref().unwrap_or(&view.facts.pki_dir);
            if view.facts.is_archived {
                pki_dir.path.clone()
            } else {
                pki_dir.read_from.clone()
            }
        },
        is_archived: view.facts.is_archived,
        kubernetes_dir: view.facts.kubernetes_dir.read_from.clone(),
        version: process
            .and_then(version)
            .or(kubeadm.and_then(|config| config.kubernetes.version)),
        dns_domain: process
            .and_then(issuer_domain)
            .or_else(|| view.facts.kubelet.as_ref()?.cluster_domain.clone())
            .or_else(|| Some(kubeadm?.kubernetes.dns_domain.as_ref()?.to_string())),
        kubeadm: kubeadm.cloned(),
        rotation: view.kubelet_rotates(),
        ..Node::default()
    };
    node.hosts.place.node.clone_from(&view.name);
    node.addresses = owned_addresses(&node, inventory);
    node.addresses.extend(etcd_addresses(view, &node.addresses));
    for claim in view.node_ips() {
        if !node
            .addresses
            .iter()
            .any(|known| known.value == claim.value)
        {
            node.addresses.push(claim);
        }
    }
    node
}

/// Adds what hosts files say, and decides the address of every node.
pub(super) fn settle_addresses(nodes: &mut [Node], views: &[View<'_>]) {
    let mentions = Mentions::of(nodes);
    let hosts: Vec<Vec<Claim<IpAddr>>> = (0..)
        .zip(nodes.iter())
        .map(|(position, node)| mentions.addresses_of(position, node))
        .collect();
    for (node, claims) in nodes.iter_mut().zip(hosts) {
        node.addresses.extend(claims);
    }
    dialled::add(nodes, views);
    let mut claimed_by: HashMap<IpAddr, Vec<&str>> = HashMap::new();
    for node in nodes.iter() {
        for claim in &node.addresses {
            claimed_by.entry(claim.value).or_default().push(&node.name);
        }
    }
    let addresses: Vec<Option<IpAddr>> = nodes
        .iter()
        .map(|node| address(node, &claimed_by))
        .collect();
    for (node, address) in nodes.iter_mut().zip(addresses) {
        node.address = address;
        if let (Some(address), Some(etcd)) = (address, &mut node.etcd)
            && etcd.flags.is_empty()
        {
            listens_as_kubeadm_has_it(etcd, address);
        }
    }
}

/// The address that the apiserver advertises, unless other files make it another node's: then the manifest was copied.
fn address(node: &Node, claimed_by: &HashMap<IpAddr, Vec<&str>>) -> Option<IpAddr> {
    let advertised = node
        .apiserver
        .as_ref()
        .and_then(|apiserver| apiserver.advertise_address);
    let claimed = node.addresses.first().map(|claim| claim.value);
    let (Some(advertised), Some(claimed)) = (advertised, claimed) else {
        return advertised.or(claimed);
    };
    let own = node.addresses.iter().any(|claim| claim.value == advertised);
    let anothers = claimed_by
        .get(&advertised)
        .is_some_and(|owners| owners.iter().any(|owner| *owner != node.name));
    Some(if anothers && !own {
        claimed
    } else {
        advertised
    })
}

fn apiserver(view: &View<'_>, process: &Process) -> Apiserver {
    Apiserver {
        place: view.at(&process.place),
        from_manifest: true,
        advertise_address: process
            .value("advertise-address")
            .and_then(|text| text.parse().ok())
            .map(|address: IpAddr| address.to_canonical()),
        secure_port: process
            .value("secure-port")
            .and_then(|text| text.parse().ok())
            .unwrap_or(DEFAULT_BIND_PORT),
        service_addresses: process
            .value("service-cluster-ip-range")
            .unwrap_or_default()
            .split(',')
            .filter_map(|network| network.trim().parse::<IpNet>().ok())
            .map(|network| first_service_address(&network))
            .collect(),
        certificate: view
            .flag_file(process, "tls-cert-file")
            .or_else(|| self_made(view, process)),
        named: process
            .named_certificates()
            .map(|one| NamedCertificate {
                certificate: view.path(&process.on_node(one.certificate)),
                names: one.names.iter().map(|&name| name.to_owned()).collect(),
            })
            .collect(),
        key: view.flag_file(process, "tls-private-key-file"),
        client_ca: view.flag_file(process, "client-ca-file"),
        flags: view.flags(process),
    }
}

/// What it makes for itself where no flag names a certificate, if that was read
/// (k8s.io/apiserver/pkg/server/options/serving.go, `MaybeDefaultWithSelfSignedCerts`).
fn self_made(view: &View<'_>, process: &Process) -> Option<Place> {
    let path = process.self_made()?;
    view.facts.file(&path).map(|file| view.at(&file.place))
}

/// Without a manifest, a serving certificate where kubeadm puts it means an apiserver as kubeadm runs it.
fn apiserver_by_layout(view: &View<'_>) -> Option<Apiserver> {
    let directory = &view.facts.pki_dir.path;
    let certificate = directory.join("apiserver.crt");
    let file = view.facts.file(&certificate)?;
    let there =
        |name: &str| Some(directory.join(name)).filter(|path| view.facts.file(path).is_some());
    Some(Apiserver {
        place: view.at(&file.place),
        from_manifest: false,
        advertise_address: None,
        secure_port: DEFAULT_BIND_PORT,
        service_addresses: Vec::new(),
        certificate: Some(view.path(&certificate)),
        named: Vec::new(),
        key: there("apiserver.key").map(|path| view.path(&path)),
        client_ca: there("ca.crt").map(|path| view.path(&path)),
        flags: Vec::new(),
    })
}

fn etcd(view: &View<'_>, process: &Process) -> Etcd {
    Etcd {
        place: view.at(&process.place),
        name: process.value("name").map(str::to_owned),
        listens: list(process, "listen-client-urls"),
        advertises: list(process, "advertise-client-urls"),
        advertises_to_peers: list(process, "initial-advertise-peer-urls"),
        listens_to_peers: list(process, "listen-peer-urls"),
        server: pair(view, process, ["cert-file", "key-file"]),
        peer: pair(view, process, ["peer-cert-file", "peer-key-file"]),
        trusted_ca: view.flag_file(process, "trusted-ca-file"),
        peer_trusted_ca: view.flag_file(process, "peer-trusted-ca-file"),
        flags: view.flags(process),
    }
}

/// Without any manifest, a serving certificate of etcd means a member as kubeadm runs it beside each apiserver.
fn etcd_by_layout(view: &View<'_>) -> Option<Etcd> {
    let pair = |base: &str| {
        Some(PairFiles {
            certificate: view.by_layout(&format!("{base}.crt"))?,
            key: view.path(&view.facts.pki_dir.path.join(format!("{base}.key"))),
        })
    };
    let server = pair("etcd/server")?;
    let authority = view.by_layout("etcd/ca.crt");
    Some(Etcd {
        place: server.certificate.clone(),
        name: None,
        listens: Vec::new(),
        advertises: Vec::new(),
        advertises_to_peers: Vec::new(),
        listens_to_peers: Vec::new(),
        server: Some(server),
        peer: pair("etcd/peer"),
        trusted_ca: authority.clone(),
        peer_trusted_ca: authority,
        flags: Vec::new(),
    })
}

/// cmd/kubeadm/app/phases/etcd/local.go, `getEtcdCommand`.
fn listens_as_kubeadm_has_it(etcd: &mut Etcd, address: IpAddr) {
    let client = url::https(address, ETCD_CLIENT_PORT);
    let peer = url::https(address, ETCD_PEER_PORT);
    let local = match address {
        IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1_u16]),
    };
    etcd.listens = vec![url::https(local, ETCD_CLIENT_PORT), client.clone()];
    etcd.advertises = vec![client];
    etcd.listens_to_peers = vec![peer.clone()];
    etcd.advertises_to_peers = vec![peer];
}

fn pair(view: &View<'_>, process: &Process, [certificate, key]: [&str; 2]) -> Option<PairFiles> {
    Some(PairFiles {
        certificate: view.flag_file(process, certificate)?,
        key: view.flag_file(process, key)?,
    })
}

fn list(process: &Process, flag: &str) -> Vec<String> {
    let text = process.value(flag).unwrap_or_default();
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The tag of the image, unless it is a digest.
fn version(process: &Process) -> Option<KubernetesVersion> {
    let image = process.image.as_ref()?.value.split('@').next()?;
    image.rsplit_once(':')?.1.parse().ok()
}

/// kubeadm's issuer is https://kubernetes.default.svc.<dnsDomain>.
fn issuer_domain(process: &Process) -> Option<String> {
    let domain = process
        .value("service-account-issuer")?
        .strip_prefix("https://kubernetes.default.svc.")?;
    let domain = domain.trim_end_matches('/');
    (!domain.is_empty()).then(|| domain.to_owned())
}

fn owned_addresses(node: &Node, inventory: Option<&Inventory>) -> Vec<Claim<IpAddr>> {
    let mut claims: Vec<Claim<IpAddr>> = Vec::new();
    let owned = inventory.into_iter().flat_map(|inventory| &inventory.nodes);
    for owned in owned.filter(|owned| owned.name == node.name) {
        claims.extend(owned.addresses.iter().map(|address| Claim {
            value: *address,
            place: owned.place.clone(),
        }));
    }
    let registries = inventory
        .into_iter()
        .flat_map(|inventory| &inventory.registries);
    for registry in registries {
        let mut instances = registry.instances.iter();
        let own = instances.find(|instance| instance.node == node.name);
        let known = |address| claims.iter().any(|claim| claim.value == address);
        if let Some(own) = own.filter(|own| !known(own.address)) {
            claims.push(Claim {
                value: own.address,
                place: registry.place.clone(),
            });
        }
    }
    claims
}

fn etcd_addresses(view: &View<'_>, known: &[Claim<IpAddr>]) -> Vec<Claim<IpAddr>> {
    let mut claims: Vec<Claim<IpAddr>> = Vec::new();
    let Some(process) = view.facts.process("etcd") else {
        return claims;
    };
    for name in [
        "advertise-client-urls",
        "initial-advertise-peer-urls",
        "listen-client-urls",
    ] {
        let Some(flag) = process.flag(name) else {
            continue;
        };
        for url in list(process, name) {
            let Some(value) = url::parse(&url).and_then(|endpoint| endpoint.address()) else {
                continue;
            };
            let known = known
                .iter()
                .chain(&claims)
                .any(|claim| claim.value == value);
            if !known && !is_every_machines(value) {
                claims.push(Claim {
                    value,
                    place: view.at(&process.place_of(flag)),
                });
            }
        }
    }
    claims
}

/// Lines of hosts files that name a node, by the node's name.
struct Mentions<'n>(HashMap<&'n str, Vec<Mention<'n>>>);

/// A line, and the position of the node whose file has it.
type Mention<'n> = (usize, &'n Hosts, &'n HostsEntry);

impl<'n> Mentions<'n> {
    fn of(nodes: &'n [Node]) -> Self {
        let mut mentions: HashMap<&str, Vec<Mention<'_>>> = nodes
            .iter()
            .map(|node| (node.name.as_str(), Vec::new()))
            .collect();
        for (position, node) in nodes.iter().enumerate() {
            for entry in node.hosts.entries.iter() {
                for name in &entry.names {
                    if let Some(of_node) = mentions.get_mut(name.as_str()) {
                        of_node.push((position, &node.hosts, entry));
                    }
                }
            }
        }
        Self(mentions)
    }

    /// What the node's own hosts file says, then those of the others.
    fn addresses_of(&self, position: usize, node: &Node) -> Vec<Claim<IpAddr>> {
        let all = self.0.get(node.name.as_str()).into_iter().flatten();
        let (own, others): (Vec<&Mention<'_>>, Vec<&Mention<'_>>) =
            all.partition(|(whose, ..)| *whose == position);
        let mut known: HashSet<IpAddr> = node.addresses.iter().map(|claim| claim.value).collect();
        own.into_iter()
            .chain(others)
            .filter(|(.., entry)| !is_every_machines(entry.address) && known.insert(entry.address))
            .map(|(_, hosts, entry)| Claim {
                value: entry.address,
                place: hosts.place_of(entry),
            })
            .collect()
    }
}

/// Whether every machine has this address, so that it says nothing of any one. 127.0.1.1 is what Debian gives a machine's
/// own name (hosts(5) there).
pub fn is_every_machines(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_unspecified() || [[127, 0, 0, 1], [127, 0, 1, 1]].contains(&v4.octets())
        }
        IpAddr::V6(v6) => v6.is_unspecified() || v6.is_loopback(),
    }
}

const ETCD_CLIENT_PORT: u16 = 2379;
const ETCD_PEER_PORT: u16 = 2380;
