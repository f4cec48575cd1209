//! The state machine: files and progress in, one stage out.

use time::Duration;
use time::OffsetDateTime;

use crate::plan::shared::Blocked;
use crate::plan::shared::Chosen;
use crate::plan::shared::Confirmation;
use crate::plan::shared::Group;
use crate::plan::shared::GroupKind;
use crate::plan::shared::KeyRef;
use crate::plan::shared::Operation;
use crate::plan::shared::Progress;
use crate::plan::shared::ProgressAfter;
use crate::plan::shared::Restart;
use crate::plan::shared::SharedError;
use crate::plan::shared::SharedPlan;
use crate::plan::shared::Stage;
use crate::plan::shared::changes::Aim;
use crate::plan::shared::changes::Changes;
use crate::plan::shared::choose::choose;
use crate::plan::shared::choose::signers;
use crate::plan::shared::remarks;
use crate::plan::shared::state;
use crate::request::SharedRequest;

/// The next stage of `group` at `now`.
///
/// A verifier is never told to forget a key while a token that it signed lives, and no signer takes a key before every
/// verifier is known to have loaded it, unless `--at-once` is asked for.
///
/// # Errors
/// No key can be chosen, or a name in the request is unknown.
pub fn next(
    group: &Group,
    progress: Option<&Progress>,
    operation: Operation,
    request: &SharedRequest,
    now: OffsetDateTime,
) -> Result<SharedPlan, SharedError> {
    refuse_missing(group, progress)?;
    let chosen = choose(group, progress, operation, request)?;
    if group.kind != GroupKind::Harbor2 && state::verifiers(group).next().is_none() {
        return Err(SharedError::NoVerifier);
    }
    let target = chosen.key.known().map(state::fingerprint);
    let of_target = progress.filter(|progress| Some(&progress.target) == target.as_ref());
    let run = Run {
        group,
        chosen: &chosen,
        confirmed: confirmations(group, of_target, request)?,
        is_noted: progress.is_some(),
        progress: of_target,
        operation,
        request,
        now,
    };
    let mut plan = if group.kind == GroupKind::Harbor2 || request.at_once {
        run.at_once()
    } else {
        run.staged()
    };
    let noted = of_target.map(|progress| Duration::seconds(progress.lifetime_seconds));
    plan.notes = remarks::notes(group, &plan, request, noted);
    Ok(plan)
}

struct Run<'a> {
    group: &'a Group,
    chosen: &'a Chosen,
    progress: Option<&'a Progress>,
    /// Whether there is any progress, be it towards another key.
    is_noted: bool,
    confirmed: Vec<Confirmation>,
    operation: Operation,
    request: &'a SharedRequest,
    now: OffsetDateTime,
}

impl Run<'_> {
    fn staged(&self) -> SharedPlan {
        let is_signed = signers(self.group).all(|(_, signer)| signer.signs_with(&self.chosen.key));
        let is_known =
            self.chosen.key.known().is_some_and(|key| {
                state::verifiers(self.group).all(|verifier| verifier.knows(key))
            });
        if !is_signed || !is_known {
            let changes = self.aim().trust();
            if !changes.is_empty() {
                return self.trust(changes, is_signed);
            }
        }
        if is_signed {
            self.forget()
        } else {
            self.sign()
        }
    }

    fn trust(&self, changes: Changes, is_signed: bool) -> SharedPlan {
        let restart = unique(state::verifiers(self.group).map(|verifier| &verifier.restart));
        let switched_at = self.progress.and_then(|progress| progress.switched_at);
        let progress = self.noted(Stage::Trust, Vec::new(), switched_at.filter(|_| is_signed));
        self.plan(Stage::Trust, changes, restart, progress)
    }

    /// Once every verifier is known to run with what its files tell it.
    fn sign(&self) -> SharedPlan {
        let verifiers = state::verifiers(self.group).map(|verifier| &verifier.restart);
        let missing = state::unconfirmed(self.group, verifiers, &self.confirmed);
        if !missing.is_empty() {
            return self.wait_for_restarts(Stage::Trust, missing);
        }
        let mut after = self.group.clone();
        let mut restart: Vec<Restart> = Vec::new();
        for signer in after
            .members
            .iter_mut()
            .flat_map(|member| &mut member.signers)
        {
            if signer.signs_with(&self.chosen.key) {
                continue;
            }
            if let Some(key) = self.chosen.key.known() {
                signer.key = Ok(key.clone());
            }
            if signer.has_to_restart(self.request.in_place) {
                restart.extend(signer.restarts.iter().cloned());
            }
        }
        let restart = unique(restart.iter());
        // What was not touched, or sees its file at once, needs no word from anybody.
        let mut confirmed = self.confirmed.clone();
        for (_, signer) in signers(&after) {
            for known in &signer.restarts {
                confirmed.retain(|confirmation| confirmation.name != known.name);
                if !restart.contains(known) {
                    confirmed.push(Confirmation {
                        name: known.name.clone(),
                        loaded: state::loaded(&after, &known.name),
                    });
                }
            }
        }
        let progress = self.noted(Stage::Sign, confirmed, None);
        let switches = restart.is_empty();
        let mut plan = self.plan(Stage::Sign, self.aim().sign(), restart, progress);
        plan.switches = switches;
        plan.allowed_from =
            switches.then(|| whole_second(self.now).saturating_add(self.lifetime()));
        plan
    }

    /// All signers hold the key: the tokens of others run out, then verifiers forget them.
    fn forget(&self) -> SharedPlan {
        let changes = self.aim().prune();
        if changes.is_empty() {
            return self.done();
        }
        let forgets = self
            .chosen
            .key
            .known()
            .is_some_and(|key| state::forgets(self.group, key));
        if !forgets {
            let keep = match self.progress {
                Some(_) => self.noted(Stage::Prune, Vec::new(), None),
                None => ProgressAfter::Keep,
            };
            return self.plan(Stage::Prune, changes, Vec::new(), keep);
        }
        let missing = state::unconfirmed(
            self.group,
            state::signer_restarts(self.group),
            &self.confirmed,
        );
        if !missing.is_empty() {
            return self.wait_for_restarts(Stage::Sign, missing);
        }
        let Some(switched_at) = self.progress.and_then(|progress| progress.switched_at) else {
            let since = self
                .progress
                .map_or(self.now, |known| known.applied_at.max(self.now));
            let since = whole_second(since);
            let progress = self.noted(Stage::Wait, self.confirmed.clone(), Some(since));
            let mut plan = self.plan(Stage::Wait, Changes::default(), Vec::new(), progress);
            plan.allowed_from = Some(since.saturating_add(self.lifetime()));
            return plan;
        };
        let allowed_from = switched_at.saturating_add(self.lifetime());
        if self.now < allowed_from {
            let mut plan = self.plan(
                Stage::Wait,
                Changes::default(),
                Vec::new(),
                ProgressAfter::Keep,
            );
            plan.allowed_from = Some(allowed_from);
            plan.blocked = Some(Blocked::TooEarly);
            return plan;
        }
        let restart = unique(state::verifiers(self.group).map(|verifier| &verifier.restart));
        let progress = self.noted(Stage::Prune, Vec::new(), Some(switched_at));
        self.plan(Stage::Prune, changes, restart, progress)
    }

    fn done(&self) -> SharedPlan {
        let is_pruned = self
            .progress
            .is_some_and(|known| known.stage == Stage::Prune.name());
        let verifiers = state::verifiers(self.group)
            .map(|verifier| &verifier.restart)
            .filter(|_| is_pruned);
        let restart = state::unconfirmed(self.group, verifiers, &self.confirmed);
        let progress = if self.is_noted {
            ProgressAfter::Remove
        } else {
            ProgressAfter::Keep
        };
        self.plan(Stage::Done, Changes::default(), restart, progress)
    }

    fn at_once(&self) -> SharedPlan {
        let changes = self.aim().at_once();
        if changes.is_empty() {
            return self.done();
        }
        let key = self.chosen.key.known();
        let verifiers = state::verifiers(self.group)
            .filter(|verifier| {
                key.is_none_or(|key| !verifier.knows(key) || verifier.would_forget(key))
            })
            .map(|verifier| &verifier.restart);
        let signers = signers(self.group)
            .filter(|(_, signer)| !signer.signs_with(&self.chosen.key))
            .filter(|(_, signer)| signer.has_to_restart(self.request.in_place))
            .flat_map(|(_, signer)| &signer.restarts);
        // An earlier run gave them the key, and nobody said that they were restarted since.
        let is_signed = self
            .progress
            .is_some_and(|known| known.stage == Stage::Sign.name());
        let signed = state::signer_restarts(self.group).filter(|_| is_signed);
        let pending = state::unconfirmed(self.group, signed, &self.confirmed);
        let restart = unique(verifiers.chain(signers).chain(&pending));
        let mut plan = self.done();
        plan.restart = restart;
        if !self.request.at_once {
            plan.blocked = Some(Blocked::NeedsAtOnce);
        }
        plan.with(changes)
    }

    /// Nothing is written but which restarts are confirmed; without any news there is nothing to do at all.
    fn wait_for_restarts(&self, stage: Stage, missing: Vec<Restart>) -> SharedPlan {
        let known = self
            .progress
            .map_or(&[][..], |progress| &progress.restarted);
        if self.progress.is_some() && self.confirmed == known {
            let mut plan = self.plan(stage, Changes::default(), missing, ProgressAfter::Keep);
            plan.blocked = Some(Blocked::Unconfirmed);
            return plan;
        }
        let progress = self.noted(stage, self.confirmed.clone(), None);
        self.plan(stage, Changes::default(), missing, progress)
    }

    fn noted(
        &self,
        stage: Stage,
        restarted: Vec<Confirmation>,
        switched_at: Option<OffsetDateTime>,
    ) -> ProgressAfter {
        let made = self.progress.is_some_and(|progress| progress.generated);
        let waits = |key: &KeyRef| {
            let mut waiting = self.group.waiting.iter();
            waiting.any(|waiting| Some(&waiting.key) == key.known())
        };
        let applied_at = self
            .progress
            .map_or(self.now, |known| known.applied_at.max(self.now));
        ProgressAfter::Write(Box::new(Progress {
            schema: SCHEMA.to_owned(),
            kind: self.kind().to_owned(),
            target: self
                .chosen
                .key
                .known()
                .map(state::fingerprint)
                .unwrap_or_default(),
            generated: made
                || self.operation == Operation::Rotate && self.request.from.is_none()
                || self.chosen.key == KeyRef::New
                || waits(&self.chosen.key),
            stage: stage.name().to_owned(),
            applied_at,
            switched_at,
            lifetime_seconds: self.lifetime().whole_seconds(),
            members: self
                .group
                .members
                .iter()
                .map(|member| member.name.clone())
                .collect(),
            restarted,
        }))
    }

    fn kind(&self) -> &'static str {
        match (self.operation, self.group.kind) {
            (Operation::Unify, _) => "unify",
            (Operation::Rotate, GroupKind::ServiceAccount) => "rotate service-account",
            (Operation::Rotate, _) => "rotate registry-token",
        }
    }

    /// The longest that any token lives, also one that was signed before a setting was changed.
    fn lifetime(&self) -> Duration {
        let told = signers(self.group).map(|(_, signer)| signer.lifetime.duration);
        let noted = self
            .progress
            .map(|progress| Duration::seconds(progress.lifetime_seconds));
        told.chain(noted).max().unwrap_or_default()
    }

    fn aim(&self) -> Aim<'_> {
        Aim {
            group: self.group,
            chosen: self.chosen,
            now: self.now,
        }
    }

    fn plan(
        &self,
        stage: Stage,
        changes: Changes,
        restart: Vec<Restart>,
        progress: ProgressAfter,
    ) -> SharedPlan {
        SharedPlan {
            kind: self.group.kind,
            stage,
            chosen: self.chosen.clone(),
            writes: Vec::new(),
            edits: Vec::new(),
            removals: Vec::new(),
            restart,
            allowed_from: None,
            switches: false,
            notes: Vec::new(),
            progress,
            blocked: None,
        }
        .with(changes)
    }
}

impl SharedPlan {
    fn with(self, changes: Changes) -> Self {
        Self {
            writes: changes.writes,
            edits: changes.edits,
            removals: changes.removals,
            ..self
        }
    }
}

/// The next whole second: reports have no finer ones, and what they name must not be too early.
pub fn whole_second(instant: OffsetDateTime) -> OffsetDateTime {
    let begun = instant.nanosecond() > 0;
    let second = instant.replace_nanosecond(0).unwrap_or(instant);
    if begun {
        second + Duration::SECOND
    } else {
        second
    }
}

fn refuse_missing(group: &Group, progress: Option<&Progress>) -> Result<(), SharedError> {
    let noted = progress.map_or(&[][..], |progress| &progress.members);
    let is_given = |name: &String| group.members.iter().any(|member| member.name == *name);
    let missing: Vec<String> = noted
        .iter()
        .filter(|name| !is_given(name))
        .cloned()
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(SharedError::Missing(missing))
    }
}

/// What was noted, with what this run was told put in its place.
fn confirmations(
    group: &Group,
    progress: Option<&Progress>,
    request: &SharedRequest,
) -> Result<Vec<Confirmation>, SharedError> {
    let mut confirmed = progress.map_or_else(Vec::new, |progress| progress.restarted.clone());
    let known = state::every_restart(group);
    for name in &request.restarted {
        if !known.iter().any(|restart| restart.name == *name) {
            return Err(SharedError::NoSuchRestart {
                name: name.clone(),
                known: known.iter().map(|restart| restart.name.clone()).collect(),
            });
        }
        let now = Confirmation {
            name: name.clone(),
            loaded: state::loaded(group, name),
        };
        match confirmed.iter_mut().find(|known| known.name == *name) {
            Some(known) => *known = now,
            None => confirmed.push(now),
        }
    }
    Ok(confirmed)
}

fn unique<'a>(restarts: impl Iterator<Item = &'a Restart>) -> Vec<Restart> {
    let mut unique: Vec<Restart> = Vec::new();
    for restart in restarts {
        if !unique.iter().any(|known| known.name == restart.name) {
            unique.push(restart.clone());
        }
    }
    unique
}

const SCHEMA: &str = "hapki.rotation/v1";
