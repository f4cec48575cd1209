//! Who signs tokens and who verifies them, with everything that whoever mends them has to know.

use std::path::Path;
use std::path::PathBuf;

use time::Duration;

use crate::facts::Note;
use crate::facts::registry::Told;
use crate::facts::token_parties::DistributionRelease;
use crate::facts::token_parties::HarborRelease;
use crate::facts::token_parties::KeyRefusal;
use crate::facts::token_parties::Mount;
use crate::facts::token_parties::Owner;
use crate::facts::token_parties::Setting;
use crate::place::FileStatus;
use crate::place::Place;
use crate::token::key_id::KidForm;
use crate::topology::Topology;
use crate::topology::edge::Component;
use crate::topology::edge::RegistryToken;
use crate::topology::edge::TokenKey;
use crate::x509::certificate::Certificate;
use crate::x509::key::KeyForm;
use crate::x509::spki::PublicKey;

/// What signs tokens.
#[derive(Clone, Debug)]
pub struct TokenSigner {
    /// `harbor-ui@node1`, `harbor-core@a`, `token-server@NAME`, `service-account@A`.
    pub component: Component,
    /// Its name in the composition, `ui` or `core`: what has to be restarted; `None` where nothing tells.
    pub container: Option<String>,
    /// Which of several registries it signs for: instances of one share the number.
    pub registry: usize,
    /// Which software.
    pub kind: SignerKind,
    /// Where it is configured: harbor.cfg, harbor.yml, a manifest; the key itself where nothing else was given.
    pub told_at: Place,
    /// What it signs with.
    pub key: SigningKey,
    /// What it writes into a token to name its key.
    pub kid: KidForm,
    /// The token's `iss`; `None` where every verifier takes it.
    pub issuer: Option<Setting<String>>,
    /// The token's `aud`.
    pub service: Option<Setting<String>>,
    /// How long a token lives; `None` where no file tells.
    pub lifetime: Option<Setting<Duration>>,
    /// How the key gets into the container.
    pub mount: Option<Mount>,
    /// Whom the key must be readable for.
    pub runs_as: Option<Owner>,
    /// What `prepare` copies over the pair; up to Harbor 1.7.
    pub templates: Option<Templates>,
    /// The certificate that `prepare` made with the key, whoever reads it; Harbor alone has one.
    pub root: Option<CertificateFile>,
    /// What `x5c` would hold: certificates of the key, where any is at hand.
    pub chain: Vec<Certificate>,
    /// Copies of the certificate that others verify with: notary's.
    pub copies: Vec<CertificateFile>,
    /// Whether robot accounts are tokens of this key: Harbor 1.8 to 2.1.
    pub robots_are_tokens: bool,
}

/// Which software signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignerKind {
    /// Harbor's ui or core; the release as far as its files tell.
    Harbor(HarborRelease),
    /// One of which only the key is known.
    TokenServer,
}

/// A private key that tokens are signed with: everything but its bytes.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// The file.
    pub place: Place,
    /// What the file system says of it.
    pub status: FileStatus,
    /// Whether it could be read.
    pub is_there: bool,
    /// Its public half, whoever can read it.
    pub public: Option<PublicKey>,
    /// How it is written down.
    pub form: Option<KeyForm>,
    /// What keeps its signer from using it.
    pub refused: Option<KeyRefusal>,
}

/// What `prepare` of Harbor up to 1.7 starts from.
#[derive(Clone, Debug)]
pub struct Templates {
    /// The private key that it copies.
    pub key: SigningKey,
    /// The certificate that it copies.
    pub root: CertificateFile,
    /// Whether it makes a new pair instead.
    pub customize_crt: Setting<bool>,
    /// harbor.cfg, in which to set it.
    pub configuration: Place,
}

/// A file of certificates.
#[derive(Clone, Debug)]
pub struct CertificateFile {
    /// The file.
    pub place: Place,
    /// What the file system says of it.
    pub status: FileStatus,
    /// Whether it could be read.
    pub is_there: bool,
    /// The certificates in it.
    pub certificates: Vec<Certificate>,
    /// The PEM text of every CERTIFICATE block, those that are none included, and of nothing else.
    pub pem: String,
}

/// What verifies tokens.
#[derive(Clone, Debug)]
pub struct TokenVerifier {
    /// `registry@node1`, `harbor-core@a`, `kube-apiserver@B`, `notary-server@node1`.
    pub component: Component,
    /// Its name in the composition; `None` where nothing tells.
    pub container: Option<String>,
    /// Host and port by which clients reach the registry, as image references begin; `None` where nothing tells.
    pub host: Option<String>,
    /// Which of several registries it verifies for: instances of one share the number.
    pub registry: usize,
    /// With what.
    pub kind: VerifierKind,
    /// Where it is configured.
    pub told_at: Place,
}

/// With what a verifier verifies.
#[derive(Clone, Debug)]
pub enum VerifierKind {
    /// A kube-apiserver.
    Apiserver(ApiserverKeys),
    /// CNCF distribution, or notary-server, which has its code.
    Distribution(Box<Distribution>),
    /// Harbor 2's core, with the key that it signs with: the position of that signer.
    HarborCore {
        /// In [`Topology::token_signers`].
        signer: usize,
        /// Its release.
        release: HarborRelease,
    },
}

/// What a kube-apiserver verifies service-account tokens with.
#[derive(Clone, Debug)]
pub struct ApiserverKeys {
    /// Every `--service-account-key-file`, read or not.
    pub files: Vec<KeysFile>,
    /// `--service-account-issuer`.
    pub issuers: Vec<String>,
    /// Where the issuers are told.
    pub issuers_at: Place,
    /// Whether the serving key stands in for a flag that is not given.
    pub from_serving_key: bool,
}

/// A file of keys.
#[derive(Clone, Debug)]
pub struct KeysFile {
    /// The file.
    pub place: Place,
    /// What the file system says of it.
    pub status: FileStatus,
    /// Whether it could be read.
    pub is_there: bool,
    /// The keys in it that are used.
    pub keys: Vec<TokenKey>,
    /// Keys in it that Kubernetes passes by, each with the reason.
    pub skipped: Vec<String>,
}

/// What a registry verifies tokens with (`auth.token`).
#[derive(Clone, Debug)]
pub struct Distribution {
    /// Which code; `None` where nothing tells.
    pub release: Option<DistributionRelease>,
    /// `rootcertbundle`.
    pub bundle: Option<CertificateFile>,
    /// The path of `rootcertbundle` as the registry has it.
    pub bundle_in_container: Option<PathBuf>,
    /// `jwks`.
    pub jwks: Option<JwksFile>,
    /// `issuer`.
    pub issuer: Option<Told>,
    /// `service`.
    pub service: Option<Told>,
    /// `realm`.
    pub realm: Option<Told>,
    /// `signingalgorithms`; `None` where every one is taken.
    pub algorithms: Option<Vec<String>>,
    /// `http.draintimeout`.
    pub drain_timeout: Option<Told>,
    /// How the bundle gets into the container.
    pub mount: Option<Mount>,
    /// Whom the bundle must be readable for.
    pub runs_as: Option<Owner>,
}

/// A file of JSON web keys.
#[derive(Clone, Debug)]
pub struct JwksFile {
    /// The file.
    pub place: Place,
    /// Whether it could be read.
    pub is_there: bool,
    /// The keys in it by their ids.
    pub keys: Vec<(String, PublicKey)>,
}

impl Topology {
    /// The signer of a registry's token.
    pub fn signer_of(&self, token: RegistryToken) -> Option<&TokenSigner> {
        self.token_signers.get(token.signer)
    }

    /// The verifier of a registry's token.
    pub fn verifier_of(&self, token: RegistryToken) -> Option<&TokenVerifier> {
        self.token_verifiers.get(token.verifier)
    }
}

impl TokenVerifier {
    /// Its `auth.token`, if it is a registry.
    pub fn distribution(&self) -> Option<&Distribution> {
        match &self.kind {
            VerifierKind::Distribution(distribution) => Some(distribution),
            VerifierKind::Apiserver(_) | VerifierKind::HarborCore { .. } => None,
        }
    }

    /// The first file that it verifies with.
    pub fn file<'a>(&'a self, topology: &'a Topology) -> &'a Place {
        let file = match &self.kind {
            VerifierKind::Apiserver(keys) => keys.files.first().map(|file| &file.place),
            VerifierKind::Distribution(distribution) => {
                let bundle = distribution.bundle.as_ref().map(|file| &file.place);
                bundle.or(distribution.jwks.as_ref().map(|file| &file.place))
            }
            VerifierKind::HarborCore { signer, .. } => {
                let signer = topology.token_signers.get(*signer);
                signer.map(|signer| &signer.key.place)
            }
        };
        file.unwrap_or(&self.told_at)
    }
}

/// Keys and bundles that are one file on several machines, or in several places of one: each with the one before it.
pub(super) fn shared(topology: &Topology) -> Vec<Note> {
    let keys = topology.token_signers.iter();
    let keys = keys.map(|signer| (&signer.key.place, signer.key.status));
    let bundles = topology
        .token_verifiers
        .iter()
        .filter_map(|verifier| verifier.distribution()?.bundle.as_ref())
        .map(|file| (&file.place, file.status));
    let mut known: Vec<(&Place, FileStatus)> = Vec::new();
    let mut notes = Vec::new();
    for (place, status) in keys.chain(bundles) {
        if known.iter().any(|(other, _)| other.is_same_file(place)) {
            continue;
        }
        let mut same = known.iter();
        if let Some((other, _)) = same.find(|(_, other)| other.is_same_inode(&status)) {
            notes.push(Note {
                place: place.clone(),
                text: format!(
                    "{} of {} is the same file as {} of {}: what is written there counts for both",
                    place.path.display(),
                    place.node,
                    other.path.display(),
                    other.node
                ),
            });
        }
        known.push((place, status));
    }
    notes
}

impl SigningKey {
    /// The file that the paths of two machines may share.
    pub fn is_same_inode(&self, other: &Self) -> bool {
        self.status.is_same_inode(&other.status)
    }

    /// The path on the node.
    pub fn path(&self) -> &Path {
        &self.place.path
    }
}
