//! Whether the name and the groups in a client certificate are entitled to what its bearer needs.
//!
//! Kubernetes takes the user from the common name and the groups from the organizations; RBAC's default bindings
//! (plugin/pkg/auth/authorizer/rbac/bootstrappolicy) and kubeadm's grant the rest.

use crate::judge::Fault;
use crate::judge::FaultKind;
use crate::judge::Side;
use crate::topology::Edge;
use crate::x509::certificate::Certificate;

/// What the server answers a client that it knows and that may do nothing.
pub(super) fn forbidden(edge: &Edge, leaf: &Certificate) -> Option<Fault> {
    let user = leaf.subject().common_name().unwrap_or_default();
    let groups = leaf.subject().organizations();
    if edge.server.name != "kube-apiserver" || groups.contains(&"system:masters") {
        return None;
    }
    let (kind, text) = match edge.client.name.as_str() {
        "kubelet" => kubelet(&edge.client.node, user, &groups)?,
        "kube-controller-manager" if user != CONTROLLER_MANAGER => (
            FaultKind::WrongUser,
            format!(
                "leases.coordination.k8s.io \"kube-controller-manager\" is forbidden: User \"{user}\" cannot get resource \
                 \"leases\" in API group \"coordination.k8s.io\" in the namespace \"kube-system\""
            ),
        ),
        "kube-scheduler" if user != SCHEDULER => (FaultKind::WrongUser, cannot_list("pods", user)),
        "kubeconfig:admin.conf" | "kubeconfig:super-admin.conf"
            if !groups.contains(&"kubeadm:cluster-admins") =>
        {
            (FaultKind::WrongGroup, cannot_list("namespaces", user))
        }
        _ => return None,
    };
    Some(Fault::new(kind, Side::Server, text).about(leaf))
}

/// The node authorizer knows a kubelet by `system:node:NAME` in the group system:nodes, and lets it see its own Node only.
fn kubelet(node: &str, user: &str, groups: &[&str]) -> Option<(FaultKind, String)> {
    let own = format!("system:node:{node}");
    let refusal = format!(
        "nodes \"{node}\" is forbidden: User \"{user}\" cannot list resource \"nodes\" in API group \"\" at the cluster scope"
    );
    match user.strip_prefix("system:node:") {
        Some(other) if groups.contains(&"system:nodes") => (user != own).then(|| {
            (
                FaultKind::OtherNode,
                format!("{refusal}: node '{other}' cannot read '{node}', only its own Node object"),
            )
        }),
        Some(_) => Some((FaultKind::WrongGroup, refusal)),
        None => Some((FaultKind::WrongUser, refusal)),
    }
}

pub(super) fn cannot_list(resource: &str, user: &str) -> String {
    format!(
        "{resource} is forbidden: User \"{user}\" cannot list resource \"{resource}\" in API group \"\" at the cluster scope"
    )
}

const CONTROLLER_MANAGER: &str = "system:kube-controller-manager";
const SCHEDULER: &str = "system:kube-scheduler";
