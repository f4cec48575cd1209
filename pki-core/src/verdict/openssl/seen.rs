//! A certificate as `ossl_x509v3_cache_extensions` (crypto/x509/v3_purp.c) sees it.

use crate::verdict::openssl::constraints::Constraints;
use crate::verdict::openssl::der::Element;
use crate::verdict::openssl::der::elements;
use crate::verdict::openssl::der::inside;
use crate::verdict::openssl::der::only;
use crate::verdict::openssl::name::Name;
use crate::verdict::openssl::strength::Algorithm;
use crate::verdict::openssl::strength::KeyKind;
use crate::x509::certificate::Certificate;
use crate::x509::der::BIT_STRING;
use crate::x509::der::BOOLEAN;
use crate::x509::der::INTEGER;
use crate::x509::der::OBJECT_IDENTIFIER;
use crate::x509::der::OCTET_STRING;
use crate::x509::der::SEQUENCE;
use crate::x509::rfc5280::AUTHORITY_CERT_ISSUER;
use crate::x509::rfc5280::AUTHORITY_CERT_SERIAL_NUMBER;
use crate::x509::rfc5280::AUTHORITY_KEY_IDENTIFIER;
use crate::x509::rfc5280::BASIC_CONSTRAINTS;
use crate::x509::rfc5280::CERTIFICATE_POLICIES;
use crate::x509::rfc5280::CRL_DISTRIBUTION_POINTS;
use crate::x509::rfc5280::DIRECTORY_NAME;
use crate::x509::rfc5280::EXT_KEY_USAGE;
use crate::x509::rfc5280::EXTENSIONS;
use crate::x509::rfc5280::INHIBIT_ANY_POLICY;
use crate::x509::rfc5280::ISSUER_ALT_NAME;
use crate::x509::rfc5280::KEY_IDENTIFIER;
use crate::x509::rfc5280::KEY_USAGE;
use crate::x509::rfc5280::NAME_CONSTRAINTS;
use crate::x509::rfc5280::POLICY_CONSTRAINTS;
use crate::x509::rfc5280::POLICY_MAPPINGS;
use crate::x509::rfc5280::SUBJECT_ALT_NAME;
use crate::x509::rfc5280::SUBJECT_KEY_IDENTIFIER;
use crate::x509::rfc5280::VERSION;

/// What verification looks at, each part read once.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) certificate: &'a Certificate,
    pub(super) subject: Name,
    pub(super) issuer: Name,
    pub(super) version_1: bool,
    /// An extension is there twice or does not parse: no issuer is looked for, and it is nobody's.
    pub(super) invalid: bool,
    pub(super) basic_constraints: Option<BasicConstraints>,
    /// The first two octets of the key usage, as OpenSSL keeps them: digitalSignature is 0x80.
    pub(super) key_usage: Option<u16>,
    pub(super) extended_key_usage: Option<Vec<&'a [u8]>>,
    pub(super) netscape_type: Option<u8>,
    /// A proxy certificate (RFC 3820).
    pub(super) proxy: bool,
    pub(super) unhandled_critical: bool,
    /// Tag and content of each subject alternative name.
    pub(super) names: Vec<Element<'a>>,
    pub(super) constraints: Option<Constraints<'a>>,
    pub(super) self_issued: bool,
    pub(super) self_signed: bool,
    pub(super) key_kind: Option<KeyKind>,
    /// The algorithm beside the signature.
    pub(super) algorithm: Option<Algorithm>,
    /// Whether the signed algorithm is the one beside the signature.
    pub(super) algorithms_agree: bool,
    /// The algorithm in the signed part, which issuers are chosen by.
    signed_algorithm: Option<Algorithm>,
    serial: &'a [u8],
    subject_key_id: Option<&'a [u8]>,
    authority: Authority<'a>,
}

/// Basic constraints.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BasicConstraints {
    pub(super) ca: bool,
    pub(super) path_len: Option<u32>,
}

/// The authority key identifier.
#[derive(Debug, Default)]
struct Authority<'a> {
    key_id: Option<&'a [u8]>,
    serial: Option<&'a [u8]>,
    issuer: Option<Name>,
}

/// One extension.
struct Extension<'a> {
    oid: &'a [u8],
    critical: bool,
    value: &'a [u8],
}

impl<'a> Seen<'a> {
    /// Reads a certificate. What it cannot find in bytes that were read before stays empty and makes it invalid.
    pub(super) fn new(certificate: &'a Certificate) -> Self {
        let fields = Fields::read(certificate.tbs()).unwrap_or_default();
        let mut extensions = Extensions::new(&fields);
        let mut seen = Self {
            certificate,
            subject: Name::read(certificate.subject().as_der()).unwrap_or_default(),
            issuer: Name::read(certificate.issuer().as_der()).unwrap_or_default(),
            version_1: fields.version_1,
            basic_constraints: extensions.take(BASIC_CONSTRAINTS, basic_constraints),
            key_usage: extensions.take(KEY_USAGE, key_usage),
            extended_key_usage: extensions.take(EXT_KEY_USAGE, object_identifiers),
            netscape_type: extensions.take(NETSCAPE_TYPE, netscape_type),
            proxy: extensions
                .take(PROXY, |value| inside(value, SEQUENCE))
                .is_some(),
            names: extensions
                .take(SUBJECT_ALT_NAME, |value| inside(value, SEQUENCE))
                .unwrap_or_default(),
            constraints: extensions.take(NAME_CONSTRAINTS, Constraints::read),
            subject_key_id: extensions
                .take(SUBJECT_KEY_IDENTIFIER, |value| only(value, OCTET_STRING)),
            authority: extensions
                .take(AUTHORITY_KEY_IDENTIFIER, authority)
                .unwrap_or_default(),
            unhandled_critical: extensions.unhandled_critical(),
            invalid: false,
            self_issued: false,
            self_signed: false,
            key_kind: KeyKind::of(certificate.public_key()),
            algorithm: Algorithm::read(certificate.signature_algorithm()),
            algorithms_agree: fields.algorithm == certificate.signature_algorithm(),
            signed_algorithm: Algorithm::read(fields.algorithm),
            serial: certificate.serial(),
        };
        let empty_usage = seen.key_usage == Some(0);
        let names_a_proxy = seen.proxy
            && (seen.is_marked_ca()
                || extensions.has(SUBJECT_ALT_NAME)
                || extensions.has(ISSUER_ALT_NAME));
        seen.invalid = extensions.broken || empty_usage || names_a_proxy;
        seen.self_issued = seen.subject.canonical == seen.issuer.canonical;
        seen.self_signed =
            seen.self_issued && seen.is_named_by(&seen) && seen.signature_fits(&seen);
        seen
    }

    /// Whether basic constraints say that this is a CA.
    pub(super) fn is_marked_ca(&self) -> bool {
        self.basic_constraints
            .is_some_and(|constraints| constraints.ca)
    }

    /// Whether there is a Netscape type and it has any of these bits.
    pub(super) fn has_netscape_type(&self, bits: u8) -> bool {
        self.netscape_type.is_some_and(|kind| kind & bits != 0)
    }

    /// Whether `now`, in seconds since 1970, comes before the first second of validity.
    pub(super) fn is_before_validity(&self, now: i64) -> bool {
        now < self.certificate.not_before().unix_timestamp()
    }

    /// Whether `now` comes after the validity, to which OpenSSL does not count its last second (`X509_cmp_time`).
    pub(super) fn is_after_validity(&self, now: i64) -> bool {
        now >= self.certificate.not_after().unix_timestamp()
    }

    /// Whether there is a key usage and it has none of these bits (`ku_reject`).
    pub(super) fn lacks_usage(&self, bits: u16) -> bool {
        self.key_usage.is_some_and(|usage| usage & bits == 0)
    }

    /// Whether this may have been issued by `issuer` (`ossl_x509_likely_issued`). The signature is not looked at.
    pub(super) fn is_likely_issued_by(&self, issuer: &Self) -> bool {
        issuer.subject.canonical == self.issuer.canonical
            && !issuer.invalid
            && !self.invalid
            && self.is_named_by(issuer)
            && self.signature_fits(issuer)
    }

    /// `X509_check_akid`: what the authority key identifier says does not contradict `issuer`.
    fn is_named_by(&self, issuer: &Self) -> bool {
        let Authority {
            key_id,
            serial,
            issuer: name,
        } = &self.authority;
        let differs = |said: &Option<&[u8]>, is: Option<&[u8]>| match (said, is) {
            (Some(said), Some(is)) => *said != is,
            _ => false,
        };
        let other_name = name
            .as_ref()
            .is_some_and(|name| name.canonical != issuer.issuer.canonical);
        !differs(key_id, issuer.subject_key_id)
            && !differs(serial, Some(issuer.serial))
            && !other_name
    }

    fn signature_fits(&self, issuer: &Self) -> bool {
        match (self.signed_algorithm, issuer.key_kind) {
            (Some(algorithm), Some(key)) => algorithm.fits(key),
            _ => false,
        }
    }
}

/// The fields of a TBSCertificate that are read here.
#[derive(Default)]
struct Fields<'a> {
    version_1: bool,
    algorithm: &'a [u8],
    extensions: Vec<Extension<'a>>,
}

impl<'a> Fields<'a> {
    fn read(tbs: &'a [u8]) -> Option<Self> {
        let fields = inside(tbs, SEQUENCE)?;
        let version = fields.first().filter(|field| field.tag == VERSION);
        let algorithm = fields.get(usize::from(version.is_some()) + 1)?;
        let extensions = fields.iter().find(|field| field.tag == EXTENSIONS);
        Some(Self {
            version_1: version.is_none_or(|version| version.content.ends_with(&[0])),
            algorithm: algorithm.whole,
            extensions: match extensions {
                Some(extensions) => inside(extensions.content, SEQUENCE)?
                    .iter()
                    .map(Extension::read)
                    .collect::<Option<_>>()?,
                None => Vec::new(),
            },
        })
    }
}

impl<'a> Extension<'a> {
    fn read(element: &Element<'a>) -> Option<Self> {
        let parts = elements(element.content)?;
        let (oid, rest) = parts.split_first()?;
        let (value, flag) = rest.split_last()?;
        Some(Self {
            oid: oid.content,
            critical: flag
                .first()
                .is_some_and(|flag| flag.tag == BOOLEAN && flag.content != [0]),
            value: value.content,
        })
    }
}

/// The extensions while they are read (`X509_get_ext_d2i`).
struct Extensions<'a, 'f> {
    all: &'f [Extension<'a>],
    broken: bool,
}

impl<'a, 'f> Extensions<'a, 'f> {
    fn new(fields: &'f Fields<'a>) -> Self {
        Self {
            all: &fields.extensions,
            broken: fields.algorithm.is_empty(),
        }
    }

    fn has(&self, oid: &[u8]) -> bool {
        self.all.iter().any(|extension| extension.oid == oid)
    }

    /// What `read` makes of the one extension `oid`; two of them, or one that does not parse, are broken.
    fn take<T>(&mut self, oid: &[u8], read: impl Fn(&'a [u8]) -> Option<T>) -> Option<T> {
        let mut found = self.all.iter().filter(|extension| extension.oid == oid);
        let first = found.next()?;
        let value = if found.next().is_some() {
            None
        } else {
            read(first.value)
        };
        self.broken |= value.is_none();
        value
    }

    fn unhandled_critical(&self) -> bool {
        self.all
            .iter()
            .any(|extension| extension.critical && !SUPPORTED.contains(&extension.oid))
    }
}

fn basic_constraints(value: &[u8]) -> Option<BasicConstraints> {
    let parts = inside(value, SEQUENCE)?;
    let (ca, rest) = match parts.split_first() {
        Some((first, rest)) if first.tag == BOOLEAN => (first.content != [0], rest),
        _ => (false, parts.as_slice()),
    };
    let path_len = match rest {
        [] => None,
        [length] if length.tag == INTEGER => match length.content {
            [first, ..] if *first >= 0x80 => return None,
            octets => Some(octets.iter().fold(0_u32, |number, octet| {
                number.saturating_mul(256).saturating_add(u32::from(*octet))
            })),
        },
        _ => return None,
    };
    Some(BasicConstraints { ca, path_len })
}

fn key_usage(value: &[u8]) -> Option<u16> {
    let bits = only(value, BIT_STRING)?;
    let (_, octets) = bits.split_first()?;
    let octet = |index: usize| u16::from(octets.get(index).copied().unwrap_or_default());
    Some(octet(0) | octet(1) << 8)
}

fn netscape_type(value: &[u8]) -> Option<u8> {
    let bits = only(value, BIT_STRING)?;
    bits.split_first()
        .map(|(_, octets)| octets.first().copied().unwrap_or_default())
}

fn object_identifiers(value: &[u8]) -> Option<Vec<&[u8]>> {
    let all = inside(value, SEQUENCE)?;
    let identifiers = all.iter().map(|element| {
        let is_identifier = element.tag == OBJECT_IDENTIFIER;
        is_identifier.then_some(element.content)
    });
    identifiers.collect()
}

fn authority(value: &[u8]) -> Option<Authority<'_>> {
    let mut authority = Authority::default();
    for part in inside(value, SEQUENCE)? {
        match part.tag {
            KEY_IDENTIFIER => authority.key_id = Some(part.content),
            AUTHORITY_CERT_SERIAL_NUMBER => authority.serial = Some(part.content),
            AUTHORITY_CERT_ISSUER => {
                let names = elements(part.content)?;
                // Only the first directoryName counts.
                let name = names.iter().find(|name| name.tag == DIRECTORY_NAME);
                authority.issuer = name.and_then(|name| Name::read(name.content));
            }
            _ => return None,
        }
    }
    Some(authority)
}

/// The contents of netscape-cert-type and of id-pe-proxyCertInfo (RFC 3820).
const NETSCAPE_TYPE: &[u8] = &[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1, 1];
const PROXY: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 14];

/// `X509_supported_extension`: those that may be critical. The ones that have no name here are IP address blocks,
/// AS numbers and OCSP no check.
const SUPPORTED: &[&[u8]] = &[
    NETSCAPE_TYPE,
    KEY_USAGE,
    SUBJECT_ALT_NAME,
    BASIC_CONSTRAINTS,
    EXT_KEY_USAGE,
    NAME_CONSTRAINTS,
    PROXY,
    CERTIFICATE_POLICIES,
    CRL_DISTRIBUTION_POINTS,
    &[0x2b, 6, 1, 5, 5, 7, 1, 7],
    &[0x2b, 6, 1, 5, 5, 7, 1, 8],
    &[0x2b, 6, 1, 5, 5, 7, 48, 1, 5],
    POLICY_CONSTRAINTS,
    POLICY_MAPPINGS,
    INHIBIT_ANY_POLICY,
];
