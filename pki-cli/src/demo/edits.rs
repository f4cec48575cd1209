//! What was done to the files by hand, as fixtures/seed/kubernetes/steps tells it: one edit a line.

/// One thing done to the files. Paths begin with the node's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit<'a> {
    /// A file that comes with the steps.
    Add(&'a str),
    /// A file as another file is.
    Copy { from: &'a str, to: &'a str },
    /// Every occurrence of a text in a file.
    Replace {
        file: &'a str,
        from: &'a str,
        with: &'a str,
    },
    /// A line at the end of a file.
    Append { file: &'a str, line: &'a str },
    /// A serving certificate made with openssl, and its key.
    ByHand {
        node: &'a str,
        address: &'a str,
        key: &'a str,
        certificate: &'a str,
    },
}

/// The edits of a file, in order; lines that begin with # are for people.
///
/// # Errors
/// A line that is no edit.
pub(crate) fn parse(text: &str) -> Result<Vec<Edit<'_>>, String> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| edit(line).ok_or_else(|| format!("no edit: {line}")))
        .collect()
}

fn edit(line: &str) -> Option<Edit<'_>> {
    let (verb, rest) = line.split_once(' ')?;
    let words: Vec<&str> = rest.split(' ').collect();
    match (verb, words.as_slice()) {
        ("add", &[file]) => Some(Edit::Add(file)),
        ("copy", &[from, to]) => Some(Edit::Copy { from, to }),
        ("replace", &[file, from, with]) => Some(Edit::Replace { file, from, with }),
        ("append", _) => {
            let (file, line) = rest.split_once(' ')?;
            Some(Edit::Append { file, line })
        }
        ("by-hand", &[node, address, key, certificate]) => Some(Edit::ByHand {
            node,
            address,
            key,
            certificate,
        }),
        _ => None,
    }
}
