//! drain-timeout-missing: a registry that is restarted cuts off the uploads under way.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::tokens;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;

pub(super) const RULE: Rule = Rule {
    id: "drain-timeout-missing",
    summary: "a registry cuts uploads off when it is restarted",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let verifiers = judged.topology.token_verifiers.iter();
    let registries = verifiers.filter(|verifier| tokens::is_principal(verifier));
    registries
        .filter_map(|verifier| {
            let distribution = verifier.distribution()?;
            if distribution.drain_timeout.is_some() {
                return None;
            }
            let message = format!(
                "{} is told no http.draintimeout: a restart, which every change of its token certificate needs, ends the \
                 uploads under way",
                verifier.component
            );
            let place = verifier.told_at.clone();
            Some(Finding::new(RULE.id, Severity::Info, place, message))
        })
        .collect()
}
