//! The `server` lines of a section, and how they are spoken to.

use crate::facts::balancer::Backend;
use crate::facts::balancer::Termination;
use crate::facts::balancer::Upstream;
use crate::facts::balancer::host_and_port;
use crate::facts::haproxy::Reader;
use crate::facts::haproxy::section::Line;
use crate::facts::haproxy::section::Section;
use crate::facts::haproxy::section::argument;
use crate::facts::haproxy::section::is;
use crate::facts::haproxy::section::option;

impl Reader<'_> {
    /// The servers of a section, without those that are disabled. A port of 0 is the one that was dialled.
    pub(super) fn servers(
        &mut self,
        sections: &[Section],
        section: &Section,
        frontend: &Section,
    ) -> (Vec<Backend>, Upstream) {
        let defaults = section.defaults.and_then(|index| sections.get(index));
        let all = defaults
            .into_iter()
            .flat_map(|d| &d.lines)
            .chain(&section.lines);
        let mut inherited: Vec<&Line> = all.filter(|line| is(line, "default-server")).collect();
        inherited.reverse();
        let mut backends = Vec::new();
        let mut upstream = Upstream::default();
        for line in &section.lines {
            if is(line, "server-template") {
                self.problem(
                    line.number,
                    "makes servers of a template, which is not followed",
                );
            }
            if !is(line, "server") || option(line, "disabled") {
                continue;
            }
            let text = line.words.get(2).map_or("", String::as_str);
            match host_and_port(text)
                .filter(|(host, _)| !host.is_empty() && !host.contains(['$', '/', '@']))
            {
                Some((host, port)) => backends.push(Backend {
                    place: self.place.at_line(line.number),
                    host: host.to_owned(),
                    port: port.unwrap_or(0),
                }),
                None => self.problem(
                    line.number,
                    format!("names `{text}` as a server, which is no host and port"),
                ),
            }
            let lines: Vec<&Line> = std::iter::once(line)
                .chain(inherited.iter().copied())
                .collect();
            upstream = self.upstream(&lines);
        }
        if backends.is_empty() && frontend.kind == "frontend" {
            let number = frontend.lines.first().map_or(1, |line| line.number);
            self.problem(number, "leads to a backend without servers");
        }
        (backends, upstream)
    }

    /// `ssl` verifies unless it is told not to (`ssl-server-verify required` is the default; manual, 5.2 `verify`).
    fn upstream(&self, lines: &[&Line]) -> Upstream {
        let value = |name: &str| {
            lines
                .iter()
                .find_map(|line| argument(line, name).map(|text| (text, line.number)))
        };
        let tls = lines.iter().find(|line| option(line, "ssl"));
        let is_off = value("verify").is_some_and(|(how, _)| how == "none");
        Upstream {
            tls: tls.is_some(),
            verifies: tls
                .filter(|_| !is_off)
                .map(|line| self.place.at_line(line.number)),
            roots: value("ca-file").map(|(path, line)| self.file(path, line)),
            name: value("verifyhost").map(|(name, _)| name.to_owned()),
            depth: None,
            shows: value("crt").map(|(path, line)| Termination {
                certificate: self.file(path, line),
                key: None,
            }),
        }
    }
}
