//! `constraints.go`: the names of a chain against the name constraints of the authorities above them.

mod address;
mod domain;
mod mailbox;
mod set;

use std::net::IpAddr;

use address::AddressConstraints;
use domain::DomainConstraints;
pub(super) use domain::is_valid_domain;
pub(super) use mailbox::Mailbox;
use mailbox::MailboxConstraints;

use crate::verdict::go::address as netip;
use crate::verdict::go::text::quote;
use crate::verdict::go::url::Url;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::GeneralName;
use crate::x509::name_constraints::NameConstraints;
use crate::x509::name_constraints::Subtree;

/// A name that an authority above may not sign for, or that cannot be matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    /// What Go says of it.
    pub(super) detail: String,
    /// Whose constraints they are.
    pub(super) certificate: Certificate,
}

/// `checkChainConstraints`: every certificate's names, leaf first, against every authority's constraints above it.
pub(super) fn check_chain(chain: &[&Certificate]) -> Result<(), Violation> {
    let constrainers: Vec<(usize, &Certificate, ChainConstraints<'_>)> = chain
        .iter()
        .enumerate()
        .filter_map(|(index, certificate)| {
            let constraints = certificate.extensions().name_constraints.as_ref()?;
            Some((index, *certificate, ChainConstraints::new(constraints)))
        })
        .collect();
    for (index, certificate) in chain.iter().enumerate() {
        let above = constrainers.iter().position(|(other, ..)| *other > index);
        let Some(above) = above.and_then(|first| constrainers.get(first..)) else {
            return Ok(());
        };
        let Some(names) = certificate.extensions().subject_alt_names.as_deref() else {
            continue;
        };
        let violation = |detail, by: &Certificate| Violation {
            detail,
            certificate: by.clone(),
        };
        let names = match Names::of(names) {
            Ok(names) => names,
            Err(detail) => return Err(violation(detail, certificate)),
        };
        for (_, authority, constraints) in above {
            constraints
                .check(&names)
                .map_err(|detail| violation(detail, authority))?;
        }
    }
    Ok(())
}

/// The names of one certificate as they are matched.
struct Names<'a> {
    addresses: Vec<IpAddr>,
    domains: Vec<&'a str>,
    /// As printed, and the host that is matched.
    uris: Vec<(String, String)>,
    mailboxes: Vec<Mailbox>,
}

impl<'a> Names<'a> {
    fn of(names: &'a [GeneralName]) -> Result<Self, String> {
        let mut read = Self {
            addresses: Vec::new(),
            domains: Vec::new(),
            uris: Vec::new(),
            mailboxes: Vec::new(),
        };
        let mut addresses = Vec::new();
        for name in names {
            match name {
                GeneralName::Ip(address) => read.addresses.push(*address),
                GeneralName::Dns(name) => read.domains.push(name),
                GeneralName::Uri(uri) => read.uris.push(parse_uri(uri)?),
                GeneralName::Email(address) => addresses.push(address),
                GeneralName::Other(_) => {}
            }
        }
        for address in addresses {
            let mailbox = Mailbox::parse(address)
                .ok_or_else(|| format!("cannot parse rfc822Name {}", quote(address)))?;
            read.mailboxes.push(mailbox.with_domain_in_lower_case());
        }
        Ok(read)
    }
}

/// `parseURIs`.
fn parse_uri(text: &str) -> Result<(String, String), String> {
    // Go's parser refuses a certificate with a URI that is none, long before its names are matched.
    let url = Url::parse(text)?;
    let printed = url.to_string();
    let written = url.host();
    let mut host = written.to_lowercase();
    if host.is_empty() {
        return Err(format!(
            "URI with empty host ({}) cannot be matched against constraints",
            quote(&printed)
        ));
    }
    if host.contains(':') && !host.ends_with(']') {
        host = split_host_port(&written).map_err(|why| {
            format!(
                "cannot parse URI host {}: address {written}: {why}",
                quote(&written)
            )
        })?;
    }
    let is_literal = host.starts_with('[') && host.ends_with(']');
    if is_literal || netip::parse(host.as_bytes()).is_ok() {
        return Err(format!(
            "URI with IP ({}) cannot be matched against constraints",
            quote(&printed)
        ));
    }
    Ok((printed, host))
}

/// `net.SplitHostPort`, the host.
fn split_host_port(address: &str) -> Result<String, &'static str> {
    const TOO_MANY_COLONS: &str = "too many colons in address";
    const MISSING_PORT: &str = "missing port in address";
    let (before, _) = address.rsplit_once(':').ok_or(MISSING_PORT)?;
    // No bracket may stand in the last two but those that were expected.
    let (host, open, close) = match address.strip_prefix('[') {
        Some(inner) => {
            let (host, after) = inner.split_once(']').ok_or("missing ']' in address")?;
            if before.len() != host.len() + 2 {
                return Err(if after.starts_with(':') {
                    TOO_MANY_COLONS
                } else {
                    MISSING_PORT
                });
            }
            (host, inner, after)
        }
        None if before.contains(':') => return Err(TOO_MANY_COLONS),
        None => (before, address, address),
    };
    if open.contains('[') {
        return Err("unexpected '[' in address");
    }
    if close.contains(']') {
        return Err("unexpected ']' in address");
    }
    Ok(host.to_owned())
}

/// What one authority permits and excludes, by kind of name.
struct ChainConstraints<'a> {
    addresses: Sides<AddressConstraints>,
    domains: Sides<DomainConstraints<'a>>,
    uris: Sides<DomainConstraints<'a>>,
    mailboxes: Sides<MailboxConstraints<'a>>,
}

/// Permitted and excluded; none where the authority says nothing of this kind.
struct Sides<T> {
    permitted: Option<T>,
    excluded: Option<T>,
}

impl<'a> ChainConstraints<'a> {
    fn new(constraints: &'a NameConstraints) -> Self {
        let domain = |subtree: &'a Subtree| match subtree {
            Subtree::Dns(domain) => Some(domain.as_str()),
            _ => None,
        };
        let uri = |subtree: &'a Subtree| match subtree {
            Subtree::Uri(domain) => Some(domain.as_str()),
            _ => None,
        };
        let mailbox = |subtree: &'a Subtree| match subtree {
            Subtree::Email(mailbox) => Some(mailbox.as_str()),
            _ => None,
        };
        let address = |subtree: &'a Subtree| match subtree {
            Subtree::Ip(address, mask) => Some((*address, *mask)),
            _ => None,
        };
        Self {
            addresses: Sides::new(constraints, address, |list, _| {
                AddressConstraints::new(list)
            }),
            domains: Sides::new(constraints, domain, DomainConstraints::new),
            uris: Sides::new(constraints, uri, DomainConstraints::new),
            mailboxes: Sides::new(constraints, mailbox, MailboxConstraints::new),
        }
    }

    /// `chainConstraints.check`.
    fn check(&self, names: &Names<'_>) -> Result<(), String> {
        for address in &names.addresses {
            let shown = || address.to_canonical().to_string();
            self.addresses
                .check("IP address", shown, |side| side.query(*address))?;
        }
        for domain in &names.domains {
            if !is_valid_domain(domain, false) {
                return Err(format!("x509: cannot parse dnsName {}", quote(domain)));
            }
            let shown = || (*domain).to_owned();
            self.domains
                .check("DNS name", shown, |side| side.query(domain))?;
        }
        for (uri, host) in &names.uris {
            if !is_valid_domain(host, false) {
                return Err(format!(
                    "x509: internal error: URI SAN {} failed to parse",
                    quote(uri)
                ));
            }
            let shown = || uri.clone();
            self.uris.check("URI", shown, |side| side.query(host))?;
        }
        for mailbox in &names.mailboxes {
            let shown = || mailbox.to_string();
            if !is_valid_domain(mailbox.domain(), false) {
                return Err(format!("x509: cannot parse rfc822Name {}", quote(&shown())));
            }
            self.mailboxes
                .check("email address", shown, |side| side.query(mailbox))?;
        }
        Ok(())
    }
}

impl<T> Sides<T> {
    fn new<'a, S>(
        constraints: &'a NameConstraints,
        of_kind: impl Fn(&'a Subtree) -> Option<S>,
        make: impl Fn(Vec<S>, bool) -> T,
    ) -> Self {
        let side = |subtrees: &'a [Subtree], permitted| {
            let list: Vec<S> = subtrees.iter().filter_map(&of_kind).collect();
            (!list.is_empty()).then(|| make(list, permitted))
        };
        Self {
            permitted: side(&constraints.permitted, true),
            excluded: side(&constraints.excluded, false),
        }
    }

    /// `checkConstraints`.
    fn check(
        &self,
        kind: &str,
        shown: impl Fn() -> String,
        query: impl Fn(&T) -> Option<String>,
    ) -> Result<(), String> {
        if let Some(permitted) = &self.permitted
            && query(permitted).is_none()
        {
            return Err(format!(
                "{kind} {} is not permitted by any constraint",
                quote(&shown())
            ));
        }
        if let Some(constraint) = self.excluded.as_ref().and_then(query) {
            return Err(format!(
                "{kind} {} is excluded by constraint {}",
                quote(&shown()),
                quote(&constraint)
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
