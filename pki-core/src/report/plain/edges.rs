//! Edges as a table: each that is refused, up to a few of a kind; those that hold by kind.

use crate::judge::Judged;
use crate::judge::JudgedEdge;
use crate::report::plain::Page;
use crate::report::plain::gathered;
use crate::report::plain::kind;
use crate::report::plain::width_of;
use crate::topology::Edge;

struct Row {
    client: String,
    server: String,
    more: String,
}

impl Page<'_> {
    pub(super) fn edges(&mut self, judged: &Judged) {
        if judged.edges.is_empty() {
            return;
        }
        self.heading("Edges");
        let (accepted, refused): (Vec<_>, Vec<_>) =
            judged.judged_edges().partition(|(_, verdict)| verdict.ok);
        let (on, off) = self.style.error;
        let kinds = gathered(&refused, |(edge, _)| kind(edge));
        let rows: Vec<Row> = kinds.iter().flat_map(|alike| refused_rows(alike)).collect();
        self.rows(&format!("{on}refused{off}"), &rows);
        let kinds = gathered(&accepted, |(edge, _)| kind(edge));
        let rows: Vec<Row> = kinds
            .iter()
            .filter_map(|alike| accepted_row(alike))
            .collect();
        self.rows("holds  ", &rows);
        self.text.push('\n');
    }

    /// On one line each where all fit; else what is dialled stands below.
    fn rows(&mut self, mark: &str, rows: &[Row]) {
        let widest = |cell: fn(&Row) -> &str| rows.iter().map(|row| width_of(cell(row))).max();
        let client = widest(|row| &row.client).unwrap_or_default();
        let server = widest(|row| &row.server).unwrap_or_default();
        let more = widest(|row| &row.more).unwrap_or_default();
        let fits = INDENT + client + ARROW + server + GAP + more <= self.width;
        for Row {
            client: name,
            server: other,
            more,
        } in rows.iter().take(ROWS_SHOWN)
        {
            if fits && !more.is_empty() {
                self.line(format_args!(
                    "  {mark}  {name:client$} -> {other:server$}  {more}"
                ));
            } else if fits {
                self.line(format_args!("  {mark}  {name:client$} -> {other}"));
            } else {
                self.line(format_args!("  {mark}  {name} -> {other}"));
                if !more.is_empty() {
                    self.line(format_args!("             {more}"));
                }
            }
        }
        let left = rows.len().saturating_sub(ROWS_SHOWN);
        if left > 0 {
            self.line(format_args!(
                "  {mark}  and {left} more rows, which --format json lists"
            ));
        }
    }
}

/// The first few of a kind, then how many more.
fn refused_rows(alike: &[&(&Edge, &JudgedEdge)]) -> Vec<Row> {
    let shown = if alike.len() > REFUSED_SHOWN + 1 {
        REFUSED_SHOWN
    } else {
        alike.len()
    };
    let mut rows: Vec<Row> = alike
        .iter()
        .take(shown)
        .map(|(edge, _)| Row {
            client: edge.client.to_string(),
            server: edge.server.to_string(),
            more: dialled(edge),
        })
        .collect();
    if let Some((edge, _)) = alike.get(shown) {
        rows.push(Row {
            client: edge.client.name.clone(),
            server: edge.server.name.clone(),
            more: format!("{} more", alike.len() - shown),
        });
    }
    rows
}

/// All of a kind, by name where it is one alone.
fn accepted_row(alike: &[&(&Edge, &JudgedEdge)]) -> Option<Row> {
    let (edge, _) = alike.first()?;
    let row = match alike.len() {
        1 => Row {
            client: edge.client.to_string(),
            server: edge.server.to_string(),
            more: String::new(),
        },
        count => Row {
            client: edge.client.name.clone(),
            server: edge.server.name.clone(),
            more: count.to_string(),
        },
    };
    Some(row)
}

fn dialled(edge: &Edge) -> String {
    let dials = edge.dials.clone();
    let via = edge.via.as_ref().map(|via| format!("via {via}"));
    let both: Vec<String> = dials.into_iter().chain(via).collect();
    both.join(" ")
}

/// Columns before the client: the mark and blanks.
const INDENT: usize = 11;
const ARROW: usize = 4;
const GAP: usize = 2;
/// Refused edges of a kind that are listed one by one.
const REFUSED_SHOWN: usize = 3;
/// More rows than this are not read.
const ROWS_SHOWN: usize = 40;
