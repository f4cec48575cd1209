//! Those who share a key: members, what each signs with and what each verifies with.

use std::path::PathBuf;

use time::Duration;

use crate::token::key_id::KidForm;
use crate::x509::certificate::Certificate;
use crate::x509::spki::PublicKey;

/// Instances whose tokens are carried to each other.
#[derive(Clone, Debug)]
pub struct Group {
    /// What they are.
    pub kind: GroupKind,
    /// In the order in which they were given.
    pub members: Vec<Member>,
    /// The key that was made and waits for its stage, in `.hapki/next/` of the trees.
    pub waiting: Vec<Waiting>,
}

/// What the members are, which decides the forms of their files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// Masters of Kubernetes.
    ServiceAccount,
    /// Harbor 1: `ui` or `core` signs, the registry verifies.
    Harbor1,
    /// Harbor 2: every core signs and verifies with one key file, so two keys cannot overlap.
    Harbor2,
    /// CNCF distribution with token servers that are not Harbor.
    Distribution,
}

/// One instance.
#[derive(Clone, Debug)]
pub struct Member {
    /// `node1`.
    pub name: String,
    /// The directory in which its `.hapki` lies.
    pub tree: PathBuf,
    /// What signs, one entry a file.
    pub signers: Vec<SignerFile>,
    /// What verifies.
    pub verifiers: Vec<VerifierFile>,
    /// What the next `prepare` of Harbor up to 1.7 would copy over the pair.
    pub durable: Option<Durable>,
    /// The certificate that `prepare` of Harbor 2 made with the key, which the registry does not read, and its keys.
    pub root: Option<(SharedFile, Vec<PublicKey>)>,
    /// What to know before the first stage: a posture that loses requests, robots that die with the key.
    pub notes: Vec<String>,
}

/// A file of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedFile {
    /// The path on the node.
    pub path: PathBuf,
    /// The path that hapki opens and writes.
    pub read_from: PathBuf,
    /// Permission bits that it is to have.
    pub mode: u32,
    /// User and group that it is to have; `None` keeps those of the file that is there.
    pub owner: Option<(u32, u32)>,
    /// How it gets into a container.
    pub mount: Mount,
}

/// How a file gets to the process that reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mount {
    /// It is read where it lies, or through a directory: a rename is seen.
    #[default]
    Directory,
    /// A bind mount of the file by itself: a rename is not seen until the container is started anew.
    File,
}

/// A private key that tokens are signed with.
#[derive(Clone, Debug)]
pub struct SignerFile {
    /// `harbor-ui@node1`, `token-server@token1`, `service-account@wudang`.
    pub component: String,
    /// The file.
    pub file: SharedFile,
    /// Its public half, or why it cannot be read: `is encrypted (PKCS#8 PBES2)`.
    pub key: Result<PublicKey, String>,
    /// Why its signer cannot use the file as it is, in one clause; it is written anew then, even with the same key.
    pub refused: Option<String>,
    /// When the signer sees a new file.
    pub reading: Reading,
    /// How long its tokens live.
    pub lifetime: Lifetime,
    /// What reads the file; more than one where several programs do. Empty where nothing need be restarted.
    pub restarts: Vec<Restart>,
}

/// When a process sees a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// When it starts.
    AtStart,
    /// At every request, through the file's [`Mount`].
    EachRequest,
}

/// How long tokens live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// From signature to expiry.
    pub duration: Duration,
    /// Who says so: `token_expiration of /opt/harbor/harbor.cfg:12`, `the default of Harbor`.
    pub told_by: String,
}

/// A process that has to be started anew, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restart {
    /// `registry@node1`: what `--restarted` takes. The same in every run.
    pub name: String,
    /// A command line or a sentence: `docker-compose restart registry`.
    pub how: String,
}

/// What verifies tokens.
#[derive(Clone, Debug)]
pub struct VerifierFile {
    /// `registry@node1`, `notary-server@node1`, `kube-apiserver@wudang`; the name of its restart.
    pub component: String,
    /// What its files, as they are, make it trust once it has read them.
    pub trusted: Vec<TrustedKey>,
    /// Its files.
    pub form: VerifierForm,
    /// What to restart: no verifier looks at its files again by itself.
    pub restart: Restart,
}

/// A key in a verifier's files.
#[derive(Clone, Debug)]
pub struct TrustedKey {
    /// The key.
    pub key: PublicKey,
    /// The certificate that holds it, where one does.
    pub certificate: Option<Certificate>,
}

/// In which files a verifier looks.
#[derive(Clone, Debug)]
pub enum VerifierForm {
    /// `rootcertbundle`: certificates in one file.
    Bundle(Box<BundleFiles>),
    /// `--service-account-key-file`, several of them.
    Apiserver(Box<ApiserverFiles>),
}

/// The files of a registry.
#[derive(Clone, Debug)]
pub struct BundleFiles {
    /// The bundle.
    pub file: SharedFile,
    /// What is wrong with it as it is, so that it is written anew even where the keys are right.
    pub refused: Option<String>,
    /// The file of `jwks`, where one is configured or needed: a verifier that computes other ids than the signers write
    /// finds a key only there, under both spellings of its id.
    pub jwks: Option<Jwks>,
    /// What a token has to say to be for this registry; `None` where its configuration does not tell.
    pub asks: Option<TokenNames>,
}

/// What a registry looks for in a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenNames {
    /// `auth.token.issuer`.
    pub issuer: String,
    /// `auth.token.service`.
    pub service: String,
    /// How the registry itself names the keys of its bundle.
    pub kid: KidForm,
}

/// A JSON web key set beside a bundle.
#[derive(Clone, Debug)]
pub struct Jwks {
    /// The file.
    pub file: SharedFile,
    /// Its keys by their ids.
    pub entries: Vec<(String, PublicKey)>,
    /// Whether `auth.token.jwks` names it.
    pub is_told: bool,
    /// The registry's configuration, in which to name it.
    pub configuration: SharedFile,
    /// The path as the registry has it.
    pub path_there: PathBuf,
}

/// The files of a kube-apiserver.
#[derive(Clone, Debug)]
pub struct ApiserverFiles {
    /// Every file that a flag names, in their order, without `extra`.
    pub told: Vec<KeysFile>,
    /// The one that is the public half of the node's own pair: sa.pub. Need not be among `told`.
    pub own: KeysFile,
    /// Whether a flag names `own`.
    pub own_is_told: bool,
    /// The file that hapki adds for a while: pki/sa-next.pub. Its keys are empty while it is not there.
    pub extra: KeysFile,
    /// Whether a flag names `extra`.
    pub extra_is_told: bool,
    /// The manifest in which flags can be changed; `None` where there is none, and `own` takes all keys then.
    pub manifest: Option<SharedFile>,
}

/// A file of public keys.
#[derive(Clone, Debug)]
pub struct KeysFile {
    /// The file.
    pub file: SharedFile,
    /// The path as its reader has it, which a flag names.
    pub path_there: PathBuf,
    /// Its keys.
    pub keys: Vec<PublicKey>,
}

/// What `prepare` of Harbor up to 1.7 starts from: it copies the templates when `customize_crt` is off, and makes a new
/// pair when it is on.
#[derive(Clone, Debug)]
pub struct Durable {
    /// common/templates/{ui,core}/private_key.pem.
    pub key: SharedFile,
    /// The key in it, where one can be read.
    pub key_is: Option<PublicKey>,
    /// common/templates/registry/root.crt.
    pub root: SharedFile,
    /// The keys in it.
    pub root_is: Vec<PublicKey>,
    /// harbor.cfg.
    pub configuration: SharedFile,
    /// Whether `customize_crt` is off already.
    pub is_off: bool,
}

/// A new key that waits for its stage.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The file, `.hapki/next/private_key.pem` of a tree.
    pub file: PathBuf,
    /// Its public half.
    pub key: PublicKey,
}
