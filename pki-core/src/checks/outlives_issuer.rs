//! outlives-issuer: a certificate is dated beyond the authority that signed it, and will fail with the authority.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::expired;
use crate::checks::roles;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::x509::certificate::Certificate;

pub(super) const RULE: Rule = Rule {
    id: "outlives-issuer",
    summary: "a certificate is valid for longer than the authority that signed it",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let authorities = judged.authorities();
    roles::leaves(judged)
        .filter_map(|(used, _)| {
            let issuer = ends_first(&authorities, used.certificate)?;
            // An authority that has expired already is expired's to report.
            (issuer.not_after() >= judged.now).then(|| {
                let message = format!(
                    "{used} is dated to {}, but its authority `{}` expires on {}, and it with it",
                    expired::day(used.certificate.not_after()),
                    issuer.subject(),
                    expired::day(issuer.not_after()),
                );
                used.finding(RULE.id, Severity::Warning, message)
            })
        })
        .collect()
}

/// The authority that signed `certificate`, where it ends before it does. Of several certificates of one authority the
/// one that ends last counts. Signatures cost most of an audit, so dates are looked at before them.
fn ends_first<'a>(
    authorities: &[&'a Certificate],
    certificate: &Certificate,
) -> Option<&'a Certificate> {
    let named = || {
        let authorities = authorities.iter().copied();
        authorities.filter(|authority| authority.subject() == certificate.issuer())
    };
    let is_outlived = |authority: &&Certificate| authority.not_after() < certificate.not_after();
    if !named().any(|authority| is_outlived(&authority)) {
        return None;
    }
    named()
        .filter(|authority| certificate.is_signed_by(authority.public_key()))
        .max_by_key(|authority| authority.not_after())
        .filter(is_outlived)
}
