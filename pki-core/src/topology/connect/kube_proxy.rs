//! kube-proxy of every node, which all use the one kubeconfig of the ConfigMap, each with its own node's hosts file: it
//! runs in the host's network.

use crate::facts::kubeconfig::Cluster;
use crate::facts::kubeconfig::Kubeconfig;
use crate::facts::kubeconfig::Material;
use crate::topology::connect::Client;
use crate::topology::connect::Connector;
use crate::topology::edge::Shown;
use crate::topology::edge::Trust;
use crate::topology::url;
use crate::topology::view::View;

impl Connector<'_> {
    pub(super) fn kube_proxies(&mut self, kubeconfig: &Kubeconfig) {
        let views = self.views;
        for view in views.iter().filter(|view| is_a_node(view)) {
            let component = view.component("kube-proxy");
            let place = kubeconfig.place.clone();
            let cluster = match kubeconfig.current() {
                Ok((cluster, _)) => cluster,
                Err(why) => return self.unjudged(component, String::new(), place, why),
            };
            let server = cluster.server.as_ref();
            let client = Client {
                component: component.clone(),
                url: server.map(|text| text.value.clone()).unwrap_or_default(),
                told_at: server.map_or_else(|| place.clone(), |text| place.at_line(text.line)),
                tls_server_name: cluster
                    .tls_server_name
                    .as_ref()
                    .map(|text| text.value.clone()),
                unverified: cluster.insecure.map(|line| place.at_line(line)),
                trusts: self.trusted_by_pods(view, cluster),
                shows: None,
            };
            match url::parse(&client.url).filter(|_| !cluster.proxied) {
                Some(endpoint) => {
                    self.dialled(&client, &endpoint);
                    self.reach_apiservers(view, client, &endpoint);
                }
                None => {
                    let why = "it is not a URL of a server that is dialled directly".to_owned();
                    self.unjudged(component, client.url, client.told_at, why);
                }
            }
        }
    }

    /// What lies beside a service account's token is the controller-manager's `--root-ca-file`.
    fn trusted_by_pods(&self, view: &View<'_>, cluster: &Cluster) -> Option<Trust> {
        match cluster.authority.as_ref()? {
            Material::File { path, .. }
                if path.starts_with(SERVICE_ACCOUNT) || path.starts_with(RUN) =>
            {
                self.views.iter().find_map(|view| {
                    let process = view.facts.process("kube-controller-manager")?;
                    Some(view.trust(&view.flag_file(process, "root-ca-file")?))
                })
            }
            material => {
                let Shown { place, chain } = view.material_shown(material);
                Some(Trust {
                    place,
                    roots: chain,
                })
            }
        }
    }
}

/// Not a configuration file or a certificate that was given by itself.
fn is_a_node(view: &View<'_>) -> bool {
    !view.facts.processes.is_empty()
        || view.facts.kubelet.is_some()
        || !view.facts.kubeconfigs.is_empty()
}

const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const RUN: &str = "/run/secrets/kubernetes.io/serviceaccount";
