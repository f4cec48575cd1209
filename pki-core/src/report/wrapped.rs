//! Sentences broken into lines.

/// Adds a sentence, broken at blanks, to `page`; `first` stands before its first line, and blanks of that length before
/// the others.
pub(super) fn wrapped(page: &mut String, width: usize, first: &str, text: &str) {
    let indent = " ".repeat(visible(first));
    let mut columns = indent.len();
    page.push_str(first);
    for word in text.split(' ') {
        let length = word.chars().count();
        let is_begun = columns > indent.len();
        if is_begun && columns + 1 + length > width {
            page.push('\n');
            page.push_str(&indent);
            columns = indent.len();
        } else if is_begun {
            page.push(' ');
            columns += 1;
        }
        page.push_str(word);
        columns += length;
    }
    page.push('\n');
}

/// The columns that a text takes: escapes take none.
fn visible(text: &str) -> usize {
    let mut columns = 0;
    let mut in_escape = false;
    for character in text.chars() {
        match character {
            '\u{1b}' => in_escape = true,
            'm' if in_escape => in_escape = false,
            _ if !in_escape => columns += 1,
            _ => {}
        }
    }
    columns
}

/// Below this a text is not readable, so it is not made narrower.
pub(super) const NARROWEST: usize = 40;
