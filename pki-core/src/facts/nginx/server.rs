//! The `server` blocks of `stream` and `http`: where they listen and where they lead.

use std::path::Path;

use crate::facts::balancer::Balancer;
use crate::facts::balancer::FileAt;
use crate::facts::balancer::Listener;
use crate::facts::balancer::Mode;
use crate::facts::balancer::NotUnderstood;
use crate::facts::balancer::Termination;
use crate::facts::balancer::host_and_port;
use crate::facts::balancer::listening_address;
use crate::facts::nginx::Files;
use crate::facts::nginx::Line;
use crate::facts::nginx::scope::Scope;
use crate::place::Place;

/// Every listener below the main file's directives that passes something on.
pub(super) fn listeners(files: &Files, top: &[Line<'_>], balancer: &mut Balancer) {
    for block in top {
        let protocol = match block.directive.name.as_str() {
            "stream" => Protocol::Stream,
            "http" => Protocol::Http,
            _ => continue,
        };
        let lines = block.inside(files);
        let section = Section {
            files,
            protocol,
            lines: &lines,
        };
        for server in lines.iter().filter(|line| line.directive.name == "server") {
            match section.server(*server) {
                Ok(found) => balancer.listeners.extend(found),
                Err(problems) => balancer.not_understood.extend(problems),
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Stream,
    Http,
}

/// One `stream` or `http` block.
pub(super) struct Section<'a> {
    pub(super) files: &'a Files,
    pub(super) protocol: Protocol,
    pub(super) lines: &'a [Line<'a>],
}

struct Port {
    place: Place,
    address: Option<std::net::IpAddr>,
    port: u16,
    ssl: bool,
    is_default: bool,
}

impl<'a> Section<'a> {
    fn server(&self, server: Line<'a>) -> Result<Vec<Listener>, Vec<NotUnderstood>> {
        let lines = server.inside(self.files);
        let levels = vec![self.lines.to_vec(), lines];
        let mut scope = Scope { levels };
        if self.protocol == Protocol::Http
            && let Some(location) = self.location(scope.levels.last().map_or(&[], Vec::as_slice))
        {
            scope.levels.push(location.inside(self.files));
        }
        let Some(pass) = scope.own("proxy_pass") else {
            return Ok(Vec::new());
        };
        let mut problems = Vec::new();
        let ports = self.ports(&scope, server, &mut problems);
        let mut listeners = Vec::new();
        for target in self.targets(pass, &scope, &mut problems) {
            let (backends, upstream) = match self.backends(&target) {
                Ok(found) => found,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            for port in &ports {
                match self.mode(&scope, port) {
                    Ok(mode) => listeners.push(Listener {
                        place: port.place.clone(),
                        address: port.address,
                        port: port.port,
                        names: target.names.clone(),
                        is_default: port.is_default || target.is_default,
                        mode,
                        backends: backends.clone(),
                        upstream: upstream.clone(),
                    }),
                    Err(problem) => problems.push(problem),
                }
            }
        }
        if listeners.is_empty() && !problems.is_empty() {
            return Err(problems);
        }
        Ok(listeners)
    }

    /// The location that the paths of an API fall into: `/` where there is one.
    fn location(&self, lines: &[Line<'a>]) -> Option<Line<'a>> {
        let passes = |line: &&Line<'a>| {
            line.directive.name == "location"
                && line
                    .inside(self.files)
                    .iter()
                    .any(|inner| inner.directive.name == "proxy_pass")
        };
        let is_root = |line: &&Line<'a>| line.directive.args.last().is_some_and(|path| path == "/");
        let all = || lines.iter().filter(passes);
        all().find(is_root).or_else(|| all().next()).copied()
    }

    fn ports(
        &self,
        scope: &Scope<'a>,
        server: Line<'a>,
        problems: &mut Vec<NotUnderstood>,
    ) -> Vec<Port> {
        let lines = scope.levels.get(1).map_or(&[][..], Vec::as_slice);
        let listens: Vec<&Line<'_>> = lines
            .iter()
            .filter(|line| line.directive.name == "listen")
            .collect();
        if listens.is_empty() && self.protocol == Protocol::Http {
            return vec![Port {
                place: server.at(),
                address: None,
                port: 80,
                ssl: false,
                is_default: false,
            }];
        }
        let ssl_on = scope.is_on("ssl");
        let mut ports = Vec::new();
        for line in listens {
            let has = |word: &str| line.directive.args.iter().skip(1).any(|arg| arg == word);
            let at = line.directive.args.first().map_or("", String::as_str);
            if at.starts_with("unix:") || has("udp") || has("quic") {
                continue;
            }
            match listening(at) {
                Ok((address, port)) => ports.push(Port {
                    place: line.at(),
                    address,
                    port,
                    ssl: has("ssl") || ssl_on,
                    is_default: has("default_server") || has("default"),
                }),
                Err(what) => problems.push(NotUnderstood {
                    place: line.at(),
                    what,
                }),
            }
        }
        ports
    }

    fn mode(&self, scope: &Scope<'_>, port: &Port) -> Result<Mode, NotUnderstood> {
        if !port.ssl {
            return Ok(match self.protocol {
                Protocol::Stream => Mode::PassThrough,
                Protocol::Http => Mode::Plain,
            });
        }
        let certificate = self
            .file(scope, "ssl_certificate")
            .ok_or_else(|| NotUnderstood {
                place: port.place.clone(),
                what: "listens with ssl, and no ssl_certificate says what it shows".to_owned(),
            })?;
        let key = self.file(scope, "ssl_certificate_key");
        Ok(Mode::Terminates(Box::new(Termination { certificate, key })))
    }

    pub(super) fn file(&self, scope: &Scope<'_>, name: &str) -> Option<FileAt> {
        let line = scope.get(name)?;
        let text = line.directive.args.first()?;
        let is_a_file = !text.is_empty() && !text.contains('$') && !text.starts_with("data:");
        is_a_file.then(|| FileAt {
            path: self.files.directory().join(Path::new(text)),
            told_at: line.at(),
        })
    }
}

fn listening(text: &str) -> Result<(Option<std::net::IpAddr>, u16), String> {
    if let Ok(port) = text.parse() {
        return Ok((None, port));
    }
    let (host, port) = host_and_port(text)
        .ok_or_else(|| format!("listens on `{text}`, which is not one address and port"))?;
    Ok((listening_address(host)?, port.unwrap_or(80)))
}
