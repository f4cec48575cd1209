//! `hapki.unify/v1`: one object, its keys in the order in which the documentation lists them.

use serde::Serialize;

use crate::apply::SharedOutcome;
use crate::apply::SharedWritten;
use crate::plan::shared::GroupKind;
use crate::plan::shared::fingerprint;
use crate::plan::shared::key_name;
use crate::report::json_text;
use crate::report::rfc3339;

/// The whole object; unify and rotate have the same.
pub fn shared(outcome: &SharedOutcome) -> String {
    let plan = &outcome.plan;
    let chosen = plan.chosen.key.known();
    let (removed, written): (Vec<_>, Vec<_>) = outcome.files.iter().partition(|file| file.removed);
    json_text(&Object {
        schema: "hapki.unify/v1",
        kind: match plan.kind {
            GroupKind::ServiceAccount => "service-account",
            GroupKind::Harbor1 | GroupKind::Harbor2 | GroupKind::Distribution => "registry-token",
        },
        stage: plan.stage.name(),
        chosen: Chosen {
            instance: plan.chosen.instance.as_deref(),
            kid: chosen.map(|key| key_name(plan.kind, key)),
            spki_sha256: chosen.map(fingerprint),
        },
        writes: written.into_iter().map(file).collect(),
        removes: removed
            .iter()
            .map(|file| file.path.display().to_string())
            .collect(),
        restart: plan
            .restart
            .iter()
            .map(|restart| restart.name.as_str())
            .collect(),
        how: plan
            .restart
            .iter()
            .map(|restart| restart.how.as_str())
            .collect(),
        allowed_from: plan.allowed_from.map(rfc3339),
        applied: outcome.applied,
        notes: &plan.notes,
    })
}

#[derive(Serialize)]
struct Object<'a> {
    schema: &'static str,
    kind: &'static str,
    stage: &'static str,
    chosen: Chosen<'a>,
    writes: Vec<File<'a>>,
    removes: Vec<String>,
    restart: Vec<&'a str>,
    how: Vec<&'a str>,
    allowed_from: Option<String>,
    applied: bool,
    notes: &'a [String],
}

/// No instance for a key that is made, no id for one that is yet to be made.
#[derive(Serialize)]
struct Chosen<'a> {
    instance: Option<&'a str>,
    kid: Option<String>,
    spki_sha256: Option<String>,
}

#[derive(Serialize)]
struct File<'a> {
    path: String,
    mode: Option<String>,
    owner: Option<String>,
    what: &'a str,
    instance: &'a str,
    backup: Option<String>,
}

fn file(file: &SharedWritten) -> File<'_> {
    File {
        path: file.path.display().to_string(),
        mode: file.mode.map(|mode| format!("{mode:04o}")),
        owner: file.owner.map(|(uid, gid)| format!("{uid}:{gid}")),
        what: &file.what,
        instance: &file.member,
        backup: file.backup.as_ref().map(|path| path.display().to_string()),
    }
}
