//! `audit(init(inventory))` is silent: whatever the inventory, what hapki makes from it has neither error nor warning, with
//! the inventory at hand and without it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by unwrapping"
)]

#[path = "silent/random.rs"]
mod random;

use std::num::NonZeroUsize;
use std::path::Path;

use pki_core::apply;
use pki_core::apply::InitOptions;
use pki_core::apply::Means;
use pki_core::audit;
use pki_core::audit::Audit;
use pki_core::checks::Settings;
use pki_core::finding::Severity;
use pki_core::inventory;
use pki_core::inventory::Inventory;
use pki_core::issue::FreshKeys;
use pki_core::issue::RandomSerials;
use pki_core::place::Place;
use pki_core::source::Options;
use pki_core::source::PathArgument;
use proptest::test_runner::Config;
use proptest::test_runner::TestCaseError;
use proptest::test_runner::TestRunner;
use time::OffsetDateTime;
use time::macros::datetime;

/// Each thread has a share of them.
#[test]
fn what_init_makes_of_two_hundred_inventories_is_silent() {
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let config = Config {
                    cases: CASES / THREADS,
                    failure_persistence: None,
                    ..Config::default()
                };
                let mut runner = TestRunner::new(config);
                if let Err(error) = runner.run(&random::inventories(), |text| silent(&text)) {
                    panic!("{error}");
                }
            });
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
    let directory = in_memory();
    init(&inventory, directory.path()).map_err(fail)?;
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

fn init(inventory: &Inventory, out: &Path) -> Result<(), String> {
    let options = InitOptions {
        inventory,
        out,
        force: false,
    };
    let mut means = Means {
        now: NOW,
        keys: &mut FreshKeys {
            threads: NonZeroUsize::MIN,
        },
        serials: &mut RandomSerials,
        dry_run: false,
        recovered: Vec::new(),
    };
    let made = apply::init(&options, &mut means);
    made.map(drop).map_err(|error| error.to_string())
}

/// Each file is written through to the disk, where there is one.
fn in_memory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let directory = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    directory.unwrap()
}

fn audited(directory: &Path, inventory: Option<&Inventory>) -> Audit {
    let arguments = [PathArgument::from(directory.to_path_buf())];
    let options = Options { siblings: true };
    let settings = Settings::default();
    audit::audit(&arguments, options, inventory, NOW, &settings).unwrap()
}

const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);
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
