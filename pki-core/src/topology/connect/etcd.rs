//! Every apiserver and the etcd that it was told to use; the health-check client and every member.

use crate::topology::connect::Client;
use crate::topology::connect::Connector;
use crate::topology::connect::Server;
use crate::topology::edge::AllowedNames;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::View;

impl Connector<'_> {
    pub(super) fn etcd_of(&mut self, view: &View<'_>) {
        let Some(process) = view.facts.process("kube-apiserver") else {
            return self.etcd_by_layout(view);
        };
        for (url, flag) in process.values("etcd-servers", true) {
            let client = Client {
                component: view.component("kube-apiserver"),
                url: url.to_owned(),
                told_at: view.at(&process.place_of(flag)),
                tls_server_name: None,
                unverified: None,
                trusts: view
                    .flag_file(process, "etcd-cafile")
                    .map(|place| view.trust(&place)),
                shows: view
                    .flag_file(process, "etcd-certfile")
                    .map(|place| view.shown(&place)),
            };
            self.dial_etcd(view, client);
        }
    }

    /// kubeadm has every apiserver talk to the member beside it.
    fn etcd_by_layout(&mut self, view: &View<'_>) {
        let Some(shows) = view.by_layout("apiserver-etcd-client.crt") else {
            return;
        };
        let beside = self.machines().find(|(other, _)| other.name == view.name);
        let Some(etcd) = beside.and_then(|(_, node)| node.etcd.as_ref()) else {
            return;
        };
        let Some(url) = etcd.listens.first() else {
            return;
        };
        let client = Client {
            component: view.component("kube-apiserver"),
            url: url.clone(),
            told_at: shows.clone(),
            tls_server_name: None,
            unverified: None,
            trusts: etcd.trusted_ca.as_ref().map(|place| view.trust(place)),
            shows: Some(view.shown(&shows)),
        };
        self.dial_etcd(view, client);
    }

    /// Every node that holds the health-check client's certificate, and every member at the address that it advertises.
    pub(super) fn etcdctl(&mut self) {
        for (view, node) in self.machines() {
            let below = |name: &str| view.facts.pki_dir.path.join("etcd").join(name);
            let Some(file) = view.facts.file(&below("healthcheck-client.crt")) else {
                continue;
            };
            let shows = view.shown(&view.at(&file.place));
            let authority = view
                .facts
                .file(&below("ca.crt"))
                .map(|file| view.at(&file.place));
            let authority =
                authority.or_else(|| node.etcd.as_ref().and_then(|etcd| etcd.trusted_ca.clone()));
            let Some(trusts) = authority.map(|place| view.trust(&place)) else {
                continue;
            };
            for (server, member) in self.machines() {
                let Some(etcd) = &member.etcd else { continue };
                let told_at = server.flag_place("etcd", "advertise-client-urls");
                let told_at = told_at.unwrap_or_else(|| etcd.place.clone());
                for url in &etcd.advertises {
                    let client = Client {
                        component: view.component("etcdctl"),
                        url: url.clone(),
                        told_at: told_at.clone(),
                        tls_server_name: None,
                        unverified: None,
                        trusts: Some(trusts.clone()),
                        shows: Some(shows.clone()),
                    };
                    self.dial_etcd(view, client);
                }
            }
        }
    }

    fn dial_etcd(&mut self, view: &View<'_>, client: Client) {
        match url::parse(&client.url) {
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
            named: Vec::new(),
            address: None,
            takes: takes(view, &[("client-cert-allowed-hostname", true)]),
        })
    }
}

/// The names that a member takes clients by, of the first of `flags` that is given.
pub(super) fn takes(view: &View<'_>, flags: &[(&str, bool)]) -> Option<AllowedNames> {
    let process = view.facts.process("etcd")?;
    flags.iter().find_map(|(flag, are_hosts)| {
        let told = process.flag(flag)?;
        let names = told.value.split(',').map(str::trim);
        let names: Vec<String> = names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        (!names.is_empty()).then(|| AllowedNames {
            names,
            are_hosts: *are_hosts,
            place: view.at(&process.place_of(told)),
        })
    })
}
