//! Certificates as a table: what runs out first comes first. Those of one role that end on one day are one row.

use time::Date;
use time::OffsetDateTime;

use crate::judge::Judged;
use crate::report::plain::Page;
use crate::report::plain::gathered;
use crate::report::plain::listed;
use crate::report::plain::width_of;
use crate::topology::Holding;
use crate::topology::Role;

struct Row {
    left: String,
    until: Date,
    role: String,
    nodes: String,
    is_expired: bool,
}

impl Page<'_> {
    pub(super) fn certificates(&mut self, judged: &Judged) {
        let rows = rows(judged);
        if rows.is_empty() {
            return;
        }
        self.heading("Certificates");
        let left = rows.iter().map(|row| width_of(&row.left)).max();
        let left = left.unwrap_or_default();
        let role = rows.iter().map(|row| width_of(&row.role)).max();
        let role = role.unwrap_or_default();
        for row in rows.iter().take(ROWS_SHOWN) {
            let (on, off) = match row.is_expired {
                true => self.style.error,
                false => ("", ""),
            };
            let first = format!(
                "  {on}{:>left$}{off}  {}  {:role$}  ",
                row.left, row.until, row.role
            );
            self.wrapped(&first, &row.nodes);
        }
        if let Some(next) = rows.get(ROWS_SHOWN) {
            let more = rows.len() - ROWS_SHOWN;
            let until = next.until;
            self.line(format_args!("  and {more} more rows, from {until} on"));
        }
        self.text.push('\n');
    }
}

fn rows(judged: &Judged) -> Vec<Row> {
    let mut used: Vec<(&Holding, OffsetDateTime)> = judged
        .topology
        .holdings
        .iter()
        .filter(|holding| holding.role.is_some())
        .map(|holding| (holding, holding.certificate.not_after()))
        .collect();
    used.sort_by_key(|(_, until)| *until);
    gathered(&used, |(holding, until)| (holding.role, until.date()))
        .into_iter()
        .filter_map(|alike| row(judged.now, &alike))
        .collect()
}

fn row(now: OffsetDateTime, alike: &[&(&Holding, OffsetDateTime)]) -> Option<Row> {
    let (first, until) = alike.first()?;
    let mut nodes: Vec<String> = alike.iter().map(|(holding, _)| held_by(holding)).collect();
    nodes.sort();
    nodes.dedup();
    let nodes: Vec<&str> = nodes.iter().map(String::as_str).collect();
    Some(Row {
        left: left(now, *until),
        until: until.date(),
        role: role_of(first),
        nodes: listed(&nodes),
        is_expired: *until < now,
    })
}

/// The node; of a file that belongs to none, the file.
fn held_by(holding: &Holding) -> String {
    match holding.place.node.as_str() {
        "" => holding.place.path.display().to_string(),
        node => node.to_owned(),
    }
}

fn role_of(holding: &Holding) -> String {
    match holding.role {
        Some(Role::Profile(profile)) => profile.to_string(),
        Some(Role::Authority(authority)) => authority.to_string(),
        Some(Role::Balancer) => "balancer".to_owned(),
        None => String::new(),
    }
}

fn left(now: OffsetDateTime, until: OffsetDateTime) -> String {
    match (until - now).whole_days() {
        _ if until < now => "expired".to_owned(),
        0 => "<1d".to_owned(),
        days => format!("{days}d"),
    }
}

/// More rows than this are not read; what runs out later can wait.
const ROWS_SHOWN: usize = 40;
