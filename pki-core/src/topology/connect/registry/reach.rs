//! Which registries a dial leads to, and the edges that come of it.

use std::net::IpAddr;

use crate::facts::registry::Told;
use crate::facts::registry_site::ListenerMode;
use crate::facts::registry_site::RegistryListener;
use crate::facts::registry_site::RegistrySite;
use crate::inventory;
use crate::inventory::Inventory;
use crate::topology::connect::Client;
use crate::topology::connect::Connector;
use crate::topology::connect::Server;
use crate::topology::connect::registry::DOCKER;
use crate::topology::connect::registry::Dial;
use crate::topology::connect::registry::Done;
use crate::topology::connect::registry::REGISTRY;
use crate::topology::connect::registry::Site;
use crate::topology::connect::registry::ends;
use crate::topology::edge::Circumstances;
use crate::topology::edge::Trust;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::View;

impl<'a> Connector<'a> {
    /// The edges of one dial, and those to where the registry sends for a token, which docker and containerd dial with the
    /// same settings (moby, registry/auth.go; containerd, core/remotes/docker/config/hosts.go).
    pub(super) fn reach(
        &mut self,
        sites: &[Site<'a>],
        dial: Dial<'a>,
        inventory: Option<&Inventory>,
        done: &mut Done,
    ) {
        let Some(endpoint) = url::parse(&dial.client.url) else {
            let Client {
                component,
                url,
                told_at,
                ..
            } = dial.client;
            let why = "it is not a URL of a server".to_owned();
            return self.unjudged(component, url, told_at, why);
        };
        let found = match self.sites_at(sites, dial.view, &endpoint, inventory) {
            Ok(found) => found,
            Err(why) => {
                let Client {
                    component,
                    url,
                    told_at,
                    ..
                } = dial.client;
                return self.unjudged(component, url, told_at, why);
            }
        };
        for (site, listener) in found {
            let key = (
                dial.client.component.clone(),
                ends(&endpoint),
                site.view.name.clone(),
            );
            if !done.insert(key) {
                continue;
            }
            self.registry_edge(&dial, dial.client.clone(), &endpoint, site, listener);
            let realm = site.told.realm.as_ref();
            if let Some((realm, at)) = realm.and_then(|told| Some((told, url::parse(&told.value)?)))
                && ends(&at) != ends(&endpoint)
            {
                self.realm(sites, &dial, (site, realm), &at, inventory, done);
            }
        }
    }

    fn realm(
        &mut self,
        sites: &[Site<'a>],
        dial: &Dial<'a>,
        (site, realm): (Site<'a>, &Told),
        endpoint: &Endpoint,
        inventory: Option<&Inventory>,
        done: &mut Done,
    ) {
        let client = Client {
            url: realm.value.clone(),
            told_at: site.view.at(&realm.place),
            ..dial.client.clone()
        };
        match self.sites_at(sites, dial.view, endpoint, inventory) {
            Ok(found) => {
                for (site, listener) in found {
                    let key = (
                        client.component.clone(),
                        ends(endpoint),
                        site.view.name.clone(),
                    );
                    if done.insert(key) {
                        self.registry_edge(dial, client.clone(), endpoint, site, listener);
                    }
                }
            }
            Err(why) => self.unjudged(client.component, client.url, client.told_at, why),
        }
    }

    fn registry_edge(
        &mut self,
        dial: &Dial<'_>,
        client: Client,
        endpoint: &Endpoint,
        site: Site<'a>,
        listener: &RegistryListener,
    ) {
        let is_loopback = |address: IpAddr| address.is_loopback();
        let own = self.address_of(dial.view, &endpoint.host);
        let server = if client.component.name == DOCKER && own.is_some_and(is_loopback) {
            Err("docker verifies no registry on a loopback address".to_owned())
        } else {
            let is_realm = client.url != dial.client.url;
            self.registry_name(
                site,
                &endpoint.host,
                (!is_realm).then_some(endpoint.port),
                format!("dialled by {}", client.component),
                client.told_at.clone(),
            );
            server(site, listener)
        };
        let demands = server.as_ref().is_ok_and(|server| server.trusts.is_some());
        let circumstances = Circumstances {
            certificate_demanded: demands && client.shows.is_none(),
            ..dial.circumstances.clone()
        };
        let before = self.edges.len();
        self.edge(client, endpoint, server);
        if let Some(edge) = self.edges.get_mut(before) {
            edge.circumstances = circumstances;
        }
    }

    /// The registries that `endpoint` leads to: by the hosts file or an address, by the inventory, by what they say
    /// themselves. Behind a name there may be several.
    fn sites_at(
        &self,
        sites: &[Site<'a>],
        dialler: &View<'_>,
        endpoint: &Endpoint,
        inventory: Option<&Inventory>,
    ) -> Result<Vec<(Site<'a>, &'a RegistryListener)>, String> {
        let address = self.address_of(dialler, &endpoint.host);
        let bound = sites.iter().filter_map(|site| {
            let mut listeners = site.told.listeners.iter();
            let own = listeners.find(|own| own.address.is_some() && own.address == address)?;
            (own.port == endpoint.port).then_some((*site, own))
        });
        let bound: Vec<_> = bound.collect();
        if !bound.is_empty() {
            return Ok(bound);
        }
        let at_node = self.node_at(dialler, &endpoint.host);
        if let Ok((view, _)) = &at_node {
            let here = sites.iter().filter(|site| site.view.name == view.name);
            let found: Vec<_> = here
                .filter_map(|site| Some((*site, listener_on(site.told, endpoint)?)))
                .collect();
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let owned = inventory
            .into_iter()
            .flat_map(|inventory| &inventory.registries);
        let owned: Vec<&inventory::Registry> = owned
            .filter(|owned| {
                let is_named = owned.name.to_string().eq_ignore_ascii_case(&endpoint.host);
                is_named && owned.port == endpoint.port
            })
            .collect();
        let is_owned =
            |site: &Site<'_>| owned.iter().any(|owned| self.is_instance(owned, site.view));
        let says_so = |site: &Site<'_>| {
            let public = site.told.public_url.as_ref();
            let public = public.and_then(|told| url::parse(&told.value));
            public.is_some_and(|public| ends(&public) == ends(endpoint))
        };
        let found: Vec<_> = sites
            .iter()
            .filter(|site| is_owned(site) || says_so(site))
            .filter_map(|site| Some((*site, any_listener(site.told)?)))
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        Err(match at_node {
            Ok((_, node)) => format!(
                "no registry is known to listen on port {} of {} from these files",
                endpoint.port, node.name
            ),
            Err(why) => why,
        })
    }

    pub(in crate::topology::connect) fn is_instance(
        &self,
        owned: &inventory::Registry,
        view: &View<'_>,
    ) -> bool {
        let node = self.nodes.iter().find(|node| node.name == view.name);
        owned.instances.iter().any(|instance| {
            let has_address = node.is_some_and(|node| node.address == Some(instance.address));
            instance.node == view.name || has_address
        })
    }
}

fn server(site: Site<'_>, listener: &RegistryListener) -> Result<Server, String> {
    let view = site.view;
    match &listener.mode {
        ListenerMode::Shows { pair, client_cas } => {
            let mut trusts: Option<Trust> = None;
            for file in client_cas {
                let more = view.trust(&view.path(&file.path));
                match &mut trusts {
                    Some(trusts) => trusts.roots.extend(more.roots),
                    None => trusts = Some(more),
                }
            }
            Ok(Server {
                component: view.component(REGISTRY),
                shown: view.shown(&view.path(&pair.certificate.path)),
                trusts,
                named: Vec::new(),
                address: None,
                takes: None,
            })
        }
        ListenerMode::Plain => Err(format!(
            "{REGISTRY}@{} speaks no TLS there, and who expects it says `http: server gave HTTP response to HTTPS client`",
            view.name
        )),
        ListenerMode::Elsewhere(why) => Err(why.clone()),
    }
}

/// The listener on the port of `endpoint`, and on its address where it has one.
fn listener_on<'a>(site: &'a RegistrySite, endpoint: &Endpoint) -> Option<&'a RegistryListener> {
    let address = endpoint.address();
    let takes = |listener: &&RegistryListener| {
        let on_another = listener
            .address
            .zip(address)
            .is_some_and(|(own, asked)| own != asked);
        listener.port == endpoint.port && !on_another
    };
    site.listeners.iter().find(takes)
}

/// Behind a name that something else resolves and forwards: the one that speaks TLS.
fn any_listener(site: &RegistrySite) -> Option<&RegistryListener> {
    let mut listeners = site.listeners.iter();
    let secure = listeners.find(|listener| !matches!(listener.mode, ListenerMode::Plain));
    secure.or(site.listeners.first())
}
