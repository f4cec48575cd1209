//! `hapki issue`.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use crate::apply::ApplyError;
use crate::apply::Means;
use crate::apply::authorities;
use crate::apply::authorities::Paths;
use crate::apply::certificates;
use crate::apply::csr;
use crate::apply::files;
use crate::apply::hollow;
use crate::apply::registry;
use crate::apply::see_to_interrupted;
use crate::apply::surroundings;
use crate::bundle::Bundle;
use crate::bundle::Existing;
use crate::inventory::Inventory;
use crate::issue;
use crate::issue::Authorities;
use crate::issue::Work;
use crate::place::OWN_DIR;
use crate::plan;
use crate::plan::IssuePlan;
use crate::plan::PlanError;
use crate::plan::Surroundings;
use crate::plan::outcome::Outcome;
use crate::plan::target::Destination;
use crate::profile::Authority;
use crate::profile::Profile;
use crate::request::IssueRequest;
use crate::write;
use crate::write::Settings;

/// What `hapki issue` was told beside its request.
pub struct IssueOptions<'a> {
    /// Profiles, keys, dates, destination.
    pub plan: plan::Options,
    /// `--csr`: the request to sign, or where to write one.
    pub csr: Option<PathBuf>,
    /// The cluster's description.
    pub inventory: Option<&'a Inventory>,
    /// The PKI directory, where the request names none.
    pub default_pki_dir: &'a Path,
    /// The resolver, where it may be asked.
    pub resolve: Option<plan::Resolve<'a>>,
}

/// Issues what `request` asks for.
///
/// # Errors
/// What is missing, wrong or refused. Nothing has been written then, unless [`ApplyError::left_something`].
pub fn issue(
    request: &IssueRequest,
    options: &IssueOptions<'_>,
    means: &mut Means<'_>,
) -> Result<Outcome, ApplyError> {
    let pki_dir = request
        .pki_dir
        .as_deref()
        .unwrap_or(options.default_pki_dir);
    let settings = Settings {
        now: means.now,
        state_dirs: vec![state_dir(&options.plan.destination, pki_dir)],
    };
    let interrupted = see_to_interrupted(&settings, means)?;
    let mut outcome = plan_and_write(request, options, pki_dir, &settings, means)?;
    outcome.notes.splice(0..0, interrupted);
    Ok(outcome)
}

fn plan_and_write(
    request: &IssueRequest,
    options: &IssueOptions<'_>,
    pki_dir: &Path,
    settings: &Settings,
    means: &mut Means<'_>,
) -> Result<Outcome, ApplyError> {
    let mut read = surroundings::read(pki_dir, options.inventory, &request.node, request.install);
    let registry_pairs = registry::read(
        request,
        options.inventory,
        &read.topology,
        &mut read.cluster,
    )?;
    let read = read;
    let version = plan::version(&read.cluster);
    let profiles = plan::profiles(
        request,
        &options.plan,
        &read.cluster,
        &request.node,
        version,
    )?;
    let mut around = Surroundings {
        cluster: &read.cluster,
        topology: &read.topology,
        registry_pairs: Some(&registry_pairs),
        pki_dir,
        owner: read.owner.as_deref(),
        authorities: &Default::default(),
        resolve: options.resolve,
    };
    let paths = authorities::paths(
        &profiles,
        pki_dir,
        request.ca_cert.as_deref(),
        request.ca_key.as_deref(),
    )?;
    let mut told = options.plan.clone();
    if let Some(path) = &options.csr {
        plan::refuse_several(&profiles)?;
        told.request =
            csr::read(path, paths.values().next())?.map(|request| (path.clone(), request));
    }
    // Planned before the CAs are read, so that a name that cannot be is not hidden behind a missing key.
    let first =
        plan::issue(request, &told, &around).map_err(|error| explain(error, &read, &paths))?;
    if let (Some(path), None) = (&options.csr, &told.request) {
        return csr::make(path, first, settings, means);
    }
    let authorities = authorities::load(&paths, means.now)?;
    let signing = authorities::certificates(&authorities);
    around.authorities = &signing;
    let mut plan = plan::issue(request, &told, &around)?;
    let mut trust = Bundle::default();
    if let (true, Some(ca)) = (
        profiles.contains(&Profile::Registry),
        paths.get(&Profile::Registry.row().authority),
    ) {
        let existing = plan
            .steps
            .first()
            .map_or(Existing::Refuse, |step| step.existing);
        let to = &told.destination;
        let authority = signing.get(&Profile::Registry.row().authority);
        trust = registry::trust(request, &read.cluster, to, existing, authority);
        let next = registry::next(request, &read.cluster, to, &ca.certificate);
        plan.next.extend(next);
    }
    carry_out(plan, trust, &authorities, settings, means)
}

/// Where nothing was read at all, that is what to say, rather than which of its files is missed first.
fn explain(
    error: PlanError,
    read: &surroundings::Read,
    paths: &BTreeMap<Authority, Paths>,
) -> ApplyError {
    let nothing_read = read.topology.nodes.is_empty();
    let unreadable = paths
        .values()
        .find_map(|paths| authorities::read(&paths.certificate, "the CA's certificate").err());
    match (error, unreadable) {
        (PlanError::NoAddress { .. }, Some(unreadable)) if nothing_read => unreadable,
        (error, _) => error.into(),
    }
}

fn carry_out(
    plan: IssuePlan,
    trust: Bundle,
    authorities: &Authorities,
    settings: &Settings,
    means: &mut Means<'_>,
) -> Result<Outcome, ApplyError> {
    let mut notes: Vec<String> = authorities
        .values()
        .flat_map(|authority| authority.notes())
        .collect();
    notes.extend(plan.notes);
    let mut outcome = Outcome {
        dry_run: means.dry_run,
        issuers: authorities::certificates(authorities),
        notes,
        next: plan.next,
        ..Outcome::default()
    };
    // Refused before a key is made, which may take seconds.
    let mut bundle = hollow(&plan.steps);
    bundle.files.extend(trust.files.iter().cloned());
    write::check(&bundle)?;
    if means.dry_run {
        outcome.files = files(&bundle, &Default::default());
    } else {
        let work = Work {
            steps: &plan.steps,
            ..Work::default()
        };
        let mut issued = issue::carry_out(&work, authorities, means.keys, means.serials)?;
        issued.bundle.files.extend(trust.files);
        let written = write::write(&issued.bundle, settings)?;
        outcome.files = files(&issued.bundle, &written);
        outcome.certificates = certificates(&issued.records);
        let not_given = issued
            .records
            .iter()
            .flat_map(|record| record.not_given.iter().cloned());
        outcome.notes.extend(not_given);
    }
    outcome.steps = plan.steps;
    Ok(outcome)
}

/// Backups lie in the tree that is changed.
fn state_dir(destination: &Destination, pki_dir: &Path) -> PathBuf {
    match destination {
        Destination::Out(out) => out.join(OWN_DIR),
        Destination::Beside | Destination::Install => plan::target::above(pki_dir).join(OWN_DIR),
    }
}
