//! Which backends a frontend leads to, for which names: `use_backend` with its conditions, and `default_backend`.
//!
//! Conditions on the name that TLS asks for are decided; of all others it is only known that they may hold. Source:
//! HAProxy's configuration manual, 4.2 `use_backend`, 7.1 (ACLs) and 7.2 (conditions).

use crate::facts::haproxy::section::Line;
use crate::facts::haproxy::section::Section;
use crate::facts::haproxy::section::is;

/// Where connections that ask for some names are sent to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route<'s> {
    /// The names; empty is every other name, and none.
    pub(super) names: Vec<String>,
    /// Names of backends, each with its line; empty where the frontend itself has the servers.
    pub(super) to: Vec<(&'s str, u32)>,
}

/// When a line counts.
#[derive(Clone, Debug)]
struct Condition {
    /// For which names; `None` is all.
    names: Option<Vec<String>>,
    /// Whether nothing else is asked.
    is_certain: bool,
}

/// Every route of a frontend, the one for other names last. `default` is where connections go that no line takes.
pub(super) fn routes<'s>(section: &'s Section, default: Option<(&'s str, u32)>) -> Vec<Route<'s>> {
    let mut rules: Vec<(Condition, (&str, u32))> = Vec::new();
    for line in section.lines.iter().filter(|line| is(line, "use_backend")) {
        let to = line.words.get(1).map_or("", String::as_str);
        let conditions = conditions(section, line.words.get(2..).unwrap_or_default());
        rules.extend(conditions.into_iter().map(|one| (one, (to, line.number))));
    }
    let always = Condition {
        names: None,
        is_certain: true,
    };
    rules.extend(default.map(|to| (always, to)));
    let mut groups: Vec<Option<&Vec<String>>> = Vec::new();
    for (condition, _) in &rules {
        if condition.names.is_some() && !groups.contains(&condition.names.as_ref()) {
            groups.push(condition.names.as_ref());
        }
    }
    groups.push(None);
    groups
        .into_iter()
        .map(|names| route(&rules, names))
        .collect()
}

fn route<'s>(rules: &[(Condition, (&'s str, u32))], names: Option<&Vec<String>>) -> Route<'s> {
    let mut to: Vec<(&str, u32)> = Vec::new();
    for (condition, backend) in rules {
        let may = match (&condition.names, names) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(asked)) => asked.iter().any(|name| own.contains(name)),
        };
        if !may {
            continue;
        }
        if !to.iter().any(|(known, _)| *known == backend.0) {
            to.push(*backend);
        }
        // Where some of the names fit, the others go on.
        let all = condition
            .names
            .as_ref()
            .zip(names)
            .is_none_or(|(own, asked)| asked.iter().all(|name| own.contains(name)));
        if condition.is_certain && all {
            break;
        }
    }
    Route {
        names: names.cloned().unwrap_or_default(),
        to,
    }
}

/// What follows a backend's name: alternatives, in order; none where it never holds.
fn conditions(section: &Section, words: &[String]) -> Vec<Condition> {
    let always = Condition {
        names: None,
        is_certain: true,
    };
    let Some((keyword, words)) = words.split_first() else {
        return vec![always];
    };
    let mut found = Vec::new();
    for alternative in words.split(|word| word == "or" || word == "||") {
        found.extend(conjunction(section, alternative));
    }
    match keyword.as_str() {
        "if" => found,
        _ if found.is_empty() => vec![always],
        _ if found
            .iter()
            .any(|one| one.names.is_none() && one.is_certain) =>
        {
            Vec::new()
        }
        _ => vec![unknown()],
    }
}

/// Terms that all have to hold.
fn conjunction(section: &Section, words: &[String]) -> Vec<Condition> {
    let mut whole = vec![Condition {
        names: None,
        is_certain: true,
    }];
    let mut rest = words;
    while let Some((first, after)) = rest.split_first() {
        let (is_negated, first) = match first.strip_prefix('!') {
            Some(first) => (true, first),
            None => (false, first.as_str()),
        };
        let (term, after) = match (first, after.split_first()) {
            ("", Some((next, after))) if next == "{" => block(after),
            ("{", _) => block(after),
            ("", Some((next, after))) => (named(section, next), after),
            _ => (named(section, first), after),
        };
        rest = after;
        let term = if is_negated { vec![unknown()] } else { term };
        whole = whole
            .iter()
            .flat_map(|one| term.iter().filter_map(|other| both(one, other)))
            .collect();
    }
    whole
}

/// An ACL without a name, up to its `}`.
fn block(words: &[String]) -> (Vec<Condition>, &[String]) {
    let end = words.iter().position(|word| word == "}");
    let end = end.unwrap_or(words.len());
    let (inside, after) = words.split_at(end);
    (vec![criterion(inside)], after.get(1..).unwrap_or_default())
}

/// Every line of an ACL's name may make it hold.
fn named(section: &Section, name: &str) -> Vec<Condition> {
    let is_named =
        |line: &&Line| is(line, "acl") && line.words.get(1).is_some_and(|own| own == name);
    let lines = section.lines.iter().filter(is_named);
    let told: Vec<Condition> = lines
        .map(|line| criterion(line.words.get(2..).unwrap_or_default()))
        .collect();
    match name {
        _ if !told.is_empty() => told,
        "TRUE" => vec![Condition {
            names: None,
            is_certain: true,
        }],
        "FALSE" => Vec::new(),
        _ => vec![unknown()],
    }
}

/// One test: what is fetched, how it is compared, and with what.
fn criterion(words: &[String]) -> Condition {
    let Some((fetch, mut rest)) = words.split_first() else {
        return unknown();
    };
    let hello = ["req_ssl_hello_type", "req.ssl_hello_type"].contains(&fetch.as_str());
    if hello && rest == ["1"] {
        return Condition {
            names: None,
            is_certain: true,
        };
    }
    let fetch = fetch.split(',').next().unwrap_or_default();
    let (fetch, mut is_end) = match fetch.strip_suffix("_end") {
        Some(fetch) => (fetch, true),
        None => (fetch, false),
    };
    if !NAMES.contains(&fetch) {
        return unknown();
    }
    while let Some((flag, after)) = rest.split_first() {
        rest = match flag.as_str() {
            "-i" => after,
            "-m" => {
                match after.first().map(String::as_str) {
                    Some("str") => {}
                    Some("end") => is_end = true,
                    _ => return unknown(),
                }
                after.get(1..).unwrap_or_default()
            }
            "--" => {
                rest = after;
                break;
            }
            flag if flag.starts_with('-') => return unknown(),
            _ => break,
        };
    }
    if rest.is_empty() || is_end && rest.iter().any(|pattern| !pattern.starts_with('.')) {
        return unknown();
    }
    let name = |pattern: &String| {
        if is_end {
            format!("*{pattern}")
        } else {
            pattern.to_ascii_lowercase()
        }
    };
    Condition {
        names: Some(rest.iter().map(name).collect()),
        is_certain: true,
    }
}

fn both(one: &Condition, other: &Condition) -> Option<Condition> {
    let names = match (&one.names, &other.names) {
        (Some(own), Some(others)) => {
            let names: Vec<String> = own
                .iter()
                .filter(|name| others.contains(name))
                .cloned()
                .collect();
            (!names.is_empty()).then_some(Some(names))?
        }
        (names, None) | (None, names) => names.clone(),
    };
    Some(Condition {
        names,
        is_certain: one.is_certain && other.is_certain,
    })
}

fn unknown() -> Condition {
    Condition {
        names: None,
        is_certain: false,
    }
}

/// Fetches of the name that TLS asks for. `hdr(host)` is none: it has the port as well.
const NAMES: &[&str] = &["req_ssl_sni", "req.ssl_sni", "ssl_fc_sni"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::haproxy::section::sections;

    #[track_caller]
    fn check(lines: &str, expected: &[(&str, &str)]) {
        let (sections, problems) = sections(&format!("frontend f\n{lines}"));
        assert_eq!(problems, []);
        let routes = routes(&sections[0], Some(("rest", 0)));
        let found: Vec<(String, String)> = routes
            .iter()
            .map(|route| {
                let to: Vec<&str> = route.to.iter().map(|(to, _)| *to).collect();
                (route.names.join(" "), to.join(" "))
            })
            .collect();
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(names, to)| ((*names).to_owned(), (*to).to_owned()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn names_decide() {
        check("", &[("", "rest")]);
        check(
            "acl api req_ssl_sni -i API.wulin k8s.wulin\nuse_backend a if api\nuse_backend b if { req.ssl_sni -m end .apps.wulin } or { req.ssl_sni x.wulin }\n",
            &[
                ("api.wulin k8s.wulin", "a"),
                ("*.apps.wulin", "b"),
                ("x.wulin", "b"),
                ("", "rest"),
            ],
        );
        check(
            "use_backend a if { req_ssl_hello_type 1 } { req_ssl_sni api.wulin }\n",
            &[("api.wulin", "a"), ("", "rest")],
        );
    }

    #[test]
    fn what_cannot_be_decided_may_lead_there() {
        check(
            "use_backend lan if { src 10.0.0.0/8 }\nuse_backend a if { req_ssl_sni api.wulin }\n",
            &[("api.wulin", "lan a"), ("", "lan rest")],
        );
        check(
            "acl lan src 10.0.0.0/8\nuse_backend a if lan { req_ssl_sni api.wulin }\n",
            &[("api.wulin", "a rest"), ("", "rest")],
        );
        for condition in [
            "if { req_ssl_sni -m reg ^api }",
            "if { req_ssl_sni -f names.lst }",
            "if ! { req_ssl_sni x }",
            "if !x",
            "unless { req_ssl_sni api.wulin }",
            "if { hdr(host) api.wulin }",
        ] {
            check(&format!("use_backend a {condition}\n"), &[("", "a rest")]);
        }
    }

    #[test]
    fn constants_decide() {
        check("use_backend a if TRUE\n", &[("", "a")]);
        check("use_backend a\nuse_backend b if x\n", &[("", "a")]);
        check("use_backend a if FALSE\n", &[("", "rest")]);
        check("use_backend a unless FALSE\n", &[("", "a")]);
    }
}
