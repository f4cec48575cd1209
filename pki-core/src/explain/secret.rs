//! What is pasted may hold a key, a token or a password, and what is pasted is shown again: they are taken out before
//! anything else looks at the text.

use std::ops::Range;

/// The text of a log with the private keys in it left out, over lines.
pub(super) fn without_private_keys(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, body)) = private_key(rest) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        plain.push_str(HIDDEN);
        let near = floor(body, LONGEST_KEY);
        let end = near
            .find(END)
            .and_then(|end| Some(end + END.len() + near.get(end + END.len()..)?.find(DASHES)?))
            .map(|end| end + DASHES.len())
            .or_else(|| body.find(['\n', '\r']));
        let taken = end.map_or(from.len(), |end| from.len() - body.len() + end);
        rest = from.get(taken..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

/// One line without the users and passwords of URLs, values that are named as secrets, tokens, and what is long and
/// base64.
pub(super) fn hidden(line: &str) -> String {
    let plain = without_private_keys(line);
    let plain = cut(&plain, users(&plain), "");
    let plain = cut(&plain, named(&plain), HIDDEN);
    cut(&plain, encoded(&plain), HIDDEN)
}

/// Where the next private key begins, and what follows its BEGIN line.
fn private_key(text: &str) -> Option<(usize, &str)> {
    text.match_indices(BEGIN).find_map(|(at, begin)| {
        let label = text.get(at + begin.len()..)?;
        let (label, body) = (floor(label, LONGEST_LABEL).split_once(DASHES)?.0, label);
        let is_private = label.ends_with("PRIVATE KEY");
        is_private.then_some((at, body.get(label.len() + DASHES.len()..)?))
    })
}

/// `user:password@` after `://`.
fn users(line: &str) -> Vec<Range<usize>> {
    let authorities = line.match_indices("://").filter_map(|(at, slashes)| {
        let start = at + slashes.len();
        let authority = until(line.get(start..)?, |c| {
            c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"')
        });
        Some(start..start + authority.rfind('@')? + 1)
    });
    authorities.collect()
}

/// The values of `password=`, `"token":"…"`, `Authorization: Bearer …`, `--token …`, `-u user:…`.
fn named(line: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, mark) in line.match_indices(['=', ':', ' ']) {
        if found.last().is_none_or(|last| last.end <= at) {
            found.extend(value_after(line, at, mark));
        }
    }
    found
}

fn value_after(line: &str, at: usize, mark: &str) -> Option<Range<usize>> {
    let before = line.get(..at)?;
    let name = before.trim_end_matches(['"', '\'']);
    let is_quoted_name = name.len() < before.len();
    let value = line.get(at + mark.len()..)?;
    let value = value.trim_start_matches([' ', '"', '\'']);
    let start = line.len() - value.len();
    // Looked at for every name: only a part of a value that may be as long as the line.
    let head = word(floor(value, LONGEST_WORD));
    let is_secret = match mark {
        "=" => ends_with_any(name, NAMES),
        ":" if is_quoted_name => ends_with_any(name, NAMES) || ends_with_any(name, &["auth"]),
        ":" => ends_with_any(name, NAMES) && is_no_word(head),
        _ if ends_with_any(name, &["-u", "--user"]) => {
            let user = head.find(':')? + 1;
            return Some(start + user..start + word(value).len());
        }
        _ if ends_with_any(name, &["bearer", "basic"]) => {
            is_no_word(head) && !head.starts_with("realm=")
        }
        _ => ends_with_any(name, &["--token", "--password"]),
    };
    if !is_secret || head.is_empty() || ["Bearer", "Basic", HIDDEN].contains(&head) {
        return None;
    }
    Some(start..start + word(value).len())
}

fn word(text: &str) -> &str {
    until(text, |c| {
        c.is_whitespace() || matches!(c, '"' | '\'' | '&' | ',' | ';' | ')' | '}')
    })
}

/// JSON Web Tokens, and base64 as long as a line of PEM.
fn encoded(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for run in line.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || "+/=_-.".contains(c)))
    {
        let text = until(run, |c| {
            !(c.is_ascii_alphanumeric() || "+/=_-.".contains(c))
        });
        if let Some(at) = text.find("eyJ")
            && text.len() - at >= SHORTEST_TOKEN
            && text.get(at..).is_some_and(|token| token.contains('.'))
        {
            found.push(start + at..start + text.len());
        } else if text.len() >= SHORTEST_BASE64 && text.split(['/', '.']).any(is_random) {
            found.push(start..start + text.len());
        }
        start += run.len();
    }
    found
}

/// Whether a part between slashes is no name of a file.
fn is_random(part: &str) -> bool {
    let has = |is: fn(&u8) -> bool| part.as_bytes().iter().any(is);
    part.len() >= SHORTEST_PART
        && !part.contains('-')
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}

/// Not a word of a sentence: `invalid token: crypto/rsa: verification error`.
fn is_no_word(word: &str) -> bool {
    word.len() >= SHORTEST_SECRET && word.bytes().any(|byte| byte.is_ascii_digit())
}

fn ends_with_any(text: &str, names: &[&str]) -> bool {
    let text = text.as_bytes();
    names.iter().any(|name| {
        let end = text.len().checked_sub(name.len());
        end.and_then(|at| text.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes()))
    })
}

fn until(text: &str, is_end: impl Fn(char) -> bool) -> &str {
    text.split(is_end).next().unwrap_or_default()
}

/// The first `most` bytes, or a little less where a character would be cut.
fn floor(text: &str, most: usize) -> &str {
    let mut ends = (0..=most).rev().take(LONGEST_CHARACTER);
    ends.find_map(|end| text.get(..end)).unwrap_or(text)
}

/// `line` with each range replaced; what begins inside an earlier one goes with it.
fn cut(line: &str, ranges: Vec<Range<usize>>, by: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut from = 0;
    for range in ranges {
        let Some(before) = line.get(from..range.start) else {
            from = from.max(range.end);
            continue;
        };
        plain.push_str(before);
        plain.push_str(by);
        from = range.end;
    }
    plain.push_str(line.get(from..).unwrap_or_default());
    plain
}

const HIDDEN: &str = "(hidden)";
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// What secrets are called, in any case, before `=` or `:`.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "token",
    "client_secret",
    "client-secret",
    "secret_key",
    "api_key",
    "apikey",
    "authorization",
    "cookie",
    "session",
    "client-key-data",
];

/// An RSA key of 16384 bits has about 13 KiB of PEM.
const LONGEST_KEY: usize = 16 << 10;
/// In UTF-8.
const LONGEST_CHARACTER: usize = 4;
const LONGEST_LABEL: usize = 64;
const LONGEST_WORD: usize = 64;
const SHORTEST_SECRET: usize = 8;
const SHORTEST_TOKEN: usize = 20;
/// A key id has 43 characters (RFC 7638), a line of PEM 64.
const SHORTEST_BASE64: usize = 48;
const SHORTEST_PART: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
    const BASE64: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJv5aFZvQcxerkPw3";

    #[test]
    fn secrets_are_taken_out() {
        for (line, plain) in [
            (
                "Get \"https://admin:pass@w@h:6443/api?x=y\": EOF",
                "Get \"https://h:6443/api?x=y\": EOF",
            ),
            (
                "x?account=a&password=p%40&b",
                "x?account=a&password=(hidden)&b",
            ),
            (
                "{\"Password\": \"a b\",\"auth\":\"YTpi\"}",
                "{\"Password\": \"(hidden) b\",\"auth\":\"(hidden)\"}",
            ),
            (
                "Authorization: Bearer abc123def456",
                "Authorization: Bearer (hidden)",
            ),
            (
                "join --token abcdef.0123 --token=x",
                "join --token (hidden) --token=(hidden)",
            ),
            (
                "curl -u admin:pass https://h",
                "curl -u admin:(hidden) https://h",
            ),
        ] {
            assert_eq!(hidden(line), plain);
        }
        for secret in [TOKEN, BASE64] {
            for around in ["[", "err=\"", "x/", ""] {
                let plain = hidden(&format!("{around}{secret}, end"));
                assert!(plain.ends_with("(hidden), end"), "{plain}");
            }
        }
    }

    #[test]
    fn private_keys_are_taken_out_over_lines_and_in_one() {
        for newline in ["\n", " ", "\\n"] {
            let text = format!(
                "a -----BEGIN EC PRIVATE KEY-----{newline}MHcC{newline}-----END EC PRIVATE KEY----- b"
            );
            assert_eq!(without_private_keys(&text), "a (hidden) b");
        }
        let cut_short = "-----BEGIN PRIVATE KEY-----MHcC\nnext";
        assert_eq!(without_private_keys(cut_short), "(hidden)\nnext");
    }

    #[test]
    fn long_lines_take_no_longer_for_what_they_repeat() {
        for part in [
            "=", "a:", "token:", "token=", "--user ", "eyJ.", "://@", "\"'",
        ] {
            hidden(&part.repeat((1 << 20) / part.len()));
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for line in [
            "invalid token: signature is invalid",
            "Bearer realm=\"https://h/service/token\",service=\"harbor-registry\"",
            "failed to decode bearer token: crypto/rsa: verification error",
            "[invalid bearer token, square/go-jose: error]",
            "open /home/Jenkins/workspace/build42/etc/kubernetes/pki/apiserver.crt: no such file",
            "kid NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
            "pull https://h/v2/x@sha256:0123456789abcdef0123456789abcdef0123456789abcdef",
            "-----BEGIN CERTIFICATE-----",
        ] {
            assert_eq!(hidden(line), line);
        }
    }
}
