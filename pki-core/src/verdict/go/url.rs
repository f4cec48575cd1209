//! `net/url` as far as crypto/x509 uses it: `Parse`, `URL.Host` and `URL.String`.
//!
//! A URI that is an alternative name is parsed when its certificate is, matched by its host, and printed from its
//! parts, which may not be how it was written.

use std::fmt::Write as _;

use crate::verdict::go::address;
use crate::verdict::go::text::quote;
use crate::verdict::go::text::quote_bytes;

/// A parsed reference. What was escaped is kept as it was and unescaped: Go prints the former where it is a sound
/// escaping of the latter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    scheme: String,
    opaque: String,
    user: Option<(Vec<u8>, Option<Vec<u8>>)>,
    host: Vec<u8>,
    omits_host: bool,
    path: Escaped,
    /// What follows `?`; empty where that is all there is, `None` where there is none.
    query: Option<String>,
    fragment: Escaped,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Escaped {
    raw: String,
    plain: Vec<u8>,
}

/// Which part of a reference is escaped; each lets other characters pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Path,
    Host,
    Zone,
    UserPassword,
    Fragment,
}

impl Url {
    /// `url.Parse`; an `Err` is its error's text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (reference, fragment) = match text.split_once('#') {
            Some((reference, fragment)) => (reference, Some(fragment)),
            None => (text, None),
        };
        let failed = |text: &str, why: String| format!("parse {}: {why}", quote(text));
        let mut url = Self::parse_reference(reference).map_err(|error| failed(reference, error))?;
        if let Some(fragment) = fragment {
            let plain = unescape(fragment, Part::Fragment).map_err(|error| failed(text, error))?;
            url.fragment = Escaped {
                raw: fragment.to_owned(),
                plain,
            };
        }
        Ok(url)
    }

    /// `URL.Host`: with its port, not in lower case.
    pub(super) fn host(&self) -> String {
        String::from_utf8_lossy(&self.host).into_owned()
    }

    fn parse_reference(text: &str) -> Result<Self, String> {
        if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        let (scheme, rest) = if text == "*" {
            ("", text)
        } else {
            split_scheme(text)?
        };
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query.to_owned())),
            None => (rest, None),
        };
        let mut url = Self {
            scheme: scheme.to_ascii_lowercase(),
            opaque: String::new(),
            user: None,
            host: Vec::new(),
            omits_host: false,
            path: Escaped::default(),
            query,
            fragment: Escaped::default(),
        };
        if !rest.starts_with('/') {
            if !scheme.is_empty() {
                rest.clone_into(&mut url.opaque);
                return Ok(url);
            }
            let segment = rest.split('/').next().unwrap_or_default();
            if segment.contains(':') {
                return Err("first path segment in URL cannot contain colon".to_owned());
            }
        }
        let mut path = rest;
        let has_authority = !scheme.is_empty() || !rest.starts_with("///");
        if let Some(authority) = rest.strip_prefix("//").filter(|_| has_authority) {
            let end = authority.find('/').unwrap_or(authority.len());
            let (authority, after) = authority.split_at(end);
            path = after;
            url.set_authority(authority)?;
        } else {
            url.omits_host = !scheme.is_empty();
        }
        url.path = Escaped {
            plain: unescape(path, Part::Path)?,
            raw: path.to_owned(),
        };
        Ok(url)
    }

    /// `parseAuthority`.
    fn set_authority(&mut self, authority: &str) -> Result<(), String> {
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        self.host = parse_host(&self.scheme, host)?;
        if let Some(user) = user {
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || USER_INFO.contains(&byte);
            if !user.bytes().all(is_allowed) {
                return Err("net/url: invalid userinfo".to_owned());
            }
            let (name, password) = match user.split_once(':') {
                Some((name, password)) => (name, Some(password)),
                None => (user, None),
            };
            let name = unescape(name, Part::UserPassword)?;
            let password = password.map(|password| unescape(password, Part::UserPassword));
            self.user = Some((name, password.transpose()?));
        }
        Ok(())
    }
}

impl std::fmt::Display for Url {
    /// `URL.String`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.scheme.is_empty() {
            write!(f, "{}:", self.scheme)?;
        }
        if self.opaque.is_empty() {
            let has_authority = !self.host.is_empty() || self.user.is_some();
            if has_authority
                || (!self.scheme.is_empty() && !self.omits_host && !self.path.plain.is_empty())
            {
                f.write_str("//")?;
            }
            if let Some((name, password)) = &self.user {
                f.write_str(&escape(name, Part::UserPassword))?;
                if let Some(password) = password {
                    write!(f, ":{}", escape(password, Part::UserPassword))?;
                }
                f.write_char('@')?;
            }
            f.write_str(&escape(&self.host, Part::Host))?;
            let path = self.path.text(Part::Path);
            if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
                f.write_char('/')?;
            }
            let is_first = self.scheme.is_empty() && !has_authority;
            if is_first
                && path
                    .split('/')
                    .next()
                    .is_some_and(|first| first.contains(':'))
            {
                f.write_str("./")?;
            }
            f.write_str(&path)?;
        } else {
            f.write_str(&self.opaque)?;
        }
        if let Some(query) = &self.query {
            write!(f, "?{query}")?;
        }
        if !self.fragment.plain.is_empty() {
            write!(f, "#{}", self.fragment.text(Part::Fragment))?;
        }
        Ok(())
    }
}

impl Escaped {
    /// `EscapedPath`, `EscapedFragment`.
    fn text(&self, part: Part) -> String {
        let is_sound = |byte: u8| ALLOWED_ESCAPED.contains(&byte) || !must_escape(byte, part);
        if self.raw.bytes().all(is_sound) {
            return self.raw.clone();
        }
        if part == Part::Path && self.plain == b"*" {
            return "*".to_owned();
        }
        escape(&self.plain, part)
    }
}

/// `getScheme`.
fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii_alphanumeric() && !b"+-.".contains(&byte));
    let starts_well = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic());
    match end.map(|end| text.split_at(end)) {
        Some(("", rest)) if rest.starts_with(':') => Err("missing protocol scheme".to_owned()),
        Some((scheme, rest)) if starts_well => match rest.strip_prefix(':') {
            Some(rest) => Ok((scheme, rest)),
            None => Ok(("", text)),
        },
        _ => Ok(("", text)),
    }
}

/// `parseHost`: host and port.
fn parse_host(scheme: &str, host: &str) -> Result<Vec<u8>, String> {
    let port_is_valid = |port: &str| {
        let digits = port.strip_prefix(':');
        port.is_empty() || digits.is_some_and(|digits| digits.bytes().all(|d| d.is_ascii_digit()))
    };
    let bad_port = |port: &str| Err(format!("invalid port {} after host", quote(port)));
    match host.rfind('[') {
        Some(0) => {
            let end = host.rfind(']').ok_or("missing ']' in host")?;
            let (literal, port) = host.split_at(end);
            let literal = literal.get(1..).unwrap_or_default();
            let port = port.get(1..).unwrap_or_default();
            if !port_is_valid(port) {
                return bad_port(port);
            }
            let address = unescape_literal(literal)?;
            check_literal(&address)?;
            return Ok([b"[", address.as_slice(), b"]", port.as_bytes()].concat());
        }
        Some(_) => return Err("invalid IP-literal".to_owned()),
        None => {}
    }
    // http and https alone forbid colons in the host itself (go.dev/issue/75223).
    let strict = scheme == "http" || scheme == "https";
    let colon = if strict {
        host.find(':')
    } else {
        host.rfind(':')
    };
    if let Some(port) = colon.and_then(|colon| host.get(colon..))
        && !port_is_valid(port)
    {
        return bad_port(port);
    }
    unescape(host, Part::Host)
}

/// `%25` introduces a zone, in which more may be escaped (RFC 6874).
fn unescape_literal(literal: &str) -> Result<Vec<u8>, String> {
    match literal.find("%25") {
        Some(zone) => {
            let (host, zone) = literal.split_at(zone);
            Ok([unescape(host, Part::Host)?, unescape(zone, Part::Zone)?].concat())
        }
        None => unescape(literal, Part::Host),
    }
}

/// Only IPv6 addresses stand in brackets.
fn check_literal(literal: &[u8]) -> Result<(), String> {
    let address = address::parse(literal).map_err(|why| format!("invalid host: {why}"))?;
    if address.is_v4 {
        return Err("invalid IP-literal".to_owned());
    }
    Ok(())
}

/// `unescape`.
fn unescape(text: &str, part: Part) -> Result<Vec<u8>, String> {
    let in_host = matches!(part, Part::Host | Part::Zone);
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'%' {
            let shown = rest.get(..rest.len().min(3)).unwrap_or_default();
            let escape = || format!("invalid URL escape {}", quote_bytes(shown));
            let [high, low, tail @ ..] = after else {
                return Err(escape());
            };
            let value = hex_digit(*high).zip(hex_digit(*low));
            let value = value
                .map(|(high, low)| high << 4 | low)
                .ok_or_else(escape)?;
            let may_be_escaped = match part {
                Part::Host => value >= 0x80 || value == b'%',
                Part::Zone => value == b'%' || value == b' ' || !must_escape(value, Part::Host),
                _ => true,
            };
            if !may_be_escaped {
                return Err(escape());
            }
            plain.push(value);
            rest = tail;
        } else {
            if in_host && byte < 0x80 && must_escape(byte, part) {
                let shown = quote_bytes(&[byte]);
                return Err(format!("invalid character {shown} in host name"));
            }
            plain.push(byte);
            rest = after;
        }
    }
    Ok(plain)
}

fn escape(plain: &[u8], part: Part) -> String {
    let mut text = String::with_capacity(plain.len());
    for &byte in plain {
        if must_escape(byte, part) {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        } else {
            text.push(char::from(byte));
        }
    }
    text
}

/// `shouldEscape`.
fn must_escape(byte: u8, part: Part) -> bool {
    let passes: &[u8] = match part {
        Part::Path => b"$&+,/:;=@",
        Part::Host | Part::Zone => b"!$&'()*+,;=:[]<>\"",
        Part::UserPassword => b"$&+,;=",
        Part::Fragment => b"$&+,/:;=?@!()*",
    };
    !(byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || passes.contains(&byte))
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// What userinfo may hold beside letters and digits (`validUserinfo`).
const USER_INFO: &[u8] = b"-._:~!$&'()*+,;=%@";

/// What an escaped path or fragment may hold beside what needs no escaping (`validEncoded`).
const ALLOWED_ESCAPED: &[u8] = b"!$&'()*+,;=:@[]%";

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match Url::parse(text) {
            Ok(url) => format!("{} of {url}", url.host()),
            Err(error) => error,
        }
    }

    /// What Go 1.26 makes of each, as a program of its own printed it.
    #[test]
    fn references_are_taken_apart_and_printed_as_net_url_does() {
        for (text, expected) in GO {
            assert_eq!(shown(text), *expected, "{text}");
        }
    }

    const GO: &[(&str, &str)] = &[
        (
            r#"spiffe://cluster.local/ns/a b/sa"#,
            r#"cluster.local of spiffe://cluster.local/ns/a%20b/sa"#,
        ),
        (
            r#"HTTP://User:pa%20ss@Example.COM:8443/a%2fb?q=1#f r"#,
            r#"Example.COM:8443 of http://User:pa%20ss@Example.COM:8443/a%2fb?q=1#f%20r"#,
        ),
        (r#"mailto:root@wudang"#, r#" of mailto:root@wudang"#),
        (
            r#"https://[2001:db8::1]:6443/x"#,
            r#"[2001:db8::1]:6443 of https://[2001:db8::1]:6443/x"#,
        ),
        (
            r#"https://[fe80::1%25eth0]/"#,
            r#"[fe80::1%eth0] of https://[fe80::1%25eth0]/"#,
        ),
        (
            r#"https://[10.0.0.1]/"#,
            r#"parse "https://[10.0.0.1]/": invalid IP-literal"#,
        ),
        (
            r#"https://[2001:db8::1/"#,
            r#"parse "https://[2001:db8::1/": missing ']' in host"#,
        ),
        (
            r#"https://wudang:64x/"#,
            r#"parse "https://wudang:64x/": invalid port ":64x" after host"#,
        ),
        (
            r#"https://a:b:1/"#,
            r#"parse "https://a:b:1/": invalid port ":b:1" after host"#,
        ),
        (r#"etcd://a:b:1/"#, r#"a:b:1 of etcd://a:b:1/"#),
        (r#"//wudang/x"#, r#"wudang of //wudang/x"#),
        (r#"///wudang"#, r#" of ///wudang"#),
        (r#"a:b/c"#, r#" of a:b/c"#),
        (r#"/a:b"#, r#" of /a:b"#),
        (
            r#"1a:b"#,
            r#"parse "1a:b": first path segment in URL cannot contain colon"#,
        ),
        (r#":b"#, r#"parse ":b": missing protocol scheme"#),
        (r#"http:/x"#, r#" of http:/x"#),
        (r#"http://"#, r#" of http:"#),
        (r#"http://?"#, r#" of http:?"#),
        (r#"http://x?"#, r#"x of http://x?"#),
        (r#"http:///x"#, r#" of http:///x"#),
        (
            r#"http://us er@h/"#,
            r#"parse "http://us er@h/": net/url: invalid userinfo"#,
        ),
        (
            r#"http://a%41b/"#,
            r#"parse "http://a%41b/": invalid URL escape "%41""#,
        ),
        (
            r#"http://a%zz/"#,
            r#"parse "http://a%zz/": invalid URL escape "%zz""#,
        ),
        (
            r#"http://a b/"#,
            r#"parse "http://a b/": invalid character " " in host name"#,
        ),
        (
            r#"http://x/%zz"#,
            r#"parse "http://x/%zz": invalid URL escape "%zz""#,
        ),
        (r#"http://x/[a]|%7c"#, r#"x of http://x/%5Ba%5D%7C%7C"#),
        (r#"http://x#a%20b'c"#, r#"x of http://x#a%20b'c"#),
        (r#"http://u@h/"#, r#"h of http://u@h/"#),
        (r#"http://u:@h/"#, r#"h of http://u:@h/"#),
        (r#"*"#, r#" of *"#),
        (r#"x*y"#, r#" of x*y"#),
        (r#"http:?q"#, r#" of http:?q"#),
        (r#"urn:a:b#"#, r#" of urn:a:b"#),
        (r#"http://h%C3%A9/"#, r#"hé of http://h%C3%A9/"#),
    ];
}
