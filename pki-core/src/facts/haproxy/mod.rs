//! HAProxy's configuration: frontends and what they lead to, in tcp and in http mode.
//!
//! Followed: defaults, frontend, backend and listen with mode, bind, server, default-server, default_backend, use_backend
//! and acl. Source of the grammar: HAProxy's configuration manual, sections 2.1 (format), 2.2 (quoting), 4 and 5.

mod route;
mod section;
mod server;

use std::collections::BTreeMap;
use std::path::Path;

use crate::facts::balancer::Backend;
use crate::facts::balancer::Balancer;
use crate::facts::balancer::FileAt;
use crate::facts::balancer::Listener;
use crate::facts::balancer::Mode;
use crate::facts::balancer::NotUnderstood;
use crate::facts::balancer::Termination;
use crate::facts::balancer::Upstream;
use crate::facts::balancer::host_and_port;
use crate::facts::balancer::listening_address;
use crate::facts::haproxy::route::Route;
use crate::facts::haproxy::route::routes;
use crate::facts::haproxy::section::Section;
use crate::facts::haproxy::section::argument;
use crate::facts::haproxy::section::is;
use crate::facts::haproxy::section::mode;
use crate::facts::haproxy::section::option;
use crate::place::Place;

/// Where packages put it.
pub(super) const MAIN: &str = "/etc/haproxy/haproxy.cfg";

/// Whether a text looks like HAProxy's: a line that opens one of its sections.
pub(super) fn is_main(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.lines().any(|line| {
        let mut words = line.split_whitespace();
        let opens = words
            .next()
            .is_some_and(|word| ["frontend", "listen"].contains(&word));
        opens
            && line.starts_with(['f', 'l'])
            && words
                .next()
                .is_some_and(|name| !name.ends_with(['{', ':', ';']))
    })
}

/// Reads the file. What it does not follow is among the facts.
pub(super) fn parse(bytes: &[u8], place: &Place) -> Balancer {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader {
        place,
        balancer: Balancer {
            program: "haproxy",
            place: place.clone(),
            ..Balancer::default()
        },
    };
    let (sections, problems) = section::sections(&text);
    for (line, what) in problems {
        reader.problem(line, what);
    }
    for section in &sections {
        if ["frontend", "listen"].contains(&section.kind.as_str()) {
            reader.frontend(&sections, section);
        }
    }
    reader.balancer
}

struct Reader<'a> {
    place: &'a Place,
    balancer: Balancer,
}

impl Reader<'_> {
    fn frontend(&mut self, sections: &[Section], section: &Section) {
        let default = default_of(sections, section);
        let routes = routes(section, default);
        if routes.iter().all(|route| route.to.is_empty()) {
            return;
        }
        let mut servers: BTreeMap<&str, Servers> = BTreeMap::new();
        for (name, number) in routes.iter().flat_map(|route| &route.to) {
            if !servers.contains_key(name) {
                let found = self.backend(sections, section, (name, *number));
                servers.insert(name, found);
            }
        }
        for route in &routes {
            let (backends, upstream) = self.servers_of(route, &servers);
            self.listeners(sections, section, route, (&backends, &upstream));
        }
    }

    fn listeners(
        &mut self,
        sections: &[Section],
        section: &Section,
        route: &Route<'_>,
        (backends, upstream): (&[Backend], &Upstream),
    ) {
        let http = mode(sections, section) == "http";
        // What is wrong with a bind is said once.
        let is_last = route.names.is_empty();
        for line in section.lines.iter().filter(|line| is(line, "bind")) {
            let at = self.place.at_line(line.number);
            let mode = match (option(line, "ssl"), argument(line, "crt")) {
                (false, _) if http => Mode::Plain,
                (false, _) => Mode::PassThrough,
                (true, Some(certificate)) => Mode::Terminates(Box::new(Termination {
                    certificate: self.file(certificate, line.number),
                    key: None,
                })),
                (true, None) => {
                    if is_last {
                        let what = "binds with ssl, and no crt says what it shows";
                        self.problem(line.number, what);
                    }
                    continue;
                }
            };
            for text in line.words.get(1).map_or("", String::as_str).split(',') {
                match listening(text) {
                    Ok(Some((address, port))) => self.balancer.listeners.push(Listener {
                        place: at.clone(),
                        address,
                        port,
                        names: route.names.clone(),
                        is_default: route.names.is_empty(),
                        mode: mode.clone(),
                        backends: with_port(backends, port),
                        upstream: upstream.clone(),
                    }),
                    Err(what) if is_last => self.problem(line.number, what),
                    Ok(None) | Err(_) => {}
                }
            }
        }
    }

    /// The servers of a backend; of the section itself where it has them.
    fn backend(
        &mut self,
        sections: &[Section],
        section: &Section,
        (name, number): (&str, u32),
    ) -> Servers {
        if name == OWN {
            return self.servers(sections, section, section);
        }
        if name.contains('%') {
            let what = format!("leads to `{name}`, which is made anew for every connection");
            self.problem(number, what);
            return Servers::default();
        }
        let found = sections.iter().find(|section| {
            ["backend", "listen"].contains(&section.kind.as_str()) && section.name == name
        });
        match found {
            Some(backend) => self.servers(sections, backend, section),
            None => {
                let what = format!("leads to `{name}`, which is no backend of this file");
                self.problem(number, what);
                Servers::default()
            }
        }
    }

    /// All servers that a route may lead to.
    fn servers_of(&mut self, route: &Route<'_>, servers: &BTreeMap<&str, Servers>) -> Servers {
        let mut all: Vec<Backend> = Vec::new();
        let mut upstream: Option<&Upstream> = None;
        for (name, number) in &route.to {
            let Some((backends, own)) = servers.get(name).filter(|found| !found.0.is_empty())
            else {
                continue;
            };
            all.extend(backends.iter().cloned());
            if upstream.is_some_and(|known| known != own) {
                let what = format!(
                    "leads to `{name}`, whose servers are spoken to otherwise than those before: that is not followed"
                );
                self.problem(*number, what);
            }
            upstream = upstream.or(Some(own));
        }
        (all, upstream.cloned().unwrap_or_default())
    }

    fn file(&self, path: &str, line: u32) -> FileAt {
        let directory = self.place.path.parent().unwrap_or(Path::new("/"));
        FileAt {
            path: directory.join(path),
            told_at: self.place.at_line(line),
        }
    }

    fn problem(&mut self, line: u32, what: impl Into<String>) {
        self.balancer.not_understood.push(NotUnderstood {
            place: self.place.at_line(line),
            what: what.into(),
        });
    }
}

/// Where connections go that no condition takes: the section's own servers, else its default backend.
fn default_of<'s>(sections: &'s [Section], section: &'s Section) -> Option<(&'s str, u32)> {
    if section.kind == "listen" && section.lines.iter().any(|line| is(line, "server")) {
        return Some((OWN, 0));
    }
    let defaults = section.defaults.and_then(|index| sections.get(index));
    let lines = section.lines.iter();
    let mut lines = lines.chain(defaults.into_iter().flat_map(|d| &d.lines));
    let line = lines.find(|line| is(line, "default_backend"))?;
    Some((line.words.get(1).map_or("", String::as_str), line.number))
}

fn with_port(backends: &[Backend], dialled: u16) -> Vec<Backend> {
    let mut backends = backends.to_vec();
    for backend in &mut backends {
        if backend.port == 0 {
            backend.port = dialled;
        }
    }
    backends
}

/// `None` for what is no TCP port.
fn listening(text: &str) -> Result<Option<(Option<std::net::IpAddr>, u16)>, String> {
    if text.starts_with(['/', '@'])
        || ["unix@", "abns@", "fd@", "quic"]
            .iter()
            .any(|p| text.starts_with(p))
    {
        return Ok(None);
    }
    let text = ["ipv4@", "ipv6@"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text);
    let (host, port) = match text.strip_prefix('[') {
        Some(_) => host_and_port(text).and_then(|(host, port)| Some((host, port?))),
        None => text
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host, port.parse().ok()?))),
    }
    .ok_or_else(|| format!("binds `{text}`, which is not one address and port"))?;
    Ok(Some((listening_address(host)?, port)))
}

/// Stands for the section itself; no name has a space.
const OWN: &str = "its own servers";

/// Servers, and how they are spoken to.
type Servers = (Vec<Backend>, Upstream);

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Balancer {
        parse(text.as_bytes(), &Place::file(MAIN))
    }

    fn backends(listener: &Listener) -> Vec<String> {
        let one = |b: &Backend| format!("{}:{}", b.host, b.port);
        listener.backends.iter().map(one).collect()
    }

    #[test]
    fn tcp_through_a_frontend_and_a_backend() {
        let text = "global\n  log /dev/log local0\ndefaults\n  mode tcp\n\nfrontend apiserver # the masters\n  bind *:8443,[::1]:9443\n  bind /run/x.sock\n  default_backend masters\n\nbackend masters\n  option ssl-hello-chk\n  default-server inter 10s\n  server shaolin 10.27.53.32:6443 check\n  server wudang \"10.24.138.208:6443\" check backup\n  server old 10.0.0.1:6443 disabled\n";
        assert!(is_main(text.as_bytes()));
        let balancer = read(text);
        assert_eq!(balancer.not_understood, []);
        let [first, second] = balancer.listeners.as_slice() else {
            panic!("{balancer:?}")
        };
        assert_eq!((first.address, first.port), (None, 8443));
        assert_eq!((second.address, second.port), ("::1".parse().ok(), 9443));
        assert_eq!(first.mode, Mode::PassThrough);
        assert_eq!(backends(first), ["10.27.53.32:6443", "10.24.138.208:6443"]);
        assert_eq!(first.place.line, Some(7));
        assert_eq!(first.backends[1].place.line, Some(15));
    }

    #[test]
    fn http_ends_tls_and_verifies_unless_told_not_to() {
        let balancer = read(
            "defaults\n mode http\nlisten api\n bind 10.0.0.9:443 ssl crt lb.pem\n default-server ssl ca-file /etc/ssl/ca.crt verify required\n server a m1\nlisten b\n bind :80\n mode http\n server a m1:6443 ssl verify none\n",
        );
        assert_eq!(balancer.not_understood, []);
        let [first, second] = balancer.listeners.as_slice() else {
            panic!("{balancer:?}")
        };
        let ends = first.terminates().unwrap();
        assert_eq!(ends.certificate.path, Path::new("/etc/haproxy/lb.pem"));
        assert_eq!(backends(first), ["m1:443"]);
        assert!(first.upstream.tls);
        assert_eq!(first.upstream.verifies.as_ref().unwrap().line, Some(5));
        assert_eq!(second.mode, Mode::Plain);
        assert_eq!(second.upstream.verifies, None);
    }

    #[test]
    fn what_is_not_followed_is_said() {
        let balancer = read(
            "x\nfrontend f\n bind :1-9\n bind :2 ssl\n use_backend gone if TRUE\nfrontend g\n bind :3\n use_backend a if X\n use_backend b if Y\nlisten h\n bind ${IP}:5\n server-template t 3 x:1\n server s unix@/run/s\n server 'open\n",
        );
        let mut lines: Vec<u32> = balancer
            .not_understood
            .iter()
            .filter_map(|problem| problem.place.line)
            .collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [1, 3, 4, 5, 8, 9, 11, 12, 13, 14],
            "{:#?}",
            balancer.not_understood
        );
    }
}
