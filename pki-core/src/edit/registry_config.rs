//! What verifies tokens in a registry's config.yml (distribution): the settings below `auth.token`.

use granit_parser::ScalarStyle;
use granit_parser::StructureStyle;

use crate::edit::EditError;
use crate::edit::splice;
use crate::edit::splice::Splice;
use crate::edit::tree::Kind;
use crate::edit::tree::Node;
use crate::edit::tree::first_document;

/// Gives `auth.token.<key>`, such as `rootcertbundle` or `jwks`, a value: in the place of the one that is there, else on a
/// line of its own behind `rootcertbundle` or the last setting.
///
/// # Errors
/// There is no `auth.token`, the text is no YAML, or it is written in a way that is not followed.
pub fn set(text: &str, key: &str, value: &str) -> Result<String, EditError> {
    let root = first_document(text)?.root;
    let token = token(&root)?;
    let entries = entries(token);
    let (splice, change): (Splice, Change) = match token.get(key)? {
        Some(old) => {
            let style = one_line(text, old)?;
            let (written, style) = splice::scalar(value, style);
            let splice = Splice {
                at: old.at.clone(),
                text: written,
            };
            (splice, Change::Replace(style))
        }
        None => {
            let behind = position(entries, "rootcertbundle").unwrap_or(entries.len() - 1);
            insertion(text, token, behind, key, value)?
        }
    };
    let mut intended = root.clone();
    if let Some(Kind::Mapping(_, entries)) = token_mut(&mut intended).map(|token| &mut token.kind) {
        match change {
            Change::Replace(style) => {
                if let Some((_, old)) = position(entries, key).and_then(|at| entries.get_mut(at)) {
                    *old = Node::new(value, style);
                }
            }
            Change::Insert(at, style) => {
                let name = Node::new(key, ScalarStyle::Plain);
                entries.insert(at, (name, Node::new(value, style)));
            }
        }
    }
    splice::apply(text, &splice, &intended, key)
}

/// Takes `auth.token.<key>` away. A comment on its line goes with it.
///
/// # Errors
/// As [`set`]; the setting is not there.
pub fn unset(text: &str, key: &str) -> Result<String, EditError> {
    let root = first_document(text)?.root;
    let token = token(&root)?;
    let entries = entries(token);
    let absent = || EditError::Absent {
        what: format!("auth.token.{key}"),
    };
    token.get(key)?.ok_or_else(absent)?;
    let at = position(entries, key).ok_or_else(absent)?;
    let (name, value) = entries.get(at).ok_or_else(absent)?;
    one_line(text, value)?;
    let before = at.checked_sub(1).and_then(|at| entries.get(at));
    let range = match (is_flow(token), before, entries.get(at + 1)) {
        (true, Some((_, before)), _) => before.at.end..value.at.end,
        (true, None, Some((next, _))) => name.at.start..next.at.start,
        (true, None, None) => name.at.start..value.at.end,
        (false, ..) => {
            let (start, _, stop) = line_of(text, name, value)?;
            splice::previous_stop(text, start)..stop
        }
    };
    let splice = Splice {
        at: range,
        text: String::new(),
    };
    let mut intended = root.clone();
    if let Some(Kind::Mapping(_, entries)) = token_mut(&mut intended).map(|token| &mut token.kind) {
        entries.remove(at);
    }
    splice::apply(text, &splice, &intended, key)
}

enum Change {
    Replace(ScalarStyle),
    Insert(usize, ScalarStyle),
}

fn insertion(
    text: &str,
    token: &Node,
    behind: usize,
    key: &str,
    value: &str,
) -> Result<(Splice, Change), EditError> {
    let (name, before) = entries(token).get(behind).ok_or_else(no_token)?;
    let (written, style) = splice::scalar(value, one_line(text, before)?);
    let (at, text) = if is_flow(token) {
        (before.at.end, format!(", {key}: {written}"))
    } else {
        let (_, prefix, stop) = line_of(text, name, before)?;
        let end = splice::line_end(text, stop);
        (stop, format!("{end}{prefix}{key}: {written}"))
    };
    Ok((
        Splice { at: at..at, text },
        Change::Insert(behind + 1, style),
    ))
}

fn token(root: &Node) -> Result<&Node, EditError> {
    let auth = root.get("auth")?.ok_or_else(no_token)?;
    let token = auth.get("token")?.ok_or_else(no_token)?;
    if entries(token).is_empty() {
        return Err(no_token());
    }
    Ok(token)
}

fn token_mut(root: &mut Node) -> Option<&mut Node> {
    root.get_mut("auth")?.get_mut("token")
}

fn no_token() -> EditError {
    EditError::Absent {
        what: "auth.token".to_owned(),
    }
}

fn entries(mapping: &Node) -> &[(Node, Node)] {
    match &mapping.kind {
        Kind::Mapping(_, entries) => entries,
        _ => &[],
    }
}

fn position(entries: &[(Node, Node)], key: &str) -> Option<usize> {
    entries
        .iter()
        .position(|(name, _)| name.scalar().is_some_and(|(name, _)| name == key))
}

fn is_flow(mapping: &Node) -> bool {
    matches!(mapping.kind, Kind::Mapping(StructureStyle::Flow, _))
}

/// The style of a value that stands on one line.
fn one_line(text: &str, value: &Node) -> Result<ScalarStyle, EditError> {
    let written = text.get(value.at.clone()).unwrap_or_default();
    match value.scalar() {
        Some((_, style @ (ScalarStyle::Literal | ScalarStyle::Folded))) => Err(style),
        Some((_, style)) if !written.is_empty() && !written.contains('\n') => Ok(style),
        _ => Err(ScalarStyle::Plain),
    }
    .map_err(|_| EditError::Unusual {
        line: value.line,
        what: "a setting that is empty or not on one line",
    })
}

/// Where the line of a setting begins, what stands before it, and where the line stops. Nothing else may stand on it but a
/// comment.
fn line_of<'a>(
    text: &'a str,
    name: &Node,
    value: &Node,
) -> Result<(usize, &'a str, usize), EditError> {
    let start = splice::line_start(text, name.at.start);
    let stop = splice::line_stop(text, value.at.end);
    let prefix = text.get(start..name.at.start).unwrap_or_default();
    let behind = text.get(value.at.end..stop).unwrap_or_default();
    let behind = behind.trim_start();
    if !prefix.trim().is_empty() || !(behind.is_empty() || behind.starts_with('#')) {
        return Err(EditError::Unusual {
            line: name.line,
            what: "more than one setting on a line",
        });
    }
    Ok((start, prefix, stop))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "version: 0.1\nauth:\n  token:   # Harbor's\n    issuer: registry-token-issuer\n    realm: https://hub/service/token\n    \
                          rootcertbundle: /etc/registry/root.crt # by prepare\n    service: token-service\nhttp:\n  addr: :5000\n";

    #[test]
    fn jwks_comes_behind_the_bundle_and_goes_again() {
        let with = set(CONFIG, "jwks", "/etc/registry/jwks.json").unwrap();
        let line = "    jwks: /etc/registry/jwks.json\n    service";
        assert_eq!(with, CONFIG.replace("    service", line));
        assert_eq!(unset(&with, "jwks").unwrap(), CONFIG);
    }

    #[test]
    fn the_bundle_changes_in_its_place_and_in_its_quotes() {
        let changed = set(CONFIG, "rootcertbundle", "/etc/new.crt").unwrap();
        assert_eq!(
            changed,
            CONFIG.replace("/etc/registry/root.crt", "/etc/new.crt")
        );
        let quoted = CONFIG.replace("/etc/registry/root.crt", "'/etc/registry/root.crt'");
        let changed = set(&quoted, "rootcertbundle", "it's").unwrap();
        assert!(changed.contains("rootcertbundle: 'it''s' # by prepare"));
        let changed = set(CONFIG, "rootcertbundle", "true").unwrap();
        assert!(changed.contains("rootcertbundle: \"true\" # by prepare"));
    }

    #[test]
    fn line_ends_and_braces_are_kept() {
        let dos = CONFIG.replace('\n', "\r\n");
        let with = set(&dos, "jwks", "/j").unwrap();
        assert!(with.contains("\r\n    jwks: /j\r\n"), "{with:?}");
        assert_eq!(unset(&with, "jwks").unwrap(), dos);
        let flow = "auth: {token: {realm: \"r\", rootcertbundle: \"/b\", service: s}}";
        let with = set(flow, "jwks", "/j").unwrap();
        assert!(with.contains("\"/b\", jwks: \"/j\", service"), "{with}");
        assert_eq!(unset(&with, "jwks").unwrap(), flow);
    }

    #[test]
    fn what_is_not_followed_is_refused() {
        for (text, line) in [
            (
                "auth: {htpasswd: {path: /p}}\n",
                "`auth.token` is not in it",
            ),
            (
                "auth:\n  token: &t\n    realm: r\n",
                "line 3 has an anchor or an alias",
            ),
            (
                "auth:\n  token:\n    realm: r\n  token:\n    realm: s\n",
                "line 4 gives `token` a second time",
            ),
            (
                "auth:\n  token:\n    rootcertbundle:\n",
                "line 3 is written in a way",
            ),
        ] {
            let refused = set(text, "jwks", "/j").unwrap_err().to_string();
            assert!(refused.starts_with(line), "{refused}");
        }
    }
}
