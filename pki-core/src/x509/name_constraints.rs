//! The name constraints of an authority (RFC 5280 section 4.2.1.10).

use std::net::IpAddr;

use crate::x509::der::SEQUENCE;
use crate::x509::der::read::Element;
use crate::x509::der::read::Reader;
use crate::x509::extensions::ip;
use crate::x509::rfc5280::DNS_NAME;
use crate::x509::rfc5280::EXCLUDED_SUBTREES;
use crate::x509::rfc5280::IP_ADDRESS;
use crate::x509::rfc5280::PERMITTED_SUBTREES;
use crate::x509::rfc5280::RFC822_NAME;
use crate::x509::rfc5280::URI;

/// Which names an authority may sign for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameConstraints {
    /// permittedSubtrees, in the order of the certificate.
    pub permitted: Vec<Subtree>,
    /// excludedSubtrees, in the order of the certificate.
    pub excluded: Vec<Subtree>,
}

/// The base of one subtree. What a verifier matches it with depends on its kind; the texts are as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subtree {
    /// A dNSName.
    Dns(String),
    /// Address and mask, of one family.
    Ip(IpAddr, IpAddr),
    /// An rfc822Name: a mailbox or a domain.
    Email(String),
    /// The host of uniformResourceIdentifiers.
    Uri(String),
    /// Any other, by the number of its tag.
    Other(u8),
}

impl NameConstraints {
    /// Every subtree, the permitted first.
    pub fn subtrees(&self) -> impl Iterator<Item = &Subtree> {
        self.permitted.iter().chain(&self.excluded)
    }

    /// Whether every subtree is of a kind that Go knows: the others it does not look at.
    pub fn is_understood(&self) -> bool {
        !self
            .subtrees()
            .any(|subtree| matches!(subtree, Subtree::Other(_)))
    }

    /// Reads the contents of the extension. `minimum` and `maximum` are passed over, as Go does.
    pub(crate) fn read(mut value: Reader<'_>) -> Option<Self> {
        let mut fields = value.inside(SEQUENCE)?;
        let permitted = fields.optional(PERMITTED_SUBTREES)?.map(subtrees);
        let excluded = fields.optional(EXCLUDED_SUBTREES)?.map(subtrees);
        let side = |side: Option<Option<Vec<Subtree>>>| side.unwrap_or_else(|| Some(Vec::new()));
        Some(Self {
            permitted: side(permitted)?,
            excluded: side(excluded)?,
        })
    }
}

fn subtrees(mut list: Reader<'_>) -> Option<Vec<Subtree>> {
    let mut subtrees = Vec::new();
    while !list.is_empty() {
        subtrees.push(subtree(&list.inside(SEQUENCE)?.any()?)?);
    }
    Some(subtrees)
}

fn subtree(base: &Element<'_>) -> Option<Subtree> {
    let octets = base.contents;
    let text = || {
        let text = str::from_utf8(octets).ok().filter(|text| text.is_ascii());
        text.map(str::to_owned)
    };
    Some(match base.tag {
        RFC822_NAME => Subtree::Email(text()?),
        DNS_NAME => Subtree::Dns(text()?),
        URI => Subtree::Uri(text()?),
        IP_ADDRESS => {
            let (address, mask) = octets.split_at(octets.len() / 2);
            Subtree::Ip(ip(address)?, ip(mask)?)
        }
        other => Subtree::Other(other & 0x1f),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::der;

    fn constraints(fields: &[&[u8]]) -> Option<NameConstraints> {
        NameConstraints::read(Reader::new(&der::element(SEQUENCE, fields)))
    }

    fn subtree(tag: u8, base: &[u8]) -> Vec<u8> {
        der::element(SEQUENCE, &[&der::element(tag, &[base])])
    }

    #[test]
    fn every_kind_of_subtree_is_read() {
        let permitted = [
            subtree(0x82, b".example.com"),
            subtree(0x87, &[10, 0, 0, 0, 255, 0, 0, 0]),
            subtree(0xa4, &[0x30, 0]),
        ];
        let excluded = [subtree(0x81, b"root@wudang"), subtree(0x86, b"emei")];
        let read = constraints(&[
            &der::element(PERMITTED_SUBTREES, &[&permitted.concat()]),
            &der::element(EXCLUDED_SUBTREES, &[&excluded.concat()]),
        ])
        .unwrap();
        let ip = Subtree::Ip([10, 0, 0, 0].into(), [255, 0, 0, 0].into());
        let dns = Subtree::Dns(".example.com".to_owned());
        assert_eq!(read.permitted, [dns, ip, Subtree::Other(4)]);
        assert_eq!(read.subtrees().count(), 5);
        assert!(!read.is_understood());
    }

    #[test]
    fn what_is_no_name_constraints_is_not_read_as_such() {
        assert_eq!(NameConstraints::read(Reader::new(&[])), None);
        assert_eq!(constraints(&[&[0xa0, 2, 0x30]]), None);
        let odd_length = der::element(PERMITTED_SUBTREES, &[&subtree(0x87, &[10, 0, 0, 0, 255])]);
        assert_eq!(constraints(&[&odd_length]), None);
    }
}
