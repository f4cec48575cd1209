//! Which names a certificate must carry: derived from what dials it, in the order in which kubeadm writes them.
//!
//! Source of the base sets and of the order: kubeadm, cmd/kubeadm/app/util/pkiutil/pki_helpers.go
//! (`GetAPIServerAltNames`, `getAltNames`, `RemoveDuplicateAltNames`).

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use crate::inventory::DEFAULT_DNS_DOMAIN;
use crate::inventory::DEFAULT_SERVICE_SUBNET;
use crate::inventory::first_service_address;
use crate::plan::cluster::Cluster;
use crate::plan::cluster::HeldCertificate;
use crate::plan::cluster::RegistrySite;
use crate::plan::cluster::Sourced;
use crate::plan::san::NotTaken;
use crate::plan::san::PlannedSan;
use crate::plan::san::SanSource;
use crate::profile::Profile;
use crate::profile::SanRule;
use crate::x509::certificate::GeneralName;
use crate::x509::san::SubjectAltName;

/// The names of one certificate to be, and those that were seen and left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// DNS sorted, then addresses as they were found.
    pub taken: Vec<PlannedSan>,
    /// Left out.
    pub not_taken: Vec<NotTaken>,
}

/// Names given by whoever asks, beside what is derived.
#[derive(Clone, Debug, Default)]
pub struct GivenNames {
    /// In order; each with its option.
    pub names: Vec<Sourced<SubjectAltName>>,
    /// Whether nothing is derived.
    pub only: bool,
}

/// Derives the names of `profile` on `node`. `addresses` are the node's own, the advertised one first.
pub fn derive(
    profile: Profile,
    node: &str,
    addresses: &[Sourced<IpAddr>],
    cluster: &Cluster,
    given: &GivenNames,
) -> Names {
    let mut names = Collector::default();
    let rule = profile.row().sans;
    if rule != SanRule::None && !given.only {
        match rule {
            SanRule::Apiserver => apiserver(&mut names, node, addresses, cluster),
            SanRule::Etcd => etcd(&mut names, profile, node, addresses, cluster),
            SanRule::Kubelet => own(&mut names, node, addresses),
            SanRule::Registry => registry(&mut names, node, addresses, cluster),
            SanRule::None => {}
        }
    }
    names.all(&given.names);
    if rule == SanRule::Apiserver && !given.only {
        shared_by_others(&mut names, node, cluster);
    }
    names.finish()
}

/// The name of a request or certificate as one that hapki issues; `None` for what is neither a host nor an address.
pub fn issuable(name: &GeneralName) -> Option<SubjectAltName> {
    match name {
        GeneralName::Dns(name) => name.parse().ok(),
        GeneralName::Ip(address) => Some(SubjectAltName::ip(*address)),
        _ => None,
    }
}

fn apiserver(names: &mut Collector, node: &str, addresses: &[Sourced<IpAddr>], cluster: &Cluster) {
    names.text(node, SanSource::Option("--node"));
    for name in ["kubernetes", "kubernetes.default", "kubernetes.default.svc"] {
        names.text(name, SanSource::Profile);
    }
    let domain = cluster.dns_domain.clone().unwrap_or_else(|| {
        Sourced::new(
            DEFAULT_DNS_DOMAIN.to_owned(),
            SanSource::Default(format!("dnsDomain {DEFAULT_DNS_DOMAIN}")),
        )
    });
    names.text(
        &format!("kubernetes.default.svc.{}", domain.value),
        domain.from,
    );
    let service = cluster.service_address.clone().unwrap_or_else(|| {
        Sourced::new(
            first_service_address(&DEFAULT_SERVICE_SUBNET),
            SanSource::Default(format!("serviceSubnet {DEFAULT_SERVICE_SUBNET}")),
        )
    });
    names.one(SubjectAltName::ip(service.value), service.from);
    names.addresses(addresses);
    // kubeadm gives it to every apiserver, even where it is one master's own: a balancer may run there.
    if let Some(endpoint) = &cluster.endpoint {
        names.one(endpoint.value.host.clone(), endpoint.from.clone());
    }
    names.all(&cluster.apiserver_names);
    if let Some(own) = cluster.node(node) {
        names.all(&own.names);
    }
    for dialled in &cluster.dialled {
        names.unless_owned(node, cluster, &dialled.value, &dialled.from);
    }
}

fn etcd(
    names: &mut Collector,
    profile: Profile,
    node: &str,
    addresses: &[Sourced<IpAddr>],
    cluster: &Cluster,
) {
    names.text(node, SanSource::Option("--node"));
    names.text("localhost", SanSource::Profile);
    if let Some(advertised) = addresses.first() {
        names.addresses(std::slice::from_ref(advertised));
    }
    names.one(
        SubjectAltName::ip(Ipv4Addr::LOCALHOST.into()),
        SanSource::Profile,
    );
    names.one(
        SubjectAltName::ip(Ipv6Addr::LOCALHOST.into()),
        SanSource::Profile,
    );
    names.addresses(addresses);
    names.all(match profile {
        Profile::EtcdPeer => &cluster.etcd_peer_names,
        _ => &cluster.etcd_server_names,
    });
}

fn own(names: &mut Collector, node: &str, addresses: &[Sourced<IpAddr>]) {
    names.text(node, SanSource::Option("--node"));
    names.addresses(addresses);
}

/// A registry's instances often share one certificate file (as Harbor's do on a shared disk), so the name stands for
/// all of them and an instance's node for that one alone.
fn registry(names: &mut Collector, node: &str, addresses: &[Sourced<IpAddr>], cluster: &Cluster) {
    let is_named = |site: &&RegistrySite| site.name.value.to_string() == node;
    let named: Vec<&RegistrySite> = cluster.registries.iter().filter(is_named).collect();
    names.text(node, SanSource::Option("--node"));
    names.addresses(addresses);
    for site in &named {
        for (_, address) in &site.instances {
            names.one(SubjectAltName::ip(address.value), address.from.clone());
        }
    }
    for site in &cluster.registries {
        for (_, address) in site.instances.iter().filter(|(name, _)| name == node) {
            names.one(site.name.value.clone(), site.name.from.clone());
            names.one(SubjectAltName::ip(address.value), address.from.clone());
        }
    }
    let nodes = cluster.registry_nodes(node);
    for known in &cluster.registry_names {
        if nodes.contains(&known.node.as_str()) {
            names.one(known.name.value.clone(), known.name.from.clone());
        }
    }
}

/// The inventory's registries of that name, or with an instance on the node of that name: host and port.
pub(super) fn registries_called<'a>(
    name: &'a str,
    cluster: &'a Cluster,
) -> impl Iterator<Item = (&'a SubjectAltName, u16)> {
    let sites = cluster.registries.iter().filter(move |site| {
        let mut instances = site.instances.iter();
        site.name.value.to_string() == name || instances.any(|(node, _)| node == name)
    });
    sites.map(|site| (&site.name.value, site.port))
}

/// What the apiserver certificates of two other masters share is a name of the cluster; what one alone holds may be a
/// leftover, and is shown instead of taken. The same certificate copied to two masters counts once.
fn shared_by_others(names: &mut Collector, node: &str, cluster: &Cluster) {
    let all = || cluster.apiserver_certificates.iter();
    let made_for = |held: &HeldCertificate| held.made_for(&cluster.nodes);
    let mut others: Vec<&HeldCertificate> = Vec::new();
    for held in all().filter(|held| !held.holds_dns(node)) {
        let same = |other: &&HeldCertificate| {
            other.certificate == held.certificate || made_for(other) == made_for(held)
        };
        if !others.iter().any(same) {
            others.push(held);
        }
    }
    for held in &others {
        for san in held.sans() {
            if names.has(&san) {
                continue;
            }
            let mut holders = others.clone();
            holders.retain(|other| other.sans().contains(&san));
            if let Some(owner) = cluster.other_owner(node, &san) {
                names.leave_out(&san, held, format!("it is {owner}'s own"));
            } else if holders.len() > 1 {
                let holders = holders.into_iter().map(made_for).collect();
                names.one(san, SanSource::Peers(holders));
            } else {
                let why = format!("only the certificate of {} holds it", made_for(held));
                names.leave_out(&san, held, why);
            }
        }
    }
    for held in all().filter(|held| held.holds_dns(node)) {
        for san in held.sans() {
            if !names.has(&san) {
                let why = format!("only the present certificate of {node} holds it");
                names.leave_out(&san, held, why);
            }
        }
    }
}

#[derive(Default)]
struct Collector {
    dns: Vec<PlannedSan>,
    ip: Vec<PlannedSan>,
    not_taken: Vec<NotTaken>,
}

impl Collector {
    /// Takes `san` unless it is there; the first source stays.
    fn one(&mut self, san: SubjectAltName, from: SanSource) {
        if self.has(&san) {
            return;
        }
        self.not_taken.retain(|left| left.name != san.to_string());
        let kind = match san {
            SubjectAltName::Dns(_) => &mut self.dns,
            SubjectAltName::Ip(_) => &mut self.ip,
        };
        kind.push(PlannedSan { san, from });
    }

    /// Takes a name that is known to be one.
    fn text(&mut self, name: &str, from: SanSource) {
        if let Ok(san) = name.parse() {
            self.one(san, from);
        }
    }

    fn all(&mut self, names: &[Sourced<SubjectAltName>]) {
        for name in names {
            self.one(name.value.clone(), name.from.clone());
        }
    }

    fn addresses(&mut self, addresses: &[Sourced<IpAddr>]) {
        for address in addresses {
            self.one(SubjectAltName::ip(address.value), address.from.clone());
        }
    }

    fn unless_owned(
        &mut self,
        node: &str,
        cluster: &Cluster,
        san: &SubjectAltName,
        from: &SanSource,
    ) {
        if cluster.other_owner(node, san).is_none() {
            self.one(san.clone(), from.clone());
        }
    }

    fn has(&self, san: &SubjectAltName) -> bool {
        self.dns
            .iter()
            .chain(&self.ip)
            .any(|taken| taken.san == *san)
    }

    fn leave_out(&mut self, san: &SubjectAltName, held: &HeldCertificate, why: String) {
        let name = san.to_string();
        if !self.not_taken.iter().any(|left| left.name == name) {
            self.not_taken.push(NotTaken {
                name,
                place: held.place.clone(),
                why,
            });
        }
    }

    fn finish(mut self) -> Names {
        self.dns.sort_by(|a, b| a.san.cmp(&b.san));
        self.dns.append(&mut self.ip);
        Names {
            taken: self.dns,
            not_taken: self.not_taken,
        }
    }
}
