//! Container runtimes and the registries that they are told about, and where registries send them for a token.

mod reach;

use std::collections::BTreeSet;

use crate::facts::certificate_files::PemFile;
use crate::facts::registry_client::RegistryClient;
use crate::facts::registry_client::Runtime;
use crate::facts::registry_site::RegistrySite;
use crate::inventory;
use crate::inventory::Inventory;
use crate::place::Place;
use crate::topology::connect::Client;
use crate::topology::connect::Connector;
use crate::topology::edge::Circumstances;
use crate::topology::edge::Component;
use crate::topology::edge::RegistryName;
use crate::topology::edge::Trust;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::View;
use ipnet::IpNet;

/// A registry and the node that it runs on.
#[derive(Clone, Copy)]
struct Site<'a> {
    view: &'a View<'a>,
    told: &'a RegistrySite,
}

/// One way of reaching a registry: who dials, with which settings, what.
struct Dial<'a> {
    view: &'a View<'a>,
    client: Client,
    circumstances: Circumstances,
}

/// Edges that are there already: who dials, host and port, the node of the registry.
type Done = BTreeSet<(Component, String, String)>;

impl<'a> Connector<'a> {
    pub(super) fn registries(&mut self, inventory: Option<&Inventory>) {
        let sites: Vec<Site<'a>> = self
            .views
            .iter()
            .flat_map(|view| {
                let told = view.facts.registries.iter();
                told.map(move |told| Site { view, told })
            })
            .collect();
        self.say_what_was_not_understood();
        for site in &sites {
            self.names_of_its_own(site);
        }
        let mut done = Done::new();
        for dial in self.dials(inventory) {
            self.reach(&sites, dial, inventory, &mut done);
        }
        for site in &sites {
            for dial in self.dials_of_site(site, inventory, &done) {
                self.reach(&sites, dial, inventory, &mut done);
            }
        }
    }

    fn names_of_its_own(&mut self, site: &Site<'a>) {
        let own = [
            (&site.told.public_url, "its own URL", true),
            (&site.told.realm, "realm", false),
        ];
        for (told, what, has_images) in own {
            let told = told.as_ref();
            let endpoint = told.and_then(|told| Some((told, url::parse(&told.value)?)));
            if let Some((told, endpoint)) = endpoint {
                let port = (has_images && endpoint.tls).then_some(endpoint.port);
                let place = site.view.at(&told.place);
                self.registry_name(*site, &endpoint.host, port, what.to_owned(), place);
            }
        }
    }

    /// Notes what a registry is reached by. A host that no certificate could carry is no name.
    fn registry_name(
        &mut self,
        site: Site<'a>,
        host: &str,
        port: Option<u16>,
        what: String,
        told_at: Place,
    ) {
        let Ok(name) = host.parse() else {
            return;
        };
        let found = RegistryName {
            registry: site.view.component(REGISTRY),
            name,
            port,
            what,
            told_at,
        };
        let is_same = |known: &RegistryName| {
            known.registry == found.registry && known.name == found.name && known.port == found.port
        };
        if !self.registry_names.iter().any(is_same) {
            self.registry_names.push(found);
        }
    }

    fn say_what_was_not_understood(&mut self) {
        for view in self.views {
            let runtimes = view.facts.runtimes.iter();
            let runtimes = runtimes.flat_map(|runtime| {
                let notes = runtime.not_understood.iter();
                notes.map(|note| (runtime.program, note))
            });
            let sites = view.facts.registries.iter();
            let sites =
                sites.flat_map(|site| site.not_understood.iter().map(|note| (REGISTRY, note)));
            for (name, note) in runtimes.chain(sites) {
                let place = view.at(&note.place);
                self.unjudged(
                    view.component(name),
                    String::new(),
                    place,
                    note.what.clone(),
                );
            }
        }
    }

    /// What the runtimes of all nodes dial: what each has an entry for, and every registry of the inventory.
    fn dials(&self, inventory: Option<&Inventory>) -> Vec<Dial<'a>> {
        let mut dials = Vec::new();
        for view in self.views {
            for runtime in &view.facts.runtimes {
                let mut hosts: Vec<&str> = Vec::new();
                for entry in &runtime.clients {
                    if let Some(host) = entry.host.as_deref() {
                        hosts.push(host);
                        dials.push(self.dial(view, runtime, Some(entry), host, None));
                    }
                }
                let insecure = runtime.insecure.iter().map(|(host, _)| host.as_str());
                let single: Vec<&str> = insecure
                    .filter(|host| host.parse::<IpNet>().is_err() && !hosts.contains(host))
                    .collect();
                for host in single {
                    hosts.push(host);
                    dials.push(self.dial(view, runtime, None, host, None));
                }
                let owned = inventory
                    .into_iter()
                    .flat_map(|inventory| &inventory.registries);
                for owned in owned {
                    let host = host_of(owned);
                    if !hosts.contains(&host.as_str()) {
                        let default = runtime.clients.iter().find(|entry| entry.host.is_none());
                        dials.push(self.dial(view, runtime, default, &host, Some(&owned.place)));
                    }
                }
            }
        }
        dials
    }

    /// By what a registry that nobody dials says to be reached, from the machine it runs on: docker runs it.
    fn dials_of_site(
        &self,
        site: &Site<'a>,
        inventory: Option<&Inventory>,
        done: &Done,
    ) -> Vec<Dial<'a>> {
        let mut urls: Vec<(String, Place)> = Vec::new();
        if let Some(told) = &site.told.public_url {
            urls.push((told.value.clone(), site.view.at(&told.place)));
        }
        let owned = inventory
            .into_iter()
            .flat_map(|inventory| &inventory.registries);
        for owned in owned.filter(|owned| self.is_instance(owned, site.view)) {
            urls.push((format!("https://{}", host_of(owned)), owned.place.clone()));
        }
        urls.retain(|(url, _)| {
            let Some(endpoint) = url::parse(url) else {
                return false;
            };
            let end = ends(&endpoint);
            let is_dialled = done
                .iter()
                .any(|(_, dialled, on)| *dialled == end && *on == site.view.name);
            endpoint.tls && !is_dialled
        });
        let dials = urls.into_iter().map(|(url, told_at)| {
            let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            let host = host.split('/').next().unwrap_or_default();
            let mut own = site.view.facts.runtimes.iter();
            let none = Runtime::new(DOCKER, told_at.clone());
            let docker = own.find(|own| own.program == DOCKER).unwrap_or(&none);
            let mut entries = docker.clients.iter();
            let entry = entries.find(|entry| entry.host.as_deref() == Some(host));
            self.dial(site.view, docker, entry, host, Some(&told_at))
        });
        dials.collect()
    }

    fn dial(
        &self,
        view: &'a View<'a>,
        runtime: &Runtime,
        entry: Option<&RegistryClient>,
        host: &str,
        told_at: Option<&Place>,
    ) -> Dial<'a> {
        let url = entry.map_or_else(|| format!("https://{host}"), |entry| entry.dials(host));
        let unverified = entry
            .and_then(|entry| entry.unverified.clone())
            .or_else(|| self.insecure(view, runtime, host))
            .map(|place| view.at(&place));
        // What is not verified is not configured either: docker passes its directory by.
        let refuses = entry
            .and_then(|entry| entry.refuses.as_ref())
            .filter(|_| unverified.is_none());
        let told_at = match (refuses, told_at, entry, &unverified) {
            (Some((place, _)), ..) => view.at(place),
            (None, Some(place), ..) => place.clone(),
            (None, None, Some(entry), _) => view.at(&entry.told_at),
            (None, None, None, Some(place)) => place.clone(),
            (None, None, None, None) => view.at(&runtime.place),
        };
        let (trusts, roots_unknown) = trusts(view, entry);
        let shows = entry.and_then(|entry| entry.shows.first());
        Dial {
            view,
            circumstances: Circumstances {
                roots_unknown: roots_unknown && unverified.is_none(),
                client_refuses: refuses.map(|(_, says)| says.clone()),
                certificate_demanded: false,
                ..Circumstances::default()
            },
            client: Client {
                component: view.component(runtime.program),
                url,
                told_at,
                tls_server_name: None,
                trusts: unverified.is_none().then_some(trusts),
                shows: shows
                    .filter(|_| refuses.is_none())
                    .map(|pair| view.shown(&view.path(&pair.certificate.path))),
                unverified,
            },
        }
    }

    /// Where docker was told not to verify `host`: by itself, or by a network that its address lies in.
    fn insecure(&self, view: &View<'_>, runtime: &Runtime, host: &str) -> Option<Place> {
        let endpoint = url::parse(&format!("https://{host}"))?;
        let address = self.address_of(view, &endpoint.host);
        let is_in = |network: &str| {
            let network = network.parse::<IpNet>().ok();
            network
                .zip(address)
                .is_some_and(|(network, address)| network.contains(&address))
        };
        let mut told = runtime.insecure.iter();
        let (_, place) = told.find(|(entry, _)| entry == host || is_in(entry))?;
        Some(place.clone())
    }
}

/// What a runtime trusts: the machine's own roots and those that it was told beside them. `true` where neither is among
/// the files.
fn trusts(view: &View<'_>, entry: Option<&RegistryClient>) -> (Trust, bool) {
    let told = entry.map_or(&[][..], |entry| &entry.roots);
    let system = view.facts.system_roots.as_ref();
    let system_place = match system {
        Some(file) => view.at(&file.place),
        None => view.path(std::path::Path::new(SYSTEM_ROOTS)),
    };
    let mut trust = Trust {
        place: told
            .first()
            .map_or(system_place, |file| view.path(&file.path)),
        roots: Vec::new(),
    };
    for file in told {
        let file = view.facts.file(&file.path);
        trust
            .roots
            .extend(file.map(PemFile::chain).unwrap_or_default());
    }
    trust
        .roots
        .extend(system.map(PemFile::chain).unwrap_or_default());
    (trust, told.is_empty() && system.is_none())
}

/// As image references begin: without the port where that is 443.
fn host_of(owned: &inventory::Registry) -> String {
    let host = owned.name.to_string();
    if owned.port == HTTPS {
        host
    } else {
        url::host_and_port(&host, owned.port)
    }
}

fn ends(endpoint: &Endpoint) -> String {
    url::host_and_port(&endpoint.host.to_ascii_lowercase(), endpoint.port)
}

const REGISTRY: &str = "registry";
const DOCKER: &str = "docker";
const HTTPS: u16 = 443;
/// What Debian's and Alpine's packages write.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";
