//! The rules' pages, compiled in.

use crate::checks::RULES;
use crate::finding::Severity;

/// What the page of a rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The rule's id.
    pub id: &'static str,
    /// What it finds, in one sentence.
    pub summary: &'static str,
    /// The same at more length.
    pub what: &'static str,
    /// `error`, or when it is what.
    pub severity: &'static str,
    /// Why it hurts.
    pub why: &'static str,
    /// What clients print, in Markdown.
    pub printed: &'static str,
    /// What mends it.
    pub remedy: &'static str,
    /// All of it, in Markdown.
    pub text: &'static str,
}

impl Page {
    /// The severity that is named first: what the rule's findings are where nothing makes them something else.
    pub fn usual_severity(&self) -> Severity {
        match self.severity.split([' ', '.']).next() {
            Some("error") => Severity::Error,
            Some("warning") => Severity::Warning,
            _ => Severity::Info,
        }
    }
}

/// The page of every rule, in the order of the rules.
pub fn pages() -> impl Iterator<Item = Page> {
    RULES.iter().filter_map(|rule| page(rule.id))
}

/// The page of a rule; `None` where there is no such rule.
pub fn page(id: &str) -> Option<Page> {
    let rule = RULES.iter().find(|rule| rule.id == id)?;
    let (_, text) = PAGES.iter().find(|(known, _)| *known == id)?;
    let head = text.split("\n## ").next().unwrap_or_default();
    let mut paragraphs = head.split("\n\n").map(str::trim).skip(1);
    let what = paragraphs.next().unwrap_or_default();
    let severity = head
        .lines()
        .find_map(|line| line.strip_prefix("Severity: "))
        .unwrap_or_default();
    Some(Page {
        id: rule.id,
        summary: rule.summary,
        what,
        severity,
        why: section(text, "Why it hurts"),
        printed: section(text, "What is printed"),
        remedy: section(text, "Remedy"),
        text,
    })
}

fn section<'t>(text: &'t str, title: &str) -> &'t str {
    text.split("\n## ")
        .find_map(|section| section.strip_prefix(title)?.strip_prefix('\n'))
        .map_or("", str::trim)
}

macro_rules! pages {
    ($($id:literal),* $(,)?) => {
        &[$(($id, include_str!(concat!("../../../docs/rules/", $id, ".md")))),*]
    };
}

const PAGES: &[(&str, &str)] = pages![
    "backend-missing",
    "bundle-order",
    "bypasses-load-balancer",
    "ca-data-differs",
    "client-auth-missing",
    "common-name-only",
    "copy-stale",
    "drain-timeout-missing",
    "embedded-certificate-stale",
    "etcd-name-not-allowed",
    "expired",
    "expires-soon",
    "file-missing",
    "file-unreadable",
    "front-proxy-mismatch",
    "ignore-unmatched",
    "inventory-differs",
    "key-format",
    "key-id-unknown",
    "key-mismatch",
    "key-missing",
    "key-permissions",
    "key-shared-by-nodes",
    "kubelet-certificate-not-rotating",
    "leaf-is-ca",
    "malformed-common-name",
    "missing-intermediate",
    "name-mismatch",
    "name-unresolvable",
    "node-identity-mismatch",
    "not-followed",
    "not-yet-valid",
    "organization-unexpected",
    "outlives-issuer",
    "prepare-would-undo",
    "public-default-key",
    "requestheader-name-not-allowed",
    "restart-pending",
    "same-name-other-ca",
    "server-auth-missing",
    "service-account-key-differs",
    "shared-ca-differs",
    "single-master-endpoint",
    "stale-trust",
    "tls-terminated-at-balancer",
    "token-issuer-mismatch",
    "token-key-differs",
    "token-lifetime-short",
    "token-root-mismatch",
    "unhandled-critical-extension",
    "unknown-authority",
    "usage-absent",
    "verification-disabled",
    "weak-key",
    "weak-signature",
    "wrong-advertise-address",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_page_here() {
        for rule in RULES {
            let page = page(rule.id)
                .unwrap_or_else(|| panic!("add \"{}\" to PAGES in explain/page.rs", rule.id));
            for part in [
                page.what,
                page.severity,
                page.why,
                page.printed,
                page.remedy,
            ] {
                assert!(!part.is_empty(), "docs/rules/{}.md: {page:?}", rule.id);
            }
        }
        assert_eq!(PAGES.len(), RULES.len());
        assert_eq!(pages().count(), RULES.len());
        assert_eq!(page("no-such-rule"), None);
    }
}
