//! Pods of every node and every apiserver behind the service `kubernetes`, by its address and by its name. kube-proxy
//! passes the connection on without ending it, so that each apiserver shows its own certificate.

use crate::facts::NodeFacts;
use crate::inventory::Inventory;
use crate::place::Place;
use crate::topology::connect::Client;
use crate::topology::connect::Connector;
use crate::topology::connect::Server;
use crate::topology::connect::kubelet;
use crate::topology::node::Apiserver;
use crate::topology::node::Node;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::Told;
use crate::topology::view::View;

/// One way to one apiserver.
struct Service {
    url: String,
    endpoint: Endpoint,
    told_at: Place,
    server: Server,
}

impl Connector<'_> {
    pub(super) fn pods(&mut self, inventory: Option<&Inventory>) {
        let published = self
            .machines()
            .find_map(|(view, node)| root_ca(view, node).map(|told| (view, told)));
        let Some((publisher, published)) = published else {
            return;
        };
        let services = self.services(inventory);
        for (view, node) in self.machines() {
            if !kubelet::runs_a_kubelet(view) {
                continue;
            }
            let trusts = match root_ca(view, node) {
                Some(own) => view.trust(&own.file),
                None => publisher.trust(&published.file),
            };
            for service in &services {
                let client = Client {
                    component: view.component("pod"),
                    url: service.url.clone(),
                    told_at: service.told_at.clone(),
                    tls_server_name: None,
                    unverified: None,
                    trusts: Some(trusts.clone()),
                    shows: None,
                };
                self.edge(client, &service.endpoint, Ok(service.server.clone()));
            }
        }
    }

    /// Every apiserver by every address and name of the service.
    fn services(&self, inventory: Option<&Inventory>) -> Vec<Service> {
        let mut services = Vec::new();
        for (view, node) in self.machines() {
            let Some(apiserver) = &node.apiserver else {
                continue;
            };
            let Ok(server) = self.apiserver_of(view, apiserver) else {
                continue;
            };
            let told_at = view.flag_place("kube-apiserver", "service-cluster-ip-range");
            let told_at = told_at.unwrap_or_else(|| server.shown.place.clone());
            for (url, host) in dialled(view.facts, apiserver, inventory) {
                services.push(Service {
                    url,
                    endpoint: Endpoint {
                        tls: true,
                        host,
                        port: PORT,
                    },
                    told_at: told_at.clone(),
                    server: server.clone(),
                });
            }
        }
        services
    }
}

/// What the controller-manager publishes to pods as kube-root-ca.crt.
fn root_ca(view: &View<'_>, node: &Node) -> Option<Told> {
    node.apiserver.as_ref()?;
    view.told("kube-controller-manager", "root-ca-file", "ca.crt")
}

/// URLs and hosts that pods find the service by. It has one address, of the first range, however many ranges there are
/// (pkg/controlplane/controller/kubernetesservice/controller.go, `CreateOrUpdateMasterServiceIfNeeded`).
fn dialled(
    facts: &NodeFacts,
    apiserver: &Apiserver,
    inventory: Option<&Inventory>,
) -> Vec<(String, String)> {
    let mut addresses = apiserver.service_addresses.clone();
    for described in [facts.kubeadm.as_ref(), inventory].into_iter().flatten() {
        if addresses.is_empty() {
            addresses = described.kubernetes.service_addresses();
        }
    }
    addresses
        .first()
        .into_iter()
        .map(|address| (url::https(*address, PORT), address.to_string()))
        .chain([(format!("https://{NAME}:{PORT}"), NAME.to_owned())])
        .collect()
}

const NAME: &str = "kubernetes.default.svc";
const PORT: u16 = 443;
