//! What each stage changes in which file. Files that are right already are left alone.

use time::OffsetDateTime;

use crate::plan::shared::ApiserverFiles;
use crate::plan::shared::Chosen;
use crate::plan::shared::Content;
use crate::plan::shared::Edit;
use crate::plan::shared::Group;
use crate::plan::shared::GroupKind;
use crate::plan::shared::Jwks;
use crate::plan::shared::KeyRef;
use crate::plan::shared::KeysFile;
use crate::plan::shared::Member;
use crate::plan::shared::Removal;
use crate::plan::shared::SharedFile;
use crate::plan::shared::Trusting;
use crate::plan::shared::VerifierFile;
use crate::plan::shared::VerifierForm;
use crate::plan::shared::Write;
use crate::plan::shared::certificates;
use crate::plan::shared::state;
use crate::x509::spki::PublicKey;

/// The changes of one stage.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) writes: Vec<Write>,
    pub(super) edits: Vec<Edit>,
    pub(super) removals: Vec<Removal>,
}

/// What is decided for a whole group.
pub(super) struct Aim<'a> {
    pub(super) group: &'a Group,
    pub(super) chosen: &'a Chosen,
    pub(super) now: OffsetDateTime,
}

impl Aim<'_> {
    /// Verifiers learn every key in use and the chosen one, and forget none.
    pub(super) fn trust(&self) -> Changes {
        let mut changes = Changes::default();
        let mut wanted: Vec<KeyRef> = state::in_use(self.group)
            .into_iter()
            .map(|key| KeyRef::Known(key.clone()))
            .collect();
        if !wanted.contains(&self.chosen.key) {
            wanted.push(self.chosen.key.clone());
        }
        for member in &self.group.members {
            for verifier in &member.verifiers {
                match &verifier.form {
                    VerifierForm::Bundle(files) => {
                        self.teach(member, verifier, &files.file, &wanted, &mut changes);
                        if let Some(jwks) = &files.jwks {
                            teach_ids(member, jwks, &wanted, &mut changes);
                        }
                    }
                    VerifierForm::Apiserver(files) => {
                        teach_apiserver(member, files, &wanted, &mut changes);
                    }
                }
            }
            let present = member
                .signers
                .first()
                .filter(|signer| signer.refused.is_none());
            let present = present.and_then(|signer| signer.key.as_ref().ok());
            if let Some(key) = present {
                self.outlast(member, &KeyRef::Known(key.clone()), &mut changes);
            }
        }
        changes
    }

    /// Signers take the chosen key.
    pub(super) fn sign(&self) -> Changes {
        let mut changes = Changes::default();
        for member in &self.group.members {
            for signer in &member.signers {
                if !signer.signs_with(&self.chosen.key) {
                    changes
                        .writes
                        .push(self.key(member, &signer.file, "signing key"));
                }
            }
            self.outlast(member, &self.chosen.key, &mut changes);
        }
        self.clear_waiting(&mut changes);
        changes
    }

    /// Verifiers forget every key but the chosen one.
    pub(super) fn prune(&self) -> Changes {
        let mut changes = Changes::default();
        for member in &self.group.members {
            for verifier in &member.verifiers {
                match &verifier.form {
                    VerifierForm::Bundle(files) => {
                        let mut keys = verifier.trusted.iter().map(|trusted| &trusted.key);
                        let is_right = files.refused.is_none()
                            && !verifier.trusted.is_empty()
                            && keys.all(|key| Some(key) == self.chosen.key.known());
                        if !is_right {
                            let content = Content::Certificates(vec![self.trusting_chosen()]);
                            changes.write(member, &files.file, verifier.what(), content);
                        }
                        if let Some(jwks) = &files.jwks {
                            self.prune_ids(member, jwks, &mut changes);
                        }
                    }
                    VerifierForm::Apiserver(files) => {
                        self.prune_apiserver(member, files, &mut changes);
                    }
                }
            }
            self.outlast(member, &self.chosen.key, &mut changes);
        }
        self.clear_waiting(&mut changes);
        changes
    }

    /// Everything in one go.
    pub(super) fn at_once(&self) -> Changes {
        let mut changes = self.prune();
        let durable = |write: &Write| write.what == TEMPLATE;
        let mut signing = self.sign();
        signing.writes.retain(|write| !durable(write));
        changes.writes.extend(signing.writes);
        for member in &self.group.members {
            let Some((file, keys)) = &member.root else {
                continue;
            };
            let is_right = keys.len() == 1 && keys.first() == self.chosen.key.known();
            let gets_key = changes
                .writes
                .iter()
                .any(|write| write.member == member.name);
            if gets_key && !is_right {
                let content = Content::Certificates(vec![self.trusting_chosen()]);
                changes.write(member, file, "root certificate", content);
            }
        }
        changes
    }

    fn teach(
        &self,
        member: &Member,
        verifier: &VerifierFile,
        file: &SharedFile,
        wanted: &[KeyRef],
        changes: &mut Changes,
    ) {
        let trusts = |key: &KeyRef| {
            key.known()
                .is_some_and(|key| verifier.trusted.iter().any(|trusted| trusted.key == *key))
        };
        let missing: Vec<&KeyRef> = wanted.iter().filter(|key| !trusts(key)).collect();
        if missing.is_empty() && !verifier.is_refused() {
            return;
        }
        let mut all: Vec<Trusting> = Vec::new();
        for trusted in &verifier.trusted {
            let same = |known: &Trusting| {
                known.key.known() == Some(&trusted.key) && known.certificate == trusted.certificate
            };
            if !all.iter().any(same) {
                all.push(Trusting {
                    key: KeyRef::Known(trusted.key.clone()),
                    certificate: trusted.certificate.clone(),
                });
            }
        }
        all.extend(missing.into_iter().map(|key| self.trusting(key)));
        changes.write(member, file, verifier.what(), Content::Certificates(all));
    }

    /// The templates of `prepare` hold what is in force, and it copies them.
    fn outlast(&self, member: &Member, key: &KeyRef, changes: &mut Changes) {
        let Some(durable) = &member.durable else {
            return;
        };
        if durable.key_is.as_ref() != key.known() || key.known().is_none() {
            let content = Content::PrivateKey {
                key: key.clone(),
                pkcs1: true,
            };
            changes.write(member, &durable.key, TEMPLATE, content);
        }
        let bundle = self.bundle_of(member, changes);
        if let Some(bundle) = bundle {
            let keys: Vec<Option<&PublicKey>> =
                bundle.iter().map(|trusting| trusting.key.known()).collect();
            let is_right = keys.iter().all(Option::is_some)
                && durable.root_is.len() == keys.len()
                && durable.root_is.iter().all(|key| keys.contains(&Some(key)));
            if !is_right {
                let content = Content::Certificates(bundle);
                changes.write(member, &durable.root, TEMPLATE, content);
            }
        }
        if !durable.is_off {
            changes.edits.push(Edit::HarborCfg {
                member: member.name.clone(),
                file: durable.configuration.clone(),
                key: "customize_crt",
                value: "off",
            });
        }
    }

    /// What the registry of the member will trust: as it is about to be written, else as it is.
    fn bundle_of(&self, member: &Member, changes: &Changes) -> Option<Vec<Trusting>> {
        let verifier = member.verifiers.first()?;
        let VerifierForm::Bundle(files) = &verifier.form else {
            return None;
        };
        let file = &files.file;
        let mut writes = changes.writes.iter();
        let written = writes.find_map(|write| match &write.content {
            Content::Certificates(all) if write.file.read_from == file.read_from => {
                Some(all.clone())
            }
            _ => None,
        });
        let as_it_is = || {
            let all = verifier.trusted.iter().map(|trusted| Trusting {
                key: KeyRef::Known(trusted.key.clone()),
                certificate: trusted.certificate.clone(),
            });
            all.collect()
        };
        Some(written.unwrap_or_else(as_it_is))
    }

    fn prune_ids(&self, member: &Member, jwks: &Jwks, changes: &mut Changes) {
        let chosen = self.chosen.key.known();
        let ids = chosen.map(state::ids).unwrap_or_default();
        // An id of its own, which its signer may write, stays beside those that are computed.
        let (kept, forgotten): (Vec<_>, Vec<_>) = jwks
            .entries
            .iter()
            .partition(|(_, key)| Some(key) == chosen);
        let has = |id: &String| kept.iter().any(|(known, _)| known == id);
        let is_right =
            jwks.is_told && chosen.is_some() && forgotten.is_empty() && ids.iter().all(has);
        if !is_right {
            let named = kept.into_iter().filter(|(id, _)| !ids.contains(id));
            let mut all: Vec<(Option<String>, KeyRef)> = named
                .map(|(id, key)| (Some(id.clone()), KeyRef::Known(key.clone())))
                .collect();
            all.push((None, self.chosen.key.clone()));
            changes.write(member, &jwks.file, "key set", Content::Jwks(all));
            name_ids(member, jwks, changes);
        }
    }

    fn prune_apiserver(&self, member: &Member, files: &ApiserverFiles, changes: &mut Changes) {
        let is_right =
            files.own.keys.len() == 1 && files.own.keys.first() == self.chosen.key.known();
        if !is_right {
            let content = Content::PublicKeys(vec![self.chosen.key.clone()]);
            changes.write(member, &files.own.file, "public key", content);
        }
        if let Some(manifest) = &files.manifest {
            if !files.own_is_told {
                changes.edits.push(add_flag(member, manifest, &files.own));
            }
            if files.extra_is_told {
                changes.edits.push(Edit::RemoveFlag {
                    member: member.name.clone(),
                    file: manifest.clone(),
                    program: APISERVER.to_owned(),
                    flag: key_file_flag(&files.extra),
                });
            }
        }
        if !files.extra.keys.is_empty() {
            changes.removals.push(Removal {
                member: member.name.clone(),
                path: files.extra.file.read_from.clone(),
                what: "public keys for the time of a rotation",
            });
        }
    }

    fn clear_waiting(&self, changes: &mut Changes) {
        let waiting = self.group.waiting.iter();
        changes.removals.extend(waiting.map(|waiting| Removal {
            member: String::new(),
            path: waiting.file.clone(),
            what: "key that waited for its stage",
        }));
    }

    fn key(&self, member: &Member, file: &SharedFile, what: &'static str) -> Write {
        Write {
            member: member.name.clone(),
            file: file.clone(),
            what,
            content: Content::PrivateKey {
                key: self.chosen.key.clone(),
                pkcs1: matches!(self.group.kind, GroupKind::Harbor1 | GroupKind::Harbor2),
            },
        }
    }

    fn trusting_chosen(&self) -> Trusting {
        self.trusting(&self.chosen.key)
    }

    fn trusting(&self, key: &KeyRef) -> Trusting {
        match key {
            KeyRef::Known(key) => certificates::trusting(self.group, key, self.now),
            KeyRef::New => Trusting {
                key: KeyRef::New,
                certificate: None,
            },
        }
    }
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.edits.is_empty() && self.removals.is_empty()
    }

    fn write(&mut self, member: &Member, file: &SharedFile, what: &'static str, content: Content) {
        self.writes.push(Write {
            member: member.name.clone(),
            file: file.clone(),
            what,
            content,
        });
    }
}

impl VerifierFile {
    fn what(&self) -> &'static str {
        if self.component.starts_with("notary") {
            "notary's root certificates"
        } else {
            "root certificates"
        }
    }

    fn is_refused(&self) -> bool {
        matches!(&self.form, VerifierForm::Bundle(files) if files.refused.is_some())
    }
}

fn teach_ids(member: &Member, jwks: &Jwks, wanted: &[KeyRef], changes: &mut Changes) {
    let has = |key: &KeyRef| {
        key.known().is_some_and(|key| {
            let ids = state::ids(key);
            let known = |id: &String| jwks.entries.iter().any(|(k, of)| k == id && of == key);
            ids.iter().all(known)
        })
    };
    let missing: Vec<&KeyRef> = wanted.iter().filter(|key| !has(key)).collect();
    if missing.is_empty() && jwks.is_told {
        return;
    }
    let is_written_anew = |id: &String, key: &PublicKey| {
        let mut missing = missing.iter().filter_map(|missing| missing.known());
        missing.any(|missing| missing == key) && state::ids(key).contains(id)
    };
    let kept = jwks
        .entries
        .iter()
        .filter(|(id, key)| !is_written_anew(id, key));
    let mut all: Vec<(Option<String>, KeyRef)> = kept
        .map(|(id, key)| (Some(id.clone()), KeyRef::Known(key.clone())))
        .collect();
    all.extend(missing.into_iter().map(|key| (None, key.clone())));
    changes.write(member, &jwks.file, "key set", Content::Jwks(all));
    name_ids(member, jwks, changes);
}

fn name_ids(member: &Member, jwks: &Jwks, changes: &mut Changes) {
    if !jwks.is_told {
        changes.edits.push(Edit::RegistryJwks {
            member: member.name.clone(),
            file: jwks.configuration.clone(),
            value: jwks.path_there.display().to_string(),
        });
    }
}

fn teach_apiserver(
    member: &Member,
    files: &ApiserverFiles,
    wanted: &[KeyRef],
    changes: &mut Changes,
) {
    let own = files.own.keys.iter().filter(|_| files.own_is_told);
    let told: Vec<&PublicKey> = files
        .told
        .iter()
        .flat_map(|file| &file.keys)
        .chain(own)
        .collect();
    let missing = wanted
        .iter()
        .filter(|key| !key.known().is_some_and(|key| told.contains(&key)));
    let missing: Vec<KeyRef> = missing.cloned().collect();
    let (into, is_told) = match &files.manifest {
        Some(_) => (&files.extra, files.extra_is_told),
        None => (&files.own, files.own_is_told),
    };
    let has = |key: &KeyRef| key.known().is_some_and(|key| into.keys.contains(key));
    if missing.iter().all(has) && (is_told || missing.is_empty()) {
        return;
    }
    let kept = into.keys.iter().map(|key| KeyRef::Known(key.clone()));
    let mut all: Vec<KeyRef> = kept.collect();
    all.extend(missing.into_iter().filter(|key| !has(key)));
    changes.write(member, &into.file, "public keys", Content::PublicKeys(all));
    let Some(manifest) = &files.manifest else {
        return;
    };
    if !files.own_is_told && !files.own.keys.is_empty() {
        changes.edits.push(add_flag(member, manifest, &files.own));
    }
    if !files.extra_is_told {
        changes.edits.push(add_flag(member, manifest, &files.extra));
    }
}

fn add_flag(member: &Member, manifest: &SharedFile, file: &KeysFile) -> Edit {
    Edit::AddFlag {
        member: member.name.clone(),
        file: manifest.clone(),
        program: APISERVER.to_owned(),
        flag: key_file_flag(file),
    }
}

fn key_file_flag(file: &KeysFile) -> String {
    format!("--service-account-key-file={}", file.path_there.display())
}

/// What the templates of `prepare` are called in a plan.
const TEMPLATE: &str = "template of prepare";
const APISERVER: &str = "kube-apiserver";
