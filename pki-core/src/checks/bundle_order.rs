//! bundle-order: the certificates of a file stand in the wrong order. Whoever loads a pair takes the first for the leaf; what
//! follows is shown as it stands, and not every client sorts it.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::group;
use crate::checks::remedy;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::judge::KEY_MISMATCH;
use crate::topology::Edge;
use crate::topology::Holding;
use crate::topology::Pair;
use crate::topology::Shown;
use crate::x509::certificate::Certificate;

pub(super) const RULE: Rule = Rule {
    id: "bundle-order",
    summary: "the certificates of a file stand in an order that its readers refuse",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for Misplaced { pair, number } in misplaced(judged) {
        let mut known = findings.iter();
        if !known.any(|finding| finding.place.is_at(&pair.certificate)) {
            findings.push(leaf_not_first(judged, pair, number));
        }
    }
    for edge in &judged.topology.edges {
        let by_client = edge.client_shows.as_ref().map(|(shown, _)| shown);
        for shown in [Some(&edge.shown), by_client].into_iter().flatten() {
            let Some(number) = out_of_order(&shown.chain) else {
                continue;
            };
            let known = findings
                .iter_mut()
                .find(|finding| finding.place == shown.place);
            match known {
                Some(finding) if finding.severity == Severity::Warning => {
                    finding.edges.push(edge.id.clone());
                }
                Some(_) => {}
                None => findings.push(chain_out_of_order(edge, shown, number)),
            }
        }
    }
    findings
}

/// A pair whose certificate is not the first of its file.
pub(super) struct Misplaced<'a> {
    pub(super) pair: &'a Pair,
    /// Which it is, from 2.
    number: usize,
}

/// Pairs whose key belongs to a certificate further down in the file.
pub(super) fn misplaced(judged: &Judged) -> Vec<Misplaced<'_>> {
    let topology = &judged.topology;
    if topology.holdings.iter().all(|holding| holding.index == 0) {
        return Vec::new();
    }
    let number = |pair: &Pair| {
        let mut keys = judged.keys_in(&pair.key);
        let key = keys.find(|key| key.place.is_at(&pair.key))?;
        let key = key.key.as_ref().ok()?;
        let is_of_the_key = |holding: &&Holding| holding.certificate.public_key() == key;
        let found = judged
            .holdings_in(&pair.certificate)
            .filter(is_of_the_key)
            .map(|holding| holding.index)
            .min()?;
        (found > 0).then_some(found + 1)
    };
    let pairs = topology.pairs.iter();
    pairs
        .filter_map(|pair| number(pair).map(|number| Misplaced { pair, number }))
        .collect()
}

/// `tls.X509KeyPair` takes the first certificate for the leaf.
fn leaf_not_first(judged: &Judged, pair: &Pair, number: usize) -> Finding {
    let message = format!(
        "the certificate of the key in {} stands at place {number} of {}, not first; {} does not start with them",
        pair.key.path.display(),
        pair.certificate.path.display(),
        pair.user,
    );
    let place = pair.certificate.clone();
    let mut finding = Finding::new(RULE.id, Severity::Error, place, message)
        .related_to(pair.key.clone(), "the key");
    finding.says = Some(KEY_MISMATCH.to_owned());
    finding.remedy = remedy::reissue(judged, &pair.certificate);
    finding.edges = group::refused(judged, FaultKind::LeafNotFirst)
        .iter()
        .filter(|group| group.place.is_at(&pair.certificate))
        .flat_map(|group| &group.edges)
        .map(|(edge, _)| edge.id.clone())
        .collect();
    finding
}

/// The first certificate that does not certify the one before it (RFC 5246 section 7.4.2; RFC 8446 section 4.4.2 asks no
/// more of peers than to bear it); from 2.
fn out_of_order(chain: &[Certificate]) -> Option<usize> {
    let certifies = |pair: &[Certificate]| match pair {
        [below, above] => below.issuer() == above.subject(),
        _ => true,
    };
    let wrong = chain.windows(2).position(|pair| !certifies(pair))?;
    Some(wrong + 2)
}

fn chain_out_of_order(edge: &Edge, shown: &Shown, number: usize) -> Finding {
    let name = shown.chain.get(number - 1).map(Certificate::subject);
    let message = format!(
        "certificate {number} of {}, `{}`, does not certify the one before it: Go and OpenSSL sort what they are shown, but \
         TLS 1.2 does not ask it of clients",
        shown.place.path.display(),
        name.map_or_else(String::new, ToString::to_string),
    );
    let mut finding = Finding::new(RULE.id, Severity::Warning, shown.place.clone(), message);
    finding.edges.push(edge.id.clone());
    finding
}
