//! Who dials whom, one file here for each kind of edge.
//!
//! What cannot be resolved from these files, a balancer or a name that no hosts file knows, is said with its reason.

mod apiserver;
mod balancer;
mod etcd;
mod front_proxy;
mod kube_proxy;
mod kubeconfig;
mod kubelet;
mod peer;
mod pod;
mod reach;
mod registry;
mod registry_token;
pub(super) mod service_account;
mod sni;

use std::collections::HashMap;
use std::net::IpAddr;

use crate::facts::kubeconfig as kubeconfig_facts;
use crate::inventory::Inventory;
use crate::place::Place;
use crate::topology::Topology;
use crate::topology::connect::balancer::Listening;
use crate::topology::connect::reach::Whereabouts;
use crate::topology::connect::sni::Named;
use crate::topology::edge::AllowedNames;
use crate::topology::edge::Circumstances;
use crate::topology::edge::Component;
use crate::topology::edge::Dialled;
use crate::topology::edge::Edge;
use crate::topology::edge::EdgeKind;
use crate::topology::edge::Kubeconfig;
use crate::topology::edge::RegistryName;
use crate::topology::edge::Shown;
use crate::topology::edge::Trust;
use crate::topology::edge::Unjudged;
use crate::topology::node::Node;
use crate::topology::tokens::TokenSigner;
use crate::topology::tokens::TokenVerifier;
use crate::topology::url::Endpoint;
use crate::topology::view::View;

/// Adds every connection of the nodes of `topology`, which `views` has the facts of, in the same order.
pub(super) fn connect(
    views: &[View<'_>],
    kube_proxies: &[kubeconfig_facts::Kubeconfig],
    inventory: Option<&Inventory>,
    topology: &mut Topology,
) {
    let mut connector = Connector {
        views,
        nodes: &topology.nodes,
        whereabouts: Whereabouts::of(&topology.nodes),
        owners: balancer::owners(views),
        listening: Vec::new(),
        kubeconfigs: Vec::new(),
        dialled: Vec::new(),
        edges: Vec::new(),
        registry_names: Vec::new(),
        unjudged: Vec::new(),
        token_signers: Vec::new(),
        token_verifiers: Vec::new(),
    };
    connector.find_balancers(inventory);
    for view in views {
        for kubeconfig in &view.facts.kubeconfigs {
            connector.kubeconfig(view, kubeconfig);
        }
        connector.etcd_of(view);
    }
    for kubeconfig in kube_proxies {
        connector.kube_proxies(kubeconfig);
    }
    connector.upstreams();
    connector.peers();
    connector.etcdctl();
    connector.kubelets();
    connector.pods(inventory);
    connector.service_accounts();
    connector.front_proxies();
    connector.registries(inventory);
    connector.registry_tokens(inventory);
    topology.virtual_addresses = connector.virtual_addresses();
    let Connector {
        listening,
        kubeconfigs,
        dialled,
        edges,
        registry_names,
        unjudged,
        token_signers,
        token_verifiers,
        ..
    } = connector;
    topology.token_signers = token_signers;
    topology.token_verifiers = token_verifiers;
    topology.balancers = Connector::into_balancers(listening, &edges);
    topology.kubeconfigs = kubeconfigs;
    topology.dialled = dialled;
    topology.edges = edges;
    topology.registry_names = registry_names;
    topology.unjudged = unjudged;
}

struct Connector<'a> {
    views: &'a [View<'a>],
    nodes: &'a [Node],
    whereabouts: Whereabouts,
    /// Positions of the nodes that take over a virtual address.
    owners: HashMap<IpAddr, Vec<usize>>,
    listening: Vec<Listening<'a>>,
    kubeconfigs: Vec<Kubeconfig>,
    dialled: Vec<Dialled>,
    edges: Vec<Edge>,
    registry_names: Vec<RegistryName>,
    unjudged: Vec<Unjudged>,
    token_signers: Vec<TokenSigner>,
    token_verifiers: Vec<TokenVerifier>,
}

/// What one client brings to a connection.
#[derive(Clone)]
struct Client {
    component: Component,
    url: String,
    told_at: Place,
    tls_server_name: Option<String>,
    unverified: Option<Place>,
    trusts: Option<Trust>,
    shows: Option<Shown>,
}

/// What listens at the other end.
#[derive(Clone)]
struct Server {
    component: Component,
    shown: Shown,
    trusts: Option<Trust>,
    /// What it shows to who asks for other names.
    named: Vec<Named>,
    /// The address at which clients reach it, for those that ask for an address.
    address: Option<IpAddr>,
    /// Whom of those that it trusts it takes.
    takes: Option<AllowedNames>,
}

impl<'a> Connector<'a> {
    /// Every node with its facts.
    fn machines(&self) -> impl Iterator<Item = (&'a View<'a>, &'a Node)> + use<'a> {
        self.views.iter().zip(self.nodes)
    }

    /// The apiserver that an endpoint leads to, or every backend of the balancer that listens there.
    fn reach_apiservers(&mut self, view: &View<'_>, client: Client, endpoint: &Endpoint) {
        let name = client.tls_server_name.as_deref().unwrap_or(&endpoint.host);
        let mut server = self.apiserver_at(view, endpoint);
        let balancers = match server {
            Ok(_) if !self.is_at_virtual_address(view, endpoint) => Vec::new(),
            _ => self.balancers_at(view, endpoint, Some(name)),
        };
        if balancers.is_empty()
            && let Some(why) = self.nothing_at(view, endpoint)
        {
            server = Err(why);
        }
        if balancers.is_empty() || !endpoint.tls {
            return self.edge(client, endpoint, server);
        }
        for balancer in balancers {
            self.through(&client, endpoint, balancer);
        }
    }

    fn edge(&mut self, client: Client, endpoint: &Endpoint, server: Result<Server, String>) {
        self.edge_via(client, endpoint, server, None);
    }

    fn edge_via(
        &mut self,
        client: Client,
        endpoint: &Endpoint,
        server: Result<Server, String>,
        via: Option<String>,
    ) {
        let trusts = match (client.trusts, &client.unverified) {
            (Some(trusts), _) => Ok(trusts),
            (None, Some(place)) => Ok(Trust {
                place: place.clone(),
                roots: Vec::new(),
            }),
            (None, None) => Err(
                "it trusts this machine's own roots, which are not among these files".to_owned(),
            ),
        };
        let ends = if endpoint.tls {
            server.and_then(|server| Ok((server, trusts?)))
        } else {
            Err("it is dialled without TLS".to_owned())
        };
        let (server, trusts) = match ends {
            Ok(ends) => ends,
            Err(why) => return self.unjudged(client.component, client.url, client.told_at, why),
        };
        let asks_for = client
            .tls_server_name
            .unwrap_or_else(|| endpoint.host.clone());
        let shown = sni::shown(&server, &asks_for);
        self.edges.push(Edge {
            id: format!("e{}", self.edges.len() + 1),
            kind: EdgeKind::Tls,
            client: client.component,
            server: server.component,
            dials: Some(client.url),
            name: asks_for.parse().ok(),
            asks_for: Some(asks_for),
            unverified: client.unverified,
            via,
            told_at: client.told_at,
            shown,
            trusts,
            client_shows: client.shows.zip(server.trusts),
            source: None,
            token: None,
            allowed_names: server.takes,
            client_takes: None,
            circumstances: Circumstances::default(),
        });
    }

    fn unjudged(&mut self, client: Component, dials: String, place: Place, why: String) {
        self.unjudged.push(Unjudged {
            client,
            dials,
            place,
            why,
        });
    }
}
