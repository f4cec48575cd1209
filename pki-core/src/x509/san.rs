//! Names a certificate may carry and names a client may dial: DNS or IP, decided once.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use idna::uts46::AsciiDenyList;
use idna::uts46::DnsLength;
use idna::uts46::Hyphens;
use idna::uts46::Uts46;
use ipnet::IpNet;

/// A DNS name fit for a subject alternative name: lower case ASCII labels (RFC 1123), perhaps with `*` as the whole
/// first label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DnsName(String);

/// A subject alternative name that hapki is willing to issue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectAltName {
    /// A dNSName.
    Dns(DnsName),
    /// An iPAddress; v4-mapped IPv6 is canonicalised to IPv4, as Go prints and compares it.
    Ip(IpAddr),
}

/// Why a text is neither a DNS name nor an address: what was given and what to give instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is {what}", given.escape_debug())]
pub struct SanError {
    /// The text as it was given.
    pub given: String,
    /// What it is instead: `a network, not an address`.
    pub what: String,
}

impl DnsName {
    /// Reads a DNS name; international names are converted to their ASCII form (IDNA, UTS 46), upper case to lower.
    ///
    /// The rules are those of RFC 1123 section 2.1 as Kubernetes applies them (apimachinery `IsDNS1123Subdomain`,
    /// `IsWildcardDNS1123Subdomain`): letters, digits and hyphens, no final dot, 253 characters. A name whose last
    /// label is a number is refused, since every client takes it for an address.
    pub fn new(text: &str) -> Result<Self, SanError> {
        let refuse = |what: &str| Err(SanError::new(text, what));
        if text.is_empty() {
            return refuse("empty");
        }
        if text.ends_with('.') {
            return refuse(
                "written with a dot at its end, which certificates do not carry; leave it off",
            );
        }
        let (wildcard, rest) = match text.strip_prefix("*.") {
            Some(rest) => ("*.", rest),
            None => ("", text),
        };
        if rest.contains('*') {
            return refuse("a wildcard elsewhere than as the whole first label (`*.example.com`)");
        }
        if rest.is_ascii() {
            check_characters(text, rest)?;
            check_labels(text, rest)?;
        }
        let ascii = Uts46::new()
            .to_ascii(
                rest.as_bytes(),
                AsciiDenyList::STD3,
                Hyphens::CheckFirstLast,
                DnsLength::Ignore,
            )
            .map_err(|_| {
                SanError::new(
                    text,
                    "not a DNS name (RFC 1123) or not a valid international one (IDNA)",
                )
            })?;
        let name = format!("{wildcard}{ascii}");
        check_labels(text, &ascii)?;
        if name.len() > MAX_NAME {
            return refuse("longer than the 253 characters of a DNS name");
        }
        Ok(Self(name))
    }

    /// The name in ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the first label is `*`.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }
}

impl SubjectAltName {
    /// An address, v4-mapped IPv6 as IPv4.
    pub fn ip(address: IpAddr) -> Self {
        Self::Ip(address.to_canonical())
    }
}

impl FromStr for SubjectAltName {
    type Err = SanError;

    /// An address when it parses as one, otherwise a DNS name; refuses networks, brackets, zones, ports, URLs,
    /// blanks and addresses with leading zeros.
    fn from_str(text: &str) -> Result<Self, SanError> {
        if let Ok(address) = text.parse() {
            return Ok(Self::ip(address));
        }
        match not_a_name(text) {
            Some(what) => Err(SanError::new(text, what)),
            None => DnsName::new(text).map(Self::Dns),
        }
    }
}

impl SanError {
    fn new(given: &str, what: &str) -> Self {
        Self {
            given: given.to_owned(),
            what: what.to_owned(),
        }
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SubjectAltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => name.fmt(f),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

/// What people give instead of a name, by its look.
fn not_a_name(text: &str) -> Option<&'static str> {
    if text
        .chars()
        .any(|character| character.is_whitespace() || character.is_control())
    {
        return Some("written with a blank or a control character in it");
    }
    if text.contains("://") {
        return Some("a URL; give its host alone");
    }
    if text.contains('/') {
        let network = text.parse::<IpNet>().is_ok();
        return Some(if network {
            "a network, not an address"
        } else {
            "not a name: it holds `/`"
        });
    }
    if text.contains(['[', ']']) {
        return Some("written with brackets; give the address without them, and without a port");
    }
    if text.contains('@') {
        return Some("an e-mail address or a user at a host; give the host alone");
    }
    if text.contains('%') {
        return Some("an address with a zone, which certificates do not carry");
    }
    match text.split_once(':') {
        None => None,
        Some((_, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some("a host with a port; give the host alone")
        }
        Some(_) => Some("not an IPv6 address, and no DNS name holds `:`"),
    }
}

/// Words for the common slips, before IDNA refuses them all in the same breath.
fn check_characters(given: &str, name: &str) -> Result<(), SanError> {
    let allowed =
        |character: &char| character.is_ascii_alphanumeric() || matches!(character, '-' | '.');
    match name.chars().find(|character| !allowed(character)) {
        None => Ok(()),
        Some('_') => Err(SanError::new(
            given,
            "not a DNS name: it holds `_`, which RFC 1123 and Kubernetes do not allow",
        )),
        Some(character) => Err(SanError::new(
            given,
            &format!("not a DNS name: it holds `{}`", character.escape_debug()),
        )),
    }
}

/// The labels of a name in ASCII. It may have become an address by way of full-width digits or dots.
fn check_labels(given: &str, ascii: &str) -> Result<(), SanError> {
    let refuse = |what: &str| Err(SanError::new(given, what));
    let is_number =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    let labels: Vec<&str> = ascii.split('.').collect();
    if labels.iter().any(|label| label.is_empty()) {
        return refuse("not a DNS name: a label is empty");
    }
    if labels.iter().any(|label| label.len() > MAX_LABEL) {
        return refuse("not a DNS name: a label is longer than 63 characters");
    }
    if labels
        .iter()
        .any(|label| label.starts_with('-') || label.ends_with('-'))
    {
        return refuse("not a DNS name: a label begins or ends with `-`");
    }
    if labels.last().is_some_and(|label| is_number(label)) {
        let zeros = labels
            .iter()
            .any(|label| is_number(label) && label.len() > 1 && label.starts_with('0'));
        return refuse(
            if labels.len() == 4 && zeros && labels.iter().all(|label| is_number(label)) {
                "an address with leading zeros, which some programs read as octal; write it without them"
            } else {
                "neither an IPv4 address nor a DNS name: its last label is a number"
            },
        );
    }
    Ok(())
}

const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

#[cfg(test)]
mod tests {
    use proptest::prelude::ProptestConfig;
    use proptest::prop_assert_eq;

    use super::*;

    #[track_caller]
    fn accepts(given: &str, canonical: &str) {
        assert_eq!(
            given.parse::<SubjectAltName>().map(|san| san.to_string()),
            Ok(canonical.to_owned())
        );
    }

    #[track_caller]
    fn refuses(given: &str, what: &str) {
        let error = given.parse::<SubjectAltName>().unwrap_err();
        assert!(error.what.contains(what), "`{given}` is {}", error.what);
    }

    #[test]
    fn addresses_and_names_are_canonicalised() {
        accepts("10.24.138.208", "10.24.138.208");
        accepts("FD00:0::1", "fd00::1");
        accepts("::ffff:10.0.0.1", "10.0.0.1");
        accepts("::1", "::1");
        accepts("Kubernetes.Default.SVC", "kubernetes.default.svc");
        accepts("*.Apps.example.com", "*.apps.example.com");
        accepts("bücher.example", "xn--bcher-kva.example");
        accepts("*.bücher.example", "*.xn--bcher-kva.example");
        accepts("武当。example", "xn--u2tr2y.example");
        accepts("node-1.3com", "node-1.3com");
        accepts("10-0-0-1", "10-0-0-1");
        accepts(
            &format!("{}.b", "a".repeat(63)),
            &format!("{}.b", "a".repeat(63)),
        );
    }

    #[test]
    fn what_is_not_a_name_is_named_for_what_it_is() {
        refuses("", "empty");
        refuses("10.0.0.0/24", "a network, not an address");
        refuses("fd00::/64", "a network, not an address");
        refuses("a/b", "holds `/`");
        refuses("[fd00::1]", "brackets");
        refuses("[fd00::1]:6443", "brackets");
        refuses("fe80::1%eth0", "zone");
        refuses("10.0.0.01", "leading zeros");
        refuses("10.0.0.1 ", "blank");
        refuses("a b", "blank");
        refuses("a\u{a0}b", "blank");
        refuses("a\u{0}b", "control");
        refuses("https://10.0.0.1:6443", "URL");
        refuses("wudang:6443", "port");
        refuses("10.0.0.1:6443", "port");
        refuses("fd00:::1", "not an IPv6 address");
        refuses("root@wudang", "host alone");
        refuses("my_node", "`_`");
        refuses("node,other", "`,`");
        refuses("wudang.", "dot at its end");
        refuses("a..b", "empty");
        refuses(".a", "empty");
        refuses("-a.b", "`-`");
        refuses("a-.b", "`-`");
        refuses("*", "wildcard");
        refuses("a.*.b", "wildcard");
        refuses("w*.b", "wildcard");
        refuses("*.*.b", "wildcard");
        refuses("10.0.0.256", "last label is a number");
        refuses("1", "last label is a number");
        refuses("１０.0.0.1", "last label is a number");
        refuses("xn--a", "IDNA");
        refuses(&"a".repeat(64), "63");
        refuses(&vec!["a".repeat(63); 4].join("."), "253");
    }

    #[test]
    fn what_is_given_is_shown_without_its_control_characters() {
        let error = "a\u{1b}[31m".parse::<SubjectAltName>().unwrap_err();
        assert!(!error.to_string().contains('\u{1b}'));
    }

    proptest::proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_is_accepted_is_canonical(given in "[-a-zA-Z0-9.:*_/ %\\[\\]@üß。１武\u{200d}\u{ad}]{0,24}") {
            if let Ok(san) = given.parse::<SubjectAltName>() {
                let canonical = san.to_string();
                prop_assert_eq!(canonical.parse::<SubjectAltName>(), Ok(san));
                prop_assert_eq!(canonical.to_ascii_lowercase(), canonical);
            }
        }

        #[test]
        fn no_text_makes_it_panic(given in "\\PC{0,80}") {
            let _ = given.parse::<SubjectAltName>();
        }
    }
}
