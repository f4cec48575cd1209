//! What to know about a stage, in sentences.

use time::Duration;

use crate::plan::shared::Blocked;
use crate::plan::shared::Group;
use crate::plan::shared::GroupKind;
use crate::plan::shared::SharedPlan;
use crate::plan::shared::Stage;
use crate::plan::shared::VerifierForm;
use crate::plan::shared::choose;
use crate::plan::shared::choose::signers;
use crate::plan::shared::state;
use crate::request::SharedRequest;
use crate::token::public_keys;

/// `noted`: the lifetime that earlier runs towards the same key wrote down.
pub(super) fn notes(
    group: &Group,
    plan: &SharedPlan,
    request: &SharedRequest,
    noted: Option<Duration>,
) -> Vec<String> {
    let mut notes = Vec::new();
    let begins = plan.stage == Stage::Trust && plan.blocked.is_none();
    let at_once = plan.stage == Stage::Done && !plan.writes.is_empty();
    if begins || at_once {
        for (member, signer) in signers(group) {
            let public = signer.key.as_ref().ok().and_then(public_keys::known);
            if let Some(who) = public {
                notes.push(format!(
                    "{} signs with the key of {who}: anyone can mint its tokens until the last stage is done",
                    member.name
                ));
            }
            if let Err(why) = &signer.key {
                notes.push(format!("{}: {why}", signer.file.read_from.display()));
            }
        }
        notes.extend(
            group
                .members
                .iter()
                .flat_map(|member| member.notes.iter().cloned()),
        );
    }
    if plan.restart.len() > 1 && begins {
        notes.push(
            "no request is lost while these restart one by one, if the balancer before them tries the next one: docs/unify.md"
                .to_owned(),
        );
    }
    if plan.stage == Stage::Trust && begins || at_once {
        for verifier in state::verifiers(group) {
            if let VerifierForm::Bundle(files) = &verifier.form
                && let Some(why) = &files.refused
            {
                notes.push(format!(
                    "{} {why}; it is written anew",
                    files.file.read_from.display()
                ));
            }
        }
    }
    if plan.stage == Stage::Sign && !plan.writes.is_empty() || at_once {
        for (_, signer) in signers(group) {
            if let Some(why) = &signer.refused {
                notes.push(format!(
                    "{} cannot use {} as it is ({why}); it is written as PKCS#1",
                    signer.component,
                    signer.file.read_from.display()
                ));
            }
        }
    }
    if matches!(plan.stage, Stage::Sign | Stage::Wait) {
        notes.extend(lifetime(group, noted));
    }
    if plan.stage == Stage::Prune {
        notes.extend(forgotten(group, plan));
    }
    if at_once {
        notes.push(meanwhile(group, plan));
        if !request.at_once && plan.blocked == Some(Blocked::NeedsAtOnce) {
            notes.push("with --at-once this is done".to_owned());
        }
    }
    notes.dedup();
    notes
}

fn lifetime(group: &Group, noted: Option<Duration>) -> Option<String> {
    let longest = signers(group).max_by_key(|(_, signer)| signer.lifetime.duration);
    longest.map(|(_, signer)| {
        if let Some(noted) = noted.filter(|noted| *noted > signer.lifetime.duration) {
            return format!(
                "tokens live {} (as an earlier run of this change noted; a shorter time given later does not shorten the wait)",
                words(noted.whole_seconds())
            );
        }
        format!(
            "tokens live {} ({})",
            words(signer.lifetime.duration.whole_seconds()),
            signer.lifetime.told_by
        )
    })
}

fn forgotten(group: &Group, plan: &SharedPlan) -> Vec<String> {
    let mut names = Vec::new();
    for trusted in state::verifiers(group).flat_map(|verifier| &verifier.trusted) {
        let name = choose::name_of(group.kind, &trusted.key);
        if plan.chosen.key.known() != Some(&trusted.key) && !names.contains(&name) {
            names.push(name);
        }
    }
    let said = names
        .iter()
        .map(|name| format!("the key {name} is trusted no longer"));
    said.collect()
}

fn meanwhile(group: &Group, plan: &SharedPlan) -> String {
    let names: Vec<&str> = plan
        .restart
        .iter()
        .map(|restart| restart.name.as_str())
        .collect();
    let until = if names.is_empty() {
        String::new()
    } else {
        let have = if names.len() == 1 { "has" } else { "have" };
        format!(" until {} {have} been restarted, and", names.join(", "))
    };
    let longest = signers(group).map(|(_, signer)| signer.lifetime.duration.whole_seconds());
    let longest = words(longest.max().unwrap_or_default());
    match group.kind {
        GroupKind::Harbor2 => format!(
            "Harbor 2 signs and verifies with one file, so two keys cannot overlap: pulls and pushes that carry a token of another \
             instance's key fail with 401{until} for tokens signed before, which live {longest}; clients that ask for a new token on 401 recover"
        ),
        GroupKind::ServiceAccount => format!(
            "in one go: requests with tokens of other keys are refused with 401{until} for good, for pods read new tokens only \
             when the kubelet renews them"
        ),
        GroupKind::Harbor1 | GroupKind::Distribution => format!(
            "in one go: logins, pulls and pushes fail with 401 wherever signer and registry differ{until} with tokens signed before, \
             which live {longest}"
        ),
    }
}

/// `30 minutes`.
fn words(seconds: i64) -> String {
    let (count, unit) = match seconds {
        _ if seconds % 3600 == 0 => (seconds / 3600, "hour"),
        _ if seconds % 60 == 0 => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
