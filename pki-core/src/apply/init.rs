//! `hapki init`.

use std::path::Path;
use std::path::PathBuf;

use crate::apply::ApplyError;
use crate::apply::Means;
use crate::apply::authorities;
use crate::apply::authorities::Paths;
use crate::apply::certificates;
use crate::apply::files;
use crate::apply::hollow;
use crate::apply::hollow_file;
use crate::apply::see_to_interrupted;
use crate::bundle::Bundle;
use crate::bundle::BundleFile;
use crate::bundle::Existing;
use crate::inventory::Inventory;
use crate::issue;
use crate::issue::Authorities;
use crate::issue::Work;
use crate::place::OWN_DIR;
use crate::place::PKI_DIR;
use crate::plan;
use crate::plan::InitPlan;
use crate::plan::init::Present;
use crate::plan::init::PresentAuthority;
use crate::plan::outcome::Outcome;
use crate::plan::target;
use crate::profile::Authority;
use crate::source;
use crate::write;
use crate::write::Settings;
use crate::x509::pem;

/// What `hapki init` was told.
#[derive(Clone, Copy, Debug)]
pub struct InitOptions<'a> {
    /// The cluster's description.
    pub inventory: &'a Inventory,
    /// The directory that receives one tree per node.
    pub out: &'a Path,
    /// Whether leaves that are there are replaced, with a backup. CAs and the service-account pair never are.
    pub force: bool,
}

/// Makes a whole cluster's PKI.
///
/// # Errors
/// What is missing, wrong or refused. Nothing has been written then, unless [`ApplyError::left_something`].
pub fn init(options: &InitOptions<'_>, means: &mut Means<'_>) -> Result<Outcome, ApplyError> {
    let settings = Settings {
        now: means.now,
        state_dirs: vec![options.out.join(OWN_DIR)],
    };
    let mut notes = see_to_interrupted(&settings, means)?;
    let (present, authorities) = present(options, means)?;
    let plan = plan::init(
        options.inventory,
        options.out,
        &present,
        options.force,
        means.now,
    )?;
    // Refused before a key is made, which may take seconds.
    let whole = hollow_plan(&plan);
    write::check(&whole)?;
    let noted = authorities.values();
    notes.extend(noted.flat_map(|authority| authority.notes()));
    notes.extend(plan.notes);
    notes.extend(used(&present));
    let mut outcome = Outcome {
        dry_run: means.dry_run,
        issuers: authorities::certificates(&authorities),
        notes,
        next: plan.next,
        ..Outcome::default()
    };
    if means.dry_run {
        outcome.files = files(&whole, &Default::default());
    } else {
        let work = Work {
            authorities: &plan.authorities,
            service_account: plan.service_account.as_ref(),
            steps: &plan.leaves,
        };
        let issued = issue::carry_out(&work, &authorities, means.keys, means.serials)?;
        let mut bundle = Bundle::default();
        for copy in &plan.copies {
            let document = authorities::read(&copy.from, "the file that is to be copied")?;
            bundle.files.push(BundleFile {
                contents: document.bytes,
                ..hollow_file(&copy.to, copy.mode, copy.what, Existing::Refuse)
            });
        }
        bundle.files.extend(issued.bundle.files);
        let written = write::write(&bundle, &settings)?;
        outcome.files = files(&bundle, &written);
        outcome.certificates = certificates(&issued.records);
        let founded = issued.authorities.iter();
        outcome
            .issuers
            .extend(founded.map(|record| (record.authority, record.certificate.clone())));
    }
    outcome.founded = plan.authorities;
    outcome.service_account = plan.service_account;
    outcome.steps = plan.leaves;
    Ok(outcome)
}

/// CAs and the service-account pair that lie below the output directory, in any node's tree or directly in it.
fn present(
    options: &InitOptions<'_>,
    means: &Means<'_>,
) -> Result<(Present, Authorities), ApplyError> {
    let mut present = Present::default();
    let mut loaded = Authorities::new();
    let pki_dirs = pki_dirs(options);
    for authority in Authority::ALL {
        let mut first: Option<PathBuf> = None;
        let mut certificate = Vec::new();
        for pki_dir in &pki_dirs {
            let paths = authorities::in_directory(authority, pki_dir);
            let found = found(&paths.certificate, &mut present)?;
            let has_key = found_quietly(&paths.key, &mut present);
            let Some(found) = found else { continue };
            if holds_private_key(&found) {
                return Err(ApplyError::KeyInCertificateFile(paths.certificate));
            }
            match &first {
                Some(one) if *certificate != **found => {
                    return Err(ApplyError::AuthoritiesDiffer {
                        one: one.clone(),
                        other: paths.certificate,
                    });
                }
                Some(_) => {}
                None => {
                    first = Some(paths.certificate.clone());
                    certificate = found.to_vec();
                }
            }
            if has_key && !loaded.contains_key(&authority) {
                let checked = authorities::one(&paths, means.now)?;
                let known = known(&checked, paths);
                present.authorities.insert(authority, known);
                loaded.insert(authority, checked);
            }
        }
        if let Some(certificate) = first.filter(|_| !loaded.contains_key(&authority)) {
            // Says what is missing.
            let key = certificate.with_extension("key");
            authorities::one(&Paths { certificate, key }, means.now)?;
        }
    }
    service_account(&pki_dirs, &mut present)?;
    Ok((present, loaded))
}

/// Told by the label alone: a damaged key is a key too.
fn holds_private_key(text: &[u8]) -> bool {
    pem::blocks(text).iter().any(|block| {
        let label = match block {
            Ok(block) => Some(block.label.as_str()),
            Err(error) => error.label(),
        };
        label.is_some_and(|label| label.ends_with("PRIVATE KEY"))
    })
}

fn known(authority: &issue::Authority, paths: Paths) -> PresentAuthority {
    PresentAuthority {
        certificate: authority.certificate().clone(),
        certificate_path: paths.certificate,
        key_path: paths.key,
    }
}

fn pki_dirs(options: &InitOptions<'_>) -> Vec<PathBuf> {
    let nodes = options.inventory.nodes.iter();
    let mut directories: Vec<PathBuf> = nodes
        .map(|node| target::in_tree(options.out, &node.name, Path::new(PKI_DIR)))
        .collect();
    directories.push(options.out.to_path_buf());
    directories
}

fn service_account(pki_dirs: &[PathBuf], present: &mut Present) -> Result<(), ApplyError> {
    for pki_dir in pki_dirs {
        let (key, public) = (pki_dir.join("sa.key"), pki_dir.join("sa.pub"));
        match (
            found_quietly(&key, present),
            found_quietly(&public, present),
        ) {
            (true, true) if present.service_account.is_none() => {
                present.service_account = Some((key, public))
            }
            (true, true) | (false, false) => {}
            (true, false) => {
                return Err(ApplyError::HalfOfPair {
                    there: key,
                    missing: public,
                });
            }
            (false, true) => {
                return Err(ApplyError::HalfOfPair {
                    there: public,
                    missing: key,
                });
            }
        }
    }
    Ok(())
}

/// The bytes of a file that may be missing.
fn found(
    path: &Path,
    present: &mut Present,
) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, ApplyError> {
    match source::read_file(path) {
        Ok(document) => {
            present.files.push(path.to_path_buf());
            Ok(Some(document.bytes))
        }
        Err(problem) if problem.is_missing() => Ok(None),
        Err(problem) => Err(ApplyError::Read {
            path: path.to_path_buf(),
            what: "the CA's certificate",
            problem,
        }),
    }
}

/// Whether anything is there; what it is shows when it is read or written.
fn found_quietly(path: &Path, present: &mut Present) -> bool {
    let there = !source::read_file(path).is_err_and(|problem| problem.is_missing());
    if there {
        present.files.push(path.to_path_buf());
    }
    there
}

fn used(present: &Present) -> Vec<String> {
    let authorities = present.authorities.values();
    let service_account = present.service_account.iter().map(|(key, _)| key);
    authorities
        .map(|known| &known.certificate_path)
        .chain(service_account)
        .map(|path| format!("{} is there and is used as it is", path.display()))
        .collect()
}

fn hollow_plan(plan: &InitPlan) -> Bundle {
    let mut bundle = Bundle::default();
    let mut add = |paths: &[PathBuf], mode, what| {
        let files = paths
            .iter()
            .map(|path| hollow_file(path, mode, what, Existing::Refuse));
        bundle.files.extend(files);
    };
    for copy in &plan.copies {
        add(std::slice::from_ref(&copy.to), copy.mode, copy.what);
    }
    for authority in &plan.authorities {
        add(&authority.keys, 0o600, "key");
        add(&authority.certificates, 0o644, "certificate");
    }
    if let Some(pair) = &plan.service_account {
        add(&pair.private, 0o600, "key");
        add(&pair.public, 0o600, "public key");
    }
    bundle.files.extend(hollow(&plan.leaves).files);
    bundle
}
