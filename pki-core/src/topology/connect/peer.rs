//! Every etcd member and every other: each dials and each is dialled.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::place::Place;
use crate::topology::connect::Client;
use crate::topology::connect::Connector;
use crate::topology::connect::Server;
use crate::topology::connect::etcd;
use crate::topology::edge::AllowedNames;
use crate::topology::edge::Source;
use crate::topology::machine::is_every_machines;
use crate::topology::node::Etcd;
use crate::topology::node::Node;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::View;
use crate::x509::certificate::GeneralName;

/// Where a member is dialled, and who says so.
struct Dial {
    url: String,
    told_at: Place,
}

impl Connector<'_> {
    pub(super) fn peers(&mut self) {
        let elsewhere = self.members_elsewhere();
        for (view, node) in self.machines() {
            let Some(etcd) = &node.etcd else { continue };
            let mut dials: Vec<Dial> = Vec::new();
            for (other, member) in self.machines().filter(|(_, other)| other.name != node.name) {
                if let Some(theirs) = &member.etcd {
                    dials.extend(dialled(view, etcd, other, member, theirs));
                }
            }
            for (member, url, told_at) in &elsewhere {
                if member_name(node, etcd) != member {
                    dials.push(Dial {
                        url: url.clone(),
                        told_at: told_at.clone(),
                    });
                }
            }
            for dial in dials {
                self.peer(view, etcd, dial);
            }
        }
    }

    /// Members that some `--initial-cluster` names and whose files were not given. The first member's names itself alone,
    /// so all are asked.
    fn members_elsewhere(&self) -> Vec<(String, String, Place)> {
        let mut known: BTreeSet<String> = self
            .machines()
            .filter_map(|(_, node)| Some(member_name(node, node.etcd.as_ref()?).to_owned()))
            .collect();
        let mut elsewhere = Vec::new();
        for (view, _) in self.machines() {
            let here: Vec<_> = initial_cluster(view)
                .into_iter()
                .filter(|(name, ..)| !known.contains(name))
                .collect();
            known.extend(here.iter().map(|(name, ..)| name.clone()));
            elsewhere.extend(here);
        }
        elsewhere
    }

    fn peer(&mut self, view: &View<'_>, etcd: &Etcd, dial: Dial) {
        let own = |flag: &str| {
            let process = view.facts.process("etcd")?;
            view.flag_file(process, flag)
        };
        let shows = own("peer-client-cert-file")
            .or_else(|| etcd.peer.as_ref().map(|pair| pair.certificate.clone()));
        let client = Client {
            component: view.component("etcd"),
            url: dial.url,
            told_at: dial.told_at,
            tls_server_name: None,
            unverified: None,
            trusts: etcd.peer_trusted_ca.as_ref().map(|place| view.trust(place)),
            shows: shows.map(|place| view.shown(&place)),
        };
        match url::parse(&client.url) {
            Some(endpoint) => {
                let source = self.source(view, &client, &endpoint);
                let server = self.peer_at(view, &endpoint);
                let next = self.edges.len();
                self.edge(client, &endpoint, server);
                if let Some(edge) = self.edges.get_mut(next) {
                    edge.source = source;
                    edge.client_takes = peers_taken(view);
                }
            }
            None => {
                let why = "it is not a URL of a server".to_owned();
                self.unjudged(client.component, client.url, client.told_at, why);
            }
        }
    }

    /// A member looks for the address that a peer comes from in its certificate, unless it is told not to
    /// (client/pkg/transport/listener_tls.go, `checkCertSAN`).
    fn source(&self, view: &View<'_>, client: &Client, endpoint: &Endpoint) -> Option<Source> {
        let (server, member) = self.node_at(view, &endpoint.host).ok()?;
        let told = server.facts.process("etcd");
        let skips = SKIP_FLAGS
            .iter()
            .any(|flag| told.and_then(|process| process.is_set(flag)) == Some(true));
        if skips {
            return None;
        }
        let dialled = endpoint
            .address()
            .or_else(|| self.known_name(view, &endpoint.host))
            .or(member.address);
        // The system gives a connection to a loopback address the first one.
        let address = match dialled? {
            IpAddr::V4(dialled) if dialled.is_loopback() => IpAddr::from([127, 0, 0, 1]),
            IpAddr::V6(dialled) if dialled.is_loopback() => dialled.into(),
            dialled => {
                let own = self.nodes.iter().find(|node| node.name == view.name)?;
                announced(own, dialled).or(own.address)?
            }
        };
        let leaf = client.shows.as_ref()?.chain.first()?;
        let names = leaf.extensions().subject_alt_names.iter().flatten();
        let elsewhere = names
            .filter_map(|name| match name {
                GeneralName::Dns(name) => Some(name),
                _ => None,
            })
            .filter(|name| self.leads_elsewhere(server, name, address))
            .cloned()
            .collect();
        Some(Source { address, elsewhere })
    }

    /// Whether `name` is known to lead to no machine of this address. What only DNS would say is not known.
    fn leads_elsewhere(&self, server: &View<'_>, name: &str, address: IpAddr) -> bool {
        let name = name.to_ascii_lowercase();
        let entries = server.facts.hosts.entries.iter();
        let mut known = entries
            .filter(|entry| entry.names.contains(&name))
            .peekable();
        if known.peek().is_some() {
            return known.all(|entry| entry.address != address);
        }
        if name == "localhost" {
            return !address.is_loopback();
        }
        let node = self
            .nodes
            .iter()
            .find(|node| node.name.eq_ignore_ascii_case(&name));
        node.and_then(|node| node.address)
            .is_some_and(|own| own != address)
    }

    fn peer_at(&self, dialler: &View<'_>, endpoint: &Endpoint) -> Result<Server, String> {
        let (view, node) = self.node_at(dialler, &endpoint.host)?;
        let Some(etcd) = &node.etcd else {
            return Err(format!(
                "no etcd is known on {} from these files",
                node.name
            ));
        };
        let mut listeners = etcd.listens_to_peers.iter();
        if !listeners.any(|url| url::parse(url).is_some_and(|at| at.port == endpoint.port)) {
            return Err(format!(
                "the etcd of {} does not listen to peers on port {}",
                node.name, endpoint.port
            ));
        }
        let Some(peer) = &etcd.peer else {
            return Err(format!(
                "the manifest of {}'s etcd names no --peer-cert-file",
                node.name
            ));
        };
        self.seen(view, &peer.certificate)?;
        Ok(Server {
            component: view.component("etcd-peer"),
            shown: view.shown(&peer.certificate),
            trusts: etcd.peer_trusted_ca.as_ref().map(|place| view.trust(place)),
            named: Vec::new(),
            address: None,
            takes: peers_taken(view),
        })
    }
}

/// The address that a member tells its peers to find it by: where they have a network of their own, it dials them from there.
fn announced(node: &Node, dialled: IpAddr) -> Option<IpAddr> {
    let urls = node.etcd.as_ref()?.advertises_to_peers.iter();
    let mut addresses = urls.filter_map(|url| url::parse(url)?.address());
    addresses.find(|own| own.is_ipv4() == dialled.is_ipv4() && !is_every_machines(*own))
}

/// Where `view`'s member dials another: as its own `--initial-cluster` says, else as the other announces itself.
fn dialled(
    view: &View<'_>,
    etcd: &Etcd,
    other: &View<'_>,
    node: &Node,
    theirs: &Etcd,
) -> Vec<Dial> {
    let name = member_name(node, theirs);
    let own: Vec<Dial> = initial_cluster(view)
        .into_iter()
        .filter(|(member, ..)| member == name && etcd.name.as_deref() != Some(name))
        .map(|(_, url, told_at)| Dial { url, told_at })
        .collect();
    if !own.is_empty() {
        return own;
    }
    let told_at = other.flag_place("etcd", "initial-advertise-peer-urls");
    let told_at = told_at.unwrap_or_else(|| theirs.place.clone());
    let urls = theirs.advertises_to_peers.iter();
    urls.map(|url| Dial {
        url: url.clone(),
        told_at: told_at.clone(),
    })
    .collect()
}

/// The same settings serve where a member listens and where it dials (client/pkg/transport/listener.go, `ClientConfig`).
fn peers_taken(view: &View<'_>) -> Option<AllowedNames> {
    let flags = [
        ("peer-cert-allowed-cn", false),
        ("peer-cert-allowed-hostname", true),
    ];
    etcd::takes(view, &flags)
}

fn member_name<'n>(node: &'n Node, etcd: &'n Etcd) -> &'n str {
    etcd.name.as_deref().unwrap_or(&node.name)
}

fn initial_cluster(view: &View<'_>) -> Vec<(String, String, Place)> {
    let Some(process) = view.facts.process("etcd") else {
        return Vec::new();
    };
    let (Some(members), Some(flag)) = (
        process.value("initial-cluster"),
        process.flag("initial-cluster"),
    ) else {
        return Vec::new();
    };
    let told_at = view.at(&process.place_of(flag));
    members
        .split(',')
        .filter_map(|member| member.split_once('='))
        .map(|(name, url)| {
            (
                name.trim().to_owned(),
                url.trim().to_owned(),
                told_at.clone(),
            )
        })
        .collect()
}

/// etcd 3.6, and before it.
const SKIP_FLAGS: [&str; 2] = [
    "peer-skip-client-san-verification",
    "experimental-peer-skip-client-san-verification",
];
