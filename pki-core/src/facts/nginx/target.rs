//! What a `proxy_pass` leads to: an upstream's servers or one address, by the name that is asked for where a map says so.

use crate::facts::balancer::Backend;
use crate::facts::balancer::NotUnderstood;
use crate::facts::balancer::Termination;
use crate::facts::balancer::Upstream;
use crate::facts::balancer::host_and_port;
use crate::facts::nginx::Line;
use crate::facts::nginx::scope::Scope;
use crate::facts::nginx::scope::substituted;
use crate::facts::nginx::server::Protocol;
use crate::facts::nginx::server::Section;
use crate::place::Place;

/// Where something leads for which names.
pub(super) struct Target<'a> {
    pub(super) names: Vec<String>,
    pub(super) is_default: bool,
    pub(super) to: String,
    pub(super) place: Place,
    pub(super) scope: &'a Scope<'a>,
}

impl<'a> Section<'a> {
    /// What a `proxy_pass` leads to, its variables put in.
    pub(super) fn targets<'s>(
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

    pub(super) fn backends(
        &self,
        target: &Target<'_>,
    ) -> Result<(Vec<Backend>, Upstream), NotUnderstood> {
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
}

fn authority(rest: &str) -> &str {
    rest.split('/').next().unwrap_or_default()
}
