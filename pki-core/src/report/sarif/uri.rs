//! Paths as URI references (RFC 3986), whatever bytes they are made of.

use std::path::Component;
use std::path::Path;

/// Relative for what lies below `base` or is relative itself, `file:///…` for the rest.
pub(super) fn reference(path: &Path, base: Option<&Path>) -> String {
    let relative = base
        .and_then(|base| path.strip_prefix(base).ok())
        .filter(|below| !below.as_os_str().is_empty())
        .unwrap_or(path);
    let encoded = encoded(relative);
    match relative.is_absolute() {
        true => format!("file://{encoded}"),
        false => encoded,
    }
}

/// With the slash at its end that a base needs.
pub(super) fn directory(path: &Path) -> String {
    let mut uri = reference(path, None);
    if !uri.ends_with('/') {
        uri.push('/');
    }
    uri
}

/// The components between slashes, every byte but the unreserved ones (section 2.3) as `%XX`: a colon in a first
/// component would else end a scheme. `.` says nothing and is left out.
fn encoded(path: &Path) -> String {
    let mut out = String::new();
    for component in path.components() {
        match component {
            Component::RootDir => out.push('/'),
            Component::CurDir => {}
            other => {
                if !out.is_empty() && !out.ends_with('/') {
                    out.push('/');
                }
                for byte in other.as_os_str().as_encoded_bytes() {
                    match byte {
                        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                            out.push(char::from(*byte));
                        }
                        _ => out.push_str(&format!("%{byte:02X}")),
                    }
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        let base = Some(Path::new("/work/dir"));
        for (path, base, uri) in [
            ("trees/a/ca.crt", base, "trees/a/ca.crt"),
            ("./trees/a b/ä.crt", None, "trees/a%20b/%C3%A4.crt"),
            ("/work/dir/trees/ca.crt", base, "trees/ca.crt"),
            (
                "/work/directory/ca.crt",
                base,
                "file:///work/directory/ca.crt",
            ),
            ("/etc/kubernetes", None, "file:///etc/kubernetes"),
            ("a:b/100%", None, "a%3Ab/100%25"),
            ("../x", base, "../x"),
        ] {
            assert_eq!(reference(Path::new(path), base), uri);
        }
        assert_eq!(directory(Path::new("/work")), "file:///work/");
        assert_eq!(directory(Path::new("/")), "file:///");
    }
}
