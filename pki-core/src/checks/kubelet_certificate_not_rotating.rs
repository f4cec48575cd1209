//! kubelet-certificate-not-rotating: a kubelet's client certificate will run out, for nothing renews the one that it uses.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::embedded_certificate_stale;
use crate::checks::expired;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::profile::Profile;
use crate::topology::Holding;
use crate::topology::Kubeconfig;
use crate::topology::Node;
use crate::topology::Role;

pub(super) const RULE: Rule = Rule {
    id: "kubelet-certificate-not-rotating",
    summary: "a kubelet does not renew its client certificate, or renews another than it starts with",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let nodes = judged.topology.nodes.iter();
    nodes.filter_map(|node| finding(judged, node)).collect()
}

fn finding(judged: &Judged, node: &Node) -> Option<Finding> {
    let rotation = node.rotation.as_ref()?;
    let mut kubeconfigs = judged.topology.kubeconfigs.iter();
    let kubeconfig = kubeconfigs.find(|kubeconfig| {
        kubeconfig.client.name == "kubelet" && kubeconfig.client.node == node.name
    });
    if !rotation.value {
        let until = kubeconfig
            .and_then(|kubeconfig| kubeconfig.shows.as_ref()?.chain.first())
            .map(|leaf| format!(", which expires on {}", expired::day(leaf.not_after())))
            .unwrap_or_default();
        let message = format!(
            "the kubelet of {} does not renew its client certificate{until}: rotateCertificates is not true",
            node.name
        );
        let place = rotation.place.clone();
        return Some(Finding::new(RULE.id, Severity::Warning, place, message));
    }
    bypassed(judged, node, kubeconfig?)
}

/// Rotation writes to a file of its own; a kubeconfig that embeds its certificate does not name that file.
fn bypassed(judged: &Judged, node: &Node, kubeconfig: &Kubeconfig) -> Option<Finding> {
    let embedded = kubeconfig.shows.as_ref().filter(|_| kubeconfig.embedded)?;
    let embedded = embedded.chain.first()?;
    let mut holdings = judged.topology.holdings.iter();
    let rotated = holdings.find(|holding| is_rotated(holding, node))?;
    let stale = embedded_certificate_stale::stale(judged);
    if stale
        .iter()
        .any(|stale| stale.kubeconfig.place == kubeconfig.place)
    {
        return None;
    }
    let message = format!(
        "{} of {} embeds its certificate, which rotation does not renew: after {} the kubelet will not start again",
        kubeconfig.place.path.display(),
        node.name,
        expired::day(embedded.not_after())
    );
    let finding = Finding::new(
        RULE.id,
        Severity::Warning,
        kubeconfig.place.clone(),
        message,
    );
    Some(finding.related_to(rotated.place.clone(), "what rotation renews"))
}

fn is_rotated(holding: &Holding, node: &Node) -> bool {
    holding.place.node == node.name
        && holding.role == Some(Role::Profile(Profile::KubeletConf))
        && holding.place.path.ends_with("kubelet-client-current.pem")
}
