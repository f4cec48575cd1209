//! Which apiserver answers where a kubeconfig leads.

use crate::topology::connect::Connector;
use crate::topology::connect::Server;
use crate::topology::connect::sni::Named;
use crate::topology::node::Apiserver;
use crate::topology::url::Endpoint;
use crate::topology::view::View;

impl Connector<'_> {
    pub(super) fn apiserver_at(
        &self,
        dialler: &View<'_>,
        endpoint: &Endpoint,
    ) -> Result<Server, String> {
        let (view, apiserver) = self.apiserver_on(dialler, endpoint)?;
        self.apiserver_of(view, apiserver)
    }

    /// The apiserver of a node, whatever it is dialled by.
    pub(super) fn apiserver_of(
        &self,
        view: &View<'_>,
        apiserver: &Apiserver,
    ) -> Result<Server, String> {
        let Some(certificate) = &apiserver.certificate else {
            return Err(format!(
                "the manifest of {}'s kube-apiserver names no --tls-cert-file",
                view.name
            ));
        };
        self.seen(view, certificate)?;
        Ok(Server {
            component: view.component("kube-apiserver"),
            shown: view.shown(certificate),
            trusts: apiserver.client_ca.as_ref().map(|place| view.trust(place)),
            named: apiserver
                .named
                .iter()
                .map(|named| Named {
                    names: named.names.clone(),
                    shown: view.shown(&named.certificate),
                })
                .collect(),
            address: (!apiserver.named.is_empty())
                .then(|| self.nodes.iter().find(|node| node.name == view.name))
                .flatten()
                .and_then(|node| node.address),
            takes: None,
        })
    }

    /// The node whose apiserver listens there, and what that was told.
    pub(super) fn apiserver_on(
        &self,
        dialler: &View<'_>,
        endpoint: &Endpoint,
    ) -> Result<(&View<'_>, &Apiserver), String> {
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
        Ok((view, apiserver))
    }
}
