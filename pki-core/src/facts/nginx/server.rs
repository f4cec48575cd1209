//! The `server` blocks of `stream` and `http`: where they listen and where they lead.

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
use crate::facts::nginx::Files;
use crate::facts::nginx::Line;
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
enum Protocol {
    Stream,
    Http,
}

/// One `stream` or `http` block.
struct Section<'a> {
    files: &'a Files,
    protocol: Protocol,
    lines: &'a [Line<'a>],
}

/// Settings by level, the outermost first; an inner one replaces an outer one.
struct Scope<'a> {
    levels: Vec<Vec<Line<'a>>>,
}

/// Where something leads for which names.
struct Target<'a> {
    names: Vec<String>,
    is_default: bool,
    to: String,
    place: Place,
    scope: &'a Scope<'a>,
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

    /// What a `proxy_pass` leads to, its variables put in.
    fn targets<'s>(
        &self,
        pass: Line<'a>,
        scope: &'s Scope<'a>,
        problems: &mut Vec<NotUnderstood>,
    ) -> Vec<Target<'s>> {
        let text = pass.directive.args.first().map_or("", String::as_str);
        let names = match self.protocol {
            Protocol::Http => scope.words("server_name"),
            Protocol::Stream => Vec::new(),
        };
        let target = |to: String, names: Vec<String>, is_default| Target {
            names,
            is_default,
            to,
            place: pass.at(),
            scope,
        };
        let text = substituted(text, scope);
        let Some(variable) = text.find('$') else {
            return vec![target(text, names, false)];
        };
        let (before, variable) = text.split_at(variable);
        if let Some(map) = self.map(variable) {
            let entries = map.inside(self.files);
            let entries = entries
                .iter()
                .filter(|line| !["hostnames", "volatile"].contains(&line.directive.name.as_str()));
            let by_name = entries.filter_map(|line| {
                let key = &line.directive.name;
                let to = format!("{before}{}", line.directive.args.first()?);
                let is_default = key == "default";
                let names = if is_default {
                    Vec::new()
                } else {
                    vec![key.clone()]
                };
                Some(target(to, names, is_default))
            });
            return by_name.collect();
        }
        problems.push(NotUnderstood {
            place: pass.at(),
            what: format!(
                "passes on to {text}, and what {variable} is cannot be told from these files"
            ),
        });
        Vec::new()
    }

    /// The map that makes `variable` of the name that is asked for.
    fn map(&self, variable: &str) -> Option<Line<'a>> {
        let by_name = ["$ssl_preread_server_name", "$ssl_server_name", "$host"];
        let maps = self
            .lines
            .iter()
            .filter(|line| line.directive.name == "map");
        maps.copied()
            .find(|line| match line.directive.args.as_slice() {
                [from, to] => by_name.contains(&from.as_str()) && to == variable,
                _ => false,
            })
    }

    fn backends(&self, target: &Target<'_>) -> Result<(Vec<Backend>, Upstream), NotUnderstood> {
        let problem = |what: String| NotUnderstood {
            place: target.place.clone(),
            what,
        };
        let (tls, to, default_port) = match self.protocol {
            Protocol::Stream => (target.scope.is_on("proxy_ssl"), target.to.as_str(), None),
            Protocol::Http => match target.to.split_once("://") {
                Some(("https", rest)) => (true, authority(rest), Some(443)),
                Some(("http", rest)) => (false, authority(rest), Some(80)),
                _ => return Err(problem(format!("passes on to `{}`", target.to))),
            },
        };
        let group = self.lines.iter().find(|line| {
            line.directive.name == "upstream"
                && line.directive.args.first().is_some_and(|name| name == to)
        });
        let backends = match group {
            Some(group) => self.group(*group)?,
            None => match host_and_port(to) {
                Some((host, port)) if !host.is_empty() && !host.starts_with("unix") => {
                    let port = port.or(default_port).ok_or_else(|| {
                        problem(format!(
                            "passes on to `{to}`, which is no upstream and has no port"
                        ))
                    })?;
                    vec![Backend {
                        place: target.place.clone(),
                        host: host.to_owned(),
                        port,
                    }]
                }
                _ => return Err(problem(format!("passes on to `{to}`"))),
            },
        };
        Ok((backends, self.upstream(target.scope, tls, to)))
    }

    /// The servers of an upstream; one that is down is none.
    fn group(&self, group: Line<'a>) -> Result<Vec<Backend>, NotUnderstood> {
        let mut backends = Vec::new();
        for line in group.inside(self.files) {
            if line.directive.name != "server"
                || line.directive.args.iter().any(|arg| arg == "down")
            {
                continue;
            }
            let text = line.directive.args.first().map_or("", String::as_str);
            let default = (self.protocol == Protocol::Http).then_some(80);
            let ends = host_and_port(text)
                .and_then(|(host, port)| Some((host, port.or(default)?)))
                .filter(|(host, _)| !host.is_empty() && !host.contains(['$', '/']));
            let Some((host, port)) = ends else {
                return Err(NotUnderstood {
                    place: line.at(),
                    what: format!("names `{text}` as a server, which is no host and port"),
                });
            };
            backends.push(Backend {
                place: line.at(),
                host: host.to_owned(),
                port,
            });
        }
        Ok(backends)
    }

    /// The defaults are nginx's: nothing is verified, and the name looked for is the one in `proxy_pass`.
    fn upstream(&self, scope: &Scope<'_>, tls: bool, to: &str) -> Upstream {
        let verifies = scope.is_on("proxy_ssl_verify");
        let name = scope
            .word("proxy_ssl_name")
            .filter(|name| !name.contains('$'));
        Upstream {
            tls,
            verifies: scope
                .get("proxy_ssl_verify")
                .filter(|_| tls && verifies)
                .map(|line| line.at()),
            roots: self
                .file(scope, "proxy_ssl_trusted_certificate")
                .filter(|_| tls),
            name: Some(name.unwrap_or_else(|| to.to_owned())),
            depth: scope
                .word("proxy_ssl_verify_depth")
                .and_then(|text| text.parse().ok()),
            shows: self
                .file(scope, "proxy_ssl_certificate")
                .filter(|_| tls)
                .map(|certificate| Termination {
                    certificate,
                    key: self.file(scope, "proxy_ssl_certificate_key"),
                }),
        }
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

    fn file(&self, scope: &Scope<'_>, name: &str) -> Option<FileAt> {
        let line = scope.get(name)?;
        let text = line.directive.args.first()?;
        let is_a_file = !text.is_empty() && !text.contains('$') && !text.starts_with("data:");
        is_a_file.then(|| FileAt {
            path: self.files.directory().join(Path::new(text)),
            told_at: line.at(),
        })
    }
}

impl<'a> Scope<'a> {
    /// The innermost line of that name.
    fn get(&self, name: &str) -> Option<Line<'a>> {
        let levels = self.levels.iter().rev();
        levels
            .filter_map(|lines| lines.iter().find(|line| line.directive.name == name))
            .next()
            .copied()
    }

    /// Likewise, but not of the section: what there stands for all servers is another directive.
    fn own(&self, name: &str) -> Option<Line<'a>> {
        let levels = self.levels.iter().skip(1).rev();
        levels
            .filter_map(|lines| lines.iter().find(|line| line.directive.name == name))
            .next()
            .copied()
    }

    fn words(&self, name: &str) -> Vec<String> {
        self.get(name)
            .map(|line| line.directive.args.clone())
            .unwrap_or_default()
    }

    fn word(&self, name: &str) -> Option<String> {
        self.get(name)?.directive.args.first().cloned()
    }

    fn is_on(&self, name: &str) -> bool {
        self.word(name).is_some_and(|word| word == "on")
    }
}

/// Puts in what `set` says; a variable that nothing sets stays.
fn substituted(text: &str, scope: &Scope<'_>) -> String {
    let mut values: BTreeMap<&str, &str> = BTreeMap::new();
    for line in scope.levels.iter().skip(1).flatten() {
        if let ("set", [name, value]) =
            (line.directive.name.as_str(), line.directive.args.as_slice())
        {
            values.insert(name, value);
        }
    }
    let mut text = text.to_owned();
    // The longest first, for one name may begin another.
    let mut values: Vec<(&str, &str)> = values.into_iter().collect();
    values.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, value) in values {
        if name.len() > 1 && !value.contains('$') {
            text = text.replace(name, value);
        }
    }
    text
}

fn authority(rest: &str) -> &str {
    rest.split('/').next().unwrap_or_default()
}

fn listening(text: &str) -> Result<(Option<std::net::IpAddr>, u16), String> {
    if let Ok(port) = text.parse() {
        return Ok((None, port));
    }
    let (host, port) = host_and_port(text)
        .ok_or_else(|| format!("listens on `{text}`, which is not one address and port"))?;
    Ok((listening_address(host)?, port.unwrap_or(80)))
}
