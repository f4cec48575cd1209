//! `hapki unify` and `hapki rotate`: read, decide on a stage, write it, read again.

mod contents;
mod kept;
mod probed;
mod read;

use std::path::PathBuf;

use time::Duration;
use time::OffsetDateTime;

use crate::apply::ApplyError;
use crate::apply::Means;
use crate::apply::shared::contents::Contents;
use crate::apply::shared::read::Shared;
use crate::bundle::Bundle;
use crate::inventory::Inventory;
use crate::plan::shared;
use crate::plan::shared::KeyRef;
use crate::plan::shared::Operation;
use crate::plan::shared::Progress;
use crate::plan::shared::ProgressAfter;
use crate::plan::shared::SharedPlan;
use crate::plan::shared::Stage;
use crate::plan::shared::TokenNames;
use crate::request::Request;
use crate::request::SharedRequest;
use crate::write;
use crate::write::Locks;
use crate::write::Written;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;

/// Which of the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedCommand {
    /// `hapki unify`.
    Unify,
    /// `hapki rotate service-account`.
    RotateServiceAccount,
    /// `hapki rotate registry-token`.
    RotateRegistryToken,
}

/// What was told beside the request.
#[derive(Clone, Copy)]
pub struct SharedOptions<'a> {
    /// The cluster's description.
    pub inventory: Option<&'a Inventory>,
    /// The caller's clock: asked once more after signers have switched.
    pub clock: &'a dyn Fn() -> OffsetDateTime,
    /// Asks a registry that runs whether it trusts a key; why, where nothing can be said. `None` asks nobody.
    pub probe: Option<&'a Ask<'a>>,
}

/// Asks whether a key is trusted; why, where nothing can be said.
pub type Ask<'a> = dyn Fn(&Probe<'_>) -> Result<bool, String> + 'a;

/// What a registry that runs is asked.
#[derive(Debug)]
pub struct Probe<'a> {
    /// Where.
    pub url: &'a str,
    /// Whether it trusts this key.
    pub key: &'a PrivateKey,
    /// What a token has to say to be for it.
    pub names: &'a TokenNames,
}

/// What was done, or would be.
#[derive(Debug)]
pub struct SharedOutcome {
    /// Which command.
    pub command: SharedCommand,
    /// What it was asked for.
    pub request: SharedRequest,
    /// The members, by name.
    pub members: Vec<String>,
    /// The stage.
    pub plan: SharedPlan,
    /// Every file that was written, changed or removed, or would be.
    pub files: Vec<SharedWritten>,
    /// Whether it was carried out.
    pub applied: bool,
}

/// One file of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedWritten {
    /// Whose it is.
    pub member: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Permission bits; `None` for one that is removed.
    pub mode: Option<u32>,
    /// User and group; `None` keeps what is there.
    pub owner: Option<(u32, u32)>,
    /// What it is, or what is changed in it.
    pub what: String,
    /// Whether it is taken away.
    pub removed: bool,
    /// The copy of what was replaced.
    pub backup: Option<PathBuf>,
}

/// Does the next stage of what `request` asks for, or without [`SharedRequest::apply`] says what it would be.
///
/// # Errors
/// What is missing, wrong or refused. Nothing has been written then, unless [`ApplyError::left_something`].
pub fn shared(
    command: SharedCommand,
    request: &SharedRequest,
    options: &SharedOptions<'_>,
    means: &mut Means<'_>,
) -> Result<SharedOutcome, ApplyError> {
    let state = read::read(command, request, options)?;
    if !request.apply {
        let request = probed::told(&state, request, options)?;
        return looked_at(command, &request, state, means);
    }
    let mut locks = write::lock(&state.state_dirs())?;
    let recovered = locks.recover()?;
    means.recovered.extend(recovered);
    // What was read before the lock was taken may be another run's work by now.
    let mut state = read::read(command, request, options)?;
    let request = &probed::told(&state, request, options)?;
    let mut plan = next(command, request, &state, means.now)?;
    if plan.blocked.is_some() {
        return Ok(outcome(command, request, &state, plan, Vec::new(), false));
    }
    let made = match plan.chosen.key {
        KeyRef::New => Some(new_key(&state, means)?),
        KeyRef::Known(_) => None,
    };
    let mut contents = Contents::new(&state, made.as_ref(), means)?;
    let mut bundle = contents.bundle(&plan, request)?;
    let mut files = contents.files;
    let progress = state.note(&plan, made.as_ref(), &mut bundle)?;
    if !bundle.files.is_empty() || !bundle.removals.is_empty() {
        let written = locks.write(&bundle, means.now)?;
        add_backups(&mut files, &written);
        plan.notes.extend(ownership(&written));
    }
    if let Some(made) = &made {
        if plan.stage == Stage::Trust {
            plan.notes.push(
                "the new key waits in .hapki/next/ of every tree that signs, mode 0600, until its stage".to_owned(),
            );
        }
        plan.chosen.key = KeyRef::Known(made.public_key().clone());
    }
    if let Some(progress) = progress.filter(|_| plan.switches) {
        let lifetime = Duration::seconds(progress.lifetime_seconds);
        let switched_at = switched(&state, progress, (options.clock)(), &locks, means.now)?;
        plan.allowed_from = Some(switched_at.saturating_add(lifetime));
    }
    state = read::read(command, request, options)?;
    as_meant(command, request, &state, &plan, (options.clock)())?;
    Ok(outcome(command, request, &state, plan, files, true))
}

fn looked_at(
    command: SharedCommand,
    request: &SharedRequest,
    state: Shared,
    means: &mut Means<'_>,
) -> Result<SharedOutcome, ApplyError> {
    let mut plan = next(command, request, &state, means.now)?;
    let mut contents = Contents::new(&state, None, means)?;
    let bundle = contents.bundle(&plan, request)?;
    let files = contents.files;
    write::check(&bundle)?;
    for journal in write::interrupted(&state.state_dirs()) {
        plan.notes.push(format!(
            "an earlier change was interrupted ({}); a run with --apply sees to it first, and then this may differ",
            journal.display()
        ));
    }
    Ok(outcome(command, request, &state, plan, files, false))
}

fn next(
    command: SharedCommand,
    request: &SharedRequest,
    state: &Shared,
    now: OffsetDateTime,
) -> Result<SharedPlan, ApplyError> {
    let operation = command.operation();
    let mut plan = shared::next(
        &state.group,
        state.progress.as_ref(),
        operation,
        request,
        now,
    )?;
    plan.notes.extend(state.notes.iter().cloned());
    Ok(plan)
}

/// Harbor takes RSA alone, and 4096 bits are what its own `prepare` makes; masters keep the kind that they have.
fn new_key(state: &Shared, means: &mut Means<'_>) -> Result<PrivateKey, ApplyError> {
    let algorithm = match state.group.kind {
        shared::GroupKind::ServiceAccount => {
            state.present_algorithm().unwrap_or(KeyAlgorithm::Rsa2048)
        }
        _ => KeyAlgorithm::Rsa4096,
    };
    let keys = means.keys.keys(&[algorithm]);
    let keys = keys.map_err(crate::issue::IssueError::Key)?;
    let too_few = crate::issue::IssueError::TooFewKeys;
    Ok(keys.into_iter().next().ok_or(too_few)?)
}

/// Notes when signers switched: after their files were written, so that no token of another key is younger.
fn switched(
    state: &Shared,
    mut progress: Progress,
    now: OffsetDateTime,
    locks: &Locks,
    began: OffsetDateTime,
) -> Result<OffsetDateTime, ApplyError> {
    let switched_at = shared::whole_second(now.max(progress.applied_at));
    progress.switched_at = Some(switched_at);
    let mut bundle = Bundle::default();
    kept::write_progress(&state.state_dirs(), &progress, &mut bundle);
    locks.write(&bundle, began)?;
    Ok(switched_at)
}

/// Read again, the files no longer ask for what was just done.
fn as_meant(
    command: SharedCommand,
    request: &SharedRequest,
    state: &Shared,
    plan: &SharedPlan,
    now: OffsetDateTime,
) -> Result<(), ApplyError> {
    if matches!(plan.progress, ProgressAfter::Remove) && plan.writes.is_empty() {
        return Ok(());
    }
    let request = SharedRequest {
        restarted: Vec::new(),
        // A key that was made is there now.
        generate: request.generate && !request.at_once,
        from: request.from.clone(),
        ..request.clone()
    };
    if request.at_once && plan.chosen.instance.is_none() {
        return Ok(());
    }
    let again = next(command, &request, state, now)?;
    let is_undone = again.stage <= plan.stage && !again.writes.is_empty();
    match again
        .writes
        .first()
        .filter(|_| is_undone && again.stage != Stage::Done)
    {
        Some(write) => Err(ApplyError::NotAsWritten(write.file.read_from.clone())),
        None => Ok(()),
    }
}

fn outcome(
    command: SharedCommand,
    request: &SharedRequest,
    state: &Shared,
    plan: SharedPlan,
    files: Vec<SharedWritten>,
    applied: bool,
) -> SharedOutcome {
    let members = state.group.members.iter();
    SharedOutcome {
        command,
        request: request.clone(),
        members: members.map(|member| member.name.clone()).collect(),
        plan,
        files,
        applied,
    }
}

fn add_backups(files: &mut [SharedWritten], written: &Written) {
    for file in files {
        let found = written.files.iter().find(|known| known.path == file.path);
        file.backup = found.and_then(|known| known.backup.clone());
    }
}

/// Files that could not be given to the user that their container runs as.
fn ownership(written: &Written) -> Vec<String> {
    let not_given = written.files.iter().filter_map(|file| {
        let (uid, gid) = file.owner_not_given?;
        let path = file.path.display();
        Some(format!(
            "{path} could not be given to {uid}:{gid}, as whom its container reads it: chown {uid}:{gid} {path}"
        ))
    });
    not_given.collect()
}

impl SharedCommand {
    /// What it asks of the keys.
    pub fn operation(self) -> Operation {
        match self {
            Self::Unify => Operation::Unify,
            Self::RotateServiceAccount | Self::RotateRegistryToken => Operation::Rotate,
        }
    }

    /// The command line.
    pub fn request(self, request: SharedRequest) -> Request {
        match self {
            Self::Unify => Request::Unify(request),
            Self::RotateServiceAccount => Request::RotateServiceAccount(request),
            Self::RotateRegistryToken => Request::RotateRegistryToken(request),
        }
    }
}
