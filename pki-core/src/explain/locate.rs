//! Where a fault comes from, in a cluster that was audited.

use crate::audit::Audit;
use crate::explain::Fault;
use crate::explain::Field;
use crate::explain::Kind;
use crate::finding::Finding;
use crate::judge;
use crate::judge::FaultKind;
use crate::judge::JudgedEdge;
use crate::judge::Side;
use crate::topology::Edge;

/// One place that a line can come from.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    /// The connection; `None` where the fault is a file's alone.
    pub edge: Option<&'a Edge>,
    /// What the audit says of it.
    pub finding: Option<&'a Finding>,
    /// How it was found.
    pub how: How,
}

/// How a line was found to come from an edge. The earlier, the surer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// One end of the edge prints these very words.
    Says,
    /// It would print them next, were the first fault mended.
    Masked,
    /// Kind and names agree.
    Agrees,
    /// The kind alone agrees.
    Kind,
}

impl How {
    /// Its name in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Says => "says",
            Self::Masked => "masked",
            Self::Agrees => "agrees",
            Self::Kind => "kind",
        }
    }
}

/// Every place of the audited cluster that `fault` can come from, the surest alone: an edge that prints the very line
/// hides those that only print its like. Empty where nothing matches.
pub fn locate<'a>(fault: &Fault, audit: &'a Audit) -> Vec<Here<'a>> {
    let mut found: Vec<Candidate<'a>> = audit
        .judged
        .judged_edges()
        .filter_map(|(edge, verdict)| candidate(fault, edge, verdict))
        .collect();
    keep_nearest(&mut found, |candidate| is_of_serial(fault, candidate.fault));
    keep_nearest(&mut found, |candidate| is_dialled(fault, candidate.edge));
    keep_nearest(&mut found, |candidate| is_printed_by(fault, candidate));
    let surest = found.iter().map(|candidate| candidate.how).min();
    found.retain(|candidate| Some(candidate.how) == surest);
    let most = found.iter().map(|candidate| candidate.in_common).max();
    found.retain(|candidate| Some(candidate.in_common) == most);
    if found.is_empty() {
        return in_files(fault, audit);
    }
    let mut here: Vec<Here<'a>> = Vec::new();
    for candidate in found {
        here.push(Here {
            edge: Some(candidate.edge),
            finding: finding_of(audit, &candidate),
            how: candidate.how,
        });
    }
    here
}

/// Every place where an audit found a rule broken.
pub fn of_rule<'a>(rule: &str, audit: &'a Audit) -> Vec<Here<'a>> {
    let findings = audit.findings.iter().filter(|finding| finding.rule == rule);
    findings.map(|finding| of_finding(audit, finding)).collect()
}

struct Candidate<'a> {
    edge: &'a Edge,
    fault: &'a judge::Fault,
    how: How,
    in_common: usize,
}

/// The best that an edge has to offer.
fn candidate<'a>(fault: &Fault, edge: &'a Edge, verdict: &'a JudgedEdge) -> Option<Candidate<'a>> {
    let first = verdict.says.iter().chain(&verdict.server_says);
    let masked = verdict.masked.iter().map(|masked| &masked.says);
    let said = first
        .map(|said| (0, said))
        .chain(masked.enumerate().map(|(at, said)| (at + 1, said)));
    let spoken = said.filter_map(|(at, said)| {
        let (how, in_common) = compare(fault, said, at > 0)?;
        let fault = verdict.faults.get(at)?;
        Some(Candidate {
            edge,
            fault,
            how,
            in_common,
        })
    });
    let unheard = verdict
        .faults
        .iter()
        .filter(|own| is_heard_as(own, edge, fault))
        .map(|own| Candidate {
            edge,
            fault: own,
            how: How::Kind,
            in_common: 0,
        });
    spoken.chain(unheard).min_by_key(|candidate| candidate.how)
}

/// How the line and what an edge says are alike.
fn compare(fault: &Fault, said: &str, is_masked: bool) -> Option<(How, usize)> {
    let own = Fault::read(said)?;
    let in_common = fault.evidence.in_common(&own.evidence);
    let is_alike = alike(fault.kind, own.kind) && fault.evidence.agrees_with(&own.evidence);
    if !is_alike {
        return None;
    }
    let is_telling = in_common > 0 || fault.evidence.fields().next().is_none();
    let is_same = is_telling && fault.evidence.lasting() == own.evidence.lasting();
    let how = match (is_same, in_common) {
        (true, _) if is_masked => How::Masked,
        (true, _) => How::Says,
        (false, 0) => How::Kind,
        (false, _) => How::Agrees,
    };
    Some((how, in_common))
}

/// Whether two kinds can be one fault in the words of two programs: OpenSSL does not say whether the certificate has
/// other names, and has one text for a foreign authority and for one of the same name.
fn alike(one: Kind, two: Kind) -> bool {
    let group = |kind| match kind {
        Kind::NameMismatch | Kind::NoAddresses | Kind::NoNames | Kind::CommonNameOnly => 1,
        Kind::UnknownAuthority | Kind::SameNameOtherCa | Kind::MissingIntermediate => 2,
        Kind::Expired | Kind::NotYetValid | Kind::OutsideValidity => 3,
        _ => 0,
    };
    let is_open = |kind| matches!(kind, Kind::OutsideValidity);
    match (group(one), group(two)) {
        (0, _) | (_, 0) => one == two,
        (3, 3) => one == two || is_open(one) || is_open(two),
        (one, two) => one == two,
    }
}

/// Whether `line` is how the end that learns little speaks of an edge's fault: `remote error: tls: bad certificate` is
/// what a server prints whose certificate its client refuses.
fn is_heard_as(own: &judge::Fault, edge: &Edge, line: &Fault) -> bool {
    match line.kind {
        Kind::RefusedByPeer => match line.side {
            Some(Side::Server) => own.by == Side::Client && is_of_the_handshake(own.kind),
            _ => own.by == Side::Server && is_of_the_handshake(own.kind),
        },
        Kind::Unauthorized => {
            own.by == Side::Server
                && edge.server.name == "kube-apiserver"
                && is_of_the_handshake(own.kind)
        }
        _ => false,
    }
}

fn is_of_the_handshake(kind: FaultKind) -> bool {
    !matches!(
        kind,
        FaultKind::FileMissing
            | FaultKind::Unloadable
            | FaultKind::KeyMissing
            | FaultKind::KeyMismatch
            | FaultKind::LeafNotFirst
            | FaultKind::InsecureWithRoots
            | FaultKind::WrongGroup
            | FaultKind::WrongUser
            | FaultKind::OtherNode
            | FaultKind::IdentityLost
    )
}

/// Leaves those for which `is_near` holds, when there are any.
fn keep_nearest<T>(found: &mut Vec<T>, is_near: impl Fn(&T) -> bool) {
    if found.iter().any(&is_near) {
        found.retain(is_near);
    }
}

/// An apiserver logs the serial number of a client certificate that it refuses.
fn is_of_serial(line: &Fault, own: &judge::Fault) -> bool {
    let serial = line.evidence.get(Field::Serial).and_then(number);
    match (serial, &own.certificate) {
        (Some(serial), Some(certificate)) => {
            let own = certificate.serial();
            let own = own.strip_prefix(&[0]).unwrap_or(own);
            serial == own
        }
        _ => false,
    }
}

/// The big-endian bytes of a decimal number, as long as serial numbers are (RFC 5280 section 4.1.2.2).
fn number(decimal: &str) -> Option<Vec<u8>> {
    let mut bytes: Vec<u8> = Vec::new();
    if decimal.len() > 49 {
        return None;
    }
    for digit in decimal.chars() {
        let mut carry = digit.to_digit(10)?;
        for byte in &mut bytes {
            carry += u32::from(*byte) * 10;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            bytes.push(carry as u8);
        }
    }
    bytes.reverse();
    Some(bytes)
}

fn is_dialled(fault: &Fault, edge: &Edge) -> bool {
    let on_client = fault.side != Some(Side::Server);
    let dialled = fault.dialled().or(fault.address.as_deref());
    match (dialled.filter(|_| on_client), &edge.dials) {
        (Some(dialled), Some(url)) => {
            let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            rest.split('/').next() == Some(dialled)
        }
        _ => false,
    }
}

fn is_printed_by(fault: &Fault, candidate: &Candidate<'_>) -> bool {
    let component = match fault.side {
        Some(Side::Server) => &candidate.edge.server,
        _ => &candidate.edge.client,
    };
    match fault.program {
        Some("kubectl") => component.name.starts_with("kubeconfig:"),
        Some(program) => component.name == program,
        None => false,
    }
}

fn finding_of<'a>(audit: &'a Audit, candidate: &Candidate<'_>) -> Option<&'a Finding> {
    let concerns = |finding: &&Finding| finding.edges.contains(&candidate.edge.id);
    let rule = candidate.fault.kind.rule();
    let mut findings = audit.findings.iter().filter(concerns);
    let of_rule = findings.clone().find(|finding| finding.rule == rule);
    of_rule.or_else(|| findings.next())
}

/// Findings that are about a file and concern no edge, or whose edges say something else.
fn in_files<'a>(fault: &Fault, audit: &'a Audit) -> Vec<Here<'a>> {
    let Some(rule) = fault.kind.rule() else {
        return Vec::new();
    };
    let of_files = FILE_RULES.contains(&rule);
    let mut findings: Vec<&Finding> = audit
        .findings
        .iter()
        .filter(|finding| match fault.evidence.get(Field::File) {
            Some(file) if of_files => FILE_RULES.contains(&finding.rule) && is_file(finding, file),
            _ => of_files && finding.rule == rule,
        })
        .collect();
    keep_nearest(&mut findings, |finding| finding.rule == rule);
    let here = findings.into_iter();
    here.map(|finding| of_finding(audit, finding)).collect()
}

fn is_file(finding: &Finding, file: &str) -> bool {
    finding.place.path.ends_with(file) || finding.place.read_from.ends_with(file)
}

fn of_finding<'a>(audit: &'a Audit, finding: &'a Finding) -> Here<'a> {
    let first = finding.edges.first();
    let edges = &audit.judged.topology.edges;
    Here {
        edge: first.and_then(|id| edges.iter().find(|edge| edge.id == *id)),
        finding: Some(finding),
        how: How::Kind,
    }
}

/// Rules about files, of which one fault can be any.
const FILE_RULES: &[&str] = &[
    "file-missing",
    "file-unreadable",
    "key-missing",
    "key-mismatch",
    "key-permissions",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_read_from_decimal() {
        assert_eq!(number("18876"), Some(vec![0x49, 0xbc]));
        assert_eq!(number("65536"), Some(vec![1, 0, 0]));
        assert_eq!(number("1x"), None);
        assert_eq!(number(&"9".repeat(1000)), None);
    }
}
