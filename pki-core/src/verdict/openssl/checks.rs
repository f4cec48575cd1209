//! What is checked of a chain once it is built, in OpenSSL's order (`verify_chain`, crypto/x509/x509_vfy.c).

use crate::verdict::openssl::Fault;
use crate::verdict::openssl::Name;
use crate::verdict::openssl::Purpose;
use crate::verdict::openssl::Question;
use crate::verdict::openssl::chain::Bounds;
use crate::verdict::openssl::chain::Chain;
use crate::verdict::openssl::error::ErrorCode;
use crate::verdict::openssl::hostname::matches_host;
use crate::verdict::openssl::hostname::matches_ip;
use crate::verdict::openssl::seen::Seen;
use crate::verdict::openssl::strength::key_bits;
use crate::verdict::signatures::Signatures;
use crate::x509::rfc5280::DNS_NAME;
use crate::x509::spki::PublicKeyAlgorithm;

/// The faults so far, in the order in which OpenSSL tells its callback of them.
pub(super) struct Checks<'c, 'p, 'a> {
    pub(super) question: &'c Question<'c>,
    pub(super) chain: &'c Chain<'p, 'a>,
    pub(super) faults: Vec<Fault>,
}

impl Checks<'_, '_, '_> {
    /// The leaf's key is looked at before anything else.
    pub(super) fn leaf_key(&mut self) {
        let least = self.question.settings.least_bits();
        let bits = key_bits(self.question.leaf.public_key());
        let is_weak = least > 0 && bits.is_none_or(|bits| bits < least);
        self.add_if(is_weak, ErrorCode::EeKeyTooSmall, 0);
    }

    /// Why there is no trust. A fault that was told already is told again in its place.
    pub(super) fn trust(&mut self, bounds: Bounds) {
        let before = self.faults.last().map(|fault| fault.code);
        for (code, depth) in self.chain.refusals(bounds) {
            self.add(before.unwrap_or(code), depth);
            if before.is_some() {
                return;
            }
        }
    }

    /// `check_extensions`: extensions, purposes, CA flags and path lengths, from the leaf up.
    pub(super) fn extensions(&mut self) {
        let certificates = &self.chain.certificates;
        let count = certificates.len();
        let (mut below, mut place) = (0, Place::Leaf);
        for (depth, certificate) in certificates.iter().enumerate() {
            self.add_if(
                certificate.unhandled_critical,
                ErrorCode::UnhandledCriticalExtension,
                depth,
            );
            self.add_if(
                certificate.proxy,
                ErrorCode::ProxyCertificatesNotAllowed,
                depth,
            );
            let ca = check_ca(certificate);
            match place {
                Place::Leaf => {}
                Place::NoCa => self.add_if(ca != CaMark::No, ErrorCode::InvalidNonCa, depth),
                Place::Ca => {
                    let is_sure = ca == CaMark::Yes || (depth + 1 == count && ca != CaMark::No);
                    self.add_if(!is_sure, ErrorCode::InvalidCa, depth);
                }
            }
            self.add_if(
                count > 1 && certificate.key_kind.is_none(),
                ErrorCode::Unspecified,
                depth,
            );
            let is_fit = certificate.invalid
                || is_fit_for(certificate, self.question.purpose, place == Place::Ca);
            self.add_if(!is_fit, ErrorCode::InvalidPurpose, depth);
            let limit = certificate
                .basic_constraints
                .and_then(|constraints| constraints.path_len);
            let is_exceeded = depth > 1 && limit.is_some_and(|limit| below > limit);
            self.add_if(is_exceeded, ErrorCode::PathLengthExceeded, depth);
            below += u32::from(depth > 0 && !certificate.self_issued);
            place = if certificate.proxy {
                Place::NoCa
            } else {
                Place::Ca
            };
        }
    }

    /// `check_auth_level`: every issuer's key, and every signature but the trusted one's.
    pub(super) fn strength(&mut self) {
        let least = self.question.settings.least_bits();
        if least == 0 {
            return;
        }
        let certificates = &self.chain.certificates;
        for (depth, certificate) in certificates.iter().enumerate() {
            let key = key_bits(certificate.certificate.public_key());
            let is_weak = depth > 0 && key.is_none_or(|bits| bits < least);
            self.add_if(is_weak, ErrorCode::CaKeyTooSmall, depth);
            let digest = certificate.algorithm.map(|algorithm| algorithm.bits);
            let is_weak = depth + 1 < certificates.len() && digest.is_none_or(|bits| bits < least);
            self.add_if(is_weak, ErrorCode::CaMdTooWeak, depth);
        }
    }

    /// `check_id`.
    pub(super) fn name(&mut self) {
        let Some(leaf) = self.chain.certificates.first() else {
            return;
        };
        match self.question.name {
            Some(Name::Dns(host)) if !host.is_empty() => {
                self.add_if(!matches_host(leaf, host), ErrorCode::HostnameMismatch, 0);
            }
            Some(Name::Ip(address)) => {
                self.add_if(!matches_ip(leaf, address), ErrorCode::IpAddressMismatch, 0);
            }
            _ => {}
        }
    }

    /// `internal_verify`: signatures and dates, from the top down. A self-signed certificate's signature is not checked.
    pub(super) fn signatures(&mut self, signatures: &mut Signatures) {
        let certificates = &self.chain.certificates;
        let Some((top, _)) = certificates.split_last() else {
            return;
        };
        let mut start = certificates.len();
        if !top.is_likely_issued_by(top) && !self.question.settings.partial_chain {
            if start > 1 {
                start -= 1;
            } else {
                self.add(ErrorCode::UnableToVerifyLeafSignature, 0);
            }
        }
        for depth in (0..start).rev() {
            let (Some(subject), issuer) = (certificates.get(depth), certificates.get(depth + 1))
            else {
                return;
            };
            if let Some(issuer) = issuer {
                self.signature(subject, issuer, depth, signatures);
            }
            let now = self.question.now.unix_timestamp();
            self.add_if(
                subject.is_before_validity(now),
                ErrorCode::CertNotYetValid,
                depth,
            );
            self.add_if(
                subject.is_after_validity(now),
                ErrorCode::CertHasExpired,
                depth,
            );
        }
    }

    fn signature(
        &mut self,
        subject: &Seen<'_>,
        issuer: &Seen<'_>,
        depth: usize,
        signatures: &mut Signatures,
    ) {
        let (bit, code) = if subject.proxy {
            (DIGITAL_SIGNATURE, ErrorCode::KeyUsageNoDigitalSignature)
        } else {
            (KEY_CERT_SIGN, ErrorCode::KeyUsageNoCertSign)
        };
        self.add_if(issuer.lacks_usage(bit), code, depth + 1);
        if issuer.key_kind.is_none() {
            self.add(ErrorCode::UnableToDecodeIssuerPublicKey, depth + 1);
            return;
        }
        let key = issuer.certificate.public_key();
        let is_genuine = if is_computed(subject, issuer) {
            signatures.is_signed_by(subject.certificate, key)
        } else {
            self.is_weak(depth)
        };
        if !subject.algorithms_agree || !is_genuine {
            self.add(ErrorCode::CertSignatureFailure, depth);
        }
    }

    /// Whether the signature at `depth`, or the key that made it, was found too weak.
    fn is_weak(&self, depth: usize) -> bool {
        self.faults.iter().any(|fault| match fault.code {
            ErrorCode::CaMdTooWeak => fault.depth == depth,
            ErrorCode::CaKeyTooSmall => fault.depth == depth + 1,
            _ => false,
        })
    }

    /// `check_name_constraints`: every certificate against every CA above it, from the top down.
    pub(super) fn name_constraints(&mut self) {
        let certificates = &self.chain.certificates;
        for (depth, certificate) in certificates.iter().enumerate().rev() {
            if depth > 0 && certificate.self_issued {
                continue;
            }
            let above = certificates.iter().skip(depth + 1).rev();
            for constraints in above.filter_map(|issuer| issuer.constraints.as_ref()) {
                let mut checked = constraints.check(certificate);
                let has_dns = certificate.names.iter().any(|name| name.tag == DNS_NAME);
                if checked.is_ok() && depth == 0 && !has_dns {
                    checked = constraints.check_common_names(certificate);
                }
                if let Err(code) = checked {
                    self.add(code, depth);
                }
            }
        }
    }

    pub(super) fn add(&mut self, code: ErrorCode, depth: usize) {
        if let Some(certificate) = self.chain.certificates.get(depth) {
            self.faults.push(Fault {
                code,
                depth,
                certificate: certificate.certificate.clone(),
            });
        }
    }

    fn add_if(&mut self, is_wrong: bool, code: ErrorCode, depth: usize) {
        if is_wrong {
            self.add(code, depth);
        }
    }
}

/// What may stand at a place of the chain (`must_be_ca`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Anything.
    Leaf,
    /// No CA: above a proxy certificate.
    NoCa,
    Ca,
}

/// What `check_ca` answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CaMark {
    No,
    Yes,
    /// Without basic constraints, but of version 1 and self-signed or with a key usage of a CA: only the last
    /// certificate of a chain may be such a CA.
    Perhaps,
    /// As above, by a Netscape type of a CA.
    Netscape,
}

fn check_ca(certificate: &Seen<'_>) -> CaMark {
    if certificate.invalid || certificate.lacks_usage(KEY_CERT_SIGN) {
        return CaMark::No;
    }
    let is_old_root = certificate.version_1 && certificate.self_signed;
    match certificate.basic_constraints {
        Some(constraints) if constraints.ca => CaMark::Yes,
        Some(_) => CaMark::No,
        None if is_old_root || certificate.key_usage.is_some() => CaMark::Perhaps,
        None if certificate.has_netscape_type(NETSCAPE_ANY_CA) => CaMark::Netscape,
        None => CaMark::No,
    }
}

/// `check_purpose_ssl_server` and `check_purpose_ssl_client`. anyExtendedKeyUsage does not count.
fn is_fit_for(certificate: &Seen<'_>, purpose: Purpose, must_be_ca: bool) -> bool {
    let (extended, usage, netscape) = match purpose {
        Purpose::Server => (
            SERVER_USAGES,
            DIGITAL_SIGNATURE | KEY_ENCIPHERMENT | KEY_AGREEMENT,
            NETSCAPE_SERVER,
        ),
        Purpose::Client => (
            CLIENT_USAGES,
            DIGITAL_SIGNATURE | KEY_AGREEMENT,
            NETSCAPE_CLIENT,
        ),
        Purpose::Any => return true,
    };
    let allowed = certificate
        .extended_key_usage
        .as_ref()
        .is_none_or(|listed| listed.iter().any(|usage| extended.contains(usage)));
    if !allowed {
        return false;
    }
    if must_be_ca {
        return match check_ca(certificate) {
            CaMark::No => false,
            CaMark::Yes | CaMark::Perhaps => true,
            CaMark::Netscape => certificate.has_netscape_type(NETSCAPE_SSL_CA),
        };
    }
    let is_other_type =
        certificate.netscape_type.is_some() && !certificate.has_netscape_type(netscape);
    !certificate.lacks_usage(usage) && !is_other_type
}

/// Signatures with digests below SHA-256, with DSA and Ed448, and by RSA keys of less than 1024 bits, are not computed: they
/// count as made by another key, but where the security level has refused them as too weak, whoever made them.
fn is_computed(subject: &Seen<'_>, issuer: &Seen<'_>) -> bool {
    let digest = subject.algorithm.map_or(0, |algorithm| algorithm.bits);
    let key = issuer.certificate.public_key().algorithm();
    digest >= 128
        && !matches!(
            key,
            PublicKeyAlgorithm::Rsa { bits: ..1024 } | PublicKeyAlgorithm::Other(_)
        )
}

/// Bits of the key usage as OpenSSL has them: the first octet is the low one, digitalSignature its highest bit.
const DIGITAL_SIGNATURE: u16 = 0x80;
const KEY_ENCIPHERMENT: u16 = 0x20;
const KEY_AGREEMENT: u16 = 0x08;
const KEY_CERT_SIGN: u16 = 0x04;

/// Bits of nsCertType.
const NETSCAPE_CLIENT: u8 = 0x80;
const NETSCAPE_SERVER: u8 = 0x40;
const NETSCAPE_SSL_CA: u8 = 0x04;
const NETSCAPE_ANY_CA: u8 = 0x07;

/// serverAuth, and the server gated crypto of Netscape and Microsoft.
const SERVER_USAGES: &[&[u8]] = &[
    &[0x2b, 6, 1, 5, 5, 7, 3, 1],
    &[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 4, 1],
    &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 3],
];
const CLIENT_USAGES: &[&[u8]] = &[&[0x2b, 6, 1, 5, 5, 7, 3, 2]];
