//! nginx's configuration: what it passes through (`stream`), and what it ends TLS for (`http`, `listen … ssl`).
//!
//! Followed: upstream, server, listen, server_name, proxy_pass, map, set, location, ssl_certificate(_key), proxy_ssl and
//! proxy_ssl_*, and include. Everything else is nothing to do with who is reached.

mod directive;
mod glob;
mod scope;
mod server;
mod target;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use crate::facts::balancer::Balancer;
use crate::facts::balancer::NotUnderstood;
use crate::facts::nginx::directive::Directive;
use crate::facts::nginx::directive::Parsed;
use crate::place::Place;

pub(super) use glob::matches;

/// Where Debian's and nginx's own packages put it.
pub(super) const MAIN: &str = "/etc/nginx/nginx.conf";

/// The files of one configuration, as they were read.
#[derive(Debug, Default)]
pub(super) struct Files {
    main: Option<PathBuf>,
    parsed: BTreeMap<PathBuf, (Place, Parsed)>,
    /// What an `include` names, as an absolute pattern, and the files that it means.
    includes: BTreeMap<PathBuf, Vec<PathBuf>>,
    missing: Vec<NotUnderstood>,
    /// How many lines of included files have been put in their places.
    included: Cell<usize>,
    /// Whether [`MOST_LINES`] or [`MOST_INCLUDED`] left something out.
    is_cut: Cell<bool>,
}

/// An `include` that is to be read.
pub(super) struct Include {
    pub(super) pattern: PathBuf,
    pub(super) told_at: Place,
}

/// Whether a text is the main file of nginx: its first block is one that only nginx has.
pub(super) fn is_main(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    if !text.contains('{') || text.trim_start().starts_with('{') {
        return false;
    }
    let parsed = directive::parse(&text);
    let is_block = |directive: &Directive| {
        directive.block.is_some()
            && directive.args.is_empty()
            && ["http", "stream", "events"].contains(&directive.name.as_str())
    };
    parsed.directives.iter().any(is_block)
}

impl Files {
    /// Adds a file, the main one first; the includes that it names and nobody has asked for yet.
    pub(super) fn add(&mut self, bytes: &[u8], place: &Place) -> Vec<Include> {
        let parsed = directive::parse(&String::from_utf8_lossy(bytes));
        let main = self.main.get_or_insert_with(|| place.path.clone());
        let directory = main.parent().unwrap_or(Path::new("/")).to_path_buf();
        let mut found = Vec::new();
        wanted(&parsed.directives, &mut |argument, line| {
            let pattern = directory.join(argument);
            if !self.includes.contains_key(&pattern) {
                self.includes.insert(pattern.clone(), Vec::new());
                found.push(Include {
                    pattern,
                    told_at: place.at_line(line),
                });
            }
        });
        self.parsed
            .insert(place.path.clone(), (place.clone(), parsed));
        found
    }

    /// Whether this file has been added.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.parsed.contains_key(path)
    }

    /// Says which files an include means.
    pub(super) fn means(&mut self, include: &Include, files: Vec<PathBuf>) {
        self.includes.insert(include.pattern.clone(), files);
    }

    /// Says why an include cannot be followed.
    pub(super) fn cannot_follow(&mut self, include: &Include, why: &str) {
        self.missing.push(NotUnderstood {
            place: include.told_at.clone(),
            what: format!("includes {}, and {why}", include.pattern.display()),
        });
    }

    /// What all files together say; `None` where there is none.
    pub(super) fn balancer(&self) -> Option<Balancer> {
        let main = self.main.as_ref()?;
        let (place, _) = self.parsed.get(main)?;
        let mut balancer = Balancer {
            program: "nginx",
            place: place.clone(),
            listeners: Vec::new(),
            not_understood: self.missing.clone(),
        };
        for (place, parsed) in self.parsed.values() {
            let problems = parsed.problems.iter();
            balancer
                .not_understood
                .extend(problems.map(|(line, what)| NotUnderstood {
                    place: place.at_line(*line),
                    what: what.clone(),
                }));
        }
        let top = self.expand(main);
        server::listeners(self, &top, &mut balancer);
        if self.is_cut.get() {
            balancer.not_understood.push(NotUnderstood {
                place: place.clone(),
                what: "holds more lines, with its includes, than are followed: some are not read"
                    .to_owned(),
            });
        }
        Some(balancer)
    }

    fn expand(&self, path: &Path) -> Vec<Line<'_>> {
        let mut lines = Vec::new();
        let mut open = BTreeSet::new();
        self.collect_file(path, &mut open, &mut lines);
        lines
    }

    fn collect_file<'a>(
        &'a self,
        path: &Path,
        open: &mut BTreeSet<PathBuf>,
        lines: &mut Vec<Line<'a>>,
    ) {
        let Some((place, parsed)) = self.parsed.get(path) else {
            return;
        };
        let included = self.included.get() + 1 + parsed.directives.len();
        self.included.set(included);
        if included > MOST_INCLUDED {
            self.is_cut.set(true);
            return;
        }
        if open.insert(path.to_path_buf()) {
            self.collect(place, &parsed.directives, open, lines);
            open.remove(path);
        }
    }

    fn collect<'a>(
        &'a self,
        place: &'a Place,
        directives: &'a [Directive],
        open: &mut BTreeSet<PathBuf>,
        lines: &mut Vec<Line<'a>>,
    ) {
        let directory = self.directory();
        for directive in directives {
            if lines.len() >= MOST_LINES {
                self.is_cut.set(true);
                return;
            }
            match directive.args.first() {
                Some(argument) if directive.name == "include" && directive.block.is_none() => {
                    let files = self.includes.get(&directory.join(argument));
                    for file in files.into_iter().flatten() {
                        self.collect_file(file, open, lines);
                    }
                }
                _ => lines.push(Line { place, directive }),
            }
        }
    }

    /// What relative paths begin at: the directory of the main file.
    fn directory(&self) -> &Path {
        let main = self.main.as_deref().and_then(Path::parent);
        main.unwrap_or(Path::new("/"))
    }
}

/// One directive and the file it stands in, includes put in their place.
#[derive(Clone, Copy)]
struct Line<'a> {
    place: &'a Place,
    directive: &'a Directive,
}

impl<'a> Line<'a> {
    fn at(&self) -> Place {
        self.place.at_line(self.directive.line)
    }

    fn inside(&self, files: &'a Files) -> Vec<Line<'a>> {
        let mut lines = Vec::new();
        let block = self.directive.block.as_deref().unwrap_or_default();
        files.collect(self.place, block, &mut BTreeSet::new(), &mut lines);
        lines
    }
}

fn wanted(directives: &[Directive], found: &mut impl FnMut(&str, u32)) {
    for directive in directives {
        match (&directive.block, directive.args.first()) {
            (None, Some(argument)) if directive.name == "include" => {
                found(argument, directive.line);
            }
            (Some(block), _) => wanted(block, found),
            _ => {}
        }
    }
}

/// No block comes near this.
const MOST_LINES: usize = 100_000;
/// Files may include each other again and again, each twice as often as the one before; no configuration comes near this.
const MOST_INCLUDED: usize = 1_000_000;

#[cfg(test)]
mod tests;
