//! One chain out of PEM files, judged as a Go client would.
//!
//! Absent on purpose: where the files come from, and any knowledge of Kubernetes.

use time::OffsetDateTime;

use crate::place::Place;
use crate::verdict::go;
use crate::verdict::go::Refusal;
use crate::verdict::signatures::Signatures;
use crate::x509::certificate::Certificate;
use crate::x509::pem;

pub use crate::verdict::go::Purpose;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The leaf, then certificates that may stand between it and a root.
    pub chain: PemFile<'a>,
    /// What is trusted.
    pub roots: PemFile<'a>,
    /// More certificates that may stand between.
    pub intermediates: Option<PemFile<'a>>,
    /// The DNS name or address that is dialled; `None` is not checked.
    pub host: Option<&'a str>,
    /// What the leaf must be good for.
    pub purpose: Purpose,
    /// The instant to judge at.
    pub now: OffsetDateTime,
}

/// A file's bytes and where they were read.
#[derive(Clone, Copy)]
pub struct PemFile<'a> {
    /// Where.
    pub place: &'a Place,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Verification {
    /// The leaf; none where it does not parse.
    pub leaf: Option<Certificate>,
    /// Whether it is accepted.
    pub outcome: Outcome,
    /// Blocks that were passed over, as Go passes over them without a word.
    pub skipped: Vec<Skipped>,
}

/// Accepted or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Leaf first, root last.
    Accepted(Vec<Certificate>),
    /// Go's text, and what it would say next.
    Refused {
        /// What `Certificate.Verify`, or `ParseCertificate` for a leaf that does not parse, returns.
        error: String,
        /// The certificate that is at fault, where the refusal is about one.
        certificate: Option<Certificate>,
        /// What would be said once that is mended.
        masked: Vec<String>,
    },
}

/// A block that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file and the line of its BEGIN.
    pub place: Place,
    /// Why, in one sentence.
    pub sentence: String,
}

/// A file without any certificate to judge or to trust.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: holds no CERTIFICATE block{}", because(.skipped))]
pub struct NoCertificate {
    /// The file.
    pub place: Place,
    /// Blocks that are none that Go reads.
    pub skipped: Vec<Skipped>,
}

/// Judges the first certificate of the chain file.
///
/// # Errors
/// When the chain or the roots hold no CERTIFICATE block at all. Blocks that hold no certificate are no error: the
/// first of the chain is refused, any other is passed over (`CertPool.AppendCertsFromPEM`).
pub fn verify(question: &Question<'_>) -> Result<Verification, NoCertificate> {
    let mut skipped = Vec::new();
    let mut chain = blocks(question.chain, Headers::Allowed, &mut skipped)?.into_iter();
    let leaf = chain.next();
    let mut between = parsed(chain, &mut skipped);
    let roots = blocks(question.roots, Headers::PassedOver, &mut skipped)?;
    let roots = parsed(roots.into_iter(), &mut skipped);
    if let Some(file) = question.intermediates {
        match blocks(file, Headers::PassedOver, &mut skipped) {
            Ok(blocks) => between.extend(parsed(blocks.into_iter(), &mut skipped)),
            Err(none) => skipped.push(Skipped {
                place: none.place,
                sentence: "holds no CERTIFICATE block".to_owned(),
            }),
        }
    }
    let (leaf, outcome) = match leaf.map(|block| block.certificate) {
        Some(Ok(leaf)) => {
            let outcome = judge(question, &leaf, &between, &roots);
            (Some(leaf), outcome)
        }
        Some(Err(error)) => (None, Outcome::unparsed(error)),
        None => (None, Outcome::unparsed(go::MALFORMED.to_owned())),
    };
    Ok(Verification {
        leaf,
        outcome,
        skipped,
    })
}

impl std::fmt::Debug for PemFile<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PemFile({})", self.place)
    }
}

impl Verification {
    /// Whether the chain is accepted.
    pub fn is_accepted(&self) -> bool {
        matches!(self.outcome, Outcome::Accepted(_))
    }
}

impl Outcome {
    fn unparsed(error: String) -> Self {
        Self::Refused {
            error,
            certificate: None,
            masked: Vec::new(),
        }
    }
}

fn judge(
    question: &Question<'_>,
    leaf: &Certificate,
    intermediates: &[Certificate],
    roots: &[Certificate],
) -> Outcome {
    let asked = go::Question {
        leaf,
        intermediates,
        roots,
        name: question.host,
        purpose: question.purpose,
        now: question.now,
    };
    let mut signatures = Signatures::default();
    match go::verify(&asked, &mut signatures) {
        Ok(accepted) => Outcome::Accepted(accepted.chain),
        Err(refusal) => Outcome::Refused {
            error: refusal.text(),
            certificate: at_fault(&refusal, leaf).cloned(),
            masked: go::refusals(&asked, &mut signatures)
                .iter()
                .skip(1)
                .map(Refusal::text)
                .collect(),
        },
    }
}

/// The certificate that the refusal is about: mostly the one that Go's error carries, but the authority whose
/// constraints exclude a name, not the leaf. A limit is about none.
fn at_fault<'a>(refusal: &'a Refusal, leaf: &'a Certificate) -> Option<&'a Certificate> {
    match refusal {
        Refusal::Malformed { certificate, .. }
        | Refusal::UnhandledCriticalExtension { certificate }
        | Refusal::NotYetValid { certificate, .. }
        | Refusal::Expired { certificate, .. }
        | Refusal::NotAuthorizedToSign { certificate }
        | Refusal::UnknownAuthority { certificate, .. }
        | Refusal::ConstrainedName { certificate, .. }
        | Refusal::TooManyIntermediates { certificate } => Some(certificate),
        Refusal::Hostname(_) | Refusal::IncompatibleUsage | Refusal::NoValidChains { .. } => {
            Some(leaf)
        }
        Refusal::IssuerNameMismatch | Refusal::SignatureLimit => None,
    }
}

/// A CERTIFICATE block, or what is said of it where it holds no certificate.
struct Block {
    place: Place,
    certificate: Result<Certificate, String>,
}

/// What becomes of a block with RFC 1421 headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Headers {
    /// A server sends it (`tls.X509KeyPair`).
    Allowed,
    /// A pool does not take it (`CertPool.AppendCertsFromPEM`).
    PassedOver,
}

/// The CERTIFICATE blocks of a file. Others (a key beside its certificate) are passed over, as Go does.
fn blocks(
    file: PemFile<'_>,
    headers: Headers,
    skipped: &mut Vec<Skipped>,
) -> Result<Vec<Block>, NoCertificate> {
    let mut found = Vec::new();
    let mut broken = Vec::new();
    for block in pem::blocks(file.bytes) {
        match block {
            Ok(block) if block.label == LABEL && !block.is_read_by_go(file.bytes) => {
                broken.push(Skipped {
                    place: file.place.at_line(block.line),
                    sentence: NOT_GOS.to_owned(),
                });
            }
            Ok(block) if block.label == LABEL => {
                let has_headers = headers == Headers::PassedOver && !block.headers.is_empty();
                found.push(Block {
                    place: file.place.at_line(block.line),
                    certificate: if has_headers {
                        Err("has headers before its base64, which no pool of Go takes".to_owned())
                    } else {
                        go::parse_certificate(&block.der).map_err(|refusal| refusal.to_string())
                    },
                });
            }
            Ok(block) if block.label.ends_with(LABEL) => broken.push(Skipped {
                place: file.place.at_line(block.line),
                sentence: format!("a `{}` block, which Go does not read", block.label),
            }),
            Ok(_) => {}
            Err(error) => broken.push(Skipped {
                place: file.place.clone(),
                sentence: error.to_string(),
            }),
        }
    }
    if found.is_empty() {
        return Err(NoCertificate {
            place: file.place.clone(),
            skipped: broken,
        });
    }
    skipped.extend(broken);
    Ok(found)
}

fn parsed(blocks: impl Iterator<Item = Block>, skipped: &mut Vec<Skipped>) -> Vec<Certificate> {
    let mut certificates = Vec::new();
    for block in blocks {
        match block.certificate {
            Ok(certificate) => certificates.push(certificate),
            Err(sentence) => skipped.push(Skipped {
                place: block.place,
                sentence,
            }),
        }
    }
    certificates
}

fn because(skipped: &[Skipped]) -> String {
    match skipped.first() {
        Some(first) => format!(": {}", first.sentence),
        None => String::new(),
    }
}

const LABEL: &str = "CERTIFICATE";
const NOT_GOS: &str = "a block that Go does not read: a byte order mark stands before it, or its base64 is unpadded or holds other characters";
