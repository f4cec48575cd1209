//! Go's `crypto/x509`: `Certificate.Verify` and `VerifyHostname`, in its order of noticing and in its words.
//!
//! Kubernetes, etcd, docker and Harbor all verify with it. Followed is [`RELEASE`], its files `parser.go`, `verify.go`, `constraints.go`, `x509.go`
//! and `cert_pool.go` in `src/crypto/x509`; functions here carry the names that they have there. The prefix
//! `tls: failed to verify certificate: `, which `crypto/tls` puts before the text since Go 1.20, is not part of it.

mod address;
mod chain;
mod constraints;
mod handshake;
mod hostname;
mod parse;
mod policies;
mod signature;
mod text;
mod url;

pub use handshake::Handshake;
pub use handshake::HandshakeRefusal;
pub use handshake::LARGE_KEY;
pub use handshake::MAX_RSA_BITS;
pub use handshake::PARSE_PREFIX;
pub use handshake::VERIFY_PREFIX;
pub use handshake::handshake;
pub use handshake::has_large_key;
pub use hostname::HostnameRefusal;
pub use hostname::verify_hostname;
pub use parse::MALFORMED;
pub use parse::ParseRefusal;
pub use parse::parse_certificate;
pub use parse::parse_refusal;
pub use signature::SignatureFailure;
pub use text::Hint;
pub use text::HintReason;
pub use text::Refusal;

pub(in crate::verdict) use text::quote;

use std::borrow::Cow;

use time::OffsetDateTime;

use crate::verdict::signatures::Signatures;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::ExtendedKeyUsage;

/// The Go release whose behaviour and texts are followed.
pub const RELEASE: &str = "1.26";

/// What a verifier is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The certificate in question.
    pub leaf: &'a Certificate,
    /// Certificates that may stand between it and a root; the peer's own further certificates come first.
    pub intermediates: &'a [Certificate],
    /// What is trusted.
    pub roots: &'a [Certificate],
    /// The name that was dialled, as Go is handed it: a DNS name or an address; `None` is not checked.
    pub name: Option<&'a str>,
    /// What the certificate must be good for.
    pub purpose: Purpose,
    /// The instant to judge at.
    pub now: OffsetDateTime,
}

/// What a certificate must be good for (`VerifyOptions.KeyUsages`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// serverAuth.
    Server,
    /// clientAuth.
    Client,
    /// Anything: extended key usages are not looked at.
    Any,
}

/// A chain that was accepted.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Leaf first, root last.
    pub chain: Vec<Certificate>,
}

/// Judges one certificate as `ParseCertificate` and `Certificate.Verify` do. `signatures` remembers checks from one
/// question to the next. Intermediates and roots that Go's parser does not take are passed over (`AppendCertsFromPEM`).
///
/// The order is Go's: critical extensions and dates of the leaf, then the name, then the chain, then for each chain its
/// policies, extended key usages and name constraints.
pub fn verify(question: &Question<'_>, signatures: &mut Signatures) -> Result<Accepted, Refusal> {
    check_form(question, signatures)?;
    check_leaf(question)?;
    check_name(question)?;
    let intermediates = parsable(question.intermediates, signatures);
    let roots = parsable(question.roots, signatures);
    let question = &Question {
        intermediates: &intermediates,
        roots: &roots,
        ..*question
    };
    let chains = chain::candidates(question, signatures)?;
    let chain = check_chains(&chains, question.purpose)?;
    Ok(Accepted {
        chain: chain.iter().copied().cloned().collect(),
    })
}

/// Everything that Go would refuse, in its order of noticing: it says the first, and each of the others once those
/// before it are mended. Empty where the certificate is accepted.
pub fn refusals(question: &Question<'_>, signatures: &mut Signatures) -> Vec<Refusal> {
    let intermediates = parsable(question.intermediates, signatures);
    let roots = parsable(question.roots, signatures);
    let question = &Question {
        intermediates: &intermediates,
        roots: &roots,
        ..*question
    };
    let form = check_form(question, signatures).err();
    let (chain, rest) = match chain::candidates(question, signatures) {
        Ok(chains) => (None, chain_refusals(&chains, question.purpose)),
        Err(refusal) => {
            let alone = [vec![question.leaf]];
            (Some(refusal), chain_refusals(&alone, question.purpose))
        }
    };
    let first = [
        form,
        check_leaf(question).err(),
        check_name(question).err(),
        chain,
    ];
    first.into_iter().flatten().chain(rest).collect()
}

fn check_form(question: &Question<'_>, signatures: &mut Signatures) -> Result<(), Refusal> {
    match signatures.parse_refusal(question.leaf) {
        None => Ok(()),
        Some(refusal) => Err(Refusal::Malformed {
            certificate: question.leaf.clone(),
            refusal: refusal.clone(),
        }),
    }
}

/// Those that Go's parser takes for certificates.
fn parsable<'a>(
    certificates: &'a [Certificate],
    signatures: &mut Signatures,
) -> Cow<'a, [Certificate]> {
    let mut is_parsable =
        |certificate: &&Certificate| signatures.parse_refusal(certificate).is_none();
    if certificates
        .iter()
        .all(|certificate| is_parsable(&certificate))
    {
        return Cow::Borrowed(certificates);
    }
    Cow::Owned(certificates.iter().filter(is_parsable).cloned().collect())
}

fn check_leaf(question: &Question<'_>) -> Result<(), Refusal> {
    chain::is_valid(question.leaf, chain::Position::Leaf, &[], question.now)
}

fn check_name(question: &Question<'_>) -> Result<(), Refusal> {
    match question.name.filter(|name| !name.is_empty()) {
        Some(name) => Ok(hostname::verify_hostname(question.leaf, name)?),
        None => Ok(()),
    }
}

/// The first chain that is accepted; Go tries each for its policies, its usages and its names, in this order, and of
/// several refusals tells the first about a name.
fn check_chains<'c, 'a>(
    chains: &'c [Vec<&'a Certificate>],
    purpose: Purpose,
) -> Result<&'c [&'a Certificate], Refusal> {
    let (mut usages, mut policies, mut violation) = (0, 0, None);
    for chain in chains {
        if !policies::are_valid(chain) {
            policies += 1;
        } else if !allows_usage(chain, purpose) {
            usages += 1;
        } else {
            match constraints::check_chain(chain) {
                Ok(()) => return Ok(chain),
                Err(violated) => violation = violation.or(Some(violated)),
            }
        }
    }
    Err(match violation {
        Some(violation) => Refusal::from(violation),
        None if policies == 0 => Refusal::IncompatibleUsage,
        None => Refusal::NoValidChains { usages, policies },
    })
}

/// What [`check_chains`] says, and what it would say once that is mended on every chain.
fn chain_refusals(chains: &[Vec<&Certificate>], purpose: Purpose) -> Vec<Refusal> {
    let Err(first) = check_chains(chains, purpose) else {
        return Vec::new();
    };
    let violations = chains.iter().map(|chain| constraints::check_chain(chain));
    let violations: Result<(), _> = violations.reduce(Result::or).unwrap_or(Ok(()));
    let fits = chains.iter().any(|chain| allows_usage(chain, purpose));
    let names_next = violations.err().map(Refusal::from);
    let names_next = names_next.filter(|_| !matches!(first, Refusal::ConstrainedName { .. }));
    let says_usage = match first {
        Refusal::IncompatibleUsage => true,
        Refusal::NoValidChains { usages, .. } => usages > 0,
        _ => false,
    };
    let usage_next = (!fits && !says_usage).then_some(Refusal::IncompatibleUsage);
    [Some(first), usage_next, names_next]
        .into_iter()
        .flatten()
        .collect()
}

/// `checkChainForKeyUsage`: extended usages nest, so that every certificate of the chain that lists any must list the one asked for.
fn allows_usage(chain: &[&Certificate], purpose: Purpose) -> bool {
    let wanted = match purpose {
        Purpose::Server => ExtendedKeyUsage::ServerAuth,
        Purpose::Client => ExtendedKeyUsage::ClientAuth,
        Purpose::Any => return true,
    };
    chain.iter().all(|certificate| {
        let usages = certificate.extensions().extended_key_usage.as_deref();
        let usages = usages.unwrap_or_default();
        usages.is_empty() || usages.contains(&ExtendedKeyUsage::Any) || usages.contains(&wanted)
    })
}

#[cfg(test)]
mod limits;
#[cfg(test)]
mod tests;
