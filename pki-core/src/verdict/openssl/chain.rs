//! `build_chain` (crypto/x509/x509_vfy.c): from the leaf upwards, trusted issuers first.

use crate::verdict::openssl::error::ErrorCode;
use crate::verdict::openssl::seen::Seen;

/// What the chain is made of.
pub(super) struct Pools<'p, 'a> {
    pub(super) presented: &'p [Seen<'a>],
    pub(super) trusted: &'p [Seen<'a>],
}

/// A chain, complete or not.
pub(super) struct Chain<'p, 'a> {
    /// Leaf first.
    pub(super) certificates: Vec<&'p Seen<'a>>,
    /// How many of them are not from the trusted ones.
    pub(super) untrusted: usize,
    pub(super) is_trusted: bool,
}

/// What bounds a chain.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// Seconds since 1970.
    pub(super) now: i64,
    /// Certificates between the leaf and the trusted one.
    pub(super) depth: usize,
    /// Whether any trusted certificate ends a chain (`X509_V_FLAG_PARTIAL_CHAIN`).
    pub(super) partial: bool,
}

impl<'p, 'a> Chain<'p, 'a> {
    pub(super) fn build(leaf: &'p Seen<'a>, pools: &Pools<'p, 'a>, bounds: Bounds) -> Self {
        let mut chain = Self {
            certificates: vec![leaf],
            untrusted: 1,
            is_trusted: false,
        };
        let mut presented: Vec<&Seen<'a>> = pools.presented.iter().collect();
        let mut looks_at_presented = true;
        while let Some(&last) = chain.certificates.last() {
            let has_room = chain.certificates.len() <= bounds.depth + 1;
            let issuer = has_room.then(|| trusted_issuer(pools.trusted, last, bounds.now));
            if let Some(issuer) = issuer.flatten() {
                match chain.extend_with_trusted(last, issuer) {
                    Extended::NotAtAll => {}
                    Extended::Enough => chain.is_trusted = true,
                    Extended::ByOne => {
                        looks_at_presented = false;
                        chain.is_trusted = bounds.partial;
                        if !chain.is_trusted {
                            continue;
                        }
                    }
                }
                if chain.is_trusted {
                    break;
                }
            }
            if !looks_at_presented {
                break;
            }
            let issuer = (has_room && !last.self_signed)
                .then(|| find_issuer(&presented, last, &chain.certificates, bounds.now));
            match issuer.flatten() {
                Some(issuer) => {
                    presented.retain(|certificate| !std::ptr::eq(*certificate, issuer));
                    chain.certificates.push(issuer);
                    chain.untrusted += 1;
                }
                None => looks_at_presented = false,
            }
        }
        chain.end_at_trusted_leaf(pools.trusted, bounds);
        chain
    }

    /// A self-signed certificate is replaced by the same one among the trusted; any other gets its issuer on top.
    fn extend_with_trusted(&mut self, last: &Seen<'a>, issuer: &'p Seen<'a>) -> Extended {
        if !last.self_signed {
            self.certificates.push(issuer);
            return if issuer.self_signed {
                Extended::Enough
            } else {
                Extended::ByOne
            };
        }
        if last.certificate != issuer.certificate {
            return Extended::NotAtAll;
        }
        self.certificates.pop();
        self.untrusted = self.certificates.len();
        self.certificates.push(issuer);
        Extended::Enough
    }

    /// The last resort of a partial chain: the leaf itself is trusted.
    fn end_at_trusted_leaf(&mut self, trusted: &'p [Seen<'a>], bounds: Bounds) {
        let count = self.certificates.len();
        let may = bounds.partial && count <= bounds.depth + 1 && count == self.untrusted;
        let Some(leaf) = self.certificates.first_mut() else {
            return;
        };
        let same = trusted
            .iter()
            .find(|known| known.certificate == leaf.certificate);
        if let Some(same) = same.filter(|_| may && !self.is_trusted) {
            *leaf = same;
            self.untrusted = 0;
            self.is_trusted = true;
        }
    }

    /// Why there is no trust, and the depth that is told with it; in the order in which it is told.
    pub(super) fn refusals(&self, bounds: Bounds) -> Vec<(ErrorCode, usize)> {
        let count = self.certificates.len();
        let depth = count.saturating_sub(1);
        if self.is_trusted {
            return Vec::new();
        }
        let mut refusals = Vec::new();
        if count > bounds.depth + 1 {
            refusals.push((ErrorCode::CertChainTooLong, depth));
        }
        let is_self_signed = self
            .certificates
            .last()
            .is_some_and(|last| last.self_signed);
        let code = match (is_self_signed, count) {
            (true, 1) => ErrorCode::DepthZeroSelfSignedCert,
            (true, _) => ErrorCode::SelfSignedCertInChain,
            (false, _) if self.untrusted < count => ErrorCode::UnableToGetIssuerCert,
            (false, _) => ErrorCode::UnableToGetIssuerCertLocally,
        };
        refusals.push((code, depth));
        refusals
    }
}

enum Extended {
    /// The trusted one only has the name of the self-signed one.
    NotAtAll,
    /// By an issuer that has an issuer itself.
    ByOne,
    /// Up to a self-signed one that is trusted.
    Enough,
}

/// `X509_STORE_CTX_get1_issuer`: the first that is valid now, or else the one that expired last.
fn trusted_issuer<'p, 'a>(
    trusted: &'p [Seen<'a>],
    child: &Seen<'a>,
    now: i64,
) -> Option<&'p Seen<'a>> {
    best(
        trusted
            .iter()
            .filter(|issuer| child.is_likely_issued_by(issuer)),
        now,
    )
}

/// `find_issuer`: as above, but never one that is in the chain already, save a self-issued leaf's own.
fn find_issuer<'p, 'a>(
    presented: &[&'p Seen<'a>],
    child: &Seen<'a>,
    chain: &[&Seen<'a>],
    now: i64,
) -> Option<&'p Seen<'a>> {
    let may_repeat = child.self_issued && chain.len() == 1;
    let candidates = presented.iter().copied().filter(|issuer| {
        let repeats = chain
            .iter()
            .any(|member| member.certificate == issuer.certificate);
        child.is_likely_issued_by(issuer) && (may_repeat || !repeats)
    });
    best(candidates, now)
}

fn best<'p, 'a: 'p>(
    candidates: impl Iterator<Item = &'p Seen<'a>>,
    now: i64,
) -> Option<&'p Seen<'a>> {
    let mut best: Option<&Seen<'a>> = None;
    for candidate in candidates {
        if !candidate.is_before_validity(now) && !candidate.is_after_validity(now) {
            return Some(candidate);
        }
        let not_after = candidate.certificate.not_after();
        if best.is_none_or(|best| not_after > best.certificate.not_after()) {
            best = Some(candidate);
        }
    }
    best
}
