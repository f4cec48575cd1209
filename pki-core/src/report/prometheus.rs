//! Metrics in Prometheus' text format (version 0.0.4), for node_exporter's textfile collector or a push gateway.
//!
//! `x509_cert_*` and `x509_read_errors` have the names and labels of x509-certificate-exporter 3 and 4, so that its
//! dashboards and alerts work, and beside them `node`; `hapki_*` are hapki's own.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use crate::audit::Audit;
use crate::explain::pages;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::report::printable::Printable;
use crate::topology::Embedded;
use crate::topology::Holding;
use crate::x509::certificate::Certificate;
use crate::x509::name::DistinguishedName;

/// Every certificate, edge and count of findings as a gauge. Times are Unix seconds.
pub fn audit(audit: &Audit) -> String {
    let mut page = Page(String::new());
    page.certificates(audit);
    page.edges(audit);
    page.findings(audit);
    let broken = audit.judged.topology.broken.len();
    page.family(
        "x509_read_errors",
        "Files that could not be read or made no sense.",
    );
    page.sample("x509_read_errors", "", broken);
    page.family(
        "hapki_audit_timestamp_seconds",
        "The instant at which the audit judges.",
    );
    let now = audit.judged.now.unix_timestamp();
    page.sample("hapki_audit_timestamp_seconds", "", now);
    page.0
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, help: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl fmt::Display) {
        let _ = match labels {
            "" => writeln!(self.0, "{name} {value}"),
            labels => writeln!(self.0, "{name}{{{labels}}} {value}"),
        };
    }

    fn certificates(&mut self, audit: &Audit) {
        let certificates = certificates(&audit.judged.topology.holdings);
        if certificates.is_empty() {
            return;
        }
        self.family(NOT_BEFORE, "First instant of validity, Unix time.");
        for (labels, certificate) in &certificates {
            self.sample(
                NOT_BEFORE,
                labels,
                certificate.not_before().unix_timestamp(),
            );
        }
        self.family(NOT_AFTER, "Last instant of validity, Unix time.");
        for (labels, certificate) in &certificates {
            self.sample(NOT_AFTER, labels, certificate.not_after().unix_timestamp());
        }
        self.family(EXPIRED, "Whether the certificate has expired.");
        for (labels, certificate) in &certificates {
            let expired = audit.judged.now > certificate.not_after();
            self.sample(EXPIRED, labels, u8::from(expired));
        }
    }

    /// An edge that the graph has twice, such as one of two contexts of a kubeconfig, is one series; it holds where both do.
    fn edges(&mut self, audit: &Audit) {
        let mut edges: BTreeMap<String, bool> = BTreeMap::new();
        for (edge, verdict) in audit.judged.judged_edges() {
            let mut labels = Labels::default();
            labels.add("kind", edge.kind.name());
            labels.add("client", &edge.client);
            labels.add("server", &edge.server);
            labels.add("via", edge.via.as_deref().unwrap_or_default());
            labels.add("dials", edge.dials.as_deref().unwrap_or_default());
            let ok = edges.entry(labels.0).or_insert(true);
            *ok = *ok && verdict.ok;
        }
        if !edges.is_empty() {
            self.family(EDGE_OK, "Whether the connection, token or identity holds.");
        }
        for (labels, ok) in edges {
            self.sample(EDGE_OK, &labels, u8::from(ok));
        }
        let unjudged = audit.judged.topology.unjudged.len();
        self.family(
            "hapki_edges_unjudged",
            "What is dialled and could not be judged.",
        );
        self.sample("hapki_edges_unjudged", "", unjudged);
    }

    fn findings(&mut self, audit: &Audit) {
        self.family(
            "hapki_findings",
            "Findings that no ignore sets aside, by rule; 0 where a rule finds nothing.",
        );
        self.counts("hapki_findings", audit.findings.iter());
        self.family(
            "hapki_findings_ignored",
            "Findings that an ignore of the inventory sets aside, by rule.",
        );
        let ignored = audit.ignored.iter().map(|ignored| &ignored.finding);
        self.counts("hapki_findings_ignored", ignored);
    }

    /// Every rule has a series, so that one does not vanish when its last finding is mended.
    fn counts<'a>(&mut self, name: &str, findings: impl Iterator<Item = &'a Finding>) {
        let mut counts: BTreeMap<(&str, Severity), usize> = pages()
            .map(|page| ((page.id, page.usual_severity()), 0))
            .collect();
        for finding in findings {
            *counts.entry((finding.rule, finding.severity)).or_default() += 1;
        }
        for ((rule, severity), count) in counts {
            let mut labels = Labels::default();
            labels.add("rule", rule);
            labels.add("severity", severity);
            self.sample(name, &labels.0, count);
        }
    }
}

/// Every certificate with its labels, sorted by them. Two of one file that have the same labels are told apart as
/// x509-certificate-exporter does, by `discriminator`; the same one twice is told once.
fn certificates(holdings: &[Holding]) -> BTreeMap<String, &Certificate> {
    let mut certificates: BTreeMap<String, &Certificate> = BTreeMap::new();
    for holding in holdings {
        let mut labels = labels(holding);
        match certificates.get(&labels.0) {
            Some(known) if **known == holding.certificate => continue,
            Some(_) => {
                let sha256 = holding.certificate.sha256();
                labels.add("discriminator", sha256.get(..8).unwrap_or_default());
            }
            None => {}
        }
        certificates.insert(labels.0, &holding.certificate);
    }
    certificates
}

fn labels(holding: &Holding) -> Labels {
    let place = &holding.place;
    let mut labels = Labels::default();
    labels.add("node", &place.node);
    let name = place.path.file_name().unwrap_or_default();
    labels.add("filename", name.to_string_lossy());
    labels.add("filepath", place.path.display());
    if let Some(embedded) = &holding.embedded {
        let (kind, key) = match embedded {
            Embedded::Cluster(name) => ("cluster", name),
            Embedded::User(name) => ("user", name),
        };
        labels.add("embedded_kind", kind);
        labels.add("embedded_key", key);
    }
    let serial = if holding.certificate.serial().len() > LONGEST_SERIAL {
        holding.certificate.serial_hex()
    } else {
        holding.certificate.serial_decimal()
    };
    labels.add("serial_number", serial);
    labels.name("issuer", holding.certificate.issuer());
    labels.name("subject", holding.certificate.subject());
    labels
}

/// `name="value",…`, without those that are empty: Prometheus makes no difference between an empty label and none.
#[derive(Default)]
struct Labels(String);

impl Labels {
    fn add(&mut self, name: &str, value: impl fmt::Display) {
        let before = self.0.len();
        let comma = if before == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{comma}{name}=\"");
        let begun = self.0.len();
        let _ = write!(Escaped(&mut self.0), "{value}");
        if self.0.len() == begun {
            self.0.truncate(before);
        } else {
            self.0.push('"');
        }
    }

    /// The first value of each attribute, and of the common name the last, as the exporter takes them.
    fn name(&mut self, whose: &str, name: &DistinguishedName) {
        for (attribute, oid) in ATTRIBUTES {
            let mut values = name.rdns().iter().flatten().filter(|it| it.oid == oid);
            if let Some(value) = values.next() {
                self.add(&format!("{whose}_{attribute}"), &value.value);
            }
        }
        self.add(
            &format!("{whose}_CN"),
            name.common_name().unwrap_or_default(),
        );
    }
}

/// What stands between quotes: `\`, `"` and what a terminal obeys, line feeds included, escaped.
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.contains(|c: char| c == '\\' || c == '"' || !(' '..='~').contains(&c)) {
            for c in Printable(text).to_string().chars() {
                if matches!(c, '\\' | '"') {
                    self.0.push('\\');
                }
                self.0.push(c);
            }
        } else {
            self.0.push_str(text);
        }
        Ok(())
    }
}

const NOT_BEFORE: &str = "x509_cert_not_before";
const NOT_AFTER: &str = "x509_cert_not_after";
const EXPIRED: &str = "x509_cert_expired";
const EDGE_OK: &str = "hapki_edge_ok";

/// Octets; RFC 5280 section 4.1.2.2 allows 20. Turning a serial number of megabytes into decimal would take hours.
const LONGEST_SERIAL: usize = 64;

/// The attributes that have labels, as x509-certificate-exporter calls them; the common name comes last.
const ATTRIBUTES: [(&str, &str); 5] = [
    ("C", "2.5.4.6"),
    ("ST", "2.5.4.8"),
    ("L", "2.5.4.7"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_its_quotes_or_its_line() {
        let mut labels = Labels::default();
        labels.add("plain", "kubelet@wudang");
        labels.add("none", "");
        labels.add("hostile", "a\"b\\c\nd\u{1b}é");
        let wanted = r#"plain="kubelet@wudang",hostile="a\"b\\c\\u{a}d\\u{1b}é""#;
        assert_eq!(labels.0, wanted);
    }
}
