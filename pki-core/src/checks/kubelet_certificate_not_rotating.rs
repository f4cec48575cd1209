//! kubelet-certificate-not-rotating: a kubelet's client certificate will run out, for nothing renews the one that it uses.

use std::collections::HashMap;
use std::collections::HashSet;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::embedded_certificate_stale;
use crate::checks::expired;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::place::Place;
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
    let topology = &judged.topology;
    let used = topology.kubeconfigs.iter();
    let kubeconfigs: HashMap<&str, &Kubeconfig> = used
        .filter(|kubeconfig| kubeconfig.client.name == "kubelet")
        .map(|kubeconfig| (kubeconfig.client.node.as_str(), kubeconfig))
        .collect();
    let rotated: HashMap<&str, &Holding> = topology
        .holdings
        .iter()
        .filter(|holding| is_rotated(holding))
        .map(|holding| (holding.place.node.as_str(), holding))
        .collect();
    let stale: HashSet<&Place> = embedded_certificate_stale::stale(judged)
        .iter()
        .map(|stale| &stale.kubeconfig.place)
        .collect();
    let nodes = topology.nodes.iter();
    nodes
        .filter_map(|node| {
            let name = node.name.as_str();
            let kubeconfig = kubeconfigs.get(name).copied();
            if !node.rotation.as_ref()?.value {
                return not_rotating(node, kubeconfig);
            }
            let kubeconfig = kubeconfig.filter(|one| !stale.contains(&one.place))?;
            bypassed(node, kubeconfig, rotated.get(name)?)
        })
        .collect()
}

fn not_rotating(node: &Node, kubeconfig: Option<&Kubeconfig>) -> Option<Finding> {
    let until = kubeconfig
        .and_then(|kubeconfig| kubeconfig.shows.as_ref()?.chain.first())
        .map(|leaf| format!(", which expires on {}", expired::day(leaf.not_after())))
        .unwrap_or_default();
    let message = format!(
        "the kubelet of {} does not renew its client certificate{until}: rotateCertificates is not true",
        node.name
    );
    let place = node.rotation.as_ref()?.place.clone();
    Some(Finding::new(RULE.id, Severity::Warning, place, message))
}

/// Rotation writes to a file of its own; a kubeconfig that embeds its certificate does not name that file.
fn bypassed(node: &Node, kubeconfig: &Kubeconfig, rotated: &Holding) -> Option<Finding> {
    let embedded = kubeconfig.shows.as_ref().filter(|_| kubeconfig.embedded)?;
    let message = format!(
        "{} of {} embeds its certificate, which rotation does not renew: after {} the kubelet will not start again",
        kubeconfig.place.path.display(),
        node.name,
        expired::day(embedded.chain.first()?.not_after())
    );
    let place = kubeconfig.place.clone();
    let finding = Finding::new(RULE.id, Severity::Warning, place, message);
    Some(finding.related_to(rotated.place.clone(), "what rotation renews"))
}

fn is_rotated(holding: &Holding) -> bool {
    holding.role == Some(Role::Profile(Profile::KubeletConf))
        && holding.place.path.ends_with("kubelet-client-current.pem")
}
