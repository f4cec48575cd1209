//! What docker says where a registry's token is refused, and what the logs say of it.

use crate::judge::Fault;
use crate::judge::FaultKind;
use crate::judge::JudgedEdge;
use crate::judge::Masked;
use crate::judge::Side;
use crate::topology::RegistryToken;
use crate::topology::SignerKind;
use crate::topology::Topology;
use crate::verdict::distribution;
use crate::verdict::harbor;

/// The verdict on one edge.
pub(super) fn judged(
    topology: &Topology,
    (edge, token): (usize, RegistryToken),
    faults: Vec<Fault>,
) -> JudgedEdge {
    let first = faults.first();
    let says = |fault: &Fault| match answer(topology, token, fault) {
        Answer::Denied => distribution::DOCKER_DENIED.to_owned(),
        Answer::Fails => FAILS.to_owned(),
        Answer::Down => DOWN.to_owned(),
    };
    let host = topology
        .verifier_of(token)
        .and_then(|verifier| verifier.host.clone());
    let prints = first
        .zip(host)
        .map(|(fault, host)| match answer(topology, token, fault) {
            Answer::Denied => distribution::docker_login(&host),
            Answer::Fails => harbor::docker_500(&host),
            Answer::Down => format!("Error response from daemon: Get https://{host}/v2/: {DOWN}"),
        });
    let is_logged = |fault: &&Fault| fault.by == Side::Server || !is_silent(topology, token);
    JudgedEdge {
        edge,
        ok: faults.is_empty(),
        says: first.map(says),
        prints,
        server_says: first.filter(is_logged).map(|fault| fault.text.clone()),
        masked: faults
            .iter()
            .skip(1)
            .map(|fault| Masked {
                rule: fault.kind.rule(),
                says: fault.text.clone(),
            })
            .collect(),
        faults,
    }
}

/// What a client meets.
enum Answer {
    /// 401.
    Denied,
    /// The token service answers 500.
    Fails,
    /// The registry does not run, and what stands before it answers 502.
    Down,
}

fn answer(topology: &Topology, token: RegistryToken, fault: &Fault) -> Answer {
    match (fault.by, fault.kind) {
        (Side::Client, _) if is_silent(topology, token) => Answer::Denied,
        (Side::Client, _) => Answer::Fails,
        (
            Side::Server,
            FaultKind::FileMissing | FaultKind::RegistryDoesNotStart | FaultKind::RegistryBundleKey,
        ) => Answer::Down,
        (Side::Server, _) => Answer::Denied,
    }
}

/// Whether the signer says nothing of a key that it cannot use: Harbor 2.2 and later hands out empty tokens, and of other
/// token servers nobody knows.
fn is_silent(topology: &Topology, token: RegistryToken) -> bool {
    let signer = topology.signer_of(token);
    signer.is_none_or(|signer| {
        let by_golang = matches!(
            signer.key.refused,
            Some(crate::topology::KeyRefusal::GolangJwt(_))
        );
        by_golang || signer.kind == SignerKind::TokenServer
    })
}

const FAILS: &str = "received unexpected HTTP status: 500 Internal Server Error";
const DOWN: &str = "received unexpected HTTP status: 502 Bad Gateway";
