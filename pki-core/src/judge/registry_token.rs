//! Whether a registry takes a token: what keeps the signer from signing it, what keeps the verifier from starting, what
//! the verifier then says of it.

use time::OffsetDateTime;

use crate::judge::Fault;
use crate::judge::FaultKind;
use crate::judge::Side;
use crate::place::FileStatus;
use crate::token::algorithm::Algorithm;
use crate::token::jws::KeyRef;
use crate::token::key_id::KidForm;
use crate::topology::Distribution;
use crate::topology::DistributionRelease;
use crate::topology::HarborRelease;
use crate::topology::KeyRefusal;
use crate::topology::Owner;
use crate::topology::RegistryToken;
use crate::topology::SignerKind;
use crate::topology::TokenSigner;
use crate::topology::TokenVerifier;
use crate::topology::Topology;
use crate::topology::VerifierKind;
use crate::verdict::distribution;
use crate::verdict::distribution::Bundle;
use crate::verdict::distribution::Jwks;
use crate::verdict::distribution::Presented;
use crate::verdict::distribution::Refusal;
use crate::verdict::distribution::Release;
use crate::verdict::distribution::Start;
use crate::verdict::distribution::Unreadable;
use crate::verdict::distribution::Verifier;
use crate::verdict::harbor;
use crate::x509::spki::PublicKey;

pub(super) fn faults(topology: &Topology, token: RegistryToken, now: OffsetDateTime) -> Vec<Fault> {
    let (Some(signer), Some(verifier)) = (topology.signer_of(token), topology.verifier_of(token))
    else {
        return Vec::new();
    };
    let mut faults: Vec<Fault> = cannot_sign(topology, signer).into_iter().collect();
    match &verifier.kind {
        VerifierKind::Distribution(told) => {
            let release = release(told, signer.kid);
            faults.extend(does_not_start(topology, verifier, told, release));
            if let Some(key) = &signer.key.public {
                faults.extend(refused(signer, key, verifier, told, now));
            }
        }
        VerifierKind::HarborCore {
            signer: own,
            release,
        } => {
            let own = topology.token_signers.get(*own);
            let own = own.and_then(|own| own.key.public.as_ref());
            if let (Some(key), Some(own)) = (&signer.key.public, own) {
                faults.extend(refused_by_core(key, own, *release));
            }
        }
        VerifierKind::Apiserver(_) => {}
    }
    faults
}

/// Where nothing tells which code a registry is, it is what the signer's ids are for.
fn release(told: &Distribution, kid: KidForm) -> Release {
    match (told.release, kid) {
        (Some(DistributionRelease::V3), _) | (None, KidForm::Rfc7638) => Release::V3,
        (Some(DistributionRelease::V2) | None, _) => Release::V2,
    }
}

fn cannot_sign(topology: &Topology, signer: &TokenSigner) -> Option<Fault> {
    let key = &signer.key;
    let path = key.place.path.display();
    let kind = if key.is_there {
        FaultKind::RegistryTokenKeyUnusable
    } else {
        FaultKind::FileMissing
    };
    let says = match &key.refused {
        None if !key.is_there => format!("open {path}: no such file or directory"),
        None if is_forbidden(topology, &key.place.node, &key.status, signer.runs_as) => {
            format!("open {path}: permission denied")
        }
        None => return None,
        Some(KeyRefusal::Libtrust(says)) => says.clone(),
        Some(KeyRefusal::GolangJwt(says) | KeyRefusal::Unreadable(says)) => {
            return Some(Fault::new(kind, Side::Client, says));
        }
    };
    let text = match signer.kind {
        SignerKind::Harbor(release) => harbor::key_refusal(harbor_release(release), &says),
        SignerKind::TokenServer => says,
    };
    Some(Fault::new(kind, Side::Client, text))
}

fn does_not_start(
    topology: &Topology,
    verifier: &TokenVerifier,
    told: &Distribution,
    release: Release,
) -> Option<Fault> {
    let fault = |text: String| {
        let is_missing = [
            told.bundle.as_ref().is_some_and(|file| !file.is_there),
            told.jwks.as_ref().is_some_and(|file| !file.is_there),
        ];
        let kind = if is_missing.contains(&true) {
            FaultKind::FileMissing
        } else if text.contains(UNKNOWN_KIND) {
            FaultKind::RegistryBundleKey
        } else {
            FaultKind::RegistryDoesNotStart
        };
        Fault::new(kind, Side::Server, text)
    };
    for (option, told) in [("issuer", &told.issuer), ("service", &told.service)] {
        if told.is_none() {
            return Some(fault(distribution::missing_option(option)));
        }
    }
    let path = |in_container: Option<&std::path::PathBuf>, place: &crate::place::Place| {
        let path = in_container.unwrap_or(&place.path);
        path.display().to_string()
    };
    let node = &verifier.component.node;
    let bundle = told.bundle.as_ref().map(|file| {
        let content = if !file.is_there {
            Err(Unreadable::Missing)
        } else if is_forbidden(topology, node, &file.status, told.runs_as) {
            Err(Unreadable::Forbidden)
        } else {
            Ok(file.pem.as_bytes())
        };
        (
            path(told.bundle_in_container.as_ref(), &file.place),
            content,
        )
    });
    let jwks = told.jwks.as_ref().map(|file| {
        let keys = match file.is_there {
            true => Ok(file.keys.len()),
            false => Err(Unreadable::Missing),
        };
        (path(None, &file.place), keys)
    });
    let start = Start {
        release,
        bundle: bundle.as_ref().map(|(path, content)| Bundle {
            path,
            content: *content,
        }),
        jwks: jwks.as_ref().map(|(path, keys)| Jwks { path, keys: *keys }),
        algorithms: told.algorithms.as_deref(),
    };
    distribution::starts(&start).err().map(fault)
}

/// Everything that a registry has against a token, in the order in which it would be said.
fn refused(
    signer: &TokenSigner,
    key: &PublicKey,
    verifier: &TokenVerifier,
    told: &Distribution,
    now: OffsetDateTime,
) -> Vec<Fault> {
    let value = |told: &Option<crate::topology::ToldAt>| {
        told.as_ref()
            .map(|told| told.value.clone())
            .unwrap_or_default()
    };
    let (issuer, service) = (value(&told.issuer), value(&told.service));
    let bundle = told
        .bundle
        .as_ref()
        .map(|file| file.certificates.as_slice());
    let judge = Verifier {
        release: release(told, signer.kid),
        issuer: &issuer,
        service: &service,
        bundle: bundle.unwrap_or_default(),
        jwks: told.jwks.as_ref().map_or(&[], |file| file.keys.as_slice()),
        algorithms: told.algorithms.as_deref(),
    };
    // What is asked for decides whom Harbor signs for; notary is asked for by name.
    let is_notary = verifier.component.name == NOTARY;
    let written = signer.service.as_ref().filter(|_| !is_notary);
    let mut audience = [written.map_or(&service, |told| &told.value).clone()];
    let algorithm = match signer.kind {
        SignerKind::Harbor(_) => Some(Algorithm::Rs256),
        SignerKind::TokenServer => Algorithm::of(key),
    };
    let reference = KeyRef::new(signer.kid, key, &signer.chain);
    let lifetime = signer.lifetime.as_ref().map(|told| told.value);
    let mut presented_issuer = signer
        .issuer
        .as_ref()
        .map_or(&issuer, |told| &told.value)
        .clone();
    let mut faults = Vec::new();
    // The issuer, the audience, the key: what is mended no more is said.
    for _ in 0..3 {
        let presented = Presented {
            key,
            algorithm: algorithm.map_or("", Algorithm::name),
            reference: &reference,
            issuer: &presented_issuer,
            audience: &audience,
            audience_as_array: false,
            expires: lifetime.and_then(|lifetime| now.checked_add(lifetime)),
            not_before: Some(now),
        };
        let Err(refusal) = distribution::accepts(&presented, &judge, now) else {
            break;
        };
        let claims = [presented_issuer != issuer, audience != [service.clone()]];
        let is_about_claims = says_of_claims(&refusal);
        let kind = match is_about_claims {
            true => FaultKind::RegistryTokenIssuer,
            false => kind_of(signer, key, verifier, told, &judge),
        };
        let mut fault = Fault::new(kind, Side::Server, line(refusal));
        if let (FaultKind::Expired, Some(certificate)) = (kind, signer.chain.first()) {
            fault = fault.about(certificate);
        }
        faults.push(fault);
        match claims {
            [true, _] if is_about_claims => presented_issuer.clone_from(&issuer),
            [false, true] if is_about_claims => audience = [service.clone()],
            _ => break,
        }
    }
    faults
}

fn says_of_claims(refusal: &Refusal) -> bool {
    let log = refusal.log.as_deref().unwrap_or_default();
    [
        "token from untrusted issuer",
        "token intended for another audience",
    ]
    .iter()
    .any(|says| log.starts_with(says))
}

fn line(refusal: Refusal) -> String {
    refusal.log.unwrap_or(refusal.context)
}

/// Why a registry does not take a token that is meant for it.
fn kind_of(
    signer: &TokenSigner,
    key: &PublicKey,
    verifier: &TokenVerifier,
    told: &Distribution,
    judge: &Verifier<'_>,
) -> FaultKind {
    let bundle = told.bundle.iter().flat_map(|file| &file.certificates);
    let jwks = told.jwks.iter().flat_map(|file| &file.keys);
    let mut keys = bundle
        .map(|certificate| certificate.public_key())
        .chain(jwks.map(|(_, key)| key));
    let is_known = keys.any(|known| known == key);
    let kid = signer.kid.id(key);
    let of_bundle = judge.release.key_id(key);
    let has_id = kid.is_some()
        && (kid == of_bundle || judge.jwks.iter().any(|(id, _)| Some(id) == kid.as_ref()));
    match (is_known, signer.kid) {
        (false, _) if is_own(signer, verifier) => FaultKind::RegistryTokenRoot,
        (false, _) => FaultKind::RegistryTokenKey,
        (true, KidForm::X5c) if signer.chain.is_empty() => FaultKind::RegistryTokenKeyId,
        (true, KidForm::X5c) => FaultKind::Expired,
        (true, _) if !has_id => FaultKind::RegistryTokenKeyId,
        (true, _) => FaultKind::RegistryTokenAlgorithm,
    }
}

fn is_own(signer: &TokenSigner, verifier: &TokenVerifier) -> bool {
    let is_harbor = matches!(signer.kind, SignerKind::Harbor(_));
    is_harbor && signer.component.node == verifier.component.node
}

fn refused_by_core(key: &PublicKey, own: &PublicKey, release: HarborRelease) -> Option<Fault> {
    let refusal = harbor::core_accepts(key, own, harbor_release(release)).err()?;
    let kind = if key == own {
        FaultKind::RegistryTokenKeyUnusable
    } else {
        FaultKind::RegistryTokenKey
    };
    let text = refusal.error.unwrap_or(refusal.warning);
    Some(Fault::new(kind, Side::Server, text))
}

fn harbor_release(release: HarborRelease) -> harbor::Release {
    harbor::Release {
        major: release.major,
        minor: release.minor,
    }
}

/// Whether owner and mode keep the container from reading a file. A copy that somebody made has his owner instead: they
/// count where another file of the machine has the container's.
fn is_forbidden(
    topology: &Topology,
    node: &str,
    status: &FileStatus,
    runs_as: Option<Owner>,
) -> bool {
    let (Some((uid, gid)), Some((owner, group)), Some(mode)) = (runs_as, status.owner, status.mode)
    else {
        return false;
    };
    let bits = match (owner == uid, group == gid) {
        (true, _) => mode >> 6,
        (false, true) => mode >> 3,
        (false, false) => mode,
    };
    uid != 0 && bits & 4 == 0 && keeps_owners(topology, node, uid)
}

fn keeps_owners(topology: &Topology, node: &str, uid: u32) -> bool {
    let signers = topology.token_signers.iter();
    let keys = signers
        .filter(|signer| signer.component.node == node)
        .map(|signer| &signer.key.status);
    let verifiers = topology.token_verifiers.iter();
    let bundles = verifiers
        .filter(|verifier| verifier.component.node == node)
        .filter_map(|verifier| Some(&verifier.distribution()?.bundle.as_ref()?.status));
    keys.chain(bundles)
        .any(|status| status.owner.is_some_and(|(owner, _)| owner == uid))
}

/// How the panic of a registry 2 begins whose bundle has a certificate of an Ed25519 key.
const UNKNOWN_KIND: &str = "unable to get public key from token auth root certificate";
const NOTARY: &str = "notary-server";
