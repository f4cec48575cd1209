//! What the files, as they are, amount to.

use crate::plan::shared::Confirmation;
use crate::plan::shared::Group;
use crate::plan::shared::Jwks;
use crate::plan::shared::KeyRef;
use crate::plan::shared::Mount;
use crate::plan::shared::Reading;
use crate::plan::shared::Restart;
use crate::plan::shared::SignerFile;
use crate::plan::shared::VerifierFile;
use crate::plan::shared::VerifierForm;
use crate::plan::shared::choose::signers;
use crate::token::key_id;
use crate::x509::crypto;
use crate::x509::hex;
use crate::x509::spki::PublicKey;

/// SHA-256 of the SubjectPublicKeyInfo, in hexadecimal.
pub fn fingerprint(key: &PublicKey) -> String {
    hex(&crypto::sha256(key.as_der()))
}

/// Every key that something signs with, once.
pub(super) fn in_use(group: &Group) -> Vec<&PublicKey> {
    let mut keys = Vec::new();
    for (_, signer) in signers(group) {
        if let Ok(key) = &signer.key
            && !keys.contains(&key)
        {
            keys.push(key);
        }
    }
    keys
}

pub(super) fn verifiers(group: &Group) -> impl Iterator<Item = &VerifierFile> {
    group.members.iter().flat_map(|member| &member.verifiers)
}

/// Whether any verifier trusts another key than `key`, which it would forget.
pub(super) fn forgets(group: &Group, key: &PublicKey) -> bool {
    verifiers(group).any(|verifier| verifier.would_forget(key))
}

/// What a process holds in memory once it has read its files: both what it trusts and what it signs with.
pub(super) fn loaded(group: &Group, name: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for verifier in verifiers(group).filter(|verifier| verifier.restart.name == name) {
        let keys = verifier.trusted.iter().map(|trusted| &trusted.key);
        lines.extend(keys.map(|key| format!("trusts {}", fingerprint(key))));
        if let Some(jwks) = verifier.jwks() {
            let entries = jwks.entries.iter().filter(|_| jwks.is_told);
            lines.extend(entries.map(|(id, key)| format!("knows {id} {}", fingerprint(key))));
        }
    }
    for (_, signer) in signers(group) {
        if signer.restarts.iter().any(|restart| restart.name == name) {
            let key = signer.key.as_ref().map_or_else(Clone::clone, fingerprint);
            lines.push(format!("signs {key}"));
        }
    }
    lines.sort_unstable();
    lines.dedup();
    hex(&crypto::sha256(lines.join("\n").as_bytes()))
}

/// Those of `needed` that are not known to run with their files as they are, each once.
pub(super) fn unconfirmed<'a>(
    group: &Group,
    needed: impl Iterator<Item = &'a Restart>,
    confirmed: &[Confirmation],
) -> Vec<Restart> {
    let mut missing: Vec<Restart> = Vec::new();
    for restart in needed {
        let loaded = loaded(group, &restart.name);
        let is_confirmed = confirmed
            .iter()
            .any(|known| known.name == restart.name && known.loaded == loaded);
        if !is_confirmed && !missing.iter().any(|known| known.name == restart.name) {
            missing.push(restart.clone());
        }
    }
    missing
}

/// What must be restarted for the signers' new files to count.
pub(super) fn signer_restarts(group: &Group) -> impl Iterator<Item = &Restart> {
    signers(group)
        .filter(|(_, signer)| signer.has_to_restart(false))
        .flat_map(|(_, signer)| &signer.restarts)
}

/// Everything that can be named with `--restarted`.
pub(super) fn every_restart(group: &Group) -> Vec<&Restart> {
    let of_signers = signers(group).flat_map(|(_, signer)| &signer.restarts);
    let all = verifiers(group)
        .map(|verifier| &verifier.restart)
        .chain(of_signers);
    let mut restarts: Vec<&Restart> = Vec::new();
    for restart in all {
        if !restarts.iter().any(|known| known.name == restart.name) {
            restarts.push(restart);
        }
    }
    restarts
}

impl SignerFile {
    /// Whether it holds `key`, in a form that its signer can use.
    pub(super) fn signs_with(&self, key: &KeyRef) -> bool {
        let held = self.key.as_ref().ok();
        self.refused.is_none() && held.is_some() && held == key.known()
    }

    /// Whether a file that is written anew, `in_place` or not, is not seen until something is restarted.
    pub(super) fn has_to_restart(&self, in_place: bool) -> bool {
        match (self.reading, self.file.mount) {
            (Reading::AtStart, _) => true,
            (Reading::EachRequest, Mount::File) => !in_place,
            (Reading::EachRequest, Mount::Directory) => false,
        }
    }
}

impl VerifierFile {
    /// Whether its files make it accept what `key` signs, by whichever id the signer gives.
    pub(super) fn knows(&self, key: &PublicKey) -> bool {
        let is_trusted = self.trusted.iter().any(|trusted| trusted.key == *key);
        let is_known = |jwks: &Jwks| jwks.is_told && ids(key).iter().all(|id| jwks.has(id, key));
        is_trusted && self.jwks().is_none_or(is_known)
    }

    /// Whether, told to trust `key` alone, it would forget another.
    pub(super) fn would_forget(&self, key: &PublicKey) -> bool {
        let forgotten = |known: &PublicKey| known != key;
        match &self.form {
            VerifierForm::Bundle(files) => {
                let mut keys = self.trusted.iter().map(|trusted| &trusted.key);
                let entries = files.jwks.iter().flat_map(|jwks| &jwks.entries);
                keys.any(forgotten) || entries.map(|(_, key)| key).any(forgotten)
            }
            VerifierForm::Apiserver(files) => {
                let own = files.own.keys.iter();
                let extra = files.extra.keys.iter().filter(|_| files.extra_is_told);
                own.chain(extra).any(forgotten)
            }
        }
    }

    /// The keys in the file that hapki adds for a while.
    pub(super) fn extra_keys(&self) -> Option<&[PublicKey]> {
        match &self.form {
            VerifierForm::Apiserver(files) => Some(&files.extra.keys),
            VerifierForm::Bundle(_) => None,
        }
    }

    fn jwks(&self) -> Option<&Jwks> {
        match &self.form {
            VerifierForm::Bundle(files) => files.jwks.as_ref(),
            VerifierForm::Apiserver(_) => None,
        }
    }
}

impl Jwks {
    fn has(&self, id: &str, key: &PublicKey) -> bool {
        self.entries
            .iter()
            .any(|(known, of)| known == id && of == key)
    }
}

/// Both spellings of a key's id: libtrust's, which classic issuers write, and the thumbprint as distribution 3 has it.
pub fn ids(key: &PublicKey) -> Vec<String> {
    let mut ids = vec![key_id::libtrust(key)];
    ids.extend(key_id::distribution3(key));
    ids
}
