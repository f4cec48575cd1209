//! same-name-other-ca: the authority that is trusted has the issuer's name but another key. Every kubeadm cluster calls its
//! authority `kubernetes`, so that a certificate of another cluster looks right until its signature is checked.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::group::Group;
use crate::checks::roles;
use crate::checks::shared_ca_differs;
use crate::checks::unknown_authority;
use crate::finding::Finding;
use crate::judge::FaultKind;
use crate::judge::Judged;

pub(super) const RULE: Rule = Rule {
    id: "same-name-other-ca",
    summary: "the trusted authority has the issuer's name, but did not sign the certificate",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let findings = group::refused(judged, FaultKind::SameNameOtherCa)
        .iter()
        .map(|group| group.finding(judged, RULE.id, message(judged, group)))
        .collect();
    shared_ca_differs::without_consequences(judged, findings)
}

fn message(judged: &Judged, group: &Group<'_>) -> String {
    let issuer = group
        .fault
        .certificate
        .as_ref()
        .map(|leaf| leaf.issuer().to_string());
    let issuer = issuer.unwrap_or_default();
    let is_about_roots = group
        .edges
        .first()
        .is_some_and(|(edge, _)| unknown_authority::is_trusted_at(edge, group));
    if is_about_roots {
        return format!(
            "{} holds another authority `{issuer}` than the one that signs this cluster's certificates",
            group.place.path.display()
        );
    }
    format!(
        "{} was signed by another `{issuer}` than the one that is trusted: same name, other key",
        roles::name_of(judged, &group.place),
    )
}
