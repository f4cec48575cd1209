//! Text for people: the stage, every file, what to restart, and the next command line.

use std::fmt;
use std::fmt::Write;

use crate::apply::SharedOutcome;
use crate::plan::shared::Blocked;
use crate::plan::shared::GroupKind;
use crate::plan::shared::Stage;
use crate::plan::shared::key_name;
use crate::report::printable;
use crate::report::rfc3339;
use crate::request::SharedRequest;

/// What was done, or would be.
pub fn shared(outcome: &SharedOutcome) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_shared(&mut text, outcome);
    printable::page(&text, &[])
}

/// Why the next stage was not carried out, and what to do: `None` where it was, or where a plan is all that was asked for.
pub fn refusal(outcome: &SharedOutcome) -> Option<(String, String)> {
    let plan = &outcome.plan;
    match plan.blocked.as_ref()? {
        Blocked::NeedsAtOnce if !outcome.request.apply => None,
        Blocked::NeedsAtOnce => Some((
            "Harbor 2 signs and verifies with one key file, so two keys cannot overlap and there are no stages".to_owned(),
            "see what fails meanwhile without --apply, then say --at-once".to_owned(),
        )),
        Blocked::TooEarly => {
            let from = plan.allowed_from.map(rfc3339).unwrap_or_default();
            Some((
                format!("too early: tokens of other keys may live until {from}"),
                format!("run the command again from {from} on, or give up the tokens that are left with --at-once"),
            ))
        }
        Blocked::Unconfirmed => Some((
            format!("not known to have been restarted since their files changed: {}", names(outcome)),
            format!(
                "restart them one by one, then: {}",
                next_command(outcome, Stage::Trust)
            ),
        )),
    }
}

fn write_shared(text: &mut String, outcome: &SharedOutcome) -> fmt::Result {
    let plan = &outcome.plan;
    if !outcome.applied {
        writeln!(text, "Nothing is written (give --apply). This would be:\n")?;
    }
    let what = match plan.kind {
        GroupKind::ServiceAccount => "service-account keys",
        _ => "token keys",
    };
    writeln!(
        text,
        "{what} of {}, stage {}: {}",
        outcome.members.join(", "),
        plan.stage.name(),
        meaning(outcome)
    )?;
    let whose = match &plan.chosen.instance {
        Some(name) => format!("that of {name}"),
        None => "a new one".to_owned(),
    };
    match plan.chosen.key.known() {
        Some(key) => line(
            text,
            "key",
            format_args!("{whose}, {}, {}", key.algorithm(), key_name(plan.kind, key)),
        )?,
        None => line(text, "key", whose)?,
    }
    for file in &outcome.files {
        let path = file.path.display();
        if file.removed {
            line(text, "remove", format_args!("{path}  {}", file.what))?;
            continue;
        }
        let mode = file
            .mode
            .map(|mode| format!("  {mode:04o}"))
            .unwrap_or_default();
        let owner = file
            .owner
            .map(|(uid, gid)| format!(" {uid}:{gid}"))
            .unwrap_or_default();
        line(
            text,
            "write",
            format_args!("{path}{mode}{owner}  {}", file.what),
        )?;
        if let Some(backup) = &file.backup {
            line(
                text,
                "",
                format_args!("the old file is {}", backup.display()),
            )?;
        }
    }
    for (number, restart) in (1..).zip(&plan.restart) {
        let label = if number == 1 { "restart" } else { "" };
        line(
            text,
            label,
            format_args!("{number}. {}  {}", restart.name, restart.how),
        )?;
    }
    if let Some(from) = plan.allowed_from {
        line(text, "wait", format_args!("until {}", rfc3339(from)))?;
    }
    for note in &plan.notes {
        writeln!(text, "note: {note}")?;
    }
    match next(outcome) {
        Some(next) => writeln!(text, "next: {next}"),
        None => Ok(()),
    }
}

fn meaning(outcome: &SharedOutcome) -> &'static str {
    let plan = &outcome.plan;
    match plan.stage {
        Stage::Trust if outcome.files.is_empty() => {
            "every verifier has its keys, once it is restarted"
        }
        Stage::Trust => "every verifier learns the key",
        Stage::Sign if outcome.files.is_empty() => "every signer has the key, once it is restarted",
        Stage::Sign => "every signer takes the key",
        Stage::Wait => "tokens of other keys run out",
        Stage::Prune => "verifiers forget other keys",
        Stage::Done if plan.writes.is_empty() => "they agree",
        Stage::Done => "all in one go",
    }
}

fn next(outcome: &SharedOutcome) -> Option<String> {
    let plan = &outcome.plan;
    if !outcome.applied {
        let does_something = !outcome.files.is_empty() || plan.stage != Stage::Done;
        let same = SharedRequest {
            apply: true,
            at_once: outcome.request.at_once || plan.blocked == Some(Blocked::NeedsAtOnce),
            ..outcome.request.clone()
        };
        let may = !matches!(plan.blocked, Some(Blocked::TooEarly | Blocked::Unconfirmed));
        return (does_something && may).then(|| outcome.command.request(same).to_string());
    }
    let restarts = match plan.restart.len() {
        0 => "",
        1 => "restart that, then ",
        _ => "restart these one by one, then ",
    };
    let command = next_command(outcome, plan.stage);
    match (plan.stage, plan.allowed_from) {
        (Stage::Done, _) => None,
        (_, Some(from)) => Some(format!("{restarts}from {} on: {command}", rfc3339(from))),
        (_, None) => Some(format!("{restarts}{command}")),
    }
}

/// The command line of the next run, told of every restart.
fn next_command(outcome: &SharedOutcome, stage: Stage) -> String {
    let plan = &outcome.plan;
    let asked: Vec<&String> = outcome.request.probe.iter().map(|(name, _)| name).collect();
    let restarted = plan.restart.iter().map(|restart| restart.name.clone());
    let restarted = restarted.filter(|name| !asked.contains(&name));
    let request = SharedRequest {
        apply: true,
        restarted: restarted.collect(),
        // A key that was made is remembered; where notes are lost, the name still tells whose it was.
        at_once: outcome.request.at_once && stage == Stage::Done,
        ..outcome.request.clone()
    };
    outcome.command.request(request).to_string()
}

fn names(outcome: &SharedOutcome) -> String {
    let names = outcome
        .plan
        .restart
        .iter()
        .map(|restart| restart.name.as_str());
    names.collect::<Vec<_>>().join(", ")
}

fn line(text: &mut String, label: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(text, "  {label:8} {value}")
}
