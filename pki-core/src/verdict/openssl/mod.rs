//! OpenSSL 3's `X509_verify_cert`, in its order of noticing and in its words, and what the clients built on it make of it.
//!
//! nginx verifies upstreams with it, curl servers, and `openssl verify` and `openssl s_client` whatever they are given.
//! Followed is [`RELEASE`] as Debian builds it: crypto/x509/x509_vfy.c (chains, dates, order), x509_lu.c (trusted issuers),
//! v3_purp.c (extensions, purposes), v3_utl.c (names), v3_ncons.c (name constraints), x509_txt.c (texts); functions here
//! name those that they follow.
//!
//! OpenSSL tells its callback of one fault after the other. A client that stops at the first prints that one; a client
//! that goes on, as nginx does, is left with the last. So [`faults`] has them all.
//!
//! Not followed: certificates that OpenSSL does not parse, and dates that it finds misformed (13, 14); revocation,
//! certificate policies, Suite B, DANE, IP address blocks (RFC 3779) and the subject of proxy certificates (72);
//! `-x509_strict`; trust settings of `TRUSTED CERTIFICATE` blocks; elliptic curves given by their parameters (94);
//! internationalised mailboxes among name constraints. Signatures with SHA-1, SHA-224 and MD5, DSA and Ed448 are not
//! computed: where no security level refuses them, they count as wrong. Keys are of the kinds that
//! [`crate::x509::spki::PublicKeyAlgorithm`] names, secp256k1, Ed448, DSA; others count as unknown.

mod chain;
mod checks;
mod clients;
mod constraints;
mod curl;
mod der;
mod error;
mod hostname;
mod name;
mod seen;
mod strength;

pub use clients::nginx;
pub use clients::s_client;
pub use clients::verify_command;
pub use curl::curl;
pub use error::ErrorCode;

use std::net::IpAddr;

use time::OffsetDateTime;

use crate::verdict::go::Purpose;
use crate::verdict::openssl::chain::Bounds;
use crate::verdict::openssl::chain::Chain;
use crate::verdict::openssl::chain::Pools;
use crate::verdict::openssl::checks::Checks;
use crate::verdict::openssl::seen::Seen;
use crate::verdict::signatures::Signatures;
use crate::x509::certificate::Certificate;

/// The OpenSSL release whose behaviour and texts are followed.
pub const RELEASE: &str = "3.0";

/// What a verifier is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The certificate in question.
    pub leaf: &'a Certificate,
    /// What the peer shows beside it.
    pub presented: &'a [Certificate],
    /// What is trusted.
    pub roots: &'a [Certificate],
    /// Whom the certificate must be of; `None` is not checked.
    pub name: Option<Name<'a>>,
    /// What the certificate must be good for.
    pub purpose: Purpose,
    /// The instant to judge at; whole seconds count.
    pub now: OffsetDateTime,
    /// How the client has set OpenSSL up.
    pub settings: Settings,
}

/// A name that was dialled. OpenSSL is told whether it is a host or an address; it does not find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name<'a> {
    /// A host name (`X509_VERIFY_PARAM_set1_host`); an empty one is not checked.
    Dns(&'a str),
    /// An address (`X509_VERIFY_PARAM_set1_ip`).
    Ip(IpAddr),
}

/// How a client sets OpenSSL up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The security level, 0 to 5: how weak keys and digests may be.
    pub level: u8,
    /// The most certificates that may stand between the leaf and the trusted one.
    pub depth: usize,
    /// Whether every trusted certificate ends a chain, and not only a self-signed one.
    pub partial_chain: bool,
}

impl Settings {
    /// `openssl verify`: no security level unless `-auth_level` gives one.
    pub const VERIFY_COMMAND: Self = Self {
        level: 0,
        depth: 100,
        partial_chain: false,
    };

    /// `openssl s_client`: TLS, for which Debian sets level 2.
    pub const S_CLIENT: Self = Self {
        level: 2,
        ..Self::VERIFY_COMMAND
    };

    /// curl.
    pub const CURL: Self = Self {
        partial_chain: true,
        ..Self::S_CLIENT
    };

    /// nginx, for which `proxy_ssl_verify_depth` is 1 unless it is set.
    pub const NGINX: Self = Self {
        depth: 1,
        ..Self::S_CLIENT
    };

    /// `minbits_table`: the bits of security that the level asks for.
    fn least_bits(self) -> u32 {
        match self.level {
            0 => 0,
            1 => 80,
            2 => 112,
            3 => 128,
            4 => 192,
            _ => 256,
        }
    }
}

/// One thing that OpenSSL refuses a chain for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub code: ErrorCode,
    /// Where in the chain, the leaf being 0.
    pub depth: usize,
    /// The certificate at that place.
    pub certificate: Certificate,
}

/// Everything that OpenSSL refuses, in its order of noticing. Empty where the certificate is accepted.
pub fn faults(question: &Question<'_>, signatures: &mut Signatures) -> Vec<Fault> {
    let presented: Vec<Seen<'_>> = question.presented.iter().map(Seen::new).collect();
    let trusted: Vec<Seen<'_>> = question.roots.iter().map(Seen::new).collect();
    let leaf = Seen::new(question.leaf);
    let settings = question.settings;
    let bounds = Bounds {
        now: question.now.unix_timestamp(),
        depth: settings.depth,
        partial: settings.partial_chain,
    };
    let pools = Pools {
        presented: &presented,
        trusted: &trusted,
    };
    let chain = Chain::build(&leaf, &pools, bounds);
    let mut checks = Checks {
        question,
        chain: &chain,
        faults: Vec::new(),
    };
    checks.leaf_key();
    checks.trust(bounds);
    checks.extensions();
    checks.strength();
    checks.name();
    checks.signatures(signatures);
    checks.name_constraints();
    checks.faults
}

#[cfg(test)]
mod tests;
