//! Text for people: every certificate with every name and its reason, then what remains to be done.

use std::fmt;
use std::fmt::Write;

use crate::plan::SigningStep;
use crate::plan::Target;
use crate::plan::outcome::Outcome;
use crate::report::issue::key_of;
use crate::report::printable;
use crate::report::rfc3339;
use crate::x509::san::SubjectAltName;

/// What `hapki issue` did.
pub fn issue(outcome: &Outcome) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_issue(&mut text, outcome);
    printable::page(&text, &[])
}

/// What `hapki init` did: one line a file; all of it, as `hapki issue` shows it, in a dry run.
pub fn init(outcome: &Outcome) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_init(&mut text, outcome);
    printable::page(&text, &[])
}

fn write_issue(text: &mut String, outcome: &Outcome) -> fmt::Result {
    if outcome.dry_run {
        writeln!(text, "Nothing is written (--dry-run). This would be:\n")?;
    }
    for step in &outcome.steps {
        certificate(text, step, outcome)?;
    }
    for pair in &outcome.pairs {
        let until = rfc3339(pair.certificate.not_after());
        writeln!(
            text,
            "  {:20} {}, {}, until {until}",
            pair.name,
            pair.path.display(),
            pair.certificate.subject(),
        )?;
    }
    if !outcome.pairs.is_empty() {
        text.push('\n');
    }
    for made in &outcome.requests {
        writeln!(
            text,
            "request for {} for {}",
            made.step.profile, made.step.node
        )?;
        line(text, "request", made.path.display())?;
        line(text, "key", made.key.display())?;
        line(text, "subject", &made.step.subject)?;
        names(text, &made.step)?;
        text.push('\n');
    }
    replaced(text, outcome)?;
    ending(text, outcome)
}

fn write_init(text: &mut String, outcome: &Outcome) -> fmt::Result {
    if outcome.dry_run {
        writeln!(text, "Nothing is written (--dry-run). This would be:\n")?;
    }
    for step in &outcome.founded {
        let until = rfc3339(step.validity.not_after);
        writeln!(
            text,
            "CA {} ({}), {}, until {until}",
            step.authority, step.subject, step.key
        )?;
        for path in step.keys.iter().chain(&step.certificates) {
            writeln!(text, "  {}", path.display())?;
        }
    }
    if let Some(pair) = &outcome.service_account {
        writeln!(text, "service-account pair, {}", pair.key)?;
        for path in pair.private.iter().chain(&pair.public) {
            writeln!(text, "  {}", path.display())?;
        }
    }
    let mut node = "";
    for step in &outcome.steps {
        if node != step.node {
            node = &step.node;
            writeln!(text, "{}{node}", if outcome.dry_run { "\n" } else { "" })?;
        }
        if outcome.dry_run {
            certificate(text, step, outcome)?;
        } else {
            writeln!(
                text,
                "  {:24} {}",
                step.profile.row().name,
                step.target.path().display()
            )?;
        }
    }
    text.push('\n');
    replaced(text, outcome)?;
    ending(text, outcome)
}

fn certificate(text: &mut String, step: &SigningStep, outcome: &Outcome) -> fmt::Result {
    writeln!(text, "{} for {}", step.profile, step.node)?;
    match &step.target {
        Target::Pair { certificate, .. } => {
            line(text, "certificate", certificate.display())?;
            match key_of(step) {
                Some(key) => line(text, "key", key.display())?,
                None => line(text, "key", "stays with whoever made the request")?,
            }
        }
        Target::Kubeconfig(kubeconfig) => {
            line(text, "kubeconfig", kubeconfig.path.display())?;
            line(text, "server", &kubeconfig.server)?;
        }
    }
    line(text, "subject", &step.subject)?;
    if let Some(issuer) = outcome.issuers.get(&step.authority) {
        line(text, "issuer", issuer.subject())?;
    }
    let validity = &step.validity;
    line(
        text,
        "valid",
        format_args!(
            "{} to {}",
            rfc3339(validity.not_before),
            rfc3339(validity.not_after)
        ),
    )?;
    if let Some(asked) = validity.cut_short_from {
        let asked = rfc3339(asked);
        line(
            text,
            "cut short",
            format_args!("its CA ends then; {asked} was asked for"),
        )?;
    }
    names(text, step)?;
    text.push('\n');
    Ok(())
}

fn names(text: &mut String, step: &SigningStep) -> fmt::Result {
    let widths = step
        .sans
        .iter()
        .map(|planned| planned.san.to_string().len());
    let width = widths.max().unwrap_or_default().min(WIDEST_NAME);
    for (number, planned) in step.sans.iter().enumerate() {
        let kind = match planned.san {
            SubjectAltName::Dns(_) => "DNS",
            SubjectAltName::Ip(_) => "IP",
        };
        let label = if number == 0 { "names" } else { "" };
        let name = planned.san.to_string();
        line(
            text,
            label,
            format_args!("{kind:3} {name:width$}  {}", planned.from),
        )?;
    }
    for (number, left) in step.not_taken.iter().enumerate() {
        let label = if number == 0 { "not taken" } else { "" };
        line(
            text,
            label,
            format_args!("{}: {} ({})", left.name, left.why, left.place),
        )?;
    }
    Ok(())
}

fn replaced(text: &mut String, outcome: &Outcome) -> fmt::Result {
    for file in &outcome.files {
        if let Some(backup) = &file.backup {
            writeln!(
                text,
                "replaced {}; the old file is {}",
                file.path.display(),
                backup.display()
            )?;
        }
    }
    Ok(())
}

fn ending(text: &mut String, outcome: &Outcome) -> fmt::Result {
    for note in &outcome.notes {
        writeln!(text, "note: {note}")?;
    }
    if !outcome.next.is_empty() {
        writeln!(text, "next:")?;
    }
    for (number, sentence) in (1..).zip(&outcome.next) {
        writeln!(text, "  {number}. {sentence}")?;
    }
    Ok(())
}

fn line(text: &mut String, label: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(text, "  {label:12} {value}")
}

/// A longer name does not push the reasons of all others to the right.
const WIDEST_NAME: usize = 40;
