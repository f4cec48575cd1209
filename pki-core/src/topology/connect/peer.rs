//! Every etcd member and every other: each dials and each is dialled.

use std::collections::BTreeSet;

use crate::place::Place;
use crate::topology::connect::Client;
use crate::topology::connect::Connector;
use crate::topology::connect::Server;
use crate::topology::node::Etcd;
use crate::topology::node::Node;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::View;

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
            let pod = view.facts.pod("etcd")?;
            view.flag_file(pod, flag)
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
                let server = self.peer_at(view, &endpoint);
                self.edge(client, &endpoint, server);
            }
            None => {
                let why = "it is not a URL of a server".to_owned();
                self.unjudged(client.component, client.url, client.told_at, why);
            }
        }
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
        })
    }
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

fn member_name<'n>(node: &'n Node, etcd: &'n Etcd) -> &'n str {
    etcd.name.as_deref().unwrap_or(&node.name)
}

fn initial_cluster(view: &View<'_>) -> Vec<(String, String, Place)> {
    let Some(pod) = view.facts.pod("etcd") else {
        return Vec::new();
    };
    let (Some(members), Some(flag)) = (pod.value("initial-cluster"), pod.flag("initial-cluster"))
    else {
        return Vec::new();
    };
    let told_at = view.at(&pod.place_of(flag));
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
