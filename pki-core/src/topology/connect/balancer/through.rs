//! What comes through a balancer: one edge for each backend, and what it dials itself where it ends TLS.

use crate::facts::balancer::Upstream;
use crate::topology::balancer::BalancedTo;
use crate::topology::connect::Client;
use crate::topology::connect::Connector;
use crate::topology::connect::balancer::way::Asked;
use crate::topology::edge::Component;
use crate::topology::edge::HOPS;
use crate::topology::edge::Trust;
use crate::topology::url::Endpoint;
use crate::topology::view::View;

impl Connector<'_> {
    /// One edge for each way through one balancer to an apiserver.
    pub(in crate::topology::connect) fn through(
        &mut self,
        client: &Client,
        endpoint: &Endpoint,
        index: usize,
    ) {
        let name = client.tls_server_name.as_deref();
        let name = name.unwrap_or(&endpoint.host);
        let ways = self.ways(index, Asked::first(Some(name)));
        if ways.is_empty() {
            let why = format!("{} has no backends", self.labels(&[index]));
            self.unjudged(
                client.component.clone(),
                client.url.clone(),
                client.told_at.clone(),
                why,
            );
        }
        for way in ways {
            let label = self.labels(&way.hops);
            let server = way
                .server
                .map_err(|why| format!("through {label} to {}: {why}", way.to));
            self.edge_via(client.clone(), endpoint, server, Some(label));
        }
    }

    /// What balancers that end TLS dial themselves, where they verify it.
    pub(in crate::topology::connect) fn upstreams(&mut self) {
        let mut done: Vec<(Component, String)> = Vec::new();
        for index in 0..self.listening.len() {
            let Some(listening) = self.listening.get(index) else {
                continue;
            };
            let (Some(view), Some(upstream)) = (listening.view, listening.upstream) else {
                continue;
            };
            if upstream.verifies.is_none() || !listening.balancer.terminates() {
                continue;
            }
            let component = listening.balancer.component.clone();
            let mut found = Vec::new();
            for (end, to) in listening.ends.iter().zip(&listening.balancer.backends) {
                let key = (component.clone(), to.address.clone());
                let leads = to.server.is_some() || !to.further.is_empty();
                if leads && !done.contains(&key) {
                    done.push(key);
                    let client = upstream_client(view, &component, upstream, to);
                    for way in self.ways_behind(index, end, upstream.name.as_deref()) {
                        let further = way.hops.get(1..).unwrap_or_default();
                        let via = (!further.is_empty()).then(|| self.labels(further));
                        found.push((client.clone(), end.clone(), way.server, via));
                    }
                }
            }
            let looks_for_a_name = upstream.name.is_some();
            let depth = upstream.depth;
            for (client, end, server, via) in found {
                let before = self.edges.len();
                self.edge_via(client, &end, server, via);
                let Some(edge) = self.edges.get_mut(before) else {
                    continue;
                };
                edge.circumstances.verify_depth = depth;
                if !looks_for_a_name {
                    (edge.asks_for, edge.name) = (None, None);
                }
            }
        }
    }

    /// As edges name the balancers on a way.
    fn labels(&self, hops: &[usize]) -> String {
        let hops = hops.iter().filter_map(|hop| self.listening.get(*hop));
        let labels: Vec<&str> = hops.map(|at| at.balancer.label.as_str()).collect();
        labels.join(HOPS)
    }
}

fn upstream_client(
    view: &View<'_>,
    component: &Component,
    upstream: &Upstream,
    to: &BalancedTo,
) -> Client {
    Client {
        component: component.clone(),
        url: format!("https://{}", to.address),
        told_at: to.place.clone(),
        tls_server_name: upstream.name.clone(),
        unverified: None,
        trusts: upstream
            .roots
            .as_ref()
            .map(|file| view.trust(&view.path(&file.path)))
            .or_else(|| {
                upstream.verifies.as_ref().map(|place| Trust {
                    place: view.at(place),
                    roots: Vec::new(),
                })
            }),
        shows: upstream
            .shows
            .as_ref()
            .map(|ends| view.shown(&view.path(&ends.certificate.path))),
    }
}
