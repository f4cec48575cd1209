//! embedded-certificate-stale: a kubeconfig embeds a certificate that was renewed elsewhere on its node.

use std::collections::HashMap;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::expired;
use crate::checks::group;
use crate::checks::remedy;
use crate::checks::roles;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::place::KUBERNETES_DIR;
use crate::topology::Holding;
use crate::topology::Kubeconfig;
use crate::x509::certificate::Certificate;

pub(super) const RULE: Rule = Rule {
    id: "embedded-certificate-stale",
    summary: "a kubeconfig embeds an older certificate than the file of the same identity holds",
    check,
};

/// A kubeconfig that was left behind.
pub(super) struct Stale<'a> {
    pub(super) kubeconfig: &'a Kubeconfig,
    pub(super) embedded: &'a Certificate,
    pub(super) fresh: &'a Holding,
}

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    stale(judged)
        .iter()
        .map(|stale| finding(judged, stale))
        .collect()
}

/// Every kubeconfig whose embedded certificate has a successor.
pub(super) fn stale(judged: &Judged) -> Vec<Stale<'_>> {
    let mut by_subject: HashMap<&[u8], Vec<&Holding>> = HashMap::new();
    for holding in judged.topology.holdings.iter().filter(|one| one.index == 0) {
        let subject = holding.certificate.subject().as_der();
        by_subject.entry(subject).or_default().push(holding);
    }
    let embedding = judged.topology.kubeconfigs.iter();
    embedding
        .filter(|kubeconfig| kubeconfig.embedded)
        .filter_map(|kubeconfig| {
            let embedded = kubeconfig.shows.as_ref()?.chain.first()?;
            let fresh = by_subject
                .get(embedded.subject().as_der())?
                .iter()
                .copied()
                .filter(|holding| succeeds(judged, holding, kubeconfig, embedded))
                .max_by_key(|holding| holding.certificate.not_after())?;
            Some(Stale {
                kubeconfig,
                embedded,
                fresh,
            })
        })
        .collect()
}

/// Whether it is the same identity's, issued later, where this kubeconfig's owner would look for it: on the same node, and
/// not in a kubeconfig that nothing is told to use. One that lies outside /etc/kubernetes is a copy of some node's.
fn succeeds(
    judged: &Judged,
    holding: &Holding,
    kubeconfig: &Kubeconfig,
    embedded: &Certificate,
) -> bool {
    let certificate = &holding.certificate;
    let is_later = certificate.not_after() > embedded.not_after()
        && certificate.not_before() >= embedded.not_before();
    if !is_later || holding.place.is_same_file(&kubeconfig.place) {
        return false;
    }
    let is_copy =
        kubeconfig.profile.is_none() && !kubeconfig.place.path.starts_with(KUBERNETES_DIR);
    let is_near = holding.place.node == kubeconfig.place.node
        || is_copy && certificate.issuer() == embedded.issuer();
    let other = judged.kubeconfig_in(&holding.place);
    is_near && other.is_none_or(|other| other.profile.is_some())
}

fn finding(judged: &Judged, stale: &Stale<'_>) -> Finding {
    let Stale {
        kubeconfig,
        embedded,
        fresh,
    } = stale;
    let is_expired = embedded.not_after() < judged.now;
    let severity = if is_expired {
        Severity::Error
    } else {
        Severity::Warning
    };
    let message = format!(
        "{} {} on {}, while {} holds one of the same identity until {}",
        roles::name_of(judged, &kubeconfig.place),
        if is_expired { "expired" } else { "expires" },
        expired::day(embedded.not_after()),
        fresh.place.path.display(),
        expired::day(fresh.certificate.not_after()),
    );
    let mut finding = Finding::new(RULE.id, severity, kubeconfig.place.clone(), message);
    let refused = if is_expired {
        group::refused(judged, FaultKind::Expired)
    } else {
        Vec::new()
    };
    for group in refused {
        if group.fault.certificate.as_ref() == Some(*embedded) {
            let of_edges = group.finding(judged, RULE.id, "");
            finding.edges.extend(of_edges.edges);
            finding.says = finding.says.or(of_edges.says);
        }
    }
    finding.remedy = remedy::reissue(judged, &kubeconfig.place);
    finding.related_to(fresh.place.clone(), "the later one")
}
