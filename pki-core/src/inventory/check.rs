//! What no single value can tell: names and addresses that occur twice, and names of nothing.

use std::collections::BTreeMap;

use serde_saphyr::Spanned;

use crate::inventory::EtcdUrl;
use crate::inventory::InventoryError;
use crate::inventory::Node;
use crate::inventory::endpoint;
use crate::inventory::yaml::Document;
use crate::inventory::yaml::Text;

/// No two nodes have the same name or share an address.
pub(super) fn nodes(nodes: &[Node]) -> Result<(), InventoryError> {
    let mut names = BTreeMap::new();
    let mut addresses = BTreeMap::new();
    for node in nodes {
        if let Some(first) = names.insert(&node.name, node) {
            return Err(twice(
                node,
                first,
                format!("node `{}`", node.name),
                "remove one or rename it",
            ));
        }
        for address in &node.addresses {
            match addresses.insert(address, node) {
                Some(first) if first.name == node.name => {
                    return Err(twice(
                        node,
                        first,
                        format!("address {address}"),
                        "remove one",
                    ));
                }
                Some(first) => {
                    let what = format!("address {address} of node `{}`", first.name);
                    return Err(twice(
                        node,
                        first,
                        what,
                        "every node has addresses of its own; correct one",
                    ));
                }
                None => {}
            }
        }
    }
    Ok(())
}

fn twice(second: &Node, first: &Node, what: String, hint: &str) -> InventoryError {
    let problem = match first.place.line {
        Some(line) => format!("{what} is given a second time (first on line {line})"),
        None => format!("{what} is given a second time"),
    };
    InventoryError {
        place: Box::new(second.place.clone()),
        problem,
        hint: Some(hint.to_owned()),
    }
}

/// `name`, written at `text`, is one of `nodes`.
pub(super) fn is_node(
    document: &Document<'_>,
    text: &Text,
    name: &str,
    nodes: &[Node],
) -> Result<(), InventoryError> {
    if nodes.iter().any(|node| node.name == name) {
        return Ok(());
    }
    let known: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    let hint = if known.is_empty() {
        "add it to `nodes:`".to_owned()
    } else {
        format!("the nodes are {}", known.join(", "))
    };
    Err(document.error_at(text, format!("no node is called `{name}`"), hint))
}

/// At least one URL, each well formed.
pub(super) fn etcd_endpoints(
    document: &Document<'_>,
    endpoints: &Spanned<Vec<Text>>,
) -> Result<Vec<EtcdUrl>, InventoryError> {
    if endpoints.value.is_empty() {
        return Err(document.error_at(
            endpoints,
            "the external etcd has no endpoints",
            "write the URLs of its members: [https://10.0.0.5:2379]",
        ));
    }
    let read = |endpoint| document.value(endpoint, endpoint::etcd_url);
    endpoints.value.iter().map(read).collect()
}
