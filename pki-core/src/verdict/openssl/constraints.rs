//! Name constraints: `NAME_CONSTRAINTS_check` and `NAME_CONSTRAINTS_check_CN` (crypto/x509/v3_ncons.c).

use crate::verdict::openssl::der::Element;
use crate::verdict::openssl::der::elements;
use crate::verdict::openssl::der::inside;
use crate::verdict::openssl::error::ErrorCode;
use crate::verdict::openssl::name::Name;
use crate::verdict::openssl::seen::Seen;
use crate::x509::der::SEQUENCE;
use crate::x509::rfc5280::DIRECTORY_NAME;
use crate::x509::rfc5280::DNS_NAME;
use crate::x509::rfc5280::EXCLUDED_SUBTREES;
use crate::x509::rfc5280::IP_ADDRESS;
use crate::x509::rfc5280::MINIMUM;
use crate::x509::rfc5280::OTHER_NAME;
use crate::x509::rfc5280::PERMITTED_SUBTREES;
use crate::x509::rfc5280::RFC822_NAME;
use crate::x509::rfc5280::URI;

/// What a CA may certify and what not.
#[derive(Debug)]
pub(super) struct Constraints<'a> {
    permitted: Vec<Subtree<'a>>,
    excluded: Vec<Subtree<'a>>,
}

#[derive(Debug)]
struct Subtree<'a> {
    base: Base<'a>,
    /// A minimum other than 0, or any maximum.
    is_bounded: bool,
}

/// A name to compare, or what it is compared with.
#[derive(Debug)]
struct Base<'a> {
    tag: u8,
    content: &'a [u8],
    /// Of a directoryName.
    name: Option<Name>,
}

impl<'a> Constraints<'a> {
    pub(super) fn read(value: &'a [u8]) -> Option<Self> {
        let mut constraints = Self {
            permitted: Vec::new(),
            excluded: Vec::new(),
        };
        for list in inside(value, SEQUENCE)? {
            let subtrees = elements(list.content)?;
            let subtrees = subtrees.iter().map(Subtree::read).collect::<Option<_>>()?;
            match list.tag {
                PERMITTED_SUBTREES => constraints.permitted = subtrees,
                EXCLUDED_SUBTREES => constraints.excluded = subtrees,
                _ => return None,
            }
        }
        Some(constraints)
    }

    /// Checks the subject and the alternative names of `certificate`.
    pub(super) fn check(&self, certificate: &Seen<'_>) -> Result<(), ErrorCode> {
        let subject = &certificate.subject;
        let names = subject.len() + certificate.names.len();
        let constraints = self.permitted.len() + self.excluded.len();
        if names > 0 && constraints > MOST_COMPARISONS / names {
            return Err(ErrorCode::Unspecified);
        }
        if subject.len() > 0 {
            self.check_one(&Base::directory_name(subject))?;
            for email in subject.emails() {
                let email = email.ok_or(ErrorCode::UnsupportedNameSyntax)?;
                self.check_one(&Base::plain(RFC822_NAME, email))?;
            }
        }
        for name in &certificate.names {
            self.check_one(&Base::read(name))?;
        }
        Ok(())
    }

    /// Checks the common names that look like host names, which stand for a dNSName where there is none.
    pub(super) fn check_common_names(&self, certificate: &Seen<'_>) -> Result<(), ErrorCode> {
        for common_name in certificate.subject.common_names() {
            // A type that is no string is reported as a lack of memory, which ends the verification without a word.
            let name = common_name.ok_or(ErrorCode::Unspecified)?;
            let end = name.iter().rposition(|octet| *octet != 0);
            let name = name.get(..end.map_or(0, |end| end + 1)).unwrap_or_default();
            if name.contains(&0) {
                return Err(ErrorCode::UnsupportedNameSyntax);
            }
            if looks_like_a_host(name) {
                self.check_one(&Base::plain(DNS_NAME, name))?;
            }
        }
        Ok(())
    }

    /// `nc_match`.
    fn check_one(&self, name: &Base<'_>) -> Result<(), ErrorCode> {
        let mut of_kind = self
            .permitted
            .iter()
            .filter(|tree| tree.is_for(name))
            .peekable();
        let is_limited = of_kind.peek().is_some();
        let mut is_permitted = false;
        for tree in of_kind {
            if tree.is_bounded {
                return Err(ErrorCode::SubtreeMinMax);
            }
            is_permitted = is_permitted || tree.holds(name)?;
        }
        if is_limited && !is_permitted {
            return Err(ErrorCode::PermittedViolation);
        }
        for tree in self.excluded.iter().filter(|tree| tree.is_for(name)) {
            if tree.is_bounded {
                return Err(ErrorCode::SubtreeMinMax);
            }
            if tree.holds(name)? {
                return Err(ErrorCode::ExcludedViolation);
            }
        }
        Ok(())
    }
}

impl<'a> Subtree<'a> {
    fn read(element: &Element<'a>) -> Option<Self> {
        let parts = inside(element.whole, SEQUENCE)?;
        let (base, bounds) = parts.split_first()?;
        let is_zero = |bound: &Element<'_>| bound.tag == MINIMUM && bound.content == [0];
        Some(Self {
            base: Base::read(base),
            is_bounded: !bounds.iter().all(is_zero),
        })
    }

    fn is_for(&self, name: &Base<'_>) -> bool {
        self.base.tag == name.tag
            && (name.tag != OTHER_NAME || other_kind(self.base.content) == other_kind(name.content))
    }

    /// `nc_match_single`.
    fn holds(&self, name: &Base<'_>) -> Result<bool, ErrorCode> {
        let (base, content) = (self.base.content, name.content);
        match name.tag {
            DIRECTORY_NAME => {
                let canonical = |name: &Base<'_>| name.name.clone().unwrap_or_default().canonical;
                Ok(canonical(name).starts_with(&canonical(&self.base)))
            }
            DNS_NAME => Ok(holds_dns(base, content)),
            RFC822_NAME => holds_email(base, content),
            URI => holds_uri(base, content),
            IP_ADDRESS => holds_ip(base, content),
            _ => Err(ErrorCode::UnsupportedConstraintType),
        }
    }
}

impl<'a> Base<'a> {
    fn read(element: &Element<'a>) -> Self {
        Self {
            name: (element.tag == DIRECTORY_NAME)
                .then(|| Name::read(element.content))
                .flatten(),
            ..Self::plain(element.tag, element.content)
        }
    }

    fn plain(tag: u8, content: &'a [u8]) -> Self {
        Self {
            tag,
            content,
            name: None,
        }
    }

    fn directory_name(name: &Name) -> Self {
        Self {
            name: Some(name.clone()),
            ..Self::plain(DIRECTORY_NAME, &[])
        }
    }
}

/// `nc_dns`: zero or more labels may be added on the left.
fn holds_dns(base: &[u8], name: &[u8]) -> bool {
    let Some(added) = name.len().checked_sub(base.len()) else {
        return false;
    };
    let (added, rest) = name.split_at_checked(added).unwrap_or_default();
    let is_boundary = base.is_empty()
        || base.starts_with(b".")
        || added.last().is_none_or(|octet| *octet == b'.');
    is_boundary && rest.eq_ignore_ascii_case(base)
}

/// `nc_email`: a mailbox, a host, or a domain that begins with a dot.
fn holds_email(base: &[u8], name: &[u8]) -> Result<bool, ErrorCode> {
    let at = |mailbox: &[u8]| mailbox.iter().rposition(|octet| *octet == b'@');
    let name_at = at(name).ok_or(ErrorCode::UnsupportedNameSyntax)?;
    let split = |mailbox: &'_ [u8], at: usize| {
        let (local, host) = mailbox.split_at_checked(at).unwrap_or_default();
        (local.to_vec(), host.get(1..).unwrap_or_default().to_vec())
    };
    let (local, host) = split(name, name_at);
    let Some(base_at) = at(base) else {
        if base.starts_with(b".") {
            return Ok(name.len() > base.len() && ends_with(name, base));
        }
        return Ok(host.eq_ignore_ascii_case(base));
    };
    let (wanted_local, wanted_host) = split(base, base_at);
    if base_at > 0 {
        if wanted_local.len() != local.len() {
            return Ok(false);
        }
        if wanted_local.contains(&0) || local.contains(&0) {
            return Err(ErrorCode::UnsupportedNameSyntax);
        }
        if wanted_local != local {
            return Ok(false);
        }
    }
    Ok(host.eq_ignore_ascii_case(&wanted_host))
}

/// `nc_uri`: the host of the URI, or a domain that begins with a dot.
fn holds_uri(base: &[u8], uri: &[u8]) -> Result<bool, ErrorCode> {
    let colon = uri.iter().position(|octet| *octet == b':');
    let after = colon.and_then(|colon| uri.get(colon..)).unwrap_or_default();
    let rest = after
        .strip_prefix(b"://")
        .ok_or(ErrorCode::UnsupportedNameSyntax)?;
    let end = [b':', b'/']
        .iter()
        .find_map(|mark| rest.iter().position(|octet| octet == mark))
        .unwrap_or(rest.len());
    let host = rest.get(..end).unwrap_or_default();
    if host.is_empty() {
        return Err(ErrorCode::UnsupportedNameSyntax);
    }
    if base.starts_with(b".") {
        return Ok(host.len() > base.len() && ends_with(host, base));
    }
    Ok(host.eq_ignore_ascii_case(base))
}

/// `nc_ip`: an address and its mask. A mask of any shape is taken.
fn holds_ip(base: &[u8], address: &[u8]) -> Result<bool, ErrorCode> {
    if !matches!(address.len(), 4 | 16) || !matches!(base.len(), 8 | 32) {
        return Err(ErrorCode::UnsupportedNameSyntax);
    }
    let (network, mask) = base.split_at_checked(base.len() / 2).unwrap_or_default();
    let is_inside = network.len() == address.len()
        && address
            .iter()
            .zip(network)
            .zip(mask)
            .all(|((octet, network), mask)| octet & mask == network & mask);
    Ok(is_inside)
}

/// `cn2dnsid`: letters, digits and underscores in at least two labels; a dot or a hyphen is never at an edge.
fn looks_like_a_host(name: &[u8]) -> bool {
    let mut has_labels = false;
    for (index, octet) in name.iter().enumerate() {
        let next = name.get(index + 1);
        let previous = index.checked_sub(1).and_then(|index| name.get(index));
        match octet {
            b'_' => {}
            octet if octet.is_ascii_alphanumeric() => {}
            _ if previous.is_none() || next.is_none() => return false,
            b'-' => {}
            b'.' if !matches!(next, Some(b'.' | b'-')) && previous != Some(&b'-') => {
                has_labels = true;
            }
            _ => return false,
        }
    }
    has_labels
}

fn ends_with(name: &[u8], end: &[u8]) -> bool {
    let start = name.len().saturating_sub(end.len());
    name.get(start..)
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// The type of an otherName.
fn other_kind(content: &[u8]) -> Option<&[u8]> {
    elements(content)?.first().map(|kind| kind.content)
}

/// `NAME_CHECK_MAX`: names times constraints.
const MOST_COMPARISONS: usize = 1 << 20;
