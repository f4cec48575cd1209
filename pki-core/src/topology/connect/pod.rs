//! Pods of every node and every apiserver behind the service `kubernetes`, by its address and by its name. kube-proxy
//! passes the connection on without ending it, so that each apiserver shows its own certificate.

use crate::facts::NodeFacts;
use crate::topology::connect::Client;
use crate::topology::connect::Connector;
use crate::topology::connect::kubelet;
use crate::topology::node::Apiserver;
use crate::topology::node::Node;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::Told;
use crate::topology::view::View;

impl Connector<'_> {
    pub(super) fn pods(&mut self) {
        let published = self
            .machines()
            .find_map(|(view, node)| root_ca(view, node).map(|told| (view, told)));
        let Some((publisher, published)) = published else {
            return;
        };
        for (view, node) in self.machines() {
            if !kubelet::runs_a_kubelet(view) {
                continue;
            }
            let trusts = match root_ca(view, node) {
                Some(own) => view.trust(&own.file),
                None => publisher.trust(&published.file),
            };
            for (server, answering) in self.machines() {
                let Some(apiserver) = &answering.apiserver else {
                    continue;
                };
                for (url, host) in dialled(server, apiserver) {
                    let Ok(end) = self.apiserver_of(server, apiserver) else {
                        continue;
                    };
                    let told_at = server.flag_place("kube-apiserver", "service-cluster-ip-range");
                    let client = Client {
                        component: view.component("pod"),
                        url,
                        told_at: told_at.unwrap_or_else(|| end.shown.place.clone()),
                        tls_server_name: None,
                        unverified: None,
                        trusts: Some(trusts.clone()),
                        shows: None,
                    };
                    let endpoint = Endpoint {
                        tls: true,
                        host,
                        port: PORT,
                    };
                    self.edge(client, &endpoint, Ok(end));
                }
            }
        }
    }
}

/// What the controller-manager publishes to pods as kube-root-ca.crt.
fn root_ca(view: &View<'_>, node: &Node) -> Option<Told> {
    node.apiserver.as_ref()?;
    view.told("kube-controller-manager", "root-ca-file", "ca.crt")
}

/// URLs and hosts that pods find the service by.
fn dialled(view: &View<'_>, apiserver: &Apiserver) -> Vec<(String, String)> {
    let mut addresses = apiserver.service_addresses.clone();
    if addresses.is_empty() {
        addresses = configured(view.facts);
    }
    addresses
        .iter()
        .map(|address| (url::https(*address, PORT), address.to_string()))
        .chain([(format!("https://{NAME}:{PORT}"), NAME.to_owned())])
        .collect()
}

fn configured(facts: &NodeFacts) -> Vec<std::net::IpAddr> {
    let kubeadm = facts.kubeadm.as_ref();
    kubeadm
        .map(|kubeadm| kubeadm.kubernetes.service_addresses())
        .unwrap_or_default()
}

const NAME: &str = "kubernetes.default.svc";
const PORT: u16 = 443;
