//! The kinds of fault that a line can be about.

use crate::explain::meaning;
use crate::explain::meaning::Meaning;

/// What a line is about. What it means is in [`Kind::meaning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The dialled name is not among the certificate's.
    NameMismatch,
    /// An address was dialled, and the certificate has no addresses.
    NoAddresses,
    /// A name was dialled, and the certificate has no names.
    NoNames,
    /// The certificate has nothing but a common name.
    CommonNameOnly,
    /// Past its last day.
    Expired,
    /// Before its first day.
    NotYetValid,
    /// One of the two; the line does not say which.
    OutsideValidity,
    /// No chain to a trusted authority.
    UnknownAuthority,
    /// The trusted authority has the issuer's name and another key.
    SameNameOtherCa,
    /// Signed with an algorithm that is refused.
    WeakSignature,
    /// A key of a size that is refused.
    WeakKey,
    /// Refused, and the line does not say why.
    NotVerified,
    /// Signed by a certificate that is no authority, or not for this.
    NotAnAuthority,
    /// A constraint of an authority forbids the name.
    NameNotPermitted,
    /// A critical extension that the verifier does not know.
    UnhandledCriticalExtension,
    /// Building a chain was given up.
    ChainTooCostly,
    /// A certificate between is not sent.
    MissingIntermediate,
    /// Without serverAuth, shown by a server.
    ServerAuthMissing,
    /// Without clientAuth, shown by a client.
    ClientAuthMissing,
    /// A certificate that cannot be parsed.
    CertificateMalformed,
    /// Certificate and key do not belong together.
    KeyMismatch,
    /// A file without what it should hold.
    NothingInFile,
    /// Certificate and key files are exchanged.
    FilesExchanged,
    /// A private key in a form that the program does not read.
    KeyFormat,
    /// A file that is not there.
    FileMissing,
    /// A file that may not be read.
    FileForbidden,
    /// A key that others than its owner can read.
    KeyPermissions,
    /// The other side refused the certificate in the handshake.
    RefusedByPeer,
    /// The server demands a client certificate.
    ClientCertificateRequired,
    /// HTTPS was spoken to a server of plain HTTP.
    PlainServer,
    /// Plain HTTP was spoken to a server of HTTPS.
    PlainClient,
    /// No protocol version or cipher in common.
    NothingInCommon,
    /// The other side hung up.
    HungUp,
    /// Nobody listens.
    ConnectionRefused,
    /// The name cannot be resolved.
    NoSuchHost,
    /// No answer.
    TimedOut,
    /// The server does not believe who the client is.
    Unauthorized,
    /// The server knows the client and allows it nothing.
    Forbidden,
    /// The server knows the client as another node.
    OtherNode,
    /// The client showed nothing.
    Anonymous,
    /// Verification is turned off beside an authority.
    InsecureWithRoots,
    /// A kubeconfig's authority or server is not the cluster's.
    KubeconfigStale,
    /// The front proxy's common name is not in the list.
    FrontProxyNotAllowed,
    /// The client's name is not among those that etcd takes.
    EtcdNameNotAllowed,
    /// The front proxy's authority differs.
    FrontProxyMismatch,
    /// A service-account token that no key verifies.
    ServiceAccountKey,
    /// A service-account token of an issuer that is not this cluster's.
    ServiceAccountToken,
    /// A registry token whose key is not in the bundle.
    TokenKeyUnknown,
    /// A registry token whose signature does not verify.
    TokenSignature,
    /// A registry token that names no key.
    TokenNamesNoKey,
    /// A token of another issuer, or for another audience.
    TokenIssuer,
    /// A token that is over.
    TokenExpired,
    /// A token that is not valid yet.
    TokenNotYetValid,
    /// A token that cannot be parsed.
    TokenMalformed,
    /// A token that was refused; another line says why.
    TokenRefused,
    /// A request without a token: the first half of every login.
    TokenAbsent,
    /// A token for less than what was asked.
    TokenScope,
    /// The registry has no usable token roots.
    TokenRoots,
    /// The registry refuses user or token; the client learns no more.
    RegistryUnauthorized,
    /// The token service fails.
    TokenServiceFails,
    /// What stands before the registry finds nothing there.
    RegistryDown,
    /// A setting that certificates need is absent.
    SettingMissing,
}

impl Kind {
    /// Its name in JSON.
    pub fn id(self) -> &'static str {
        self.meaning().id
    }

    /// The rule of `hapki audit` that finds its cause, where there is one.
    pub fn rule(self) -> Option<&'static str> {
        self.meaning().rule
    }

    /// What it means and what to look at.
    pub fn meaning(self) -> &'static Meaning {
        meaning::of(self)
    }
}
