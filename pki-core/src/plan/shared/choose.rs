//! Which key all are to share.

use crate::plan::shared::Chosen;
use crate::plan::shared::Group;
use crate::plan::shared::GroupKind;
use crate::plan::shared::KeyRef;
use crate::plan::shared::Member;
use crate::plan::shared::Operation;
use crate::plan::shared::Progress;
use crate::plan::shared::SharedError;
use crate::plan::shared::SignerFile;
use crate::plan::shared::certificates;
use crate::plan::shared::state;
use crate::request::SharedRequest;
use crate::token::key_id;
use crate::token::public_keys;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// The key that `--from` names; else that of the rotation that is under way; else a new one, where one is asked for; else
/// the one that most hold.
pub(super) fn choose(
    group: &Group,
    progress: Option<&Progress>,
    operation: Operation,
    request: &SharedRequest,
) -> Result<Chosen, SharedError> {
    if signers(group).next().is_none() {
        return Err(SharedError::NoSigner);
    }
    if let Some(name) = &request.from {
        return from(group, name);
    }
    let wants_new = request.generate || operation == Operation::Rotate;
    if let Some(under_way) = under_way(group, progress, wants_new) {
        return Ok(under_way);
    }
    if wants_new {
        return Ok(Chosen {
            instance: None,
            key: KeyRef::New,
        });
    }
    by_majority(group)
}

fn from(group: &Group, name: &str) -> Result<Chosen, SharedError> {
    let found =
        signers(group).find(|(member, signer)| member.name == name || signer.component == name);
    let Some((member, signer)) = found else {
        return Err(SharedError::NoSuchInstance {
            name: name.to_owned(),
            known: signers(group)
                .map(|(member, _)| member.name.clone())
                .collect(),
        });
    };
    match usable(group.kind, signer) {
        Ok(key) => Ok(Chosen {
            instance: Some(member.name.clone()),
            key: KeyRef::Known(key.clone()),
        }),
        Err(why) => Err(SharedError::Unusable {
            instance: member.name.clone(),
            path: signer.file.read_from.display().to_string(),
            why,
        }),
    }
}

/// The key towards which earlier runs went. Where what they noted is lost, a key that waits says so, and so does a
/// certificate that hapki made, while verifiers still trust others beside it.
fn under_way(group: &Group, progress: Option<&Progress>, wants_new: bool) -> Option<Chosen> {
    let existing = |key: &PublicKey| Chosen {
        instance: holder(group, key),
        key: KeyRef::Known(key.clone()),
    };
    if let Some(progress) = progress.filter(|progress| progress.generated || !wants_new) {
        let waiting = group.waiting.iter().map(|waiting| &waiting.key);
        let held = signers(group).filter_map(|(_, signer)| signer.key.as_ref().ok());
        let mut keys = waiting.chain(held);
        return keys
            .find(|key| state::fingerprint(key) == progress.target)
            .map(existing);
    }
    if !wants_new || progress.is_some() {
        return None;
    }
    let waiting = group.waiting.first().map(|waiting| &waiting.key);
    waiting.or(half_rotated(group)).map(existing)
}

fn half_rotated(group: &Group) -> Option<&PublicKey> {
    let mut held = signers(group).map(|(_, signer)| signer.key.as_ref().ok());
    let first = held.next().flatten()?;
    let all_hold_it = held.all(|key| key == Some(first));
    let marked = certificates::all(group)
        .any(|certificate| certificate.public_key() == first && certificates::is_own(certificate));
    let extra = group
        .members
        .iter()
        .flat_map(|member| &member.verifiers)
        .any(|verifier| {
            verifier
                .extra_keys()
                .is_some_and(|keys| keys.contains(first))
        });
    (all_hold_it && (marked || extra) && state::forgets(group, first)).then_some(first)
}

fn by_majority(group: &Group) -> Result<Chosen, SharedError> {
    let mut held: Vec<(&PublicKey, Vec<&str>)> = Vec::new();
    let mut refused = Vec::new();
    for (member, signer) in signers(group) {
        match usable(group.kind, signer) {
            Ok(key) => {
                let at = held.iter().position(|(known, _)| *known == key);
                let at = at.unwrap_or_else(|| {
                    held.push((key, Vec::new()));
                    held.len() - 1
                });
                if let Some((_, names)) = held.get_mut(at)
                    && !names.contains(&member.name.as_str())
                {
                    names.push(&member.name);
                }
            }
            Err(why) => refused.push(format!("{}'s {why}", member.name)),
        }
    }
    let most = held.iter().map(|(_, names)| names.len()).max();
    let mut leading = held.iter().filter(|(_, names)| Some(names.len()) == most);
    match (leading.next(), leading.next()) {
        (None, _) => Err(SharedError::NoneUsable(refused)),
        (Some((key, _)), None) => Ok(Chosen {
            instance: holder(group, key),
            key: KeyRef::Known((*key).clone()),
        }),
        _ => {
            let holders = held.iter().map(|(key, names)| {
                format!("{} with {}", names.join(", "), name_of(group.kind, key))
            });
            Err(SharedError::Tie(holders.collect()))
        }
    }
}

/// Whether all may share the key of `signer`, or what it is and why not: `key is encrypted (PKCS#8 PBES2)`.
fn usable(kind: GroupKind, signer: &SignerFile) -> Result<&PublicKey, String> {
    let key = signer.key.as_ref().map_err(|why| format!("key: {why}"))?;
    if let Some(who) = public_keys::known(key) {
        return Err(format!("key is publicly known: it is that of {who}"));
    }
    let is_fit = match (kind, key.algorithm()) {
        (_, PublicKeyAlgorithm::Rsa { bits }) if *bits < LEAST_RSA => {
            return Err(format!("key is weak: RSA of {bits} bits"));
        }
        (_, PublicKeyAlgorithm::Rsa { .. }) => true,
        (GroupKind::Harbor1 | GroupKind::Harbor2, _) => false,
        // distribution 2 does not even start with one in its bundle, and Kubernetes passes it by.
        (_, algorithm) => *algorithm != PublicKeyAlgorithm::Ed25519,
    };
    if is_fit {
        return Ok(key);
    }
    let reader = match kind {
        GroupKind::Harbor1 | GroupKind::Harbor2 => "Harbor signs with RSA alone",
        GroupKind::ServiceAccount => "Kubernetes takes RSA and ECDSA",
        GroupKind::Distribution => "distribution 2 takes RSA and ECDSA",
    };
    Err(format!("key is {}, but {reader}", key.algorithm()))
}

/// The first member that signs with it.
fn holder(group: &Group, key: &PublicKey) -> Option<String> {
    signers(group)
        .find(|(_, signer)| signer.key.as_ref().ok() == Some(key))
        .map(|(member, _)| member.name.clone())
}

/// How the verifiers of a group name a key.
pub fn name_of(kind: GroupKind, key: &PublicKey) -> String {
    match kind {
        GroupKind::ServiceAccount => key_id::kubernetes(key),
        _ => key_id::libtrust(key),
    }
}

pub(super) fn signers(group: &Group) -> impl Iterator<Item = (&Member, &SignerFile)> {
    let members = group.members.iter();
    members.flat_map(|member| member.signers.iter().map(move |signer| (member, signer)))
}

/// What Go's crypto/rsa and NIST SP 800-131A ask for.
const LEAST_RSA: u32 = 2048;
