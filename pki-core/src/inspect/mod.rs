//! What files hold, said item by item: certificates, keys, requests and kubeconfigs, and which of them belong together.
//!
//! Absent on purpose: any judgement. Whether a chain is good for a purpose is [`crate::verdict`]'s to say.

mod kubeconfig;
mod read;
mod relate;

pub use self::kubeconfig::Cluster;
pub use self::kubeconfig::Context;
pub use self::kubeconfig::Kubeconfig;
pub use self::kubeconfig::User;

use zeroize::Zeroizing;

use crate::place::Place;
use crate::token::key_id;
use crate::x509::certificate::Certificate;
use crate::x509::csr::CertificationRequest;
use crate::x509::key::KeyError;
use crate::x509::spki::PublicKey;

/// One file to look into.
pub struct Input {
    /// Where the bytes were read.
    pub place: Place,
    /// The bytes, or in one sentence why there are none.
    pub bytes: Result<Zeroizing<Vec<u8>>, String>,
}

/// What all files hold, in the order in which they were given.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// One per input.
    pub files: Vec<InspectedFile>,
}

/// What one file holds.
#[derive(Clone, Debug)]
pub struct InspectedFile {
    /// The file.
    pub place: Place,
    /// Everything that could be read, in the order of the file.
    pub items: Vec<Item>,
    /// How several certificates in this file stand to each other; `None` where there are fewer than two.
    pub order: Option<Order>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// One thing that a file holds.
#[derive(Clone, Debug)]
pub enum Item {
    /// A certificate.
    Certificate(CertificateItem),
    /// A private or public key.
    Key(KeyItem),
    /// A certification request.
    Request(RequestItem),
    /// A kubeconfig.
    Kubeconfig(Box<Kubeconfig>),
    /// A PEM block of another kind.
    Other {
        /// Where.
        place: Place,
        /// Its label: `X509 CRL`.
        label: String,
    },
}

/// A certificate and what the given files say about it.
#[derive(Clone, Debug)]
pub struct CertificateItem {
    /// Where.
    pub place: Place,
    /// The certificate.
    pub certificate: Certificate,
    /// Whose signature it carries.
    pub signed_by: SignedBy,
    /// Where its private key is, in the given files.
    pub keys: Vec<Place>,
}

/// Whose signature a certificate carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedBy {
    /// Its own key's: self-signed.
    Itself,
    /// That of a certificate in the given files.
    Given(Place),
    /// A certificate in the given files has the issuer's name, but its key did not make this signature.
    NamesakeOnly(Place),
    /// No certificate in the given files has the issuer's name.
    NotGiven,
}

/// A key, without its private half.
#[derive(Clone, Debug)]
pub struct KeyItem {
    /// Where.
    pub place: Place,
    /// How its PEM says it is written: `PKCS#1`, `SEC1`, `PKCS#8`, `SubjectPublicKeyInfo`.
    pub form: Option<&'static str>,
    /// Whether it is a private key.
    pub private: bool,
    /// Its public half, or why the key cannot be used.
    pub key: Result<PublicKey, KeyError>,
    /// Certificates and requests in the given files that are for this key.
    pub belongs_to: Vec<Place>,
}

/// The names by which verifiers of tokens know a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyIds {
    /// Distribution 2 and Harbor.
    pub libtrust: String,
    /// RFC 7638; none for a kind of key that has no JWK.
    pub rfc7638: Option<String>,
    /// Kubernetes service accounts.
    pub kubernetes: String,
}

/// A certification request.
#[derive(Clone, Debug)]
pub struct RequestItem {
    /// Where.
    pub place: Place,
    /// The request.
    pub request: CertificationRequest,
    /// Where its private key is, in the given files.
    pub keys: Vec<Place>,
}

/// How the certificates of one file stand to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Each is signed by the next: what a server should send.
    Chain,
    /// Every one is a CA that no other of them signed: roots of trust side by side.
    Bundle,
    /// They belong together, but not in this order.
    Unordered,
    /// Some have nothing to do with the others.
    Mixed,
}

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is wrong, in one sentence without the place.
    pub sentence: String,
}

/// Looks into every input. Nothing that is wrong with one keeps the others from being shown.
pub fn inspect(inputs: &[Input]) -> Inspection {
    let mut files: Vec<InspectedFile> = inputs.iter().map(read::file).collect();
    relate::relate(&mut files);
    Inspection { files }
}

impl KeyIds {
    fn of(key: &PublicKey) -> Self {
        Self {
            libtrust: key_id::libtrust(key),
            rfc7638: key_id::rfc7638(key),
            kubernetes: key_id::kubernetes(key),
        }
    }
}

impl KeyItem {
    /// Its ids, when it could be read.
    pub fn ids(&self) -> Option<KeyIds> {
        self.key.as_ref().ok().map(KeyIds::of)
    }
}

impl Inspection {
    /// Whether nothing at all could be read.
    pub fn is_empty(&self) -> bool {
        self.files.iter().all(|file| file.items.is_empty())
    }
}
