//! bypasses-load-balancer: a client dials the balancer's name on a port where only that machine's own apiserver listens.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::place::Place;
use crate::topology::Balancer;
use crate::topology::Edge;
use crate::topology::url;

pub(super) const RULE: Rule = Rule {
    id: "bypasses-load-balancer",
    summary: "a client dials the machine of the load balancer past the load balancer",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut by_place: BTreeMap<&Place, Vec<(&Edge, &Balancer)>> = BTreeMap::new();
    for edge in &judged.topology.edges {
        if let Some(balancer) = passed_by(judged, edge) {
            by_place
                .entry(&edge.told_at)
                .or_default()
                .push((edge, balancer));
        }
    }
    by_place
        .into_iter()
        .filter_map(|(place, past)| finding(place, &past))
        .collect()
}

/// The balancer on the machine that an edge reaches by a name which is not the machine's own, but not through it.
pub(super) fn passed_by<'j>(judged: &'j Judged, edge: &Edge) -> Option<&'j Balancer> {
    // Pods reach the service by kube-proxy's rules, whichever name they know it by.
    if edge.via.is_some() || edge.server.name != "kube-apiserver" || edge.client.name == "pod" {
        return None;
    }
    let endpoint = url::parse(edge.dials.as_deref()?)?;
    let is_own = endpoint.host.eq_ignore_ascii_case(&edge.server.node);
    if is_own
        || endpoint.host.eq_ignore_ascii_case("localhost")
        || endpoint.host.parse::<IpAddr>().is_ok()
    {
        return None;
    }
    judged.topology.balancers.iter().find(|balancer| {
        balancer.node.as_deref() == Some(&edge.server.node)
            && balancer.port != endpoint.port
            && balancer.apiservers().collect::<BTreeSet<_>>().len() > 1
    })
}

fn finding(place: &Place, past: &[(&Edge, &Balancer)]) -> Option<Finding> {
    let (edge, balancer) = past.first()?;
    let message = format!(
        "{}, which reaches only {}: the load balancer {} listens on port {}",
        group::dials(edge),
        edge.server,
        balancer.component,
        balancer.port
    );
    let mut finding = Finding::new(RULE.id, Severity::Warning, place.clone(), message);
    finding.edges = past.iter().map(|(edge, _)| edge.id.clone()).collect();
    Some(finding.related_to(balancer.place.clone(), "the load balancer"))
}
