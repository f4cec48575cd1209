//! `audit(made::init(inventory))` is silent: whatever the inventory, what hapki makes from it has neither error nor warning, with
//! the inventory at hand and without it.

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

use std::path::Path;

use pki_core::audit;
use pki_core::audit::Audit;
use pki_core::checks::Settings;
use pki_core::finding::Severity;
use pki_core::inventory;
use pki_core::inventory::Inventory;
use pki_core::place::Place;
use pki_core::source::Options;
use pki_core::source::PathArgument;
use proptest::test_runner::TestCaseError;

/// Each thread has a share of them.
#[test]
fn what_init_makes_of_two_hundred_inventories_is_silent() {
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| made::for_random_inventories(CASES / THREADS, silent));
        }
    });
}

/// RSA keys take their time: one small cluster has them.
#[test]
fn what_init_makes_with_rsa_keys_is_silent() {
    silent(SMALL).unwrap();
}

fn silent(text: &str) -> Result<(), TestCaseError> {
    let fail = |what: String| TestCaseError::fail(format!("{what}\n{text}"));
    let place = Place::file("hapki.yaml");
    let inventory = inventory::parse(text, &place).map_err(|error| fail(error.to_string()))?;
    let directory = made::in_memory();
    made::init(&inventory, directory.path()).map_err(fail)?;
    for known in [Some(&inventory), None] {
        let audit = audited(directory.path(), known);
        let loud: Vec<String> = audit
            .findings
            .iter()
            .filter(|finding| finding.severity > Severity::Info)
            .map(|finding| {
                format!(
                    "{} {} {}: {}",
                    finding.severity, finding.rule, finding.place, finding.message
                )
            })
            .collect();
        if !loud.is_empty() {
            let with = if known.is_some() { "with" } else { "without" };
            return Err(fail(format!("{with} the inventory:\n{}", loud.join("\n"))));
        }
        let refused = audit.judged.edges.iter().any(|edge| !edge.ok);
        if refused || audit.judged.edges.is_empty() {
            return Err(fail("an edge without a finding, or no edge".to_owned()));
        }
    }
    Ok(())
}

fn audited(directory: &Path, inventory: Option<&Inventory>) -> Audit {
    let arguments = [PathArgument::from(directory.to_path_buf())];
    let options = Options { siblings: true };
    let settings = Settings::default();
    audit::audit(&arguments, options, inventory, made::NOW, &settings).unwrap()
}

const CASES: u32 = 200;
const THREADS: u32 = 4;

const SMALL: &str = "\
apiVersion: hapki.dev/v1
kind: Cluster
kubernetes: { version: \"1.34\" }
certificates: { key: rsa-2048 }
nodes:
  - { name: shaolin, addresses: [10.27.53.32], roles: [control-plane, etcd] }
";
