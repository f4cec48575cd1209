//! What becomes of a connection at a balancer that ends TLS: the client's certificate goes no further, and the balancer
//! verifies its backends with OpenSSL.

use time::OffsetDateTime;

use crate::judge::Fault;
use crate::judge::FaultKind;
use crate::judge::Side;
use crate::judge::entitled;
use crate::topology::Balancer;
use crate::topology::BalancerMode;
use crate::topology::Component;
use crate::topology::Edge;
use crate::topology::Topology;
use crate::verdict::go::Purpose;
use crate::verdict::openssl;
use crate::verdict::openssl::ErrorCode;
use crate::verdict::openssl::Name;
use crate::verdict::openssl::Question;
use crate::verdict::openssl::Settings;
use crate::verdict::signatures::Signatures;

/// The balancer on the way, where it ends TLS.
pub(super) fn ended_at<'t>(topology: &'t Topology, edge: &Edge) -> Option<&'t Balancer> {
    edge.via.as_ref()?;
    let mut balancers = topology.balancers.iter();
    balancers.find(|balancer| balancer.terminates() && edge.passes(&balancer.label))
}

/// The server never sees the certificate: without one of the balancer's own, the client is nobody there
/// (`--anonymous-auth`, true unless said).
pub(super) fn identity_lost(balancer: &Balancer, edge: &Edge) -> Option<Fault> {
    edge.client_shows.as_ref()?;
    match balancer.mode {
        BalancerMode::Terminates {
            has_identity: false,
            ..
        } => {
            let text = entitled::cannot_list("nodes", "system:anonymous");
            Some(Fault::new(FaultKind::IdentityLost, Side::Server, text))
        }
        _ => None,
    }
}

/// Whether this client verifies with OpenSSL.
pub(super) fn is_openssl(client: &Component) -> bool {
    client.name == "nginx" || client.name == "haproxy"
}

/// What the balancer logs of what its backend shows.
pub(super) fn refused(
    edge: &Edge,
    now: OffsetDateTime,
    signatures: &mut Signatures,
) -> Option<Fault> {
    let leaf = edge.shown.chain.first()?;
    let depth = edge.circumstances.verify_depth;
    let is_nginx = edge.client.name == "nginx";
    let defaults = if is_nginx {
        Settings::NGINX
    } else {
        Settings::S_CLIENT
    };
    let question = Question {
        leaf,
        presented: edge.shown.chain.get(1..).unwrap_or_default(),
        roots: &edge.trusts.roots,
        name: edge.asks_for.as_deref().map(Name::Dns),
        purpose: Purpose::Server,
        now,
        settings: Settings {
            depth: depth.unwrap_or(defaults.depth),
            ..defaults
        },
    };
    let nameless = Question {
        name: None,
        ..question
    };
    let found = openssl::faults(&nameless, signatures);
    if is_nginx {
        let text = openssl::nginx(&question, signatures)?;
        let kind = found
            .last()
            .map_or(FaultKind::NameMismatch, |fault| kind(fault.code));
        return Some(Fault::new(kind, Side::Client, text).about(leaf));
    }
    let found = if found.is_empty() {
        openssl::faults(&question, signatures)
    } else {
        found
    };
    let kind = kind(found.first()?.code);
    let text = match kind {
        FaultKind::NameMismatch => HAPROXY_OTHER_NAME,
        _ => HAPROXY_SAYS,
    };
    Some(Fault::new(kind, Side::Client, text).about(leaf))
}

fn kind(code: ErrorCode) -> FaultKind {
    match code {
        ErrorCode::CertHasExpired => FaultKind::Expired,
        ErrorCode::CertNotYetValid => FaultKind::NotYetValid,
        ErrorCode::HostnameMismatch | ErrorCode::IpAddressMismatch => FaultKind::NameMismatch,
        ErrorCode::InvalidPurpose => FaultKind::ServerAuthMissing,
        ErrorCode::UnhandledCriticalExtension => FaultKind::UnhandledCriticalExtension,
        ErrorCode::CertSignatureFailure => FaultKind::SameNameOtherCa,
        ErrorCode::EeKeyTooSmall | ErrorCode::CaKeyTooSmall | ErrorCode::CaMdTooWeak => {
            FaultKind::WeakSignature
        }
        _ => FaultKind::UnknownAuthority,
    }
}

/// HAProxy's log has no more than this of a certificate that it refuses, and that only where it checks its servers.
const HAPROXY_SAYS: &str = "Layer6 invalid response, info: \"SSL handshake failure\"";
/// The same where the certificate lacks the name of `verifyhost`.
const HAPROXY_OTHER_NAME: &str = "Layer6 invalid response, info: \"Server presented an SSL certificate different from the configured one\"";
