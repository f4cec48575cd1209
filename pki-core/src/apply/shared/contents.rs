//! The bytes of a stage: keys, certificates, key sets, edited files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::apply::ApplyError;
use crate::apply::Means;
use crate::apply::shared::SharedWritten;
use crate::apply::shared::read::Shared;
use crate::bundle::Attributes;
use crate::bundle::Bundle;
use crate::bundle::BundleFile;
use crate::bundle::Existing;
use crate::bundle::Manner;
use crate::bundle::Owner;
use crate::bundle::Removal;
use crate::edit::harbor_cfg;
use crate::edit::manifest;
use crate::edit::registry_config;
use crate::issue;
use crate::issue::SerialSource;
use crate::plan::shared::Content;
use crate::plan::shared::Edit;
use crate::plan::shared::KeyRef;
use crate::plan::shared::Mount;
use crate::plan::shared::SharedPlan;
use crate::plan::shared::Trusting;
use crate::plan::shared::Write;
use crate::plan::shared::fingerprint;
use crate::plan::shared::ids;
use crate::request::SharedRequest;
use crate::source;
use crate::token::jwk;
use crate::x509::certificate::Certificate;
use crate::x509::key::PrivateKey;
use crate::x509::spki::PublicKey;

/// Makes the files of one plan.
pub(super) struct Contents<'a> {
    state: &'a Shared,
    made: Option<&'a PrivateKey>,
    serials: &'a mut dyn SerialSource,
    now: OffsetDateTime,
    keys: BTreeMap<String, PrivateKey>,
    roots: BTreeMap<String, Certificate>,
    /// What was asked for, for the report.
    pub(super) files: Vec<SharedWritten>,
}

impl<'a> Contents<'a> {
    pub(super) fn new(
        state: &'a Shared,
        made: Option<&'a PrivateKey>,
        means: &'a mut Means<'_>,
    ) -> Result<Self, ApplyError> {
        Ok(Self {
            state,
            made,
            serials: &mut *means.serials,
            now: means.now,
            keys: BTreeMap::new(),
            roots: BTreeMap::new(),
            files: Vec::new(),
        })
    }

    /// Every file of `plan`: verifiers' files and keys in the plan's order, then edits, then removals.
    pub(super) fn bundle(
        &mut self,
        plan: &SharedPlan,
        request: &SharedRequest,
    ) -> Result<Bundle, ApplyError> {
        let mut bundle = Bundle::default();
        for write in &plan.writes {
            // A directory that instances share is written once.
            let is_shared = |known: &BundleFile| known.path == write.file.read_from;
            if bundle.files.iter().any(is_shared) {
                continue;
            }
            let contents = self.bytes(&write.content)?;
            let in_place = request.in_place && write.file.mount == Mount::File;
            bundle.files.push(file(write, contents, in_place));
            self.files.push(SharedWritten {
                member: write.member.clone(),
                path: write.file.read_from.clone(),
                mode: Some(write.file.mode),
                owner: write.file.owner,
                what: write.what.to_owned(),
                removed: false,
                backup: None,
            });
        }
        self.edits(plan, &mut bundle)?;
        for removal in &plan.removals {
            bundle.removals.push(Removal {
                path: removal.path.clone(),
                what: removal.what,
            });
            self.files.push(SharedWritten {
                member: removal.member.clone(),
                path: removal.path.clone(),
                mode: None,
                owner: None,
                what: removal.what.to_owned(),
                removed: true,
                backup: None,
            });
        }
        Ok(bundle)
    }

    fn bytes(&mut self, content: &Content) -> Result<Zeroizing<Vec<u8>>, ApplyError> {
        let mut text = Zeroizing::new(Vec::new());
        match content {
            Content::PrivateKey { key, pkcs1 } => {
                let Some(key) = self.private(key)? else {
                    return Ok(to_be_made());
                };
                if *pkcs1 {
                    let pem = key.to_traditional_pem().map_err(issue::IssueError::Key)?;
                    text.extend_from_slice(pem.as_bytes());
                } else {
                    text.extend_from_slice(key.to_pem().as_bytes());
                }
                if text.last() != Some(&b'\n') {
                    text.push(b'\n');
                }
            }
            Content::Certificates(all) => {
                for trusting in all {
                    let Some(certificate) = self.certificate(trusting)? else {
                        return Ok(to_be_made());
                    };
                    text.extend_from_slice(certificate.to_pem().as_bytes());
                }
            }
            Content::PublicKeys(keys) => {
                for key in keys {
                    let Some(key) = self.public(key) else {
                        return Ok(to_be_made());
                    };
                    text.extend_from_slice(key.to_pem().as_bytes());
                }
            }
            Content::Jwks(entries) => {
                let mut keys: Vec<(String, PublicKey)> = Vec::new();
                for (id, key) in entries {
                    let Some(key) = self.public(key) else {
                        return Ok(to_be_made());
                    };
                    let named = id.clone().map_or_else(|| ids(&key), |id| vec![id]);
                    keys.extend(named.into_iter().map(|id| (id, key.clone())));
                }
                text.extend_from_slice(jwk::to_json(&keys).as_bytes());
            }
        }
        Ok(text)
    }

    /// The private key; `None` while it is yet to be made.
    fn private(&mut self, key: &KeyRef) -> Result<Option<&PrivateKey>, ApplyError> {
        let KeyRef::Known(key) = key else {
            return Ok(self.made);
        };
        let name = fingerprint(key);
        if !self.keys.contains_key(&name) {
            let found = search(self.state, key)?;
            self.keys.insert(name.clone(), found);
        }
        Ok(self.keys.get(&name))
    }

    fn public(&self, key: &KeyRef) -> Option<PublicKey> {
        match key {
            KeyRef::Known(key) => Some(key.clone()),
            KeyRef::New => self.made.map(|made| made.public_key().clone()),
        }
    }

    /// The certificate; made once a key where there is none.
    fn certificate(&mut self, trusting: &Trusting) -> Result<Option<Certificate>, ApplyError> {
        if let Some(certificate) = &trusting.certificate {
            return Ok(Some(certificate.clone()));
        }
        let name = self.public(&trusting.key).map(|key| fingerprint(&key));
        if let Some(known) = name.as_ref().and_then(|name| self.roots.get(name)) {
            return Ok(Some(known.clone()));
        }
        let serial = self.serials.serial().map_err(issue::IssueError::Serial)?;
        let now = self.now;
        let (Some(key), Some(name)) = (self.private(&trusting.key)?, name) else {
            return Ok(None);
        };
        let certificate = issue::token_root(key, serial, now)?;
        self.roots.insert(name, certificate.clone());
        Ok(Some(certificate))
    }

    /// Edits of one file are made one after the other.
    fn edits(&mut self, plan: &SharedPlan, bundle: &mut Bundle) -> Result<(), ApplyError> {
        let mut texts: BTreeMap<PathBuf, (String, Option<u32>)> = BTreeMap::new();
        for edit in &plan.edits {
            let path = &edit.file().read_from;
            let (text, mode) = match texts.remove(path) {
                Some(known) => known,
                None => {
                    let unread = |problem: String| ApplyError::MemberUnread {
                        path: path.clone(),
                        problem,
                    };
                    let document = source::read_file(path).map_err(|p| unread(p.to_string()))?;
                    let text = std::str::from_utf8(&document.bytes)
                        .map_err(|_| unread("is not text in UTF-8".to_owned()))?;
                    (text.to_owned(), document.status.mode)
                }
            };
            let what = change(edit);
            let edited = edited(edit, &text).map_err(|error| ApplyError::Edit {
                path: path.clone(),
                change: what.clone(),
                error,
            })?;
            self.files.push(SharedWritten {
                member: edit.member().to_owned(),
                path: path.clone(),
                mode,
                owner: None,
                what,
                removed: false,
                backup: None,
            });
            texts.insert(path.clone(), (edited, mode));
        }
        for (path, (text, mode)) in texts {
            let mode = mode.unwrap_or(0o644);
            let contents = text.into_bytes();
            bundle.files.push(BundleFile::new(
                path,
                mode,
                "settings",
                Existing::Replace,
                contents,
            ));
        }
        Ok(())
    }
}

/// In the files of signers, and where new ones wait.
pub(super) fn search(state: &Shared, key: &PublicKey) -> Result<PrivateKey, ApplyError> {
    let group = &state.group;
    let waiting = group.waiting.iter();
    let waiting = waiting
        .filter(|waiting| waiting.key == *key)
        .map(|waiting| &waiting.file);
    let signers = group.members.iter().flat_map(|member| &member.signers);
    let held = signers
        .filter(|signer| signer.key.as_ref() == Ok(key))
        .map(|signer| &signer.file.read_from);
    let mut last = None;
    for path in held.chain(waiting) {
        let document = source::read_file(path).map_err(|problem| ApplyError::MemberUnread {
            path: path.clone(),
            problem: problem.to_string(),
        })?;
        match PrivateKey::from_bytes(&document.bytes) {
            Ok(private) if private.public_key() == key => return Ok(private),
            Ok(_) => last = Some((path.clone(), "was changed meanwhile".to_owned())),
            Err(error) => last = Some((path.clone(), error.to_string())),
        }
    }
    let (path, problem) = last.unwrap_or_else(|| (PathBuf::new(), "is gone".to_owned()));
    Err(ApplyError::MemberUnread { path, problem })
}

fn edited(edit: &Edit, text: &str) -> Result<String, crate::edit::EditError> {
    match edit {
        Edit::AddFlag { program, flag, .. } => manifest::add_flag(text, program, flag),
        Edit::RemoveFlag { program, flag, .. } => manifest::remove_flag(text, program, flag),
        Edit::HarborCfg { key, value, .. } => harbor_cfg::set(text, key, value),
        Edit::RegistryJwks { value, .. } => registry_config::set(text, "jwks", value),
    }
}

fn change(edit: &Edit) -> String {
    match edit {
        Edit::AddFlag { flag, .. } => format!("{flag} is added"),
        Edit::RemoveFlag { flag, .. } => format!("{flag} is removed"),
        Edit::HarborCfg { key, value, .. } => format!("{key} = {value}"),
        Edit::RegistryJwks { value, .. } => format!("auth.token.jwks: {value}"),
    }
}

fn file(write: &Write, contents: Zeroizing<Vec<u8>>, in_place: bool) -> BundleFile {
    let owner = write
        .file
        .owner
        .map(|(uid, gid)| Owner::Wished { uid, gid });
    let path = write.file.read_from.clone();
    BundleFile {
        attributes: Attributes::Set { owner },
        manner: if in_place {
            Manner::InPlace
        } else {
            Manner::Rename
        },
        contents,
        ..BundleFile::new(
            path,
            write.file.mode,
            write.what,
            Existing::Replace,
            Vec::new(),
        )
    }
}

/// What stands in a dry run for what is not made there.
fn to_be_made() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(b"to be made".to_vec())
}
