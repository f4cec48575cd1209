//! `--csr FILE`: a request that is there is signed; where the CA's key is elsewhere, one is made to be carried there.

use std::path::Path;

use crate::apply::ApplyError;
use crate::apply::Means;
use crate::apply::authorities;
use crate::apply::authorities::Paths;
use crate::apply::error::REQUEST;
use crate::apply::files;
use crate::apply::hollow_file;
use crate::bundle::Bundle;
use crate::issue::IssueError;
use crate::plan::IssuePlan;
use crate::plan::SigningStep;
use crate::plan::StepKey;
use crate::plan::Target;
use crate::plan::outcome::Outcome;
use crate::plan::outcome::RequestMade;
use crate::request::quoted;
use crate::source;
use crate::write;
use crate::write::Settings;
use crate::x509::csr::CertificationRequest;
use crate::x509::key::KeyAlgorithm;

/// The request in `path`; `None` where there is no file and the CA's key is elsewhere, so that one is to be made.
pub(super) fn read(
    path: &Path,
    authority: Option<&Paths>,
) -> Result<Option<CertificationRequest>, ApplyError> {
    let document = match source::read_file(path) {
        Ok(document) => document,
        Err(problem) if problem.is_missing() => {
            let key = authority.map(|paths| &paths.key);
            let here = key
                .filter(|key| !source::read_file(key).is_err_and(|problem| problem.is_missing()));
            return match here {
                None => Ok(None),
                Some(key) => Err(ApplyError::NothingToSign {
                    request: path.to_path_buf(),
                    key: key.clone(),
                }),
            };
        }
        Err(problem) => return Err(authorities::refused(path, REQUEST, problem)),
    };
    match CertificationRequest::from_bytes(&document.bytes) {
        Ok(request) => Ok(Some(request)),
        Err(error) => Err(ApplyError::Request {
            path: path.to_path_buf(),
            error,
        }),
    }
}

/// Makes the key and the request of the plan's one step.
pub(super) fn make(
    path: &Path,
    plan: IssuePlan,
    settings: &Settings,
    means: &mut Means<'_>,
) -> Result<Outcome, ApplyError> {
    let Some((step, key_path, algorithm)) = plan.steps.first().and_then(parts) else {
        return Ok(Outcome::default());
    };
    let mut bundle = Bundle::default();
    for (path, what) in [(key_path, "key"), (path, "request")] {
        bundle
            .files
            .push(hollow_file(path, 0o600, what, step.existing));
    }
    write::check(&bundle)?;
    let mut outcome = Outcome {
        dry_run: means.dry_run,
        notes: plan.notes,
        next: next(path, step),
        ..Outcome::default()
    };
    if means.dry_run {
        outcome.files = files(&bundle, &Default::default());
    } else {
        let key = means.keys.keys(&[algorithm]).map_err(IssueError::Key)?;
        let key = key.into_iter().next().ok_or(IssueError::TooFewKeys)?;
        let sans: Vec<_> = step
            .sans
            .iter()
            .map(|planned| planned.san.clone())
            .collect();
        let request = CertificationRequest::make(&step.subject, &sans, &key).map_err(|error| {
            IssueError::Template {
                what: format!("the request for {}", step.profile),
                error,
            }
        })?;
        for (file, text) in bundle.files.iter_mut().zip([key.to_pem(), &request]) {
            file.contents = text.as_bytes().to_vec().into();
        }
        let written = write::write(&bundle, settings)?;
        outcome.files = files(&bundle, &written);
    }
    outcome.requests = vec![RequestMade {
        path: path.to_path_buf(),
        key: key_path.to_path_buf(),
        step: step.clone(),
    }];
    Ok(outcome)
}

fn parts(step: &SigningStep) -> Option<(&SigningStep, &Path, KeyAlgorithm)> {
    match (&step.target, &step.key) {
        (Target::Pair { key: Some(key), .. }, StepKey::Generate(algorithm)) => {
            Some((step, key, *algorithm))
        }
        _ => None,
    }
}

fn next(path: &Path, step: &SigningStep) -> Vec<String> {
    vec![
        format!(
            "where the key of {} is: hapki issue {} --node {} --csr {}",
            step.authority,
            step.profile,
            step.node,
            quoted(&path.to_string_lossy())
        ),
        format!(
            "bring the certificate back as {}",
            step.target.path().display()
        ),
    ]
}
