//! Faults on purpose: the disk refuses one step, or the process is killed before it.

use std::cell::RefCell;
use std::fs::File;
use std::io;

/// What befalls the steps of this thread.
#[derive(Default)]
struct Plan {
    passed: usize,
    befalls: Option<(usize, Fault)>,
}

pub(super) enum Fault {
    /// This step is refused, all others go on.
    Refused,
    /// Neither this step nor any later one happens.
    Killed,
    /// Before this step someone else acts.
    Meanwhile(Box<dyn FnOnce()>),
}

thread_local! {
    static PLAN: RefCell<Plan> = RefCell::default();
}

/// Runs `act` with `fault` at the step `number`, counted from 0, and says how many steps it came to.
pub(super) fn with<T>(number: usize, fault: Fault, act: impl FnOnce() -> T) -> (T, usize) {
    PLAN.replace(Plan {
        passed: 0,
        befalls: Some((number, fault)),
    });
    let outcome = act();
    (outcome, PLAN.take().passed)
}

/// How many steps `act` takes.
pub(super) fn counted<T>(act: impl FnOnce() -> T) -> (T, usize) {
    with(usize::MAX, Fault::Killed, act)
}

/// What each step on the disk asks first.
pub(super) fn pass() -> Result<(), io::Error> {
    let meanwhile = PLAN.with_borrow_mut(|plan| {
        let number = plan.passed;
        plan.passed += 1;
        match &plan.befalls {
            Some((at, Fault::Killed)) if number >= *at => Err(io::Error::other("killed")),
            Some((at, Fault::Refused)) if number == *at => Err(io::ErrorKind::StorageFull.into()),
            Some((at, Fault::Meanwhile(_))) if number == *at => Ok(plan.befalls.take()),
            _ => Ok(None),
        }
    })?;
    if let Some((_, Fault::Meanwhile(act))) = meanwhile {
        act();
    }
    Ok(())
}

/// No test takes the power away, and a disk that syncs thousands of files is all that these would wait for. That every
/// sync is asked for, and where, [`pass`] still counts.
#[allow(
    clippy::unnecessary_wraps,
    reason = "it stands for a sync, which may fail"
)]
pub(super) fn flush(_: &File) -> Result<(), io::Error> {
    Ok(())
}

/// The two halves in which a test writes, so that it can stop between them.
pub(super) fn halves(contents: &[u8]) -> [&[u8]; 2] {
    let (first, second) = contents.split_at(contents.len() / 2);
    [first, second]
}
