//! Every apiserver and the etcd that it was told to use.

use crate::topology::connect::Client;
use crate::topology::connect::Connector;
use crate::topology::connect::Server;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::View;

impl Connector<'_> {
    pub(super) fn etcd_of(&mut self, view: &View<'_>) {
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
}
