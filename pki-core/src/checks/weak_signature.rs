//! weak-signature: a certificate signed over SHA-1 or MD5, which Go refuses whoever signed it.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::roles;
use crate::finding::Finding;
use crate::judge::FaultKind;
use crate::judge::Judged;

pub(super) const RULE: Rule = Rule {
    id: "weak-signature",
    summary: "a certificate is signed with SHA-1 or MD5, which Go refuses",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    group::refused(judged, FaultKind::WeakSignature)
        .iter()
        .map(|group| {
            let name = roles::name_of(judged, &group.place);
            let message =
                format!("{name} is signed with an algorithm that is refused whoever signs with it");
            group.finding(judged, RULE.id, message)
        })
        .collect()
}
