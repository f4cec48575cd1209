//! `hapki.issue/v1` and `hapki.init/v1`: one object, its keys in the order in which the documentation lists them.

use std::path::Path;

use serde::Serialize;

use crate::plan::AuthorityStep;
use crate::plan::NotTaken;
use crate::plan::PlannedSan;
use crate::plan::SigningStep;
use crate::plan::outcome::IssuedFile;
use crate::plan::outcome::Outcome;
use crate::plan::outcome::PairMade;
use crate::plan::outcome::RequestMade;
use crate::report::issue::key_of;
use crate::report::json_text;
use crate::report::rfc3339;
use crate::x509::certificate::Certificate;
use crate::x509::san::SubjectAltName;

/// `hapki.issue/v1`.
pub fn issue(outcome: &Outcome) -> String {
    render(outcome, "hapki.issue/v1")
}

/// `hapki.init/v1`: as `hapki.issue/v1`, and the CAs.
pub fn init(outcome: &Outcome) -> String {
    render(outcome, "hapki.init/v1")
}

fn render(outcome: &Outcome, schema: &'static str) -> String {
    let certificates = outcome
        .certificates
        .iter()
        .map(Some)
        .chain(std::iter::repeat(None));
    let object = Object {
        schema,
        dry_run: outcome.dry_run,
        authorities: outcome
            .founded
            .iter()
            .map(|step| authority(step, outcome))
            .collect(),
        issued: outcome
            .steps
            .iter()
            .zip(certificates)
            .map(|(step, certificate)| issued(step, certificate, outcome))
            .collect(),
        pairs: outcome.pairs.iter().map(pair).collect(),
        requests: outcome.requests.iter().map(request).collect(),
        files: outcome.files.iter().map(file).collect(),
        notes: &outcome.notes,
        next: &outcome.next,
    };
    json_text(&object)
}

#[derive(Serialize)]
struct Object<'a> {
    schema: &'static str,
    dry_run: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorities: Vec<Founded>,
    issued: Vec<Issued>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pairs: Vec<Pair>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requests: Vec<Request>,
    files: Vec<File>,
    notes: &'a [String],
    next: &'a [String],
}

#[derive(Serialize)]
struct Pair {
    name: &'static str,
    certificate: String,
    key: String,
    subject: String,
    issuer: String,
    serial: String,
    not_before: String,
    not_after: String,
}

#[derive(Serialize)]
struct Founded {
    name: String,
    certificates: Vec<String>,
    keys: Vec<String>,
    subject: String,
    serial: Option<String>,
    not_before: String,
    not_after: String,
}

#[derive(Serialize)]
struct Issued {
    profile: &'static str,
    node: String,
    certificate: String,
    key: Option<String>,
    subject: String,
    issuer: Option<String>,
    serial: Option<String>,
    not_before: String,
    not_after: String,
    cut_short_from: Option<String>,
    sans: Sans,
    san_sources: Vec<Source>,
    not_taken: Vec<Left>,
    replaced: Option<Replaced>,
}

#[derive(Serialize)]
struct Request {
    profile: &'static str,
    node: String,
    request: String,
    key: String,
    subject: String,
    sans: Sans,
    san_sources: Vec<Source>,
    not_taken: Vec<Left>,
}

#[derive(Serialize)]
struct Sans {
    dns: Vec<String>,
    ip: Vec<String>,
}

#[derive(Serialize)]
struct Source {
    san: String,
    from: String,
}

#[derive(Serialize)]
struct Left {
    san: String,
    place: String,
    why: String,
}

/// The copies of what was replaced.
#[derive(Serialize)]
struct Replaced {
    certificate: Option<String>,
    key: Option<String>,
}

#[derive(Serialize)]
struct File {
    path: String,
    mode: String,
    what: &'static str,
    backup: Option<String>,
}

fn authority(step: &AuthorityStep, outcome: &Outcome) -> Founded {
    let paths = |paths: &[std::path::PathBuf]| paths.iter().map(|path| text(path)).collect();
    let made = outcome.issuers.get(&step.authority);
    Founded {
        name: step.authority.to_string(),
        certificates: paths(&step.certificates),
        keys: paths(&step.keys),
        subject: step.subject.to_string(),
        serial: made.map(Certificate::serial_hex),
        not_before: rfc3339(step.validity.not_before),
        not_after: rfc3339(step.validity.not_after),
    }
}

fn issued(step: &SigningStep, certificate: Option<&Certificate>, outcome: &Outcome) -> Issued {
    let path = step.target.path();
    let founded = outcome
        .founded
        .iter()
        .find(|known| known.authority == step.authority);
    let issuer = outcome
        .issuers
        .get(&step.authority)
        .map(Certificate::subject);
    let issuer = issuer.or(founded.map(|known| &known.subject));
    Issued {
        profile: step.profile.row().name,
        node: step.node.clone(),
        certificate: text(path),
        key: key_of(step).map(text),
        subject: step.subject.to_string(),
        issuer: issuer.map(ToString::to_string),
        serial: certificate.map(Certificate::serial_hex),
        not_before: rfc3339(step.validity.not_before),
        not_after: rfc3339(step.validity.not_after),
        cut_short_from: step.validity.cut_short_from.map(rfc3339),
        sans: sans(&step.sans),
        san_sources: step.sans.iter().map(source).collect(),
        not_taken: step.not_taken.iter().map(left).collect(),
        replaced: replaced(
            backup_of(path, outcome),
            key_of(step).and_then(|key| backup_of(key, outcome)),
        ),
    }
}

fn pair(made: &PairMade) -> Pair {
    let certificate = &made.certificate;
    Pair {
        name: made.name,
        certificate: text(&made.path),
        key: text(&made.key_path),
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        serial: certificate.serial_hex(),
        not_before: rfc3339(certificate.not_before()),
        not_after: rfc3339(certificate.not_after()),
    }
}

fn request(made: &RequestMade) -> Request {
    let step = &made.step;
    Request {
        profile: step.profile.row().name,
        node: step.node.clone(),
        request: text(&made.path),
        key: text(&made.key),
        subject: step.subject.to_string(),
        sans: sans(&step.sans),
        san_sources: step.sans.iter().map(source).collect(),
        not_taken: step.not_taken.iter().map(left).collect(),
    }
}

fn sans(planned: &[PlannedSan]) -> Sans {
    let (dns, ip): (Vec<_>, Vec<_>) = planned
        .iter()
        .map(|planned| &planned.san)
        .partition(|san| matches!(san, SubjectAltName::Dns(_)));
    let texts = |sans: Vec<&SubjectAltName>| sans.into_iter().map(ToString::to_string).collect();
    Sans {
        dns: texts(dns),
        ip: texts(ip),
    }
}

fn source(planned: &PlannedSan) -> Source {
    Source {
        san: planned.san.to_string(),
        from: planned.from.to_string(),
    }
}

fn left(left: &NotTaken) -> Left {
    Left {
        san: left.name.clone(),
        place: left.place.to_string(),
        why: left.why.clone(),
    }
}

fn replaced(certificate: Option<String>, key: Option<String>) -> Option<Replaced> {
    (certificate.is_some() || key.is_some()).then_some(Replaced { certificate, key })
}

fn backup_of(path: &Path, outcome: &Outcome) -> Option<String> {
    let file = outcome.files.iter().find(|file| file.path == path)?;
    file.backup.as_deref().map(text)
}

fn file(file: &IssuedFile) -> File {
    File {
        path: text(&file.path),
        mode: format!("{:04o}", file.mode),
        what: file.what,
        backup: file.backup.as_deref().map(text),
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
