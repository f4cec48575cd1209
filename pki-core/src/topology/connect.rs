//! Who dials whom: every kubeconfig its apiserver, every apiserver its etcd.
//!
//! What cannot be resolved from these files, a balancer or a name that no hosts file knows, is said with its reason.

use std::net::IpAddr;
use std::net::Ipv4Addr;

use crate::facts::kubeconfig;
use crate::facts::kubeconfig::Cluster;
use crate::facts::kubeconfig::User;
use crate::place::Place;
use crate::topology::Topology;
use crate::topology::collect;
use crate::topology::edge::Component;
use crate::topology::edge::Dialled;
use crate::topology::edge::Edge;
use crate::topology::edge::EdgeKind;
use crate::topology::edge::Kubeconfig;
use crate::topology::edge::Shown;
use crate::topology::edge::Trust;
use crate::topology::edge::Unjudged;
use crate::topology::node::Node;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::View;
use crate::x509::san::SubjectAltName;

/// Adds every connection of the nodes of `topology`, which `views` has the facts of, in the same order.
pub(super) fn connect(views: &[View<'_>], topology: &mut Topology) {
    let mut connector = Connector {
        views,
        nodes: &topology.nodes,
        kubeconfigs: Vec::new(),
        dialled: Vec::new(),
        edges: Vec::new(),
        unjudged: Vec::new(),
    };
    for view in views {
        for kubeconfig in &view.facts.kubeconfigs {
            connector.kubeconfig(view, kubeconfig);
        }
        connector.etcd_of(view);
    }
    let Connector {
        kubeconfigs,
        dialled,
        edges,
        unjudged,
        ..
    } = connector;
    topology.kubeconfigs = kubeconfigs;
    topology.dialled = dialled;
    topology.edges = edges;
    topology.unjudged = unjudged;
}

struct Connector<'a> {
    views: &'a [View<'a>],
    nodes: &'a [Node],
    kubeconfigs: Vec<Kubeconfig>,
    dialled: Vec<Dialled>,
    edges: Vec<Edge>,
    unjudged: Vec<Unjudged>,
}

/// What one client brings to a connection.
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
struct Server {
    component: Component,
    shown: Shown,
    trusts: Option<Trust>,
}

impl Connector<'_> {
    fn kubeconfig(&mut self, view: &View<'_>, kubeconfig: &kubeconfig::Kubeconfig) {
        let user = view.user_of(kubeconfig);
        let (cluster, entry) = match kubeconfig.current() {
            Ok(current) => current,
            Err(why) => {
                let place = view.at(&kubeconfig.place);
                return self.unjudged(user, String::new(), place, why);
            }
        };
        let described = describe(view, kubeconfig, (cluster, entry), user.clone());
        let client = Client {
            component: user.clone(),
            url: described
                .server
                .as_ref()
                .map(|(url, _)| url.clone())
                .unwrap_or_default(),
            told_at: described
                .server
                .as_ref()
                .map_or_else(|| described.place.clone(), |(_, place)| place.clone()),
            tls_server_name: described
                .tls_server_name
                .as_ref()
                .map(|(name, _)| name.clone()),
            unverified: described.insecure.clone(),
            trusts: described.trusts.clone(),
            shows: described.shows.clone(),
        };
        self.kubeconfigs.push(described);
        if cluster.proxied {
            let why = "it is dialled through a proxy".to_owned();
            return self.unjudged(user, client.url, client.told_at, why);
        }
        let Some(endpoint) = url::parse(&client.url) else {
            let why = "it is not a URL of a server".to_owned();
            return self.unjudged(user, client.url, client.told_at, why);
        };
        self.dialled(&client, &endpoint);
        let server = self.apiserver_at(view, &endpoint);
        self.edge(client, &endpoint, server);
    }

    fn dialled(&mut self, client: &Client, endpoint: &Endpoint) {
        let host = client.tls_server_name.as_deref().unwrap_or(&endpoint.host);
        if let Ok(name) = host.parse::<SubjectAltName>() {
            self.dialled.push(Dialled {
                client: client.component.clone(),
                url: client.url.clone(),
                name,
                port: endpoint.port,
                told_at: client.told_at.clone(),
            });
        }
    }

    fn etcd_of(&mut self, view: &View<'_>) {
        let Some(pod) = view.facts.pod("kube-apiserver") else {
            return;
        };
        let (Some(urls), Some(flag)) = (pod.value("etcd-servers"), pod.flag("etcd-servers")) else {
            return;
        };
        for url in urls.split(',').map(str::trim) {
            let client = Client {
                component: view.component("kube-apiserver"),
                url: url.to_owned(),
                told_at: view.at(&pod.place_of(flag)),
                tls_server_name: None,
                unverified: None,
                trusts: view
                    .flag_file(pod, "etcd-cafile")
                    .map(|place| view.trust(&place)),
                shows: view
                    .flag_file(pod, "etcd-certfile")
                    .map(|place| view.shown(&place)),
            };
            match url::parse(url) {
                Some(endpoint) => {
                    let server = self.etcd_at(view, &endpoint);
                    self.edge(client, &endpoint, server);
                }
                None => {
                    let why = "it is not a URL of a server".to_owned();
                    self.unjudged(client.component, client.url, client.told_at, why);
                }
            }
        }
    }

    fn edge(&mut self, client: Client, endpoint: &Endpoint, server: Result<Server, String>) {
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
        self.edges.push(Edge {
            id: format!("e{}", self.edges.len() + 1),
            kind: EdgeKind::Tls,
            client: client.component,
            server: server.component,
            dials: Some(client.url),
            name: asks_for.parse().ok(),
            asks_for: Some(asks_for),
            unverified: client.unverified,
            via: None,
            told_at: client.told_at,
            shown: server.shown,
            trusts,
            client_shows: client.shows.zip(server.trusts),
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

    fn apiserver_at(&self, dialler: &View<'_>, endpoint: &Endpoint) -> Result<Server, String> {
        let (view, node) = self.node_at(dialler, &endpoint.host)?;
        let Some(apiserver) = &node.apiserver else {
            return Err(format!(
                "no kube-apiserver is known on {} from these files",
                node.name
            ));
        };
        if apiserver.secure_port != endpoint.port {
            return Err(format!(
                "nothing is known to listen on port {} of {}, whose kube-apiserver listens on {}; perhaps a load balancer",
                endpoint.port, node.name, apiserver.secure_port
            ));
        }
        let Some(certificate) = &apiserver.certificate else {
            return Err(format!(
                "the manifest of {}'s kube-apiserver names no --tls-cert-file",
                node.name
            ));
        };
        self.seen(view, certificate)?;
        Ok(Server {
            component: view.component("kube-apiserver"),
            shown: view.shown(certificate),
            trusts: apiserver.client_ca.as_ref().map(|place| view.trust(place)),
        })
    }

    fn etcd_at(&self, dialler: &View<'_>, endpoint: &Endpoint) -> Result<Server, String> {
        let (view, node) = self.node_at(dialler, &endpoint.host)?;
        let Some(etcd) = &node.etcd else {
            return Err(format!(
                "no etcd is known on {} from these files",
                node.name
            ));
        };
        let listens = etcd
            .listens
            .iter()
            .filter_map(|url| url::parse(url))
            .any(|listener| listener.port == endpoint.port);
        if !listens {
            return Err(format!(
                "the etcd of {} does not listen on port {}",
                node.name, endpoint.port
            ));
        }
        let Some(server) = &etcd.server else {
            return Err(format!(
                "the manifest of {}'s etcd names no --cert-file",
                node.name
            ));
        };
        self.seen(view, &server.certificate)?;
        Ok(Server {
            component: view.component("etcd"),
            shown: view.shown(&server.certificate),
            trusts: etcd.trusted_ca.as_ref().map(|place| view.trust(place)),
        })
    }

    fn seen(&self, view: &View<'_>, certificate: &Place) -> Result<(), String> {
        if view.facts.unseen.contains(&certificate.path) {
            return Err(format!(
                "its certificate {} on {} does not lie in what was given",
                certificate.path.display(),
                view.name
            ));
        }
        Ok(())
    }

    /// The node that `host` leads to, seen from `dialler`: by its hosts file, by the name of a node, by an address.
    fn node_at(&self, dialler: &View<'_>, host: &str) -> Result<(&View<'_>, &Node), String> {
        let literal = host
            .parse::<IpAddr>()
            .ok()
            .map(|address| address.to_canonical());
        let address = literal.or_else(|| self.known_name(dialler, host));
        let found = match address {
            Some(address) => self.by_address(dialler, address),
            None => self
                .nodes
                .iter()
                .position(|node| node.name.eq_ignore_ascii_case(host)),
        };
        if let Some(ends) =
            found.and_then(|index| Some((self.views.get(index)?, self.nodes.get(index)?)))
        {
            return Ok(ends);
        }
        Err(match (literal, address) {
            (Some(_), _) => format!("{host} is no address of a node that was given"),
            (None, Some(address)) => format!(
                "{host} is {address} in the hosts file of {}, which is no address of a node that was given",
                dialler.name
            ),
            (None, None) => format!(
                "{host} is neither a node's name nor in the hosts file of {}",
                dialler.name
            ),
        })
    }

    fn known_name(&self, dialler: &View<'_>, host: &str) -> Option<IpAddr> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let entry = dialler
            .facts
            .hosts
            .iter()
            .find(|entry| entry.names.contains(&host));
        match entry {
            Some(entry) => Some(entry.address),
            None => (host == "localhost").then_some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        }
    }

    /// A node's own address is stronger than one that merely something calls its own; a loopback address that is no
    /// node's is the dialler itself.
    fn by_address(&self, dialler: &View<'_>, address: IpAddr) -> Option<usize> {
        let settled = self
            .nodes
            .iter()
            .position(|node| node.address == Some(address));
        let claimed = || {
            self.nodes
                .iter()
                .position(|node| node.addresses.iter().any(|claim| claim.value == address))
        };
        settled.or_else(claimed).or_else(|| {
            address
                .is_loopback()
                .then(|| self.nodes.iter().position(|node| node.name == dialler.name))
                .flatten()
        })
    }
}

fn describe(
    view: &View<'_>,
    kubeconfig: &kubeconfig::Kubeconfig,
    (cluster, user): (&Cluster, Option<&User>),
    client: Component,
) -> Kubeconfig {
    let place = view.at(&kubeconfig.place);
    let told = |text: &crate::facts::yaml::Text| (text.value.clone(), place.at_line(text.line));
    let certificate = user.and_then(|user| user.certificate.as_ref());
    Kubeconfig {
        client,
        profile: collect::profile_of(kubeconfig),
        mode: kubeconfig.mode,
        server: cluster.server.as_ref().map(told),
        tls_server_name: cluster.tls_server_name.as_ref().map(told),
        insecure: cluster.insecure.map(|line| place.at_line(line)),
        trusts: cluster.authority.as_ref().map(|authority| {
            let Shown { place, chain } = view.material_shown(authority);
            Trust {
                place,
                roots: chain,
            }
        }),
        shows: certificate.map(|material| view.material_shown(material)),
        embedded: matches!(certificate, Some(kubeconfig::Material::Embedded(_))),
        place,
    }
}
