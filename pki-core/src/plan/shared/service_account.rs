//! Masters as members of a group: their sa.key, and the files that their kube-apiservers verify tokens with.
//!
//! A kube-apiserver takes `--service-account-key-file` several times, and several keys in one file
//! (cmd/kube-apiserver/app/options, k8s.io/client-go/util/keyutil). Where its manifest can name one more file, keys that are
//! trusted for a while lie in sa-next.pub beside sa.pub and go with the flag that names it; where there is no manifest,
//! or none that a flag can be added to, or its pod would not see that file, they lie in sa.pub itself.

use std::path::Path;

use time::Duration;

use crate::inventory::go_duration;
use crate::place::Place;
use crate::plan::shared::ApiserverFiles;
use crate::plan::shared::Group;
use crate::plan::shared::GroupKind;
use crate::plan::shared::KeysFile;
use crate::plan::shared::Lifetime;
use crate::plan::shared::Member;
use crate::plan::shared::Mount;
use crate::plan::shared::Reading;
use crate::plan::shared::Restart;
use crate::plan::shared::SharedError;
use crate::plan::shared::SharedFile;
use crate::plan::shared::SignerFile;
use crate::plan::shared::TrustedKey;
use crate::plan::shared::VerifierFile;
use crate::plan::shared::VerifierForm;
use crate::topology::PublicKeysFile;
use crate::topology::Reader;
use crate::topology::ServiceAccountSigner;
use crate::topology::ServiceAccountVerifier;
use crate::topology::ServiceAccounts;
use crate::topology::Topology;

/// The masters of a topology; `None` where it has none. `takes_a_flag` says whether one can be added to the manifest at a
/// path.
///
/// # Errors
/// A kube-apiserver has no file of public keys that keys could be added to.
pub fn group(
    topology: &Topology,
    takes_a_flag: &dyn Fn(&Path) -> bool,
) -> Result<Option<Group>, SharedError> {
    let mut members: Vec<Member> = Vec::new();
    for master in &topology.service_accounts {
        let mut member = member(master, takes_a_flag)?;
        // What holds for all is said once.
        let said = |note: &String| members.iter().any(|known| known.notes.contains(note));
        member.notes.retain(|note| !said(note));
        members.push(member);
    }
    Ok((!members.is_empty()).then(|| Group {
        kind: GroupKind::ServiceAccount,
        members,
        waiting: Vec::new(),
    }))
}

fn member(
    master: &ServiceAccounts,
    takes_a_flag: &dyn Fn(&Path) -> bool,
) -> Result<Member, SharedError> {
    let verifier = master.verifier.as_ref();
    let lifetime = lifetime(verifier);
    let signers = master.signers.iter();
    let verifiers = verifier.map(|verifier| verifier_file(master, verifier, takes_a_flag));
    let verifiers: Vec<VerifierFile> = verifiers.into_iter().collect::<Result<_, _>>()?;
    Ok(Member {
        name: master.node.clone(),
        tree: master.kubernetes_dir.read_from.clone(),
        signers: signers
            .map(|signer| signer_file(master, signer, &lifetime))
            .collect(),
        notes: notes(&verifiers),
        verifiers,
        durable: None,
        root: None,
    })
}

fn signer_file(
    master: &ServiceAccounts,
    signer: &ServiceAccountSigner,
    lifetime: &Lifetime,
) -> SignerFile {
    let readers = signer.readers.iter();
    SignerFile {
        component: format!("service-account@{}", master.node),
        file: file(&signer.file, signer.mode.unwrap_or(PRIVATE)),
        key: signer.key.clone(),
        refused: None,
        reading: Reading::AtStart,
        lifetime: lifetime.clone(),
        restarts: readers.map(|reader| restart(master, reader)).collect(),
    }
}

fn verifier_file(
    master: &ServiceAccounts,
    verifier: &ServiceAccountVerifier,
    takes_a_flag: &dyn Fn(&Path) -> bool,
) -> Result<VerifierFile, SharedError> {
    // What it verifies with a file that it signs with too is lost as soon as that file is replaced.
    let signs = |file: &PublicKeysFile| {
        let mut signers = master.signers.iter();
        signers.any(|signer| signer.file.is_same_file(&file.place))
    };
    let files: Vec<&PublicKeysFile> = verifier.files.iter().filter(|file| !signs(file)).collect();
    let is_told = |place: &Place| files.iter().any(|file| file.place.is_same_file(place));
    let extra_is_told = is_told(&verifier.next.place);
    let has_to_change = extra_is_told || !is_told(&verifier.own.place);
    let manifest = verifier.reader.declared.as_ref();
    let manifest = manifest
        .filter(|_| verifier.reader.is_pod && verifier.sees_next)
        .filter(|place| has_to_change || takes_a_flag(&place.read_from));
    let own = if manifest.is_some() || is_told(&verifier.own.place) {
        &verifier.own
    } else {
        files
            .first()
            .copied()
            .ok_or_else(|| no_key_file(master, verifier))?
    };
    let others = files.iter().filter(|file| {
        !file.place.is_same_file(&own.place) && !file.place.is_same_file(&verifier.next.place)
    });
    let restart = restart(master, &verifier.reader);
    let trusted = files.iter().flat_map(|file| &file.keys);
    Ok(VerifierFile {
        component: restart.name.clone(),
        trusted: trusted
            .map(|key| TrustedKey {
                key: key.clone(),
                certificate: None,
            })
            .collect(),
        form: VerifierForm::Apiserver(Box::new(ApiserverFiles {
            told: others.map(|file| keys_file(file)).collect(),
            own: keys_file(own),
            own_is_told: is_told(&own.place),
            extra: keys_file(&verifier.next),
            extra_is_told,
            manifest: manifest.map(|place| file(place, PRIVATE)),
        })),
        restart,
    })
}

fn no_key_file(master: &ServiceAccounts, verifier: &ServiceAccountVerifier) -> SharedError {
    let declared = verifier.reader.declared.as_ref();
    SharedError::NoKeyFile {
        component: name(master, &verifier.reader),
        declared: declared.map_or_else(|| "its command".to_owned(), ToString::to_string),
        flag: format!(
            "--service-account-key-file={}",
            verifier.own.path_there.display()
        ),
    }
}

fn keys_file(told: &PublicKeysFile) -> KeysFile {
    KeysFile {
        file: file(&told.place, told.mode.unwrap_or(PUBLIC)),
        path_there: told.path_there.clone(),
        keys: told.keys.clone(),
    }
}

fn file(place: &Place, mode: u32) -> SharedFile {
    SharedFile {
        path: place.path.clone(),
        read_from: place.read_from.clone(),
        mode,
        owner: None,
        mount: Mount::Directory,
    }
}

fn restart(master: &ServiceAccounts, reader: &Reader) -> Restart {
    let program = reader.program;
    let how = match reader.declared.as_ref().map(|place| place.path.as_path()) {
        Some(manifest) if reader.is_pod => {
            let manifest = manifest.display();
            format!(
                "the kubelet does it by itself if {manifest} was written; else move that file out of its directory for 20 s and back"
            )
        }
        Some(unit) if unit.extension().is_some_and(|end| end == "service") => {
            format!("systemctl restart {}", stem(unit))
        }
        _ => format!("restart {program} on {}", master.node),
    };
    Restart {
        name: name(master, reader),
        how,
    }
}

fn name(master: &ServiceAccounts, reader: &Reader) -> String {
    format!("{}@{}", reader.program, master.node)
}

fn stem(unit: &Path) -> String {
    let stem = unit.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// A kubelet asks for a pod's token anew when four fifths of its time are over, and after 24 hours at the latest
/// (pkg/kubelet/token/token_manager.go, `requiresRefresh`).
fn lifetime(verifier: Option<&ServiceAccountVerifier>) -> Lifetime {
    let longest = verifier.and_then(|verifier| verifier.longest.as_ref());
    let told = longest.and_then(|(value, place)| Some((go_duration(value).ok()?, place)));
    match told {
        Some((duration, place)) if duration < REFRESHED_WITHIN => Lifetime {
            duration,
            told_by: format!("--service-account-max-token-expiration of {place}"),
        },
        _ => Lifetime {
            duration: REFRESHED_WITHIN,
            told_by: "the kubelet, which asks for a pod's token anew after 24 h at the latest"
                .to_owned(),
        },
    }
}

/// What is to be known before the first stage.
fn notes(verifiers: &[VerifierFile]) -> Vec<String> {
    let mut notes = vec![
        "a pod that reads its token once and never again is refused after the last stage: serviceaccount_stale_tokens_total of \
         kube-apiserver counts them"
            .to_owned(),
        "tokens in Secrets never expire: after the stage sign, take `token` out of the Secrets of type \
         kubernetes.io/service-account-token, so that kube-controller-manager signs them anew"
            .to_owned(),
        "who verifies tokens outside the cluster by /openid/v1/jwks may keep the old set for an hour: wait that long before the \
         stage sign"
            .to_owned(),
    ];
    let flags = verifiers
        .iter()
        .filter_map(|verifier| match &verifier.form {
            VerifierForm::Apiserver(files) if files.manifest.is_some() => Some(files),
            _ => None,
        });
    notes.extend(flags.map(|files| {
        let [own, extra] = [&files.own, &files.extra].map(|file| file.path_there.display());
        format!(
            "`kubeadm upgrade` and `kubeadm init phase control-plane` write kube-apiserver.yaml anew and drop the second \
             --service-account-key-file: leave them until the last stage is done, or have both files, {own} and {extra}, under \
             apiServer.extraArgs of ConfigMap kube-system/kubeadm-config (v1beta4, - name: service-account-key-file)"
        )
    }));
    notes
}

const REFRESHED_WITHIN: Duration = Duration::hours(24);
const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

#[cfg(test)]
mod tests;
