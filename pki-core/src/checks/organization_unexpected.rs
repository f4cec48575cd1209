//! organization-unexpected: the organizations of a client certificate, which Kubernetes takes for the groups of its user, are not
//! those that its role needs.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::remedy;
use crate::checks::roles;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::profile::Profile;

pub(super) const RULE: Rule = Rule {
    id: "organization-unexpected",
    summary: "a client certificate has not the groups that its role needs, or has more than it needs",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings: Vec<Finding> = group::refused(judged, FaultKind::WrongGroup)
        .iter()
        .map(|group| {
            let organizations = group
                .fault
                .certificate
                .as_ref()
                .map(|leaf| listed(&leaf.subject().organizations()));
            let message = format!(
                "{} has {}; its user is known, but may do nothing",
                roles::name_of(judged, &group.place),
                organizations.unwrap_or_default(),
            );
            group.finding(judged, RULE.id, message)
        })
        .collect();
    for (used, profile) in roles::leaves(judged) {
        let is_reported = findings.iter().any(|finding| used.is_at(&finding.place));
        let organizations = used.certificate.subject().organizations();
        let Some(severity) = unexpected(profile, &organizations).filter(|_| !is_reported) else {
            continue;
        };
        let message = format!(
            "{used} has {}, which no release of kubeadm gives it",
            listed(&organizations)
        );
        let mut finding = used.finding(RULE.id, severity, message);
        finding.remedy = remedy::reissue(judged, &finding.place);
        findings.push(finding);
    }
    findings
}

/// Organizations that kubeadm gives this profile in no release: a warning where they carry the right to do anything, else
/// worth knowing.
fn unexpected(profile: Profile, organizations: &[&str]) -> Option<Severity> {
    let row = profile.row();
    let is_client = row.usages == [crate::x509::certificate::ExtendedKeyUsage::ClientAuth];
    let known = std::iter::once(&[][..]).chain(row.groups.iter().map(|groups| groups.names));
    let fits_some_release = known.into_iter().any(|names| names == organizations);
    if !is_client || fits_some_release {
        return None;
    }
    let is_all_powerful = organizations.contains(&"system:masters");
    Some(if is_all_powerful {
        Severity::Warning
    } else {
        Severity::Info
    })
}

fn listed(organizations: &[&str]) -> String {
    match organizations {
        [] => "no organization".to_owned(),
        [one] => format!("the organization `{one}`"),
        many => format!("the organizations `{}`", many.join("`, `")),
    }
}
