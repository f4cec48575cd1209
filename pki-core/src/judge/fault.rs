//! What can be wrong with an edge.

use crate::verdict::go::HintReason;
use crate::verdict::go::Refusal;
use crate::verdict::go::SignatureFailure;
use crate::x509::certificate::Certificate;

/// One thing that is wrong with an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// Which end notices.
    pub by: Side,
    /// The certificate to blame: the leaf, or the authority that has expired.
    pub certificate: Option<Certificate>,
    /// The authority of that name that was tried and did not sign.
    pub candidate: Option<Certificate>,
    /// What the end that notices says, without prefixes.
    pub text: String,
}

/// An end of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The one that dials.
    Client,
    /// The one that answers.
    Server,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultKind {
    /// A file that an end was told to load is not there or makes no sense.
    FileMissing,
    /// The key file is not there.
    KeyMissing,
    /// Certificate and key do not belong together.
    KeyMismatch,
    /// The certificate of the key does not stand first in its file.
    LeafNotFirst,
    /// A kubeconfig both trusts an authority and skips verification, which client-go refuses.
    InsecureWithRoots,
    /// A component's own certificate is none that Go takes: it does not start.
    Unloadable,
    /// A certificate that is shown is none that Go takes: the other end gives up before it verifies anything.
    Malformed,
    /// Expired, the leaf or an authority above it.
    Expired,
    /// Not valid yet.
    NotYetValid,
    /// The dialled name is not among the names.
    NameMismatch,
    /// An etcd member takes other names only.
    NotTaken,
    /// The address that a client comes from is not among its own names.
    SourceAddress,
    /// There are no names, only a common name.
    CommonNameOnly,
    /// No chain to a trusted root.
    UnknownAuthority,
    /// No chain to a trusted root, though an intermediate that is at hand would make one.
    MissingIntermediate,
    /// A trusted root has the issuer's name, but another key.
    SameNameOtherCa,
    /// Signed with an algorithm that is refused.
    WeakSignature,
    /// A server certificate without serverAuth.
    ServerAuthMissing,
    /// A client certificate without clientAuth.
    ClientAuthMissing,
    /// A client without any certificate, where the server demands one.
    CertificateDemanded,
    /// A critical extension that Go does not know.
    UnhandledCriticalExtension,
    /// An RSA key of more bits than `crypto/tls` is willing to compute with.
    LargeKey,
    /// A front proxy's certificate from another authority than the one that is believed.
    FrontProxyMismatch,
    /// A front proxy whose common name is not in the list.
    NameNotAllowed,
    /// No key of the verifier belongs to the one that signs the token.
    ServiceAccountKey,
    /// The token's issuer is not one that the verifier accepts.
    ServiceAccountIssuer,
    /// Another instance's registry, or core, does not know the key that a registry's token is signed with.
    RegistryTokenKey,
    /// Nor does the registry of the same Harbor.
    RegistryTokenRoot,
    /// A token service cannot sign with its key.
    RegistryTokenKeyUnusable,
    /// A registry's token is of another issuer, or for another service, than its verifier takes.
    RegistryTokenIssuer,
    /// The verifier knows the key by another id than the token has.
    RegistryTokenKeyId,
    /// The verifier knows the key and does not take what it signs.
    RegistryTokenAlgorithm,
    /// A registry does not start with what it is to verify tokens with.
    RegistryDoesNotStart,
    /// A registry does not start, for a key in its bundle is of a kind that it does not know.
    RegistryBundleKey,
    /// Accepted, but entitled to nothing it needs: the group is missing.
    WrongGroup,
    /// Accepted, but under a name that is entitled to nothing it needs.
    WrongUser,
    /// Accepted, but as another node.
    OtherNode,
    /// A balancer on the way ends TLS, so that the server never sees the client's certificate.
    IdentityLost,
}

impl FaultKind {
    /// The rule that reports it.
    pub fn rule(self) -> &'static str {
        match self {
            Self::FileMissing => "file-missing",
            Self::KeyMissing => "key-missing",
            Self::KeyMismatch => "key-mismatch",
            Self::LeafNotFirst => "bundle-order",
            Self::InsecureWithRoots => "verification-disabled",
            Self::Unloadable | Self::Malformed => "file-unreadable",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::NameMismatch | Self::SourceAddress => "name-mismatch",
            Self::CommonNameOnly => "common-name-only",
            Self::UnknownAuthority => "unknown-authority",
            Self::MissingIntermediate => "missing-intermediate",
            Self::SameNameOtherCa => "same-name-other-ca",
            Self::WeakSignature => "weak-signature",
            Self::ServerAuthMissing => "server-auth-missing",
            Self::ClientAuthMissing | Self::CertificateDemanded => "client-auth-missing",
            Self::UnhandledCriticalExtension => "unhandled-critical-extension",
            Self::LargeKey => "weak-key",
            Self::FrontProxyMismatch => "front-proxy-mismatch",
            Self::NotTaken => "etcd-name-not-allowed",
            Self::NameNotAllowed => "requestheader-name-not-allowed",
            Self::ServiceAccountKey => "service-account-key-differs",
            Self::ServiceAccountIssuer => "token-issuer-mismatch",
            Self::RegistryTokenKey => "token-key-differs",
            Self::RegistryTokenRoot => "token-root-mismatch",
            Self::RegistryTokenIssuer => "token-issuer-mismatch",
            Self::RegistryTokenKeyId => "key-id-unknown",
            Self::RegistryTokenKeyUnusable
            | Self::RegistryTokenAlgorithm
            | Self::RegistryBundleKey => "key-format",
            Self::RegistryDoesNotStart => "file-unreadable",
            Self::WrongGroup => "organization-unexpected",
            Self::WrongUser => "malformed-common-name",
            Self::OtherNode => "node-identity-mismatch",
            Self::IdentityLost => "tls-terminated-at-balancer",
        }
    }
}

impl Fault {
    pub(super) fn new(kind: FaultKind, by: Side, text: impl Into<String>) -> Self {
        Self {
            kind,
            by,
            certificate: None,
            candidate: None,
            text: text.into(),
        }
    }

    pub(super) fn about(mut self, certificate: &Certificate) -> Self {
        self.certificate = Some(certificate.clone());
        self
    }

    /// The refusal of `leaf`, or of an authority above it, by the end `by`.
    pub(super) fn refused(by: Side, leaf: &Certificate, refusal: &Refusal) -> Self {
        let (kind, certificate, candidate) = classify(by, leaf, refusal);
        Self {
            kind,
            by,
            certificate: Some(certificate.clone()),
            candidate: candidate.cloned(),
            text: refusal.text(),
        }
    }
}

fn classify<'a>(
    by: Side,
    leaf: &'a Certificate,
    refusal: &'a Refusal,
) -> (FaultKind, &'a Certificate, Option<&'a Certificate>) {
    match refusal {
        Refusal::Malformed { certificate, .. } => (FaultKind::Malformed, certificate, None),
        Refusal::Expired { certificate, .. } => (FaultKind::Expired, certificate, None),
        Refusal::NotYetValid { certificate, .. } => (FaultKind::NotYetValid, certificate, None),
        Refusal::UnhandledCriticalExtension { certificate } => {
            (FaultKind::UnhandledCriticalExtension, certificate, None)
        }
        Refusal::Hostname(_) if leaf.extensions().subject_alt_names.is_none() => {
            (FaultKind::CommonNameOnly, leaf, None)
        }
        Refusal::Hostname(_) => (FaultKind::NameMismatch, leaf, None),
        Refusal::IncompatibleUsage => match by {
            Side::Client => (FaultKind::ServerAuthMissing, leaf, None),
            Side::Server => (FaultKind::ClientAuthMissing, leaf, None),
        },
        Refusal::UnknownAuthority {
            hint: Some(hint), ..
        } => {
            let kind = match &hint.why {
                HintReason::Signature(SignatureFailure::Insecure(_)) => FaultKind::WeakSignature,
                HintReason::Signature(
                    SignatureFailure::Mismatch(_) | SignatureFailure::OtherKind { .. },
                ) => FaultKind::SameNameOtherCa,
                _ => FaultKind::UnknownAuthority,
            };
            (kind, leaf, Some(&hint.candidate))
        }
        Refusal::UnknownAuthority { hint: None, .. }
        | Refusal::IssuerNameMismatch
        | Refusal::NoValidChains { .. }
        | Refusal::SignatureLimit => (FaultKind::UnknownAuthority, leaf, None),
        Refusal::NotAuthorizedToSign { certificate }
        | Refusal::ConstrainedName { certificate, .. }
        | Refusal::TooManyIntermediates { certificate } => {
            (FaultKind::UnknownAuthority, leaf, Some(certificate))
        }
    }
}
