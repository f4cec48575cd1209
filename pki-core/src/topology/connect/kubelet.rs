//! Every apiserver and every kubelet, for logs, exec and port-forward.

use std::path::Path;

use crate::place::Place;
use crate::topology::connect::Client;
use crate::topology::connect::Connector;
use crate::topology::connect::Server;
use crate::topology::edge::Shown;
use crate::topology::node::Node;
use crate::topology::url;
use crate::topology::url::Endpoint;
use crate::topology::view::View;

struct Kubelet<'a> {
    view: &'a View<'a>,
    node: &'a Node,
    server: Server,
}

impl<'a> Connector<'a> {
    pub(super) fn kubelets(&mut self) {
        let kubelets: Vec<Kubelet<'a>> = self
            .machines()
            .filter(|(view, _)| runs_a_kubelet(view))
            .map(|(view, node)| Kubelet {
                view,
                node,
                server: server(view),
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
                .pod("kube-apiserver")
                .and_then(|pod| view.flag_file(pod, "kubelet-certificate-authority"));
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
            let url = format!("https://{}:{PORT}", kubelet.node.name);
            let why = format!("no file says the address of {}", kubelet.node.name);
            return self.unjudged(client.component, url, client.told_at, why);
        };
        client.url = url::https(address, PORT);
        let endpoint = Endpoint {
            tls: true,
            host: address.to_string(),
            port: PORT,
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
        || view
            .facts
            .kubeconfigs
            .iter()
            .any(|kubeconfig| view.user_of(kubeconfig).name == "kubelet")
}

fn server(view: &View<'_>) -> Server {
    let kubelet = view.facts.kubelet.as_ref();
    let told = |text: &crate::facts::yaml::Text| view.path(Path::new(&text.value));
    let authority: Option<Place> = match kubelet {
        Some(kubelet) => kubelet.client_ca.as_ref().map(told),
        None => {
            let path = view.facts.pki_dir.path.join("ca.crt");
            view.facts.file(&path).map(|file| view.at(&file.place))
        }
    };
    let certificate = kubelet.and_then(|kubelet| kubelet.certificate.as_ref());
    let bootstraps = kubelet.is_some_and(|kubelet| kubelet.server_bootstrap);
    let certificate = match certificate {
        Some(certificate) => told(certificate),
        None if bootstraps => view.path(Path::new(FROM_BOOTSTRAP)),
        None => view.path(Path::new(SELF_MADE)),
    };
    let Shown { place, chain } = view.shown(&certificate);
    Server {
        component: view.component("kubelet"),
        shown: Shown { place, chain },
        trusts: authority.map(|place| view.trust(&place)),
    }
}

/// KubeletConfiguration's `port`, which kubeadm leaves alone.
const PORT: u16 = 10250;
/// pkg/kubelet/certificate/kubelet.go, `NewKubeletServerCertificateManager`.
const FROM_BOOTSTRAP: &str = "/var/lib/kubelet/pki/kubelet-server-current.pem";
/// cmd/kubelet/app/server.go, `InitializeTLS`.
const SELF_MADE: &str = "/var/lib/kubelet/pki/kubelet.crt";
