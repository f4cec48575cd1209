//! Killed before any step, refused at any step, killed again while recovering: the old state or the new one.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use proptest::prelude::*;

use super::Ending;
use super::Locks;
use super::WriteError;
use super::faults;
use super::faults::Fault;
use super::interrupted;
use super::lock;
use super::recover;
use super::world::Does;
use super::world::Killed;
use super::world::World;
use super::world::kill;
use super::world::relative;
use super::world::written;

#[test]
fn killed_before_any_step_any_one_tree_brings_all_to_the_old_or_the_new() {
    let new = written(EVERYTHING);
    let mut endings = [0, 0, 0];
    for step in 0.. {
        let Killed { world, old, ended } = kill(EVERYTHING, step);
        let what = format!("killed before step {step}");
        let journals = interrupted(&world.state_dirs());
        let nothing_left = journals.is_empty();
        // Any one of the trees that has a journal is enough.
        let told = journals
            .get(step % journals.len().max(1))
            .and_then(|path| path.parent());
        let recovered = recover(&told.map(PathBuf::from).into_iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(
            interrupted(&world.state_dirs()),
            Vec::<PathBuf>::new(),
            "{what}"
        );
        let now = world.others();
        match recovered.first().map(|recovered| recovered.ending) {
            Some(Ending::Finished) => assert_eq!(relative(&world, now), new, "{what}"),
            Some(Ending::Undone) => assert_eq!(now, old, "{what}"),
            None => assert!(
                nothing_left && (now == old || relative(&world, now) == new),
                "{what}"
            ),
        }
        endings[recovered
            .first()
            .map_or(2, |recovered| recovered.ending as usize)] += 1;
        world.assert_clean(&what);
        if ended {
            break;
        }
    }
    println!("finished, undone, nothing to do: {endings:?}");
    assert!(endings.iter().all(|count| *count > 5), "{endings:?}");
}

#[test]
fn recovery_killed_before_any_of_its_own_steps_is_taken_up_again() {
    let new = written(LEAST);
    let mut twice = 0;
    for step in 0.. {
        let Killed { world, old, ended } = kill(LEAST, step);
        drop(world);
        // Every fifth, beginning elsewhere each time: all of them take minutes.
        for second in (step % 5..).step_by(5) {
            let world = kill(LEAST, step).world;
            let state_dirs = world.state_dirs();
            let (_, taken) = faults::with(second, Fault::Killed, || drop(recover(&state_dirs)));
            let what = format!("killed before step {step}, then before step {second} of recovery");
            recover(&state_dirs).unwrap();
            let now = relative(&world, world.others());
            let is_old = now.len() == old.len() && now.iter().all(|line| !line.contains("new of"));
            assert!(is_old || now == new, "{what}: {now:#?}");
            world.assert_clean(&what);
            twice += 1;
            if taken <= second {
                break;
            }
        }
        if ended {
            break;
        }
    }
    println!("{twice} pairs of kills");
    assert!(twice > 300, "{twice}");
}

#[test]
fn a_refusal_at_any_step_undoes_everything_or_keeps_the_journal() {
    let new = written(EVERYTHING);
    let mut kept = 0;
    for step in 0.. {
        let world = World::new(EVERYTHING);
        let old = world.others();
        let (outcome, steps) = faults::with(step, Fault::Refused, || world.write());
        let what = format!("refused at step {step}");
        match outcome {
            Ok(_) => assert_eq!(relative(&world, world.others()), new, "{what}"),
            Err(WriteError::Interrupted { .. } | WriteError::NotUndone { .. }) => {
                kept += 1;
                recover(&world.state_dirs()).unwrap();
                let now = world.others();
                assert!(now == old || relative(&world, now) == new, "{what}");
            }
            Err(error) => {
                assert!(
                    error.to_string().contains("no space left"),
                    "{what}: {error}"
                );
                assert_eq!(world.others(), old, "{what}");
                let is_ours = |path: &PathBuf| path.to_string_lossy().contains("hapki");
                let left: Vec<_> = world.files().into_keys().filter(is_ours).collect();
                assert_eq!(left, Vec::<PathBuf>::new(), "{what}");
            }
        }
        world.assert_clean(&what);
        if steps <= step {
            break;
        }
    }
    assert!(kept > 3, "{kept}");
}

#[test]
fn someone_else_between_any_two_steps_is_not_overwritten() {
    let mut refused = 0;
    for step in 0.. {
        let world = World::new(&[(0, Does::Create), (0, Does::Replace), (1, Does::Create)]);
        let old = world.others();
        let theirs = world.root.path().join("b/2.key");
        let act = {
            let theirs = theirs.clone();
            move || {
                // Ours may be there already: then they see it, and leave it.
                if let Ok(mut file) = fs::File::create_new(&theirs) {
                    std::io::Write::write_all(&mut file, b"theirs").unwrap();
                }
            }
        };
        let (outcome, steps) =
            faults::with(step, Fault::Meanwhile(Box::new(act)), || world.write());
        if steps <= step {
            break;
        }
        let what = format!("before step {step}");
        match outcome {
            Ok(_) => assert!(
                fs::read_to_string(&theirs).unwrap().starts_with("new of"),
                "{what}"
            ),
            Err(error) => {
                assert!(matches!(error, WriteError::Exists(_)), "{what}: {error}");
                assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs", "{what}");
                fs::remove_file(&theirs).unwrap();
                assert_eq!(world.others(), old, "{what}");
                refused += 1;
            }
        }
        world.assert_clean(&what);
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn a_file_that_someone_else_changes_after_the_kill_stops_the_next_run() {
    for does in [Does::Replace, Does::Overwrite, Does::Create, Does::Remove] {
        let acts = [(0, Does::Replace), (1, does)];
        let mut stuck = 0;
        for step in 0.. {
            let Killed { world, old, ended } = kill(&acts, step);
            let theirs = world.root.path().join("b/1.key");
            fs::write(&theirs, "theirs").unwrap();
            let before = world.others();
            match recover(&world.state_dirs()) {
                Ok(_) => assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs"),
                Err(error) => {
                    stuck += 1;
                    let WriteError::Stuck { path, journal, .. } = &error else {
                        panic!("{does:?} {step}: {error}");
                    };
                    assert_eq!(*path, theirs);
                    assert!(
                        error.to_string().contains(&journal.display().to_string()),
                        "{error}"
                    );
                    assert_eq!(
                        world.others(),
                        before,
                        "{does:?} {step}: nothing further is changed"
                    );
                    let again = world.write().unwrap_err();
                    assert!(matches!(again, WriteError::Unfinished { .. }), "{again}");
                    // What the hint says helps.
                    match old.contains_key(&theirs) {
                        true => fs::write(&theirs, format!("old bytes of {}", theirs.display()))
                            .unwrap(),
                        false => fs::remove_file(&theirs).unwrap(),
                    }
                    assert_eq!(
                        recover(&world.state_dirs()).unwrap()[0].ending,
                        Ending::Finished
                    );
                }
            }
            world.assert_clean(&format!("{does:?} {step}"));
            if ended {
                break;
            }
        }
        assert!(stuck > 0, "{does:?}");
    }
}

#[test]
fn a_journal_in_a_copy_of_the_tree_is_not_followed() {
    let Killed { world, .. } = (0..).map(|step| kill(FEW, step)).find(is_forward).unwrap();
    let copy = world.root.path().join("copy");
    fs::create_dir_all(copy.join(".hapki")).unwrap();
    let journal = interrupted(&world.state_dirs()).remove(0);
    fs::copy(&journal, copy.join(".hapki/journal.json")).unwrap();
    let before = world.files();
    let error = recover(&[copy.join(".hapki")]).unwrap_err();
    assert!(matches!(&error, WriteError::BadJournal { .. }), "{error}");
    assert!(error.to_string().contains("is a copy"), "{error}");
    assert_eq!(world.files(), before);
}

#[test]
fn a_tree_that_is_not_there_stops_recovery_before_anything_is_changed() {
    let Killed { world, .. } = (0..).map(|step| kill(FEW, step)).find(is_forward).unwrap();
    let (there, away) = (world.root.path().join("b"), world.root.path().join("away"));
    fs::rename(&there, &away).unwrap();
    let before = world.others();
    let error = recover(&world.state_dirs()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with(&format!("names {}, which is not there", there.display())),
        "{error}"
    );
    assert_eq!(world.others(), before);
    fs::rename(&away, &there).unwrap();
    assert_eq!(
        recover(&world.state_dirs()).unwrap()[0].ending,
        Ending::Finished
    );
}

#[test]
fn journals_hold_no_bytes_of_the_files() {
    let Killed { world, .. } = (0..)
        .map(|step| kill(EVERYTHING, step))
        .find(is_forward)
        .unwrap();
    for journal in interrupted(&world.state_dirs()) {
        let text = fs::read_to_string(&journal).unwrap();
        assert!(
            !text.contains("old bytes") && !text.contains("new of"),
            "{text}"
        );
        assert_eq!(fs::metadata(&journal).unwrap().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_second_run_is_refused_while_the_first_goes_on_and_not_after() {
    let world = World::new(FEW);
    let old = world.others();
    let first: Locks = lock(&world.state_dirs()[1..]).unwrap();
    let error =
        std::thread::scope(|scope| scope.spawn(|| world.write()).join().unwrap()).unwrap_err();
    let path = world.root.path().join("b/.hapki/lock");
    assert_eq!(
        error.to_string(),
        format!(
            "another hapki is changing this tree: {} is locked",
            path.display()
        )
    );
    assert_eq!(world.others(), old);
    drop(first);
    assert!(!path.exists());
    world.write().unwrap();
}

#[test]
fn of_many_runs_at_once_one_changes_the_files_and_the_others_are_refused_or_follow() {
    let world = World::new(FEW);
    let new = written(FEW);
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| world.write())).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert!(outcomes.iter().any(Result::is_ok));
    for error in outcomes.into_iter().filter_map(Result::err) {
        let raced = matches!(error, WriteError::ChangedMeanwhile(_));
        assert!(
            raced || matches!(error, WriteError::Locked { .. }),
            "{error}"
        );
    }
    assert_eq!(relative(&world, world.others()), new);
    world.assert_clean("many runs");
}

fn is_forward(killed: &Killed) -> bool {
    let journals = interrupted(&killed.world.state_dirs());
    journals.len() == 2 && journals.iter().all(|path| path.ends_with("journal.json"))
}

fn does() -> impl Strategy<Value = Does> {
    prop_oneof![
        Just(Does::Create),
        Just(Does::CreateInNewDirectory),
        Just(Does::Replace),
        Just(Does::ReplaceThroughLink),
        Just(Does::Overwrite),
        Just(Does::OverwriteLonger),
        Just(Does::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_change_killed_anywhere_and_its_recovery_too(
        acts in proptest::collection::vec((0..2usize, does()), 1..7),
        at in 0.0..1.0f64,
        again in 0..60usize,
    ) {
        let new = written(&acts);
        let (_, steps) = { let world = World::new(&acts); faults::counted(|| world.write().unwrap()) };
        let Killed { world, old, .. } = kill(&acts, (at * steps as f64) as usize);
        let state_dirs = world.state_dirs();
        let (_, _) = faults::with(again, Fault::Killed, || drop(recover(&state_dirs)));
        recover(&state_dirs).unwrap();
        let now = world.others();
        prop_assert!(now == old || relative(&world, now) == new);
        world.assert_clean("any change");
    }
}

const EVERYTHING: &[(usize, Does)] = &[
    (0, Does::Create),
    (1, Does::Replace),
    (0, Does::CreateInNewDirectory),
    (1, Does::Overwrite),
    (0, Does::ReplaceThroughLink),
    (0, Does::OverwriteLonger),
    (1, Does::Remove),
];
const LEAST: &[(usize, Does)] = &[(0, Does::Replace), (1, Does::Overwrite)];
const FEW: &[(usize, Does)] = &[(0, Does::Replace), (1, Does::Overwrite), (1, Does::Create)];
