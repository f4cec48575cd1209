//! One stage, as data.

use std::path::PathBuf;

use time::OffsetDateTime;

use crate::plan::shared::GroupKind;
use crate::plan::shared::Progress;
use crate::plan::shared::Restart;
use crate::plan::shared::SharedFile;
use crate::x509::certificate::Certificate;
use crate::x509::spki::PublicKey;

/// What one run does.
#[derive(Clone, Debug)]
pub struct SharedPlan {
    /// Whose keys.
    pub kind: GroupKind,
    /// The stage that this run carries out.
    pub stage: Stage,
    /// The key that all are to share.
    pub chosen: Chosen,
    /// Files to be written, in the order in which they become visible.
    pub writes: Vec<Write>,
    /// Files that people own, changed.
    pub edits: Vec<Edit>,
    /// Files to be taken away.
    pub removals: Vec<Removal>,
    /// What has to be restarted before the next stage, one by one, in this order.
    pub restart: Vec<Restart>,
    /// From when on the next stage is allowed, where time alone decides.
    pub allowed_from: Option<OffsetDateTime>,
    /// Whether nothing signs with another key from the instant on at which this has been written: whoever writes notes
    /// that instant as [`Progress::switched_at`].
    pub switches: bool,
    /// What to know.
    pub notes: Vec<String>,
    /// What becomes of `.hapki/rotation.json`.
    pub progress: ProgressAfter,
    /// Why the next stage may not be carried out now; nothing is written then.
    pub blocked: Option<Blocked>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// One key for all.
    Unify,
    /// Another key for all.
    Rotate,
}

/// Where a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Verifiers learn keys.
    Trust,
    /// Signers switch.
    Sign,
    /// Tokens of other keys run out.
    Wait,
    /// Verifiers forget other keys.
    Prune,
    /// Nothing is left to do.
    Done,
}

/// The key that all are to share.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The member whose key it is; `None` for a new one.
    pub instance: Option<String>,
    /// The key.
    pub key: KeyRef,
}

/// A key by its public half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRef {
    /// One that exists.
    Known(PublicKey),
    /// The one that this run makes.
    New,
}

/// A file to be written.
#[derive(Clone, Debug)]
pub struct Write {
    /// Whose it is.
    pub member: String,
    /// Where, and with which mode and owner.
    pub file: SharedFile,
    /// `signing key`, `root certificates`, `notary's copy`, `template of prepare`.
    pub what: &'static str,
    /// What it will hold.
    pub content: Content,
}

/// What a file will hold.
#[derive(Clone, Debug)]
pub enum Content {
    /// A private key. RSA becomes PKCS#1 where `pkcs1` says so; otherwise the text stays as it was read.
    PrivateKey {
        /// Which.
        key: KeyRef,
        /// Whether its reader takes nothing but PKCS#1.
        pkcs1: bool,
    },
    /// Certificates, one a key.
    Certificates(Vec<Trusting>),
    /// `PUBLIC KEY` blocks.
    PublicKeys(Vec<KeyRef>),
    /// A JSON web key set; a key without an id of its own is written under both spellings.
    Jwks(Vec<(Option<String>, KeyRef)>),
}

/// A key that a verifier is to trust.
#[derive(Clone, Debug)]
pub struct Trusting {
    /// The key.
    pub key: KeyRef,
    /// Its certificate; `None` has a self-signed one derived from the private key.
    pub certificate: Option<Certificate>,
}

/// A file that people own, changed with everything else in it kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A flag more in a static pod's manifest.
    AddFlag {
        /// Whose it is.
        member: String,
        /// The manifest.
        file: SharedFile,
        /// `kube-apiserver`.
        program: String,
        /// `--name=value`.
        flag: String,
    },
    /// A flag less.
    RemoveFlag {
        /// Whose it is.
        member: String,
        /// The manifest.
        file: SharedFile,
        /// `kube-apiserver`.
        program: String,
        /// `--name=value`.
        flag: String,
    },
    /// A setting of harbor.cfg.
    HarborCfg {
        /// Whose it is.
        member: String,
        /// harbor.cfg.
        file: SharedFile,
        /// `customize_crt`.
        key: &'static str,
        /// `off`.
        value: &'static str,
    },
    /// `auth.token.jwks` of a registry's configuration.
    RegistryJwks {
        /// Whose it is.
        member: String,
        /// config.yml.
        file: SharedFile,
        /// The path as the registry has it.
        value: String,
    },
}

/// A file to be taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Whose it is.
    pub member: String,
    /// Where it lies.
    pub path: PathBuf,
    /// What it was.
    pub what: &'static str,
}

/// What becomes of `.hapki/rotation.json`. The target is empty where the key is yet to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgressAfter {
    /// It stays as it is, there or not.
    Keep,
    /// It is written to every tree.
    Write(Box<Progress>),
    /// It is taken away.
    Remove,
}

/// Why a stage may not be carried out now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// Restarts are not confirmed: [`SharedPlan::restart`].
    Unconfirmed,
    /// Before [`SharedPlan::allowed_from`].
    TooEarly,
    /// The keys cannot overlap; `--at-once` has to be said. A plan may be printed all the same.
    NeedsAtOnce,
}

impl Stage {
    /// `trust`, `sign`, `wait`, `prune`, `done`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trust => "trust",
            Self::Sign => "sign",
            Self::Wait => "wait",
            Self::Prune => "prune",
            Self::Done => "done",
        }
    }
}

impl Edit {
    /// The file.
    pub fn file(&self) -> &SharedFile {
        match self {
            Self::AddFlag { file, .. }
            | Self::RemoveFlag { file, .. }
            | Self::HarborCfg { file, .. }
            | Self::RegistryJwks { file, .. } => file,
        }
    }

    /// Whose it is.
    pub fn member(&self) -> &str {
        match self {
            Self::AddFlag { member, .. }
            | Self::RemoveFlag { member, .. }
            | Self::HarborCfg { member, .. }
            | Self::RegistryJwks { member, .. } => member,
        }
    }
}

impl KeyRef {
    /// The key, where it exists already.
    pub fn known(&self) -> Option<&PublicKey> {
        match self {
            Self::Known(key) => Some(key),
            Self::New => None,
        }
    }
}
