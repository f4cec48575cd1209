//! The numbers and texts of `X509_verify_cert_error_string` (crypto/x509/x509_txt.c) that a client's verification reaches.

use std::fmt;

/// Why OpenSSL refuses. Only what [`crate::verdict::openssl::faults`] can find has a name here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// Something that has no number of its own.
    Unspecified,
    /// The issuer of a trusted certificate is not trusted itself.
    UnableToGetIssuerCert,
    /// The issuer's public key is of no known kind.
    UnableToDecodeIssuerPublicKey,
    /// The signature is not the issuer's.
    CertSignatureFailure,
    /// Too early.
    CertNotYetValid,
    /// Too late.
    CertHasExpired,
    /// The leaf signed itself and is not trusted.
    DepthZeroSelfSignedCert,
    /// The chain ends in a self-signed certificate that is not trusted.
    SelfSignedCertInChain,
    /// Nobody here is the issuer of the last certificate.
    UnableToGetIssuerCertLocally,
    /// The leaf stands alone and did not sign itself.
    UnableToVerifyLeafSignature,
    /// More certificates than the verification depth allows.
    CertChainTooLong,
    /// A CA's path length constraint is exceeded.
    PathLengthExceeded,
    /// Extended key usage, key usage or type do not allow the purpose.
    InvalidPurpose,
    /// The issuer's key usage does not allow it to sign certificates.
    KeyUsageNoCertSign,
    /// A critical extension that is not known.
    UnhandledCriticalExtension,
    /// A CA where none may be: above a proxy certificate.
    InvalidNonCa,
    /// The issuer of a proxy certificate may not sign.
    KeyUsageNoDigitalSignature,
    /// A proxy certificate (RFC 3820).
    ProxyCertificatesNotAllowed,
    /// A name is outside what a CA may certify.
    PermittedViolation,
    /// A name is inside what a CA may not certify.
    ExcludedViolation,
    /// A name constraint with a minimum or a maximum.
    SubtreeMinMax,
    /// A name constraint of a kind that is not known.
    UnsupportedConstraintType,
    /// A name that cannot be compared with a constraint.
    UnsupportedNameSyntax,
    /// The dialled name is not among the leaf's.
    HostnameMismatch,
    /// The dialled address is not among the leaf's.
    IpAddressMismatch,
    /// The leaf's key is too weak for the security level.
    EeKeyTooSmall,
    /// A CA's key is too weak for the security level.
    CaKeyTooSmall,
    /// The digest under a signature is too weak for the security level.
    CaMdTooWeak,
    /// A certificate in the place of a CA is none.
    InvalidCa,
}

impl ErrorCode {
    /// Every one, by number.
    pub const ALL: &'static [Self] = &[
        Self::Unspecified,
        Self::UnableToGetIssuerCert,
        Self::UnableToDecodeIssuerPublicKey,
        Self::CertSignatureFailure,
        Self::CertNotYetValid,
        Self::CertHasExpired,
        Self::DepthZeroSelfSignedCert,
        Self::SelfSignedCertInChain,
        Self::UnableToGetIssuerCertLocally,
        Self::UnableToVerifyLeafSignature,
        Self::CertChainTooLong,
        Self::PathLengthExceeded,
        Self::InvalidPurpose,
        Self::KeyUsageNoCertSign,
        Self::UnhandledCriticalExtension,
        Self::InvalidNonCa,
        Self::KeyUsageNoDigitalSignature,
        Self::ProxyCertificatesNotAllowed,
        Self::PermittedViolation,
        Self::ExcludedViolation,
        Self::SubtreeMinMax,
        Self::UnsupportedConstraintType,
        Self::UnsupportedNameSyntax,
        Self::HostnameMismatch,
        Self::IpAddressMismatch,
        Self::EeKeyTooSmall,
        Self::CaKeyTooSmall,
        Self::CaMdTooWeak,
        Self::InvalidCa,
    ];

    /// The number, as in `num=20` and `(20:…)`.
    pub fn number(self) -> u32 {
        self.row().0
    }

    /// The text that every client prints after the number.
    pub fn text(self) -> &'static str {
        self.row().1
    }

    fn row(self) -> (u32, &'static str) {
        match self {
            Self::Unspecified => (1, "unspecified certificate verification error"),
            Self::UnableToGetIssuerCert => (2, "unable to get issuer certificate"),
            Self::UnableToDecodeIssuerPublicKey => (6, "unable to decode issuer public key"),
            Self::CertSignatureFailure => (7, "certificate signature failure"),
            Self::CertNotYetValid => (9, "certificate is not yet valid"),
            Self::CertHasExpired => (10, "certificate has expired"),
            Self::DepthZeroSelfSignedCert => (18, "self-signed certificate"),
            Self::SelfSignedCertInChain => (19, "self-signed certificate in certificate chain"),
            Self::UnableToGetIssuerCertLocally => (20, "unable to get local issuer certificate"),
            Self::UnableToVerifyLeafSignature => (21, "unable to verify the first certificate"),
            Self::CertChainTooLong => (22, "certificate chain too long"),
            Self::PathLengthExceeded => (25, "path length constraint exceeded"),
            Self::InvalidPurpose => (26, "unsuitable certificate purpose"),
            Self::KeyUsageNoCertSign => (32, "key usage does not include certificate signing"),
            Self::UnhandledCriticalExtension => (34, "unhandled critical extension"),
            Self::InvalidNonCa => (37, "invalid non-CA certificate (has CA markings)"),
            Self::KeyUsageNoDigitalSignature => {
                (39, "key usage does not include digital signature")
            }
            Self::ProxyCertificatesNotAllowed => (
                40,
                "proxy certificates not allowed, please set the appropriate flag",
            ),
            Self::PermittedViolation => (47, "permitted subtree violation"),
            Self::ExcludedViolation => (48, "excluded subtree violation"),
            Self::SubtreeMinMax => (49, "name constraints minimum and maximum not supported"),
            Self::UnsupportedConstraintType => (51, "unsupported name constraint type"),
            Self::UnsupportedNameSyntax => (53, "unsupported or invalid name syntax"),
            Self::HostnameMismatch => (62, "hostname mismatch"),
            Self::IpAddressMismatch => (64, "IP address mismatch"),
            Self::EeKeyTooSmall => (66, "EE certificate key too weak"),
            Self::CaKeyTooSmall => (67, "CA certificate key too weak"),
            Self::CaMdTooWeak => (68, "CA signature digest algorithm too weak"),
            Self::InvalidCa => (79, "invalid CA certificate"),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_tell_them_apart() {
        let numbers: Vec<u32> = ErrorCode::ALL.iter().map(|code| code.number()).collect();
        assert!(numbers.is_sorted() && numbers.windows(2).all(|pair| pair[0] != pair[1]));
        for code in ErrorCode::ALL {
            let same = ErrorCode::ALL
                .iter()
                .filter(|other| other.text() == code.text());
            assert_eq!(same.count(), 1, "{code}");
        }
    }
}
