//! What remains to be done by hand once the files are written.

use std::path::Path;

use crate::plan::SigningStep;
use crate::plan::Target;
use crate::plan::issue::Surroundings;
use crate::plan::registry;
use crate::plan::registry::Shown;
use crate::plan::restart;
use crate::plan::target;
use crate::plan::target::Destination;
use crate::plan::target::Files;
use crate::profile::KubernetesVersion;
use crate::profile::Profile;
use crate::topology;
use crate::topology::PairFlags;

/// Sentences in the order in which they are done: bring the files there, point to them, restart what does not look.
pub(super) fn remaining(
    steps: &[SigningStep],
    version: KubernetesVersion,
    destination: &Destination,
    around: &Surroundings<'_>,
) -> Vec<String> {
    let mut sentences = Vec::new();
    for step in steps {
        match destination {
            Destination::Install => {}
            Destination::Out(out) => {
                let tree = out.join(&step.node);
                let sentence = format!("copy {}/. onto / of {}", tree.display(), step.node);
                push(&mut sentences, sentence);
            }
            Destination::Beside => push(&mut sentences, placed(step, around)),
        }
    }
    for step in steps {
        let reader = restart::reader(step.profile, version);
        let restarts_anyway = *destination == Destination::Beside && is_pointed_to(step, around);
        if restarts_anyway {
            continue;
        }
        if let Some(shown) = shown(step, around) {
            for sentence in shown.sentences() {
                push(&mut sentences, sentence);
            }
        }
        if let Some(sentence) = reader.sentence(&step.node) {
            push(&mut sentences, sentence);
        }
    }
    sentences
}

fn push(sentences: &mut Vec<String>, sentence: String) {
    if !sentences.contains(&sentence) {
        sentences.push(sentence);
    }
}

/// Whether the manifest of the node at hand is to name the written files, so that its pod restarts with them.
fn is_pointed_to(step: &SigningStep, around: &Surroundings<'_>) -> bool {
    pointing(step, around).is_some()
}

/// A file that was written under a name of its own is read by nobody yet.
fn placed(step: &SigningStep, around: &Surroundings<'_>) -> String {
    let to =
        shown(step, around).map_or_else(|| target::on_node(step.profile), |shown| shown.on_node());
    pointing(step, around).unwrap_or_else(|| copied(step, &to))
}

fn shown<'a>(step: &SigningStep, around: &Surroundings<'a>) -> Option<Shown<'a>> {
    (step.profile == Profile::Registry)
        .then(|| registry::shown(&step.node, around).ok()?)
        .flatten()
}

fn pointing(step: &SigningStep, around: &Surroundings<'_>) -> Option<String> {
    let node = &step.node;
    let PairFlags {
        program,
        certificate,
        key,
    } = topology::pair_flags(step.profile)?;
    let (written, written_key) = here(step, around.pki_dir)?;
    (around.owner == Some(node)).then(|| {
        format!(
            "in /etc/kubernetes/manifests/{program}.yaml on {node} set --{certificate}={written} and \
             --{key}={written_key}; the kubelet then restarts {program}"
        )
    })
}

/// The paths on the node, where the PKI directory at hand is the node's own.
fn here(step: &SigningStep, pki_dir: &Path) -> Option<(String, String)> {
    let Target::Pair {
        certificate,
        key: Some(key),
    } = &step.target
    else {
        return None;
    };
    let on_node =
        |path: &Path| target::path_on_node(path, pki_dir).map(|path| path.display().to_string());
    Some((on_node(certificate)?, on_node(key)?))
}

fn copied(step: &SigningStep, to: &Files) -> String {
    let node = &step.node;
    match (&step.target, to) {
        (
            Target::Pair { certificate, key },
            Files::Pair {
                certificate: to,
                key: key_to,
            },
        ) => match key {
            Some(key) => format!(
                "copy {} and {} to {node} as {} and {} (mode 0644 and 0600)",
                certificate.display(),
                key.display(),
                to.display(),
                key_to.display()
            ),
            None => format!(
                "copy {} to {node} as {}, beside its key",
                certificate.display(),
                to.display()
            ),
        },
        (Target::Kubeconfig(kubeconfig), Files::Kubeconfig(to)) => format!(
            "copy {} to {node} as {} (mode 0600)",
            kubeconfig.path.display(),
            to.display()
        ),
        (target, _) => format!("copy {} to {node}", target.path().display()),
    }
}
