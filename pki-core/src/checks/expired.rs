//! expired: a certificate in use is past its last day. An expired authority is one finding with every edge below it.

mod token_roots;

use std::collections::HashSet;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::embedded_certificate_stale;
use crate::checks::group;
use crate::checks::group::Group;
use crate::checks::remedy;
use crate::checks::roles;
use crate::checks::stale_trust;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::topology::Role;
use crate::x509::certificate::Certificate;

pub(super) const RULE: Rule = Rule {
    id: "expired",
    summary: "a certificate in use has expired",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings = outside_validity(judged, RULE.id, FaultKind::Expired, |certificate| {
        (certificate.not_after() < judged.now)
            .then(|| format!("expired on {}", day(certificate.not_after())))
    });
    findings.extend(token_roots::findings(judged));
    findings
}

/// The findings of this rule and of not-yet-valid: they differ in which end of the period is passed.
pub(super) fn outside_validity(
    judged: &Judged,
    rule: &'static str,
    kind: FaultKind,
    problem: impl Fn(&Certificate) -> Option<String>,
) -> Vec<Finding> {
    let groups = group::refused(judged, kind);
    let unneeded = stale_trust::stale(judged);
    let mut findings = Vec::new();
    // What was renewed elsewhere is embedded-certificate-stale's to report.
    let renewed = embedded_certificate_stale::stale(judged);
    let in_use = roles::in_use(judged);
    for used in &in_use {
        // A root that no connection needs is stale-trust's.
        if renewed
            .iter()
            .any(|stale| stale.embedded == used.certificate)
            || unneeded
                .iter()
                .any(|stale| stale.certificate == used.certificate)
        {
            continue;
        }
        let Some(problem) = problem(used.certificate) else {
            continue;
        };
        let mut finding = used.finding(rule, Severity::Error, format!("{used} {problem}"));
        finding.remedy = match used.role {
            Role::Profile(_) => remedy::reissue(judged, &finding.place),
            Role::Authority(_) | Role::Balancer => None,
        };
        let concerned = groups
            .iter()
            .filter(|group| group.fault.certificate.as_ref() == Some(used.certificate));
        for group in concerned {
            let edges = group.finding(judged, rule, "");
            finding.edges.extend(edges.edges);
            finding.says = finding.says.or(edges.says);
        }
        findings.push(finding);
    }
    let known: HashSet<&[u8]> = in_use
        .iter()
        .map(|used| used.certificate.as_der())
        .collect();
    let roots_in_kubeconfigs = groups.iter().filter(|group| {
        let certificate = group.fault.certificate.as_ref();
        !certificate.is_some_and(|certificate| known.contains(certificate.as_der()))
    });
    for group in roots_in_kubeconfigs {
        let problem = group
            .fault
            .certificate
            .as_ref()
            .and_then(&problem)
            .unwrap_or_default();
        findings.push(group.finding(judged, rule, format!("{} {problem}", blamed(judged, group))));
    }
    findings
}

/// A leaf that no profile issues, or an authority among someone's roots.
fn blamed(judged: &Judged, group: &Group<'_>) -> String {
    let certificate = group.fault.certificate.as_ref();
    let is_leaf = certificate
        .is_some_and(|certificate| roles::edges_showing(judged, certificate).next().is_some());
    if is_leaf {
        roles::name_of(judged, &group.place)
    } else {
        format!("an authority trusted in {}", group.place)
    }
}

/// `2027-03-01`.
pub(super) fn day(instant: time::OffsetDateTime) -> String {
    instant.date().to_string()
}
