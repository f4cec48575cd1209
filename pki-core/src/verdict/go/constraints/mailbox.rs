//! Subtrees of mailboxes (`emailConstraints`), and the mailbox of RFC 2821 section 4.1.2 as Go reads it.

use std::collections::HashSet;
use std::fmt;

use crate::verdict::go::constraints::domain::DomainConstraints;
use crate::verdict::go::constraints::domain::is_valid_domain;

/// An rfc822Name in its two parts (`rfc2821Mailbox`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::verdict::go) struct Mailbox {
    /// Without quotes and backslashes.
    local: String,
    domain: String,
}

/// Whole mailboxes, and domains.
#[derive(Debug)]
pub(super) struct MailboxConstraints<'a> {
    mailboxes: HashSet<Mailbox>,
    domains: Option<DomainConstraints<'a>>,
}

impl<'a> MailboxConstraints<'a> {
    pub(super) fn new(list: Vec<&'a str>, permitted: bool) -> Self {
        let (mailboxes, domains): (Vec<&str>, Vec<&str>) = list
            .into_iter()
            .partition(|constraint| constraint.contains('@'));
        let parsed = mailboxes.into_iter().filter_map(Mailbox::parse);
        Self {
            mailboxes: parsed.map(Mailbox::with_domain_in_lower_case).collect(),
            domains: (!domains.is_empty()).then(|| DomainConstraints::new(domains, permitted)),
        }
    }

    /// The constraint that holds `mailbox`, whose domain is in lower case.
    pub(super) fn query(&self, mailbox: &Mailbox) -> Option<String> {
        if self.mailboxes.contains(mailbox) {
            return Some(mailbox.to_string());
        }
        self.domains.as_ref()?.query(&mailbox.domain)
    }
}

impl Mailbox {
    /// `parseRFC2821Mailbox`.
    pub(in crate::verdict::go) fn parse(text: &str) -> Option<Self> {
        let (local, rest) = match text.strip_prefix('"') {
            Some(quoted) => quoted_string(quoted)?,
            None => atoms(text)?,
        };
        let domain = rest.strip_prefix('@')?;
        let is_sound = domain.is_empty() || is_valid_domain(domain, false);
        is_sound.then(|| Self {
            local,
            domain: domain.to_owned(),
        })
    }

    pub(super) fn with_domain_in_lower_case(self) -> Self {
        Self {
            domain: self.domain.to_lowercase(),
            ..self
        }
    }

    pub(super) fn domain(&self) -> &str {
        &self.domain
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// A Quoted-string, its opening quote already taken; spaces are let pass (RFC 3696 has an example).
fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut local = String::new();
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => return Some((local, characters.as_str())),
            '\\' => local.push(characters.next().filter(
                |next| matches!(next, '\u{1}'..='\u{9}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{7f}'),
            )?),
            text @ ('\u{1}'..='\u{8}'
            | '\u{b}'
            | '\u{c}'
            | '\u{e}'..='!'
            | '#'..='['
            | ']'..='\u{7f}') => local.push(text),
            _ => return None,
        }
    }
}

/// Atoms with dots between; a backslash lets any character pass (RFC 3696 again).
fn atoms(text: &str) -> Option<(String, &str)> {
    let mut local = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let escaped = rest.strip_prefix('\\');
        let is_text = first.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(first);
        if escaped.is_none() && !is_text {
            break;
        }
        let mut characters = escaped.unwrap_or(rest).chars();
        local.push(characters.next()?);
        rest = characters.as_str();
    }
    let is_sound = !local.is_empty()
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    is_sound.then_some((local, rest))
}
