//! The table of docs/architecture.md.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::source::Source;

/// Which room may import which.
pub(super) struct Table(pub(super) BTreeMap<String, BTreeSet<String>>);

impl Table {
    /// The table headed `| room | may import |`: a room in backquotes, the rooms it may import in backquotes, or `-`.
    pub(super) fn parse(markdown: &str) -> Self {
        let rows = markdown
            .lines()
            .skip_while(|line| {
                !line
                    .replace(' ', "")
                    .eq_ignore_ascii_case("|room|mayimport|")
            })
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        let table: BTreeMap<_, _> = rows
            .map(|row| {
                let mut cells = row.trim_matches('|').split('|');
                let mut quoted = |what| names_in_backquotes(cells.next().expect(what));
                let room = quoted("a room").pop_first().expect("a room in backquotes");
                (room, quoted("what it may import"))
            })
            .collect();
        assert!(
            !table.is_empty(),
            "docs/architecture.md has no table headed `| room | may import |`"
        );
        Self(table)
    }

    /// Rooms without a row, imports of no row, and imports that go round in a circle.
    pub(super) fn problems(&self, sources: &[Source]) -> Vec<String> {
        let mut problems = Vec::new();
        for room in rooms(sources) {
            if !self.0.contains_key(room) {
                problems.push(format!("room `{room}` has no row in docs/architecture.md"));
            }
        }
        for (room, imports) in &self.0 {
            for import in imports {
                if !self.0.contains_key(import) {
                    problems.push(format!("`{room}` may import `{import}`, which has no row"));
                }
            }
        }
        problems.extend(self.circle());
        problems
    }

    /// Rows that describe nothing.
    pub(super) fn rows_without_room(&self, sources: &[Source]) -> Vec<String> {
        let rooms = rooms(sources);
        let rows = self.0.keys().filter(|row| !rooms.contains(row.as_str()));
        rows.map(|row| format!("docs/architecture.md has a row for `{row}`, which is no room"))
            .collect()
    }

    /// Takes away, again and again, every room whose imports are all gone: what stays is in a circle or above one.
    pub(super) fn circle(&self) -> Option<String> {
        let mut left = self.0.clone();
        loop {
            let below: Vec<String> = left
                .iter()
                .filter(|(_, imports)| imports.iter().all(|import| !left.contains_key(import)))
                .map(|(room, _)| room.clone())
                .collect();
            if below.is_empty() {
                break;
            }
            left.retain(|room, _| !below.contains(room));
        }
        let rooms: Vec<&str> = left.keys().map(String::as_str).collect();
        (!rooms.is_empty()).then(|| {
            format!(
                "the table goes round in a circle among {}",
                rooms.join(", ")
            )
        })
    }
}

fn rooms(sources: &[Source]) -> BTreeSet<&str> {
    let inside = sources.iter().filter(|source| !source.is_root());
    inside.map(|source| source.room.as_str()).collect()
}

fn names_in_backquotes(cell: &str) -> BTreeSet<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}
