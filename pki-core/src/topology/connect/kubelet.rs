//! Every apiserver and every kubelet, for logs, exec and port-forward.

use crate::facts::process;
use crate::place::Place;
use crate::topology::connect::Client;
use crate::topology::connect::Connector;
use crate::topology::connect::Server;
use crate::topology::kubelet as told;
use crate::topology::node::Node;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::View;

struct Kubelet<'a> {
    view: &'a View<'a>,
    node: &'a Node,
    server: Server,
    port: u16,
}

impl<'a> Connector<'a> {
    pub(super) fn kubelets(&mut self) {
        let kubelets: Vec<Kubelet<'a>> = self
            .machines()
            .filter(|(view, _)| runs_a_kubelet(view))
            .map(|(view, node)| {
                let told = view.kubelet();
                Kubelet {
                    view,
                    node,
                    server: server(view, &told),
                    port: told.port,
                }
            })
            .collect();
        for (view, _) in self.machines() {
            let told = view.told(
                "kube-apiserver",
                "kubelet-client-certificate",
                "apiserver-kubelet-client.crt",
            );
            let Some(told) = told else { continue };
            let authority = view
                .facts
                .process("kube-apiserver")
                .and_then(|process| view.flag_file(process, "kubelet-certificate-authority"));
            let client = Client {
                component: view.component("kube-apiserver"),
                url: String::new(),
                unverified: authority.is_none().then(|| told.told_at.clone()),
                told_at: told.told_at,
                tls_server_name: None,
                trusts: authority.map(|place| view.trust(&place)),
                shows: Some(view.shown(&told.file)),
            };
            for kubelet in &kubelets {
                self.kubelet(client.clone(), kubelet);
            }
        }
    }

    fn kubelet(&mut self, mut client: Client, kubelet: &Kubelet<'_>) {
        let Some(address) = kubelet.node.address else {
            let url = format!("https://{}:{}", kubelet.node.name, kubelet.port);
            let why = format!("no file says the address of {}", kubelet.node.name);
            return self.unjudged(client.component, url, client.told_at, why);
        };
        client.url = url::https(address, kubelet.port);
        let endpoint = Endpoint {
            tls: true,
            host: address.to_string(),
            port: kubelet.port,
        };
        let shown = &kubelet.server.shown;
        let is_unknown = client.unverified.is_none()
            && shown.chain.is_empty()
            && !kubelet
                .view
                .facts
                .broken
                .iter()
                .any(|broken| broken.place.path == shown.place.path);
        let server = if is_unknown {
            Err(format!(
                "the serving certificate {} of {} does not lie in what was given",
                shown.place.path.display(),
                kubelet.node.name
            ))
        } else {
            Ok(kubelet.server.clone())
        };
        self.edge(client, &endpoint, server);
    }
}

/// Whether a file of the node is a kubelet's.
pub(super) fn runs_a_kubelet(view: &View<'_>) -> bool {
    view.facts.kubelet.is_some()
        || view.facts.process(process::KUBELET).is_some()
        || view
            .facts
            .kubeconfigs
            .iter()
            .any(|kubeconfig| view.user_of(kubeconfig).name == "kubelet")
}

fn server(view: &View<'_>, kubelet: &told::Kubelet) -> Server {
    let authority: Option<Place> = match (&kubelet.client_ca, &view.facts.kubelet) {
        (Some(told), _) => Some(told.file.clone()),
        (None, Some(_)) => None,
        (None, None) => {
            let path = view.facts.pki_dir.path.join("ca.crt");
            view.facts.file(&path).map(|file| view.at(&file.place))
        }
    };
    let certificate = match &kubelet.certificate {
        Some(told) => told.file.clone(),
        None if kubelet.bootstraps => view.path(&view.kubelet_dir.join(FROM_BOOTSTRAP)),
        None => view.path(&view.kubelet_dir.join(SELF_MADE)),
    };
    Server {
        component: view.component("kubelet"),
        shown: view.shown(&certificate),
        trusts: authority.map(|place| view.trust(&place)),
        named: Vec::new(),
        address: None,
        takes: None,
    }
}

/// pkg/kubelet/certificate/kubelet.go, `NewKubeletServerCertificateManager`.
const FROM_BOOTSTRAP: &str = "kubelet-server-current.pem";
/// cmd/kubelet/app/server.go, `InitializeTLS`.
const SELF_MADE: &str = "kubelet.crt";
