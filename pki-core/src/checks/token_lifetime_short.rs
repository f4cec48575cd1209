//! token-lifetime-short: tokens of a registry run out sooner than clocks agree.

use time::Duration;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::tokens;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;

pub(super) const RULE: Rule = Rule {
    id: "token-lifetime-short",
    summary: "tokens of a registry run out before clocks may differ as much as they may",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let signers = tokens::signers_by_file(judged).into_iter();
    signers
        .filter_map(|signer| {
            let lifetime = signer.lifetime.as_ref()?;
            let place = lifetime.told_at.clone()?;
            if lifetime.value > LEEWAY {
                return None;
            }
            let message = format!(
                "tokens of {} live for {} s, no longer than the {} s by which registries let clocks differ: a slow upload \
                 outlives its token",
                signer.component,
                lifetime.value.whole_seconds(),
                LEEWAY.whole_seconds()
            );
            Some(Finding::new(RULE.id, Severity::Warning, place, message))
        })
        .collect()
}

/// `Leeway` of distribution 2 and 3, `JwtLeeway` of Harbor.
const LEEWAY: Duration = Duration::seconds(60);
