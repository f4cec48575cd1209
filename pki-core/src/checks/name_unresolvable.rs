//! name-unresolvable: a name that some nodes' hosts files know is dialled on a node whose hosts file does not.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::net::IpAddr;

use crate::checks::Rule;
use crate::checks::Settings;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::place::Place;
use crate::topology::Dialled;
use crate::topology::Node;
use crate::topology::url;

pub(super) const RULE: Rule = Rule {
    id: "name-unresolvable",
    summary: "a name is dialled that only other nodes' hosts files know",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let topology = &judged.topology;
    let nodes: HashMap<&str, &Node> = topology
        .nodes
        .iter()
        .map(|node| (node.name.as_str(), node))
        .collect();
    let mut by_name: BTreeMap<(&Place, String), Vec<&Dialled>> = BTreeMap::new();
    for dialled in &topology.dialled {
        let Some(host) = url::parse(&dialled.url).map(|endpoint| endpoint.host) else {
            continue;
        };
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let Some(node) = nodes.get(dialled.client.node.as_str()) else {
            continue;
        };
        let is_plain = host.parse::<IpAddr>().is_err() && !nodes.contains_key(host.as_str());
        if is_plain && !node.hosts.entries.is_empty() && known_at(node, &host).is_none() {
            by_name
                .entry((&dialled.told_at, host))
                .or_default()
                .push(dialled);
        }
    }
    by_name
        .into_iter()
        .filter_map(|((place, host), dialled)| finding(&topology.nodes, place, &host, &dialled))
        .collect()
}

fn finding(nodes: &[Node], place: &Place, host: &str, dialled: &[&Dialled]) -> Option<Finding> {
    let knowing: Vec<(&Node, Place)> = nodes
        .iter()
        .filter_map(|node| Some((node, known_at(node, host)?)))
        .collect();
    let (_, first) = knowing.first()?;
    let clients: Vec<String> = dialled
        .iter()
        .map(|dialled| dialled.client.to_string())
        .collect();
    let names: Vec<&str> = knowing.iter().map(|(node, _)| node.name.as_str()).collect();
    let message = format!(
        "{} dial{} {host}, which {} not know; of these nodes only {} do{}",
        listed(&clients),
        if clients.len() == 1 { "s" } else { "" },
        if clients.len() == 1 {
            "its hosts file does"
        } else {
            "their hosts files do"
        },
        names.join(", "),
        if names.len() == 1 { "es" } else { "" },
    );
    let finding = Finding::new(RULE.id, Severity::Warning, place.clone(), message);
    Some(finding.related_to(first.clone(), format!("knows {host}")))
}

fn listed(clients: &[String]) -> String {
    match clients {
        [first, second, third, _, ..] => {
            format!("{first}, {second}, {third} and {} more", clients.len() - 3)
        }
        clients => clients.join(", "),
    }
}

fn known_at(node: &Node, host: &str) -> Option<Place> {
    let mut entries = node.hosts.entries.iter();
    let entry = entries.find(|entry| entry.names.iter().any(|name| name == host))?;
    Some(node.hosts.place_of(entry))
}
