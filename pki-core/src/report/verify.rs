//! A [`Verification`] as text for people and as JSON (`hapki.verify/v1`).

use std::fmt::Write;

use serde_json::Value;
use serde_json::json;

use crate::report::json_text;
use crate::report::printable::Printable;
use crate::report::rfc3339;
use crate::verify::Outcome;
use crate::verify::Purpose;
use crate::verify::Question;
use crate::verify::Verification;
use crate::x509::certificate::Certificate;

/// The verdict in a line, then the chain, leaf first, or the leaf and what would be said next.
pub fn human(question: &Question<'_>, verification: &Verification) -> String {
    let asked = asked(question);
    let mut text = String::new();
    match &verification.outcome {
        Outcome::Accepted(chain) => {
            line(&mut text, &format!("accepted {asked}"));
            for certificate in chain {
                line(&mut text, &format!("  {}", summary(certificate)));
            }
        }
        Outcome::Refused {
            error,
            certificate,
            masked,
        } => {
            line(&mut text, &format!("refused {asked}"));
            line(&mut text, &format!("  says: {error}"));
            for next in masked {
                line(&mut text, &format!("  then: {next}"));
            }
            if let Some(certificate) = certificate.as_ref().or(verification.leaf.as_ref()) {
                line(&mut text, &format!("  of:   {}", summary(certificate)));
            }
        }
    }
    text
}

/// One JSON object and a newline. `error` is byte for byte what Go returns.
pub fn json(question: &Question<'_>, verification: &Verification) -> String {
    let (error, refused, masked, chain) = match &verification.outcome {
        Outcome::Accepted(chain) => (None, None, &[][..], chain.as_slice()),
        Outcome::Refused {
            error,
            certificate,
            masked,
        } => (
            Some(error),
            certificate.as_ref(),
            masked.as_slice(),
            &[][..],
        ),
    };
    let skipped = verification.skipped.iter().map(|skipped| {
        json!({
            "path": skipped.place.read_from.display().to_string(),
            "line": skipped.place.line,
            "message": skipped.sentence,
        })
    });
    let value = json!({
        "schema": "hapki.verify/v1",
        "ok": verification.is_accepted(),
        "error": error,
        "masked": masked,
        "at": rfc3339(question.now),
        "host": question.host,
        "purpose": purpose(question.purpose),
        "leaf": verification.leaf.as_ref().map(value),
        "chain": chain.iter().map(value).collect::<Vec<_>>(),
        "refused": refused.map(value),
        "skipped": skipped.collect::<Vec<_>>(),
    });
    json_text(&value)
}

fn asked(question: &Question<'_>) -> String {
    let purpose = purpose(question.purpose);
    let host = question
        .host
        .map(|host| format!(" {host}"))
        .unwrap_or_default();
    format!("as {purpose}{host} at {}", rfc3339(question.now))
}

fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Server => "server",
        Purpose::Client => "client",
        Purpose::Any => "any",
    }
}

fn summary(certificate: &Certificate) -> String {
    format!(
        "{}, issued by {}, until {}, sha256 {}",
        certificate.subject(),
        certificate.issuer(),
        rfc3339(certificate.not_after()),
        certificate.sha256()
    )
}

fn value(certificate: &Certificate) -> Value {
    json!({
        "subject": certificate.subject().to_string(),
        "issuer": certificate.issuer().to_string(),
        "serial": certificate.serial_hex(),
        "not_before": rfc3339(certificate.not_before()),
        "not_after": rfc3339(certificate.not_after()),
        "sha256": certificate.sha256(),
    })
}

/// Names come from files of anyone's making: their control characters are escaped.
fn line(text: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", Printable(line));
}
