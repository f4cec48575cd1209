//! Names that the inventory or kubeadm's configuration asks for and that nobody dials yet: the first client that does is
//! refused.

use std::collections::BTreeSet;

use crate::checks::asked;
use crate::checks::asked::Asked;
use crate::checks::remedy;
use crate::checks::roles;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::place::Place;
use crate::topology::Apiserver;
use crate::topology::Node;
use crate::x509::san::SubjectAltName;

/// One finding for each apiserver's certificate that lacks some.
pub(super) fn findings(judged: &Judged, rule: &'static str) -> Vec<Finding> {
    let nodes = judged.topology.nodes.iter();
    nodes
        .filter_map(|node| finding(judged, node, rule))
        .collect()
}

fn finding(judged: &Judged, node: &Node, rule: &'static str) -> Option<Finding> {
    let apiserver = node.apiserver.as_ref()?;
    let shown = judged
        .holdings_in(apiserver.certificate.as_ref()?)
        .find(|holding| holding.index == 0)?;
    let mut asked = asked::names(judged, node);
    asked.retain(|asked| {
        !judge::carries(&shown.certificate, &asked.name)
            && !is_named(judged, apiserver, &asked.name)
            && !is_refused(judged, &shown.place, &asked.name)
    });
    if asked.is_empty() {
        return None;
    }
    let missing: BTreeSet<String> = asked.iter().map(|asked| asked.name.to_string()).collect();
    let missing: Vec<String> = missing.into_iter().collect();
    let message = format!(
        "{} does not carry {}, which {} asks for: who dials it so is refused",
        roles::name_of(judged, &shown.place),
        missing.join(", "),
        sources(&asked),
    );
    let mut finding = Finding::new(rule, Severity::Warning, shown.place.clone(), message);
    finding.remedy = remedy::reissue(judged, &shown.place);
    let mut seen = BTreeSet::new();
    for Asked {
        name, what, place, ..
    } in asked
    {
        if seen.insert((name.clone(), what, place.clone())) {
            finding = finding.related_to(place, format!("{what}: {name}"));
        }
    }
    Some(finding)
}

fn sources(asked: &[Asked]) -> &'static str {
    if asked.iter().any(|asked| asked.by_inventory) {
        "the inventory"
    } else {
        "kubeadm's configuration"
    }
}

/// Whether another certificate is shown to who asks for that name; who dials an address asks for none.
fn is_named(judged: &Judged, apiserver: &Apiserver, name: &SubjectAltName) -> bool {
    let is_dns = matches!(name, SubjectAltName::Dns(_));
    is_dns
        && apiserver.named.iter().any(|named| {
            let mut held = judged.holdings_in(&named.certificate);
            held.any(|holding| holding.index == 0 && judge::carries(&holding.certificate, name))
        })
}

/// Whether an edge fails for it already.
fn is_refused(judged: &Judged, place: &Place, name: &SubjectAltName) -> bool {
    let text = name.to_string();
    judged.edges_showing(place).any(|(edge, verdict)| {
        let asks = edge.name.as_ref() == Some(name) || edge.asks_for.as_deref() == Some(&text);
        let mut faults = verdict.faults.iter();
        asks && faults.any(|fault| fault.kind == FaultKind::NameMismatch)
    })
}
