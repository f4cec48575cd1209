//! What the files say of the cluster as a whole, every statement with its place. Whether two agree is for others to ask.

use std::collections::HashMap;
use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::inventory::Endpoint;
use crate::inventory::Inventory;
use crate::inventory::KubernetesVersion;
use crate::inventory::service_subnets;
use crate::place::Place;
use crate::profile::Profile;
use crate::topology::Topology;
use crate::topology::edge::Dialled;
use crate::topology::holding::Holding;
use crate::topology::holding::Role;
use crate::topology::machine::is_every_machines;
use crate::topology::node::Flag;
use crate::topology::node::Node;
use crate::topology::view::View;
use crate::x509::certificate::GeneralName;
use crate::x509::san::DnsName;
use crate::x509::san::SubjectAltName;

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<T> {
    /// What is said.
    pub value: T,
    /// The flag, key or field that says it: `--service-cluster-ip-range`, `controlPlaneEndpoint`.
    pub what: &'static str,
    /// Where.
    pub place: Place,
}

/// What is said of the cluster, what counts most first: kubeadm's own documents, then what runs.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Its name.
    pub names: Vec<Said<String>>,
    /// The release: what runs counts before what kubeadm was told.
    pub versions: Vec<Said<KubernetesVersion>>,
    /// The service networks.
    pub service_subnets: Vec<Said<Vec<IpNet>>>,
    /// The DNS domain.
    pub dns_domains: Vec<Said<DnsName>>,
    /// Where clients reach all apiservers: kubeadm's controlPlaneEndpoint, and what kubectl and kubelets dial that is no
    /// apiserver's own address.
    pub endpoints: Vec<Said<Endpoint>>,
    /// Names that kubeadm was told to put into every apiserver's certificate.
    pub cert_sans: Vec<Said<SubjectAltName>>,
    /// The addresses of each node of the topology, in its order, by its own files: the advertised one first.
    pub addresses: Vec<Vec<Said<IpAddr>>>,
}

pub(super) fn told(views: &[View<'_>], shared: &[Inventory], topology: &Topology) -> Told {
    let mut told = Told::default();
    for view in views {
        if let Some(process) = view.facts.process("kube-apiserver")
            && let Some(image) = &process.image
            && let Some((_, tag)) = image
                .value
                .split('@')
                .next()
                .and_then(|i| i.rsplit_once(':'))
            && let Ok(value) = tag.parse()
        {
            told.versions.push(Said {
                value,
                what: "image",
                place: view.at(&process.place.at_line(image.line)),
            });
        }
    }
    for configuration in shared {
        told.configured(configuration, "");
    }
    for view in views {
        if let Some(configuration) = &view.facts.kubeadm {
            told.configured(configuration, &view.name);
        }
    }
    for (view, node) in views.iter().zip(&topology.nodes) {
        told.running(view, node);
    }
    for holding in &topology.holdings {
        if holding.role == Some(Role::Profile(Profile::Apiserver)) && holding.used {
            let names = holding.certificate.extensions().subject_alt_names.iter();
            let domain = names.flatten().find_map(|name| match name {
                GeneralName::Dns(name) => name.strip_prefix("kubernetes.default.svc."),
                _ => None,
            });
            told.dns_domain(domain, "name in the certificate", || holding.place.clone());
        }
    }
    let known = Known::of(topology);
    told.addresses = topology
        .nodes
        .iter()
        .map(|node| addresses(node, topology, &known))
        .collect();
    told.servers(topology);
    told
}

impl Told {
    fn configured(&mut self, configuration: &Inventory, node: &str) {
        let at = |place: Option<&Place>| Place {
            node: node.to_owned(),
            ..place.unwrap_or(&configuration.place).clone()
        };
        let (shared, told_at) = (&configuration.kubernetes, &configuration.kubernetes.told_at);
        self.names
            .extend(configuration.name.clone().map(|value| Said {
                value,
                what: "clusterName",
                place: at(None),
            }));
        self.versions.extend(shared.version.map(|value| Said {
            value,
            what: "kubernetesVersion",
            place: at(told_at.version.as_ref()),
        }));
        if !shared.service_subnets.is_empty() {
            self.service_subnets.push(Said {
                value: shared.service_subnets.clone(),
                what: "serviceSubnet",
                place: at(told_at.service_subnets.as_ref()),
            });
        }
        self.dns_domains
            .extend(shared.dns_domain.clone().map(|value| Said {
                value,
                what: "dnsDomain",
                place: at(told_at.dns_domain.as_ref()),
            }));
        let endpoint = shared.control_plane_endpoint.clone();
        self.endpoints.extend(endpoint.map(|value| Said {
            value,
            what: "controlPlaneEndpoint",
            place: at(told_at.control_plane_endpoint.as_ref()),
        }));
        self.cert_sans
            .extend(shared.cert_sans.iter().map(|value| Said {
                value: value.clone(),
                what: "certSANs",
                place: at(told_at.cert_sans.as_ref()),
            }));
    }

    fn running(&mut self, view: &View<'_>, node: &Node) {
        let flags = node.apiserver.iter().flat_map(|told| &told.flags);
        for flag in flags {
            match flag.name.as_str() {
                "service-cluster-ip-range" => {
                    if let Ok(value) = service_subnets(&flag.value) {
                        self.service_subnets.push(Said {
                            value,
                            what: "--service-cluster-ip-range",
                            place: flag.place.clone(),
                        });
                    }
                }
                // kubeadm's issuer is https://kubernetes.default.svc.<dnsDomain>.
                "service-account-issuer" => {
                    let domain = flag.value.strip_prefix("https://kubernetes.default.svc.");
                    let domain = domain.map(|domain| domain.trim_end_matches('/'));
                    let place = || flag.place.clone();
                    self.dns_domain(domain, "--service-account-issuer", place);
                }
                _ => {}
            }
        }
        if let Some(kubelet) = &view.facts.kubelet {
            let domain = kubelet.cluster_domain.as_deref();
            self.dns_domain(domain, "clusterDomain", || view.at(&kubelet.place));
        }
    }

    fn dns_domain(
        &mut self,
        domain: Option<&str>,
        what: &'static str,
        place: impl FnOnce() -> Place,
    ) {
        let domain = domain.and_then(|domain| DnsName::new(domain).ok());
        if let Some(value) = domain.filter(|domain| !domain.is_wildcard()) {
            let place = place();
            self.dns_domains.push(Said { value, what, place });
        }
    }

    /// What kubectl and the kubelets dial is the endpoint, unless it is an apiserver itself.
    fn servers(&mut self, topology: &Topology) {
        let own: HashSet<(IpAddr, u16)> = topology
            .nodes
            .iter()
            .zip(&self.addresses)
            .flat_map(|(node, addresses)| {
                let port = node.apiserver.as_ref().map(|told| told.secure_port);
                let pair = move |said: &Said<IpAddr>| Some((said.value, port?));
                addresses.iter().filter_map(pair)
            })
            .collect();
        let local: HashSet<(IpAddr, u16)> = topology
            .dialled
            .iter()
            .filter(|dialled| dialled.client.dials_its_own_apiserver())
            .filter_map(|dialled| match dialled.name {
                SubjectAltName::Ip(address) => Some((address, dialled.port)),
                SubjectAltName::Dns(_) => None,
            })
            .collect();
        let nodes: HashSet<IpAddr> = own.iter().map(|(address, _)| *address).collect();
        for dialled in &topology.dialled {
            let is_own = match &dialled.name {
                SubjectAltName::Ip(address) => {
                    is_every_machines(*address)
                        || address.is_loopback()
                        || own.contains(&(*address, dialled.port))
                        // Where no manifest tells the port, a node's own address with a port at which no balancer
                        // listens is its apiserver's.
                        || nodes.contains(address) && local.contains(&(*address, dialled.port))
                }
                SubjectAltName::Dns(name) => name.as_str() == "localhost",
            };
            if !is_own && is_shared(dialled) {
                self.endpoints.push(Said {
                    value: Endpoint {
                        host: dialled.name.clone(),
                        port: Some(dialled.port),
                    },
                    what: "server",
                    place: dialled.told_at.clone(),
                });
            }
        }
    }
}

fn is_shared(dialled: &Dialled) -> bool {
    dialled.client.dials_the_shared_address() && dialled.url.contains(&dialled.name.to_string())
}

/// What is looked up for every node.
struct Known<'a> {
    /// First certificates of files in use, by node.
    leaves: HashMap<&'a str, Vec<&'a Holding>>,
    /// What controller-managers and schedulers dial.
    local: Vec<&'a Dialled>,
}

impl<'a> Known<'a> {
    fn of(topology: &'a Topology) -> Self {
        let mut leaves: HashMap<&str, Vec<&Holding>> = HashMap::new();
        for holding in &topology.holdings {
            if holding.used && holding.index == 0 {
                leaves.entry(&holding.place.node).or_default().push(holding);
            }
        }
        let dialled = topology.dialled.iter();
        Self {
            leaves,
            local: dialled
                .filter(|dialled| dialled.client.dials_its_own_apiserver())
                .collect(),
        }
    }
}

/// The advertised address, then etcd's, those of its hosts file, those in etcd's certificates; where none of these is
/// there, what its own controller-manager and scheduler dial.
fn addresses(node: &Node, topology: &Topology, known: &Known<'_>) -> Vec<Said<IpAddr>> {
    let mut found: Vec<Said<IpAddr>> = Vec::new();
    let mut add = |value: IpAddr, what, place: &Place| {
        if !is_every_machines(value) && !found.iter().any(|known| known.value == value) {
            found.push(Said {
                value,
                what,
                place: place.clone(),
            });
        }
    };
    if let Some(told) = &node.apiserver
        && let Some(address) = told.advertise_address
        && node.address == Some(address)
    {
        let place =
            Flag::named(&told.flags, "advertise-address").map_or(&told.place, |flag| &flag.place);
        add(address, "--advertise-address", place);
    }
    let from_inventory = |place: &Place| {
        let inventory = topology.inventory.as_ref();
        inventory.is_some_and(|inventory| inventory.place.read_from == place.read_from)
    };
    for claim in &node.addresses {
        if !from_inventory(&claim.place) {
            add(claim.value, what(&claim.place), &claim.place);
        }
    }
    for (address, place) in own_in_certificates(node, known) {
        add(address, "address in the certificate", place);
    }
    if found.is_empty() {
        found.extend(locally_dialled(node, known));
    }
    found
}

fn what(place: &Place) -> &'static str {
    let is_kubeconfig = place
        .path
        .extension()
        .is_some_and(|extension| extension == "conf" || extension == "kubeconfig");
    if place.path.ends_with("etc/hosts") {
        "hosts entry"
    } else if is_kubeconfig {
        "server"
    } else {
        "address"
    }
}

/// kubeadm gives etcd's certificates the node's name as common name and the node's own addresses, never a shared one; a
/// kubelet asks for its own alone.
fn own_in_certificates<'a>(
    node: &'a Node,
    known: &'a Known<'a>,
) -> impl Iterator<Item = (IpAddr, &'a Place)> {
    let own = known.leaves.get(node.name.as_str());
    let own = own.map(Vec::as_slice).unwrap_or_default();
    let of = move |profile: Profile| {
        let own = own.iter().copied();
        own.filter(move |holding| holding.role == Some(Role::Profile(profile)))
    };
    let is_nodes =
        |name: &str| name == node.name || name.strip_prefix("system:node:") == Some(&node.name);
    let peers: Vec<_> = of(Profile::EtcdPeer).collect();
    of(Profile::EtcdServer)
        .chain(of(Profile::KubeletServer))
        .filter(move |holding| {
            holding
                .certificate
                .subject()
                .common_name()
                .is_some_and(is_nodes)
        })
        .flat_map(|holding| {
            let names = holding
                .certificate
                .extensions()
                .subject_alt_names
                .iter()
                .flatten();
            names.map(move |name| (name, holding))
        })
        // What is in etcd's server certificate alone was asked for besides.
        .filter(move |(name, holding)| {
            holding.role != Some(Role::Profile(Profile::EtcdServer))
                || peers.is_empty()
                || peers.iter().any(|peer| {
                    let names = peer.certificate.extensions().subject_alt_names.iter();
                    names.flatten().any(|known| known == *name)
                })
        })
        .filter_map(|(name, holding)| match name {
            GeneralName::Ip(address) => Some((*address, &holding.place)),
            _ => None,
        })
}

/// The one address that its controller-manager, scheduler and kubelet dial and nobody's else do.
fn locally_dialled(node: &Node, known: &Known<'_>) -> Option<Said<IpAddr>> {
    node.apiserver.as_ref()?;
    let local = || known.local.iter().copied();
    let own: Vec<&Dialled> = local()
        .filter(|dialled| dialled.client.node == node.name)
        .collect();
    let first = own.first()?;
    let SubjectAltName::Ip(address) = first.name else {
        return None;
    };
    let is_shared =
        local().any(|dialled| dialled.client.node != node.name && dialled.name == first.name);
    let agree = own.iter().all(|dialled| dialled.name == first.name);
    (agree && !is_shared && !is_every_machines(address)).then(|| Said {
        value: address,
        what: "server",
        place: first.told_at.clone(),
    })
}
