//! The lines of a unit file.

/// One assignment of the section `[Service]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) key: String,
    pub(super) value: String,
    /// Which of the unit's files it stands in.
    pub(super) file: usize,
    /// The line that it begins on, from 1.
    pub(super) line: u32,
    /// Where in `value` further lines begin, in their order, and which.
    breaks: Vec<(usize, u32)>,
}

impl Line {
    /// The line on which the byte `at` of the value stands.
    pub(super) fn line_at(&self, at: usize) -> u32 {
        let begun = self.breaks.partition_point(|(start, _)| *start <= at);
        let last = begun.checked_sub(1).and_then(|last| self.breaks.get(last));
        last.map_or(self.line, |(_, line)| *line)
    }
}

/// Every assignment of `[Service]`. A backslash at the end of a line continues it; comments in between are passed over.
pub(super) fn service(bytes: &[u8], file: usize) -> Vec<Line> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut lines = Vec::new();
    let mut is_service = false;
    let mut pending: Option<Pending> = None;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with(['#', ';']) {
            continue;
        }
        let mut logical = pending.take().unwrap_or_else(|| Pending {
            first: number,
            text: String::new(),
            breaks: Vec::new(),
        });
        if logical.first != number {
            logical.breaks.push((logical.text.len(), number));
        }
        let backslashes = line.bytes().rev().take_while(|byte| *byte == b'\\').count();
        if backslashes % 2 == 1 {
            logical
                .text
                .push_str(line.get(..line.len() - 1).unwrap_or_default());
            logical.text.push(' ');
            pending = Some(logical);
            continue;
        }
        logical.text.push_str(line);
        logical.end(file, &mut is_service, &mut lines);
    }
    if let Some(logical) = pending {
        logical.end(file, &mut is_service, &mut lines);
    }
    lines
}

struct Pending {
    first: u32,
    text: String,
    breaks: Vec<(usize, u32)>,
}

impl Pending {
    fn end(self, file: usize, is_service: &mut bool, lines: &mut Vec<Line>) {
        let trimmed = self.text.trim();
        if trimmed.starts_with('[') {
            *is_service = trimmed == "[Service]";
            return;
        }
        let Some((key, value)) = self.text.split_once('=').filter(|_| *is_service) else {
            return;
        };
        let start = self.text.len() - value.trim_start().len();
        let breaks = self
            .breaks
            .iter()
            .map(|(at, line)| (at.saturating_sub(start), *line));
        lines.push(Line {
            key: key.trim().to_owned(),
            value: value.trim().to_owned(),
            file,
            line: self.first,
            breaks: breaks.collect(),
        });
    }
}
