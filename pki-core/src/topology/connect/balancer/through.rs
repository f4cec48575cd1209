//! What comes through a balancer: one edge for each backend, and what it dials itself where it ends TLS.

use crate::facts::balancer::Upstream;
use crate::topology::balancer::BalancedTo;
use crate::topology::balancer::BalancerMode;
use crate::topology::connect::Client;
use crate::topology::connect::Connector;
use crate::topology::connect::Server;
use crate::topology::connect::balancer::Listening;
use crate::topology::edge::Component;
use crate::topology::edge::Trust;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::View;

impl Connector<'_> {
    /// One edge for each backend of one balancer.
    pub(in crate::topology::connect) fn through(
        &mut self,
        client: &Client,
        endpoint: &Endpoint,
        index: usize,
    ) {
        let Some(listening) = self.listening.get(index) else {
            return;
        };
        let label = listening.balancer.label.clone();
        let mode = listening.balancer.mode.clone();
        let servers: Vec<(String, Result<Server, String>)> = listening
            .ends
            .iter()
            .map(|end| {
                (
                    url::host_and_port(&end.host, end.port),
                    self.behind(listening, end),
                )
            })
            .collect();
        if servers.is_empty() {
            let why = format!("{label} has no backends");
            self.unjudged(
                client.component.clone(),
                client.url.clone(),
                client.told_at.clone(),
                why,
            );
        }
        for (address, server) in servers {
            let server = server.and_then(|server| match &mode {
                BalancerMode::PassThrough => Ok(server),
                BalancerMode::Terminates {
                    shows: Some(shows), ..
                } => Ok(Server {
                    shown: shows.clone(),
                    named: Vec::new(),
                    ..server
                }),
                BalancerMode::Terminates { shows: None, .. } => Err(
                    "TLS ends there, and the certificate that it shows is not among these files"
                        .to_owned(),
                ),
                BalancerMode::Plain => Err("it speaks no TLS there".to_owned()),
            });
            let server = server.map_err(|why| format!("through {label} to {address}: {why}"));
            self.edge_via(client.clone(), endpoint, server, Some(label.clone()));
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
                if to.server.is_some() && !done.contains(&key) {
                    done.push(key);
                    let client = upstream_client(view, &component, upstream, to);
                    found.push((client, end.clone(), self.behind(listening, end)));
                }
            }
            let looks_for_a_name = upstream.name.is_some();
            for (client, end, server) in found {
                let before = self.edges.len();
                self.edge_via(client, &end, server, None);
                if let Some(edge) = self.edges.get_mut(before)
                    && !looks_for_a_name
                {
                    (edge.asks_for, edge.name) = (None, None);
                }
            }
        }
    }

    fn behind(&self, listening: &Listening<'_>, end: &Endpoint) -> Result<Server, String> {
        match listening.view.or_else(|| self.views.first()) {
            Some(view) => self.apiserver_at(view, end),
            None => Err("no node was given".to_owned()),
        }
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
