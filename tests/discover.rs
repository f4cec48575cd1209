//! `discover(made::init(inventory))` gives the inventory back, as far as files tell: what it writes is read by hapki's own reader,
//! as YAML and as JSON, and a cluster made from it carries the same names.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by unwrapping"
)]

#[path = "silent/made.rs"]
mod made;
#[path = "silent/random.rs"]
mod random;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use pki_core::discover;
use pki_core::facts;
use pki_core::inventory;
use pki_core::inventory::Inventory;
use pki_core::inventory::Role;
use pki_core::place::Place;
use pki_core::report;
use pki_core::source;
use pki_core::source::Options;
use pki_core::source::PathArgument;
use pki_core::topology;
use pki_core::topology::Topology;
use proptest::test_runner::TestCaseError;

#[test]
fn what_init_made_of_random_inventories_is_found_again() {
    made::for_random_inventories(CASES, found_again);
}

fn found_again(text: &str) -> Result<(), TestCaseError> {
    let owned = parse(text).map_err(TestCaseError::fail)?;
    let trees = made::in_memory();
    made::init(&owned, trees.path()).map_err(TestCaseError::fail)?;
    let (found, written) = discovered(trees.path()).map_err(TestCaseError::fail)?;
    let differs = |what: &str| TestCaseError::fail(format!("{what} differs\n{text}\n{written}"));
    let (told, own) = (&found.kubernetes, &owned.kubernetes);
    if told.control_plane_endpoint != own.control_plane_endpoint {
        return Err(differs("controlPlaneEndpoint"));
    }
    if own.dns_domain.is_some() && told.dns_domain != own.dns_domain {
        return Err(differs("dnsDomain"));
    }
    let (told, own) = (&found.certificates, &owned.certificates);
    // A leaf ends with its authority, however long it was asked to last.
    let is_cut = own.validity > own.ca_validity;
    if told.key != own.key || !is_cut && told.validity != own.validity {
        return Err(differs("certificates"));
    }
    for node in &owned.nodes {
        let only_balances = node.roles == [Role::LoadBalancer];
        match found.node(&node.name) {
            None if only_balances => {}
            Some(found) if is_found(node, found) => {}
            _ => return Err(differs(&node.name)),
        }
    }
    let again = made::in_memory();
    let mut completed = found;
    completed.kubernetes.version = owned.kubernetes.version;
    completed
        .kubernetes
        .service_subnets
        .clone_from(&owned.kubernetes.service_subnets);
    completed.etcd.external.clone_from(&owned.etcd.external);
    // Workers' addresses stand in no file that init makes, and no certificate has them.
    made::init(&completed, again.path()).map_err(|error| differs(&error))?;
    if names(trees.path()) != names(again.path()) {
        return Err(differs("what certificates carry"));
    }
    Ok(())
}

/// Roles that leave files, and addresses where certificates tell them from names that were asked for.
fn is_found(owned: &inventory::Node, found: &inventory::Node) -> bool {
    let leaves_files = |role: &Role| matches!(role, Role::ControlPlane | Role::Etcd);
    let roles = |node: &inventory::Node| -> BTreeSet<Role> {
        node.roles.iter().copied().filter(leaves_files).collect()
    };
    let addresses = if owned.has(Role::Etcd) {
        owned.addresses == found.addresses
    } else if owned.has(Role::ControlPlane) {
        owned.address() == found.address()
    } else {
        true
    };
    let port = !owned.has(Role::ControlPlane) || owned.bind_port == found.bind_port;
    roles(owned) == roles(found) && addresses && port
}

/// What is read back from YAML, which JSON says as well.
fn discovered(directory: &Path) -> Result<(Inventory, String), String> {
    let discovery = discover::discover(&topology_of(directory));
    let yaml = report::discover::yaml(&discovery);
    let found = parse(&yaml).map_err(|error| format!("{error}\n{yaml}"))?;
    let json: serde_json::Value =
        serde_json::from_str(&report::discover::json(&discovery)).unwrap();
    let same = parse(&json["inventory"].to_string()).map_err(|error| format!("{error}\n{json}"))?;
    let without_places = |inventory: &Inventory| {
        let nodes: Vec<_> = inventory
            .nodes
            .iter()
            .map(|node| {
                (
                    node.name.clone(),
                    node.addresses.clone(),
                    node.roles.clone(),
                )
            })
            .collect();
        (
            nodes,
            inventory.certificates.clone(),
            inventory.kubernetes.cert_sans.clone(),
        )
    };
    if without_places(&found) != without_places(&same) {
        return Err(format!("JSON says something else\n{yaml}\n{json}"));
    }
    Ok((found, yaml))
}

fn topology_of(directory: &Path) -> Topology {
    let arguments = [PathArgument::from(directory.to_path_buf())];
    let trees = source::open(&arguments, Options { siblings: true }).unwrap();
    topology::derive(&facts::gather(&trees), None)
}

/// The names in every certificate that has any, by node and path.
fn names(directory: &Path) -> BTreeMap<(String, String), BTreeSet<String>> {
    let topology = topology_of(directory);
    let of = |holding: &topology::Holding| {
        let names = holding.certificate.extensions().subject_alt_names.clone();
        let place = &holding.place;
        let names: BTreeSet<String> = names?.iter().map(|name| format!("{name:?}")).collect();
        Some((
            (place.node.clone(), place.path.display().to_string()),
            names,
        ))
    };
    topology.holdings.iter().filter_map(of).collect()
}

fn parse(text: &str) -> Result<Inventory, String> {
    inventory::parse(text, &Place::file("hapki.yaml")).map_err(|error| error.to_string())
}

const CASES: u32 = 24;
