//! What each kind of fault means, in words for people.

mod certificate;
mod connection;
mod file;
mod identity;
mod token;

use crate::explain::kind::Kind;

/// What a kind of fault means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The kind's name in JSON.
    pub id: &'static str,
    /// The rule of `hapki audit` that finds the cause, where there is one.
    pub rule: Option<&'static str>,
    /// Two or three sentences.
    pub means: &'static str,
    /// What to look at, in the order in which it helps.
    pub look_at: &'static [&'static str],
}

pub(super) fn of(kind: Kind) -> &'static Meaning {
    match kind {
        Kind::NameMismatch => &certificate::NAME_MISMATCH,
        Kind::NoAddresses => &certificate::NO_ADDRESSES,
        Kind::NoNames => &certificate::NO_NAMES,
        Kind::CommonNameOnly => &certificate::COMMON_NAME_ONLY,
        Kind::Expired => &certificate::EXPIRED,
        Kind::NotYetValid => &certificate::NOT_YET_VALID,
        Kind::OutsideValidity => &certificate::OUTSIDE_VALIDITY,
        Kind::UnknownAuthority => &certificate::UNKNOWN_AUTHORITY,
        Kind::SameNameOtherCa => &certificate::SAME_NAME_OTHER_CA,
        Kind::WeakSignature => &certificate::WEAK_SIGNATURE,
        Kind::WeakKey => &certificate::WEAK_KEY,
        Kind::NotVerified => &certificate::NOT_VERIFIED,
        Kind::NotAnAuthority => &certificate::NOT_AN_AUTHORITY,
        Kind::NameNotPermitted => &certificate::NAME_NOT_PERMITTED,
        Kind::UnhandledCriticalExtension => &certificate::UNHANDLED_CRITICAL_EXTENSION,
        Kind::ChainTooCostly => &certificate::CHAIN_TOO_COSTLY,
        Kind::MissingIntermediate => &certificate::MISSING_INTERMEDIATE,
        Kind::ServerAuthMissing => &certificate::SERVER_AUTH_MISSING,
        Kind::ClientAuthMissing => &certificate::CLIENT_AUTH_MISSING,
        Kind::CertificateMalformed => &file::CERTIFICATE_MALFORMED,
        Kind::KeyMismatch => &file::KEY_MISMATCH,
        Kind::NothingInFile => &file::NOTHING_IN_FILE,
        Kind::FilesExchanged => &file::FILES_EXCHANGED,
        Kind::KeyFormat => &file::KEY_FORMAT,
        Kind::FileMissing => &file::FILE_MISSING,
        Kind::FileForbidden => &file::FILE_FORBIDDEN,
        Kind::KeyPermissions => &file::KEY_PERMISSIONS,
        Kind::SettingMissing => &file::SETTING_MISSING,
        Kind::RefusedByPeer => &connection::REFUSED_BY_PEER,
        Kind::ClientCertificateRequired => &connection::CLIENT_CERTIFICATE_REQUIRED,
        Kind::PlainServer => &connection::PLAIN_SERVER,
        Kind::PlainClient => &connection::PLAIN_CLIENT,
        Kind::NothingInCommon => &connection::NOTHING_IN_COMMON,
        Kind::HungUp => &connection::HUNG_UP,
        Kind::ConnectionRefused => &connection::CONNECTION_REFUSED,
        Kind::NoSuchHost => &connection::NO_SUCH_HOST,
        Kind::TimedOut => &connection::TIMED_OUT,
        Kind::Unauthorized => &identity::UNAUTHORIZED,
        Kind::Forbidden => &identity::FORBIDDEN,
        Kind::OtherNode => &identity::OTHER_NODE,
        Kind::Anonymous => &identity::ANONYMOUS,
        Kind::InsecureWithRoots => &identity::INSECURE_WITH_ROOTS,
        Kind::KubeconfigStale => &identity::KUBECONFIG_STALE,
        Kind::EtcdNameNotAllowed => &identity::ETCD_NAME_NOT_ALLOWED,
        Kind::FrontProxyNotAllowed => &identity::FRONT_PROXY_NOT_ALLOWED,
        Kind::FrontProxyMismatch => &identity::FRONT_PROXY_MISMATCH,
        Kind::ServiceAccountKey => &token::SERVICE_ACCOUNT_KEY,
        Kind::ServiceAccountToken => &token::SERVICE_ACCOUNT_TOKEN,
        Kind::TokenKeyUnknown => &token::KEY_UNKNOWN,
        Kind::TokenSignature => &token::SIGNATURE,
        Kind::TokenNamesNoKey => &token::NAMES_NO_KEY,
        Kind::TokenIssuer => &token::ISSUER,
        Kind::TokenExpired => &token::EXPIRED,
        Kind::TokenNotYetValid => &token::NOT_YET_VALID,
        Kind::TokenMalformed => &token::MALFORMED,
        Kind::TokenRefused => &token::REFUSED,
        Kind::TokenAbsent => &token::ABSENT,
        Kind::TokenScope => &token::SCOPE,
        Kind::TokenRoots => &token::ROOTS,
        Kind::RegistryUnauthorized => &token::REGISTRY_UNAUTHORIZED,
        Kind::TokenServiceFails => &token::SERVICE_FAILS,
        Kind::RegistryDown => &token::REGISTRY_DOWN,
    }
}
