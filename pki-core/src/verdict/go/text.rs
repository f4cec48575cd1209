//! Refusals, in Go's words.

use std::fmt;
use std::fmt::Write as _;

use time::OffsetDateTime;

use crate::verdict::go::constraints::Violation;
use crate::verdict::go::hostname::HostnameRefusal;
use crate::verdict::go::parse::ParseRefusal;
use crate::verdict::go::signature::SignatureFailure;
use crate::x509::certificate::Certificate;

/// Why Go refuses, with the evidence. `Display` is byte for byte what Go prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Bytes that Go does not take for a certificate, though hapki can read them.
    Malformed {
        /// The leaf.
        certificate: Certificate,
        /// What the parser says.
        refusal: ParseRefusal,
    },
    /// A critical extension that the verifier does not know.
    UnhandledCriticalExtension {
        /// The certificate that carries it.
        certificate: Certificate,
    },
    /// A certificate of the chain is not valid yet.
    NotYetValid {
        /// That certificate.
        certificate: Certificate,
        /// When it was judged.
        now: OffsetDateTime,
    },
    /// A certificate of the chain has expired.
    Expired {
        /// That certificate.
        certificate: Certificate,
        /// When it was judged.
        now: OffsetDateTime,
    },
    /// The dialled name is not among the leaf's.
    Hostname(HostnameRefusal),
    /// No chain to a root.
    UnknownAuthority {
        /// The certificate that nobody vouches for: the leaf, or the last intermediate of the attempt that is told.
        certificate: Certificate,
        /// The first candidate that was tried, and why it would not do.
        hint: Option<Hint>,
    },
    /// An intermediate's subject is not its child's issuer.
    IssuerNameMismatch,
    /// An intermediate is no CA.
    NotAuthorizedToSign {
        /// That intermediate.
        certificate: Certificate,
    },
    /// A path length constraint is exceeded.
    TooManyIntermediates {
        /// The certificate that has the constraint.
        certificate: Certificate,
    },
    /// No chain allows the purpose asked for.
    IncompatibleUsage,
    /// An authority may not sign for a name below it.
    ConstrainedName {
        /// The authority; the certificate with the name, where that cannot be matched.
        certificate: Certificate,
        /// Which name, and which constraint.
        detail: String,
    },
    /// There are chains, and none that is valid.
    NoValidChains {
        /// How many do not allow the purpose.
        usages: usize,
        /// How many have policies that do not hold.
        policies: usize,
    },
    /// Go gives up after a hundred candidates.
    SignatureLimit,
}

/// The candidate that an `UnknownAuthorityError` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Why the candidate would not do.
    pub why: HintReason,
    /// The candidate.
    pub candidate: Certificate,
}

/// Why a candidate for the issuer would not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HintReason {
    /// It did not make the signature, or may not have.
    Signature(SignatureFailure),
    /// It cannot stand in this chain.
    Candidate(Box<Refusal>),
}

impl Refusal {
    /// Go's text.
    pub fn text(&self) -> String {
        self.to_string()
    }
}

impl From<HostnameRefusal> for Refusal {
    fn from(refusal: HostnameRefusal) -> Self {
        Self::Hostname(refusal)
    }
}

impl From<Violation> for Refusal {
    fn from(violation: Violation) -> Self {
        Self::ConstrainedName {
            certificate: violation.certificate,
            detail: violation.detail,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { refusal, .. } => refusal.fmt(f),
            Self::UnhandledCriticalExtension { .. } => {
                f.write_str("x509: unhandled critical extension")
            }
            Self::NotYetValid { certificate, now } => {
                outside_validity(f, *now, "before", certificate.validity_as_written().0)
            }
            Self::Expired { certificate, now } => {
                outside_validity(f, *now, "after", certificate.validity_as_written().1)
            }
            Self::Hostname(refusal) => refusal.fmt(f),
            Self::UnknownAuthority { hint: None, .. } => f.write_str(UNKNOWN_AUTHORITY),
            Self::UnknownAuthority {
                hint: Some(hint), ..
            } => write!(
                f,
                "{UNKNOWN_AUTHORITY} (possibly because of {} while trying to verify candidate authority certificate {})",
                quote(&hint.why.to_string()),
                quote(&hint.candidate_name())
            ),
            Self::IssuerNameMismatch => {
                f.write_str("x509: issuer name does not match subject from issuing certificate")
            }
            Self::NotAuthorizedToSign { .. } => {
                f.write_str("x509: certificate is not authorized to sign other certificates")
            }
            Self::TooManyIntermediates { .. } => {
                f.write_str("x509: too many intermediates for path length constraint")
            }
            Self::IncompatibleUsage => {
                f.write_str("x509: certificate specifies an incompatible key usage")
            }
            Self::ConstrainedName { detail, .. } => write!(
                f,
                "x509: a root or intermediate certificate is not authorized to sign for this name: {detail}"
            ),
            Self::NoValidChains { usages, policies } => no_valid_chains(f, *usages, *policies),
            Self::SignatureLimit => f.write_str(
                "x509: signature check attempts limit reached while verifying certificate chain",
            ),
        }
    }
}

impl std::error::Error for Refusal {}

impl Hint {
    /// How Go names the candidate: common name, first organization or serial number.
    pub fn candidate_name(&self) -> String {
        let subject = self.candidate.subject();
        let name = subject.common_name().filter(|name| !name.is_empty());
        match (name, subject.organizations().first()) {
            (Some(name), _) => name.to_owned(),
            (None, Some(organization)) => (*organization).to_owned(),
            (None, None) => format!("serial:{}", decimal(self.candidate.serial())),
        }
    }
}

impl fmt::Display for HintReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature(failure) => failure.fmt(f),
            Self::Candidate(refusal) => refusal.fmt(f),
        }
    }
}

fn no_valid_chains(f: &mut fmt::Formatter<'_>, usages: usize, policies: usize) -> fmt::Result {
    f.write_str("x509: no valid chains built")?;
    let counts = [
        (usages, "incompatible key usage"),
        (policies, "invalid policies"),
    ];
    let mut before = ": ";
    for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
        write!(f, "{before}{count} candidate chains with {what}")?;
        before = ", ";
    }
    Ok(())
}

fn outside_validity(
    f: &mut fmt::Formatter<'_>,
    now: OffsetDateTime,
    side: &str,
    limit: OffsetDateTime,
) -> fmt::Result {
    write!(
        f,
        "x509: certificate has expired or is not yet valid: current time {} is {side} {}",
        rfc3339(now),
        rfc3339(limit)
    )
}

/// Go's `time.RFC3339`: whole seconds.
fn rfc3339(instant: OffsetDateTime) -> String {
    let offset = match instant.offset() {
        offset if offset.is_utc() => "Z".to_owned(),
        offset => {
            let sign = if offset.is_negative() { '-' } else { '+' };
            let minutes = offset.whole_minutes().unsigned_abs();
            format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        }
    };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{offset}",
        instant.year(),
        u8::from(instant.month()),
        instant.day(),
        instant.hour(),
        instant.minute(),
        instant.second()
    )
}

/// `strconv.Quote`, which `%q` uses.
pub(in crate::verdict) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    quote_into(&mut quoted, text);
    quoted.push('"');
    quoted
}

fn quote_into(quoted: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            ' '..='~' => quoted.push(character),
            '\0'..='\u{7f}' => escape(quoted, format_args!("\\x{:02x}", u32::from(character))),
            _ if is_printable(character) => quoted.push(character),
            '\u{80}'..='\u{ffff}' => {
                escape(quoted, format_args!("\\u{:04x}", u32::from(character)))
            }
            _ => escape(quoted, format_args!("\\U{:08x}", u32::from(character))),
        }
    }
}

/// `strconv.Quote` of a Go string, which need not be UTF-8.
pub(super) fn quote_bytes(bytes: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        quote_into(&mut quoted, chunk.valid());
        for byte in chunk.invalid() {
            escape(&mut quoted, format_args!("\\x{byte:02x}"));
        }
    }
    quoted.push('"');
    quoted
}

fn escape(quoted: &mut String, escaped: fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = quoted.write_fmt(escaped);
}

/// What `unicode.IsPrint` holds printable. Rust's tables agree; they escape a combining mark only where it comes first.
fn is_printable(character: char) -> bool {
    String::from_iter(['a', character]).escape_debug().count() == 2
}

/// A big-endian number in decimal, as `big.Int` prints a serial number. One of more octets than crypto/tls would read in
/// a certificate is not worth the time, and is only counted.
pub(super) fn decimal(octets: &[u8]) -> String {
    if octets.len() > MOST_OCTETS {
        return format!("({} octets)", octets.len());
    }
    let (first, whole) = octets.split_at(octets.len() % 4);
    let words = std::iter::once(first).chain(whole.chunks_exact(4));
    let mut limbs: Vec<u64> = Vec::new();
    for word in words {
        let mut carry = word
            .iter()
            .fold(0, |word, octet| word << 8 | u64::from(*octet));
        for limb in &mut limbs {
            carry += *limb << 32;
            *limb = carry % LIMB;
            carry /= LIMB;
        }
        while carry > 0 {
            limbs.push(carry % LIMB);
            carry /= LIMB;
        }
    }
    let mut limbs = limbs.iter().rev();
    let highest = limbs.next().copied().unwrap_or_default();
    let rest: String = limbs.map(|limb| format!("{limb:09}")).collect();
    format!("{highest}{rest}")
}

/// Nine decimal digits.
const LIMB: u64 = 1_000_000_000;
const MOST_OCTETS: usize = 1 << 16;
const UNKNOWN_AUTHORITY: &str = "x509: certificate signed by unknown authority";
