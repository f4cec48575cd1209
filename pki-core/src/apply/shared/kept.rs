//! What a rotation keeps for itself in `.hapki` of every tree: `rotation.json`, and the key that waits.

use std::path::Path;
use std::path::PathBuf;

use crate::apply::ApplyError;
use crate::apply::shared::read::Shared;
use crate::bundle::Bundle;
use crate::bundle::BundleFile;
use crate::bundle::Existing;
use crate::bundle::Removal;
use crate::plan::shared::KeyRef;
use crate::plan::shared::Progress;
use crate::plan::shared::ProgressAfter;
use crate::plan::shared::SharedPlan;
use crate::plan::shared::Stage;
use crate::plan::shared::Waiting;
use crate::plan::shared::fingerprint;
use crate::source;
use crate::x509::key::PrivateKey;

/// The keys that wait in `dirs`.
pub(super) fn waiting(dirs: &[PathBuf]) -> Result<Vec<Waiting>, ApplyError> {
    let mut waiting = Vec::new();
    for dir in dirs {
        let file = dir.join(WAITING);
        let document = match source::read_file(&file) {
            Ok(document) => document,
            Err(problem) if problem.is_missing() => continue,
            Err(problem) => {
                return Err(ApplyError::MemberUnread {
                    path: file,
                    problem: problem.to_string(),
                });
            }
        };
        // One that a disk has damaged is made anew.
        if let Ok(key) = PrivateKey::from_bytes(&document.bytes) {
            waiting.push(Waiting {
                file,
                key: key.public_key().clone(),
            });
        }
    }
    Ok(waiting)
}

/// What all trees agree on. Where one lacks it, or says something else, the wait has to start anew, but the key that was
/// chosen is remembered.
pub(super) fn progress(dirs: &[PathBuf]) -> (Option<Progress>, Vec<String>) {
    let read: Vec<Option<Progress>> = dirs.iter().map(|dir| one(&dir.join(PROGRESS))).collect();
    let mut known = read.iter().flatten();
    let Some(first) = known.next() else {
        return (None, Vec::new());
    };
    if read.iter().all(|other| other.as_ref() == Some(first)) {
        return (Some(first.clone()), Vec::new());
    }
    let lost = "what was noted of this change is not the same in every tree: restarts have to be confirmed, and the wait \
                starts, anew"
        .to_owned();
    let agree = known.all(|other| other.target == first.target);
    let kept = agree.then(|| Progress {
        switched_at: None,
        restarted: Vec::new(),
        ..first.clone()
    });
    (kept, vec![lost])
}

fn one(path: &Path) -> Option<Progress> {
    let document = source::read_file(path).ok()?;
    serde_json::from_slice(&document.bytes).ok()
}

impl Shared {
    /// Adds to `bundle` what is noted of `plan`, and the new key where it has to wait.
    pub(super) fn note(
        &self,
        plan: &SharedPlan,
        made: Option<&PrivateKey>,
        bundle: &mut Bundle,
    ) -> Result<Option<Progress>, ApplyError> {
        let dirs = self.state_dirs();
        if let (Some(made), KeyRef::New, Stage::Trust) = (made, &plan.chosen.key, plan.stage) {
            for member in self
                .group
                .members
                .iter()
                .filter(|member| !member.signers.is_empty())
            {
                let path = member.tree.join(crate::place::OWN_DIR).join(WAITING);
                if !bundle.files.iter().any(|known| known.path == path) {
                    let contents = made.to_pem().as_bytes().to_vec();
                    let file =
                        BundleFile::new(path, 0o600, "waiting key", Existing::Replace, contents);
                    bundle.files.push(file);
                }
            }
        }
        match &plan.progress {
            ProgressAfter::Keep => Ok(None),
            ProgressAfter::Remove => {
                bundle.removals.extend(dirs.iter().map(|dir| Removal {
                    path: dir.join(PROGRESS),
                    what: "notes of a rotation",
                }));
                Ok(None)
            }
            ProgressAfter::Write(progress) => {
                let mut progress = (**progress).clone();
                if let Some(made) = made.filter(|_| progress.target.is_empty()) {
                    progress.target = fingerprint(made.public_key());
                }
                write_progress(&dirs, &progress, bundle);
                Ok(Some(progress))
            }
        }
    }
}

/// The same in every tree.
pub(super) fn write_progress(dirs: &[PathBuf], progress: &Progress, bundle: &mut Bundle) {
    let mut text = serde_json::to_vec_pretty(progress).unwrap_or_default();
    text.push(b'\n');
    for dir in dirs {
        bundle.files.push(BundleFile::new(
            dir.join(PROGRESS),
            0o644,
            "notes of a rotation",
            Existing::Replace,
            text.clone(),
        ));
    }
}

const PROGRESS: &str = "rotation.json";
const WAITING: &str = "next/private_key.pem";
