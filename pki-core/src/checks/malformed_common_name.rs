//! malformed-common-name: a common name with something in it that nobody meant, such as the comma of a mistyped subject. A server's
//! is harmless; a client's is its user name.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::remedy;
use crate::checks::roles;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;

pub(super) const RULE: Rule = Rule {
    id: "malformed-common-name",
    summary: "a common name has a stray character, or is not the user that its role needs",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings: Vec<Finding> = group::refused(judged, FaultKind::WrongUser)
        .iter()
        .map(|group| {
            let certificate = group.fault.certificate.as_ref();
            let user = certificate.and_then(|leaf| leaf.subject().common_name());
            let message = format!(
                "{} makes its bearer the user `{}`, who may do nothing",
                roles::name_of(judged, &group.place),
                user.unwrap_or_default(),
            );
            group.finding(judged, RULE.id, message)
        })
        .collect();
    for (used, _) in roles::leaves(judged) {
        let is_reported = findings.iter().any(|finding| used.is_at(&finding.place));
        let common_name = used.certificate.subject().common_name().unwrap_or_default();
        let Some(problem) = problem(common_name).filter(|_| !is_reported) else {
            continue;
        };
        let message = format!("{used} has the common name `{common_name}`, which {problem}");
        let mut finding = used.finding(RULE.id, Severity::Warning, message);
        finding.remedy = remedy::reissue(judged, &finding.place);
        findings.push(finding);
    }
    findings
}

fn problem(common_name: &str) -> Option<&'static str> {
    let inside = |needle: &str| common_name.contains(needle);
    if common_name.trim() != common_name {
        return Some("begins or ends with a blank");
    }
    if common_name.ends_with([',', ';', '/', '\\', '"', '\'']) {
        return Some("ends in a character that belongs to the command that made it");
    }
    if ["CN=", "cn=", "O=", "/"].into_iter().any(inside) {
        return Some("holds a piece of another attribute");
    }
    common_name
        .chars()
        .any(char::is_control)
        .then_some("holds a control character")
}
