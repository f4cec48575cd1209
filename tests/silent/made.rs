//! What `init` makes of random inventories, for those that read it back.

use std::num::NonZeroUsize;
use std::path::Path;

use pki_core::apply;
use pki_core::apply::InitOptions;
use pki_core::apply::Means;
use pki_core::inventory::Inventory;
use pki_core::issue::FreshKeys;
use pki_core::issue::RandomSerials;
use proptest::test_runner::Config;
use proptest::test_runner::TestCaseError;
use proptest::test_runner::TestRunner;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::random;

/// `check` of as many random inventories; the first that it finds wrong is made as small as it can be.
pub(crate) fn for_random_inventories(cases: u32, check: fn(&str) -> Result<(), TestCaseError>) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    if let Err(error) = runner.run(&random::inventories(), |text| check(&text)) {
        panic!("{error}");
    }
}

/// Makes the trees of `inventory` under `out`.
pub(crate) fn init(inventory: &Inventory, out: &Path) -> Result<(), String> {
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
pub(crate) fn in_memory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let directory = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    directory.unwrap()
}

pub(crate) const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);
