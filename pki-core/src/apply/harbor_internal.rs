//! `hapki issue harbor-internal`: what Harbor's containers show each other.

use std::path::Path;

use time::Duration;

use crate::apply::ApplyError;
use crate::apply::Means;
use crate::apply::files;
use crate::bundle::Attributes;
use crate::bundle::Bundle;
use crate::bundle::BundleFile;
use crate::bundle::Existing;
use crate::issue::IssueError;
use crate::issue::harbor_internal;
use crate::issue::harbor_internal::AUTHORITY;
use crate::issue::harbor_internal::HarborInternal;
use crate::issue::harbor_internal::MEMBERS;
use crate::place::OWN_DIR;
use crate::plan::outcome::Outcome;
use crate::plan::outcome::PairMade;
use crate::write;
use crate::write::Settings;
use crate::x509::key::KeyAlgorithm;

/// What `hapki issue harbor-internal` was told.
#[derive(Clone, Copy, Debug)]
pub struct HarborInternalOptions<'a> {
    /// `internal_tls.dir` of harbor.yml, or a directory to be copied there.
    pub out: &'a Path,
    /// The kind of every key; Harbor's own, RSA of 4096 bits, where nothing is said.
    pub key: Option<KeyAlgorithm>,
    /// How long the pairs are valid; a year where nothing is said.
    pub validity: Option<Duration>,
    /// Whether files that are there are replaced, all of them and with a backup.
    pub force: bool,
}

/// Makes the CA and a pair for each container, as one set: the present CA's key may be anywhere.
///
/// # Errors
/// What is there already, or could not be made. Nothing has been written then, unless [`ApplyError::left_something`].
pub fn harbor_internal(
    options: &HarborInternalOptions<'_>,
    means: &mut Means<'_>,
) -> Result<Outcome, ApplyError> {
    let existing = if options.force {
        Existing::Replace
    } else {
        Existing::Refuse
    };
    let bases = std::iter::once(AUTHORITY).chain(MEMBERS.iter().map(|member| member.base));
    let hollow = bases.flat_map(|base| pair(options.out, base, existing, [Vec::new(), Vec::new()]));
    let mut bundle = Bundle {
        files: hollow.collect(),
        ..Bundle::default()
    };
    write::check(&bundle)?;
    let mut outcome = Outcome {
        dry_run: means.dry_run,
        next: next(options.out),
        ..Outcome::default()
    };
    if means.dry_run {
        outcome.files = files(&bundle, &Default::default());
        return Ok(outcome);
    }
    let asked = HarborInternal {
        key: options.key.unwrap_or(KeyAlgorithm::Rsa4096),
        validity: options.validity.unwrap_or(YEAR),
        now: means.now,
    };
    let made = harbor_internal::make(&asked, means.keys, means.serials)?;
    bundle.files.clear();
    for pair in made {
        let key = pair.key.to_pkcs8_pem().map_err(IssueError::Key)?;
        let contents = [
            key.as_bytes().to_vec(),
            pair.certificate.to_pem().into_bytes(),
        ];
        let files = self::pair(options.out, pair.base, existing, contents);
        outcome.pairs.push(PairMade {
            name: pair.base,
            certificate: pair.certificate,
            path: options.out.join(format!("{}.crt", pair.base)),
            key_path: options.out.join(format!("{}.key", pair.base)),
        });
        bundle.files.extend(files);
    }
    let settings = Settings {
        now: means.now,
        state_dirs: vec![options.out.join(OWN_DIR)],
    };
    let written = write::write(&bundle, &settings)?;
    outcome.files = files(&bundle, &written);
    Ok(outcome)
}

/// `prepare` refuses a key whose bits are not exactly these.
fn pair(out: &Path, base: &str, existing: Existing, contents: [Vec<u8>; 2]) -> [BundleFile; 2] {
    let [key, certificate] = contents;
    [
        ("key", 0o600, "key", key),
        ("crt", 0o644, "certificate", certificate),
    ]
    .map(|(ending, mode, what, contents)| BundleFile {
        attributes: Attributes::Set { owner: None },
        ..BundleFile::new(
            out.join(format!("{base}.{ending}")),
            mode,
            what,
            existing,
            contents,
        )
    })
}

fn next(out: &Path) -> Vec<String> {
    vec![
        format!(
            "in harbor.yml set internal_tls.enabled to true and internal_tls.dir to {} (its absolute path on that machine), or \
             copy the files to where it points",
            out.display()
        ),
        "run ./prepare and docker-compose up -d beside it: prepare copies them with the owners that the containers need \
         (10000:10000, harbor_db 999:999)"
            .to_owned(),
        format!(
            "keep {AUTHORITY}.key away from the machine: nothing reads it there"
        ),
    ]
}

const YEAR: Duration = Duration::days(365);
