//! Subtrees of domains (`dnsConstraints`), for DNS names and for the hosts of URIs and mailboxes.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::verdict::go::constraints::set::SubtreeSet;

/// Domains that are permitted, or that are excluded.
#[derive(Debug)]
pub(super) enum DomainConstraints<'a> {
    /// The empty domain is among them, which holds everything.
    All,
    /// The subtrees, and where they are excluded what a wildcard would reach: each without its first label.
    Some(SubtreeSet<&'a str>, HashMap<String, String>),
}

impl<'a> DomainConstraints<'a> {
    pub(super) fn new(list: Vec<&'a str>, permitted: bool) -> Self {
        if list.contains(&"") {
            return Self::All;
        }
        let set = SubtreeSet::new(
            list,
            |one, other| compare(one, other),
            |one, other| has_suffix(one, other),
        );
        let mut parents = HashMap::new();
        if !permitted {
            for subtree in set.iter() {
                let subtree = subtree.to_lowercase();
                if let Some(parent) = without_first_label(&subtree) {
                    parents.insert(parent.to_owned(), subtree);
                }
            }
        }
        Self::Some(set, parents)
    }

    /// The subtree that holds `domain`.
    pub(super) fn query(&self, domain: &str) -> Option<String> {
        let (set, parents) = match self {
            Self::All => return Some(String::new()),
            Self::Some(set, parents) => (set, parents),
        };
        let found = set.search(
            |subtree| compare(subtree, domain),
            |subtree| has_suffix(subtree, domain),
        );
        if let Some(subtree) = found {
            return Some((*subtree).to_owned());
        }
        if !domain.starts_with('*') {
            return None;
        }
        let domain = domain.to_lowercase();
        parents.get(without_first_label(&domain)?).cloned()
    }
}

/// `domainNameValid`: no empty label, printable ASCII only; a constraint may begin with a dot.
pub(in crate::verdict::go) fn is_valid_domain(domain: &str, constraint: bool) -> bool {
    let domain = match domain.strip_prefix('.') {
        Some(rest) if constraint => rest,
        _ if domain.is_empty() => return true,
        _ => domain,
    };
    domain
        .split('.')
        .all(|label| !label.is_empty() && label.bytes().all(|octet| octet.is_ascii_graphic()))
}

/// `dnsHasSuffix`: whether `domain` is `suffix` or below it; a suffix with a dot before it is not below itself.
fn has_suffix(suffix: &str, domain: &str) -> bool {
    let Some(rest) = domain.len().checked_sub(suffix.len()) else {
        return false;
    };
    let (above, end) = domain.as_bytes().split_at(rest);
    let ends_so = end.eq_ignore_ascii_case(suffix.as_bytes());
    ends_so && (suffix.starts_with('.') || above.last().is_none_or(|byte| *byte == b'.'))
}

/// `dnsCompare`: from the end, whatever the case; a dot sorts before all else, so that a domain stands right before
/// what is below it.
fn compare(one: &str, other: &str) -> Ordering {
    let one = one.bytes().rev().map(sort_key);
    one.cmp(other.bytes().rev().map(sort_key))
}

fn sort_key(byte: u8) -> u8 {
    match byte {
        b'.' => 0,
        other => other.to_ascii_lowercase(),
    }
}

/// `trimFirstLabel`: with the dot that followed it.
fn without_first_label(domain: &str) -> Option<&str> {
    domain.find('.').and_then(|dot| domain.get(dot..))
}
