//! `buildChains`: from a leaf over candidate issuers to a root.

use std::collections::HashSet;

use time::OffsetDateTime;

use crate::verdict::go::Question;
use crate::verdict::go::signature::check_signature_from;
use crate::verdict::go::text::Hint;
use crate::verdict::go::text::HintReason;
use crate::verdict::go::text::Refusal;
use crate::verdict::signatures::Signatures;
use crate::x509::certificate::Certificate;
use crate::x509::spki::PublicKeyAlgorithm;

/// Where in a chain a certificate stands (`certType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    Leaf,
    Intermediate,
    Root,
}

/// `Certificate.isValid`: whether `certificate` may be appended to `chain`.
pub(super) fn is_valid(
    certificate: &Certificate,
    position: Position,
    chain: &[&Certificate],
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    let extensions = certificate.extensions();
    if extensions
        .unhandled_critical
        .iter()
        .any(|oid| !HANDLED.contains(&oid.as_str()))
    {
        return Err(Refusal::UnhandledCriticalExtension {
            certificate: certificate.clone(),
        });
    }
    if let Some(child) = chain.last()
        && child.issuer() != certificate.subject()
    {
        return Err(Refusal::IssuerNameMismatch);
    }
    if now < certificate.not_before() {
        return Err(Refusal::NotYetValid {
            certificate: certificate.clone(),
            now,
        });
    }
    if now > certificate.not_after() {
        return Err(Refusal::Expired {
            certificate: certificate.clone(),
            now,
        });
    }
    let constraints = extensions.basic_constraints;
    if position == Position::Intermediate && !constraints.is_some_and(|constraints| constraints.ca)
    {
        return Err(Refusal::NotAuthorizedToSign {
            certificate: certificate.clone(),
        });
    }
    let limit = constraints.and_then(|constraints| constraints.path_len);
    let intermediates = chain.len().saturating_sub(1);
    if limit.is_some_and(|limit| intermediates > limit as usize) {
        return Err(Refusal::TooManyIntermediates {
            certificate: certificate.clone(),
        });
    }
    Ok(())
}

/// Every chain from the leaf to a root, or why there is none.
pub(super) fn candidates<'a>(
    question: &Question<'a>,
    signatures: &mut Signatures,
) -> Result<Vec<Vec<&'a Certificate>>, Refusal> {
    if question.roots.contains(question.leaf) {
        return Ok(vec![vec![question.leaf]]);
    }
    let mut builder = Builder {
        roots: pool(question.roots),
        intermediates: pool(question.intermediates),
        now: question.now,
        checks: 0,
        signatures,
    };
    builder.build(&[question.leaf], question.leaf)
}

struct Builder<'a, 's> {
    roots: Vec<&'a Certificate>,
    intermediates: Vec<&'a Certificate>,
    now: OffsetDateTime,
    checks: usize,
    signatures: &'s mut Signatures,
}

/// What one run of the candidate loop has gathered. Go keeps one `err` for the whole loop: a candidate that is
/// dismissed for its signature leaves the error of the one before it, so the outcome depends on their order.
#[derive(Default)]
struct Gathered<'a> {
    chains: Vec<Vec<&'a Certificate>>,
    error: Option<Refusal>,
    hint: Option<Hint>,
}

impl<'a> Builder<'a, '_> {
    fn build(
        &mut self,
        chain: &[&'a Certificate],
        last: &'a Certificate,
    ) -> Result<Vec<Vec<&'a Certificate>>, Refusal> {
        let mut gathered = Gathered::default();
        let roots = potential_parents(&self.roots, last)
            .into_iter()
            .map(|root| (Position::Root, root));
        let intermediates = potential_parents(&self.intermediates, last)
            .into_iter()
            .map(|intermediate| (Position::Intermediate, intermediate));
        for (position, candidate) in roots.chain(intermediates) {
            self.checks += 1;
            if self.checks > MAX_SIGNATURE_CHECKS {
                gathered.error = Some(Refusal::SignatureLimit);
                break;
            }
            self.consider(position, candidate, chain, last, &mut gathered);
            if gathered.error == Some(Refusal::SignatureLimit) {
                break;
            }
        }
        if !gathered.chains.is_empty() {
            return Ok(gathered.chains);
        }
        let hint = gathered.hint;
        Err(gathered.error.unwrap_or_else(|| Refusal::UnknownAuthority {
            certificate: last.clone(),
            hint,
        }))
    }

    /// `considerCandidate`.
    fn consider(
        &mut self,
        position: Position,
        candidate: &'a Certificate,
        chain: &[&'a Certificate],
        last: &'a Certificate,
        gathered: &mut Gathered<'a>,
    ) {
        if !has_known_key(candidate) || already_in_chain(candidate, chain) {
            return;
        }
        if let Err(why) = check_signature_from(last, candidate, self.signatures) {
            gathered.hint.get_or_insert_with(|| Hint {
                why: HintReason::Signature(why),
                candidate: candidate.clone(),
            });
            return;
        }
        if let Err(refusal) = is_valid(candidate, position, chain, self.now) {
            gathered.hint.get_or_insert_with(|| Hint {
                why: HintReason::Candidate(Box::new(refusal.clone())),
                candidate: candidate.clone(),
            });
            gathered.error = Some(refusal);
            return;
        }
        gathered.error = None;
        let longer: Vec<&'a Certificate> = chain.iter().copied().chain([candidate]).collect();
        if position == Position::Root {
            gathered.chains.push(longer);
            return;
        }
        match self.build(&longer, candidate) {
            Ok(chains) => gathered.chains.extend(chains),
            Err(refusal) => gathered.error = Some(refusal),
        }
    }
}

/// A pool holds a certificate once, however often it was added (`CertPool.addCertFunc`).
fn pool(certificates: &[Certificate]) -> Vec<&Certificate> {
    let mut seen = HashSet::new();
    certificates
        .iter()
        .filter(|certificate| seen.insert(certificate.as_der()))
        .collect()
}

/// `CertPool.findPotentialParents`: whose subject is the child's issuer; those whose key identifier fits come first,
/// then those where one side has none, then the others.
fn potential_parents<'a>(pool: &[&'a Certificate], child: &Certificate) -> Vec<&'a Certificate> {
    let wanted = child
        .extensions()
        .authority_key_id
        .as_deref()
        .unwrap_or_default();
    let mut parents: Vec<(u8, &'a Certificate)> = pool
        .iter()
        .filter(|candidate| candidate.subject() == child.issuer())
        .map(|candidate| {
            let offered = candidate.extensions().subject_key_id.as_deref();
            let offered = offered.unwrap_or_default();
            let rank = match (offered, wanted) {
                _ if offered == wanted => 0,
                ([], _) | (_, []) => 1,
                _ => 2,
            };
            (rank, *candidate)
        })
        .collect();
    parents.sort_by_key(|(rank, _)| *rank);
    parents.into_iter().map(|(_, parent)| parent).collect()
}

/// Go leaves `PublicKey` nil where it does not know the algorithm, and passes over such a candidate without a word.
fn has_known_key(candidate: &Certificate) -> bool {
    let key = candidate.public_key().algorithm();
    key.is_dsa() || !matches!(key, PublicKeyAlgorithm::Other(_))
}

/// `alreadyInChain`: the same subject, key and names, which is what loops of cross-signatures share.
fn already_in_chain(candidate: &Certificate, chain: &[&Certificate]) -> bool {
    let alike = chain.iter().filter(|certificate| {
        certificate.subject() == candidate.subject()
            && certificate.public_key() == candidate.public_key()
    });
    for certificate in alike {
        match (
            candidate.subject_alt_names_der(),
            certificate.subject_alt_names_der(),
        ) {
            (None, None) => return true,
            (Some(names), Some(theirs)) if names == theirs => return true,
            (Some(_), Some(_)) => {}
            _ => return false,
        }
    }
    false
}

/// `maxChainSignatureChecks`.
const MAX_SIGNATURE_CHECKS: usize = 100;

/// The critical extension that Go's parser handles beside those that [`crate::x509::certificate::Extensions`] has a field
/// for: cRLDistributionPoints. (It refuses a certificate whose authorityInfoAccess is critical.)
const HANDLED: &[&str] = &["2.5.29.31"];
