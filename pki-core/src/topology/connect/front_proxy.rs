//! The front proxy: every apiserver vouches for its users to aggregated APIs, which believe whom every other apiserver
//! publishes that they may believe.

use crate::topology::connect::Connector;
use crate::topology::edge::AllowedNames;
use crate::topology::edge::Circumstances;
use crate::topology::edge::Edge;
use crate::topology::edge::EdgeKind;
use crate::topology::edge::Trust;
use crate::topology::view::View;

struct Believer<'a> {
    view: &'a View<'a>,
    trusts: Trust,
    allowed_names: Option<AllowedNames>,
}

impl Connector<'_> {
    pub(super) fn front_proxies(&mut self) {
        let believers: Vec<Believer<'_>> = self
            .machines()
            .filter_map(|(view, node)| node.apiserver.as_ref().and_then(|_| believer(view)))
            .collect();
        for (view, node) in self.machines() {
            let told = view.told(
                "kube-apiserver",
                "proxy-client-cert-file",
                "front-proxy-client.crt",
            );
            let Some(told) = told.filter(|_| node.apiserver.is_some()) else {
                continue;
            };
            let shown = view.shown(&told.file);
            for believer in &believers {
                self.edges.push(Edge {
                    id: format!("e{}", self.edges.len() + 1),
                    kind: EdgeKind::Identity,
                    client: view.component("front-proxy"),
                    server: believer.view.component("requestheader"),
                    dials: None,
                    name: None,
                    asks_for: None,
                    unverified: None,
                    via: None,
                    told_at: told.told_at.clone(),
                    shown: shown.clone(),
                    trusts: believer.trusts.clone(),
                    client_shows: Some((shown.clone(), believer.trusts.clone())),
                    source: None,
                    token: None,
                    allowed_names: believer.allowed_names.clone(),
                    client_takes: None,
                    circumstances: Circumstances::default(),
                });
            }
        }
    }
}

fn believer<'a>(view: &'a View<'a>) -> Option<Believer<'a>> {
    let told = view.told(
        "kube-apiserver",
        "requestheader-client-ca-file",
        "front-proxy-ca.crt",
    )?;
    Some(Believer {
        view,
        trusts: view.trust(&told.file),
        allowed_names: allowed_names(view),
    })
}

/// Without the flag, or with an empty one, every name that the authority signed is believed.
fn allowed_names(view: &View<'_>) -> Option<AllowedNames> {
    let process = view.facts.process("kube-apiserver")?;
    let flags = process.flags.iter();
    let told: Vec<_> = flags
        .filter(|flag| flag.name == "requestheader-allowed-names" && !flag.value.is_empty())
        .collect();
    let last = told.last()?;
    Some(AllowedNames {
        are_hosts: false,
        names: told
            .iter()
            .flat_map(|flag| flag.value.split(','))
            .map(|name| name.trim().to_owned())
            .collect(),
        place: view.at(&process.place_of(last)),
    })
}
