//! One state of the files, one stage.

use super::*;

fn plan(
    group: &Group,
    progress: Option<&Progress>,
    request: &SharedRequest,
    now: i64,
) -> SharedPlan {
    next(group, progress, Operation::Unify, request, at(now)).unwrap()
}

fn names(plan: &SharedPlan) -> Vec<&str> {
    plan.restart
        .iter()
        .map(|restart| restart.name.as_str())
        .collect()
}

fn paths(plan: &SharedPlan) -> Vec<String> {
    let writes = plan.writes.iter();
    writes
        .map(|write| write.file.read_from.display().to_string())
        .collect()
}

#[test]
fn two_registries_from_first_to_last() {
    let mut group = registries(&[key(1), key(2)]);
    let from = |restarted: &[&str]| {
        asks(|request| {
            request.from = Some("b".to_owned());
            request.restarted = restarted.iter().map(ToString::to_string).collect();
        })
    };
    let made = key(9);

    let trust = plan(&group, None, &from(&[]), 0);
    assert_eq!((trust.stage, &trust.blocked), (Stage::Trust, &None));
    assert_eq!(paths(&trust), ["a/root.crt", "b/root.crt"]);
    assert_eq!(names(&trust), ["registry@a", "registry@b"]);
    write(&mut group, &trust, &made);
    let progress = noted(&trust, None, &made, at(0));

    // Nothing new is known, so nothing may be done.
    let again = plan(&group, progress.as_ref(), &from(&[]), 1);
    assert_eq!(
        (again.stage, again.blocked.clone()),
        (Stage::Trust, Some(Blocked::Unconfirmed))
    );
    assert!(again.writes.is_empty());

    // One of two.
    let half = plan(&group, progress.as_ref(), &from(&["registry@b"]), 2);
    assert_eq!((half.stage, &half.blocked), (Stage::Trust, &None));
    assert_eq!(names(&half), ["registry@a"]);
    let progress = noted(&half, progress, &made, at(2));

    let sign = plan(&group, progress.as_ref(), &from(&["registry@a"]), 3);
    assert_eq!((sign.stage, &sign.blocked), (Stage::Sign, &None));
    assert_eq!(paths(&sign), ["a/private_key.pem"]);
    assert!(sign.switches && sign.restart.is_empty());
    assert_eq!(sign.allowed_from, Some(at(3) + LIFETIME));
    write(&mut group, &sign, &made);
    let progress = noted(&sign, progress, &made, at(3));

    let early = plan(&group, progress.as_ref(), &from(&[]), 1802);
    assert_eq!(
        (early.stage, early.blocked),
        (Stage::Wait, Some(Blocked::TooEarly))
    );
    assert_eq!(early.allowed_from, Some(at(1803)));

    let prune = plan(&group, progress.as_ref(), &from(&[]), 1803);
    assert_eq!((prune.stage, &prune.blocked), (Stage::Prune, &None));
    assert_eq!(paths(&prune), ["a/root.crt", "b/root.crt"]);
    assert_eq!(names(&prune), ["registry@a", "registry@b"]);
    write(&mut group, &prune, &made);
    let progress = noted(&prune, progress, &made, at(1803));

    let done = plan(&group, progress.as_ref(), &from(&["registry@a"]), 1804);
    assert_eq!(
        (done.stage, done.progress.clone()),
        (Stage::Done, ProgressAfter::Remove)
    );
    assert_eq!(names(&done), ["registry@b"]);
    let after = plan(&group, None, &from(&[]), 1805);
    assert_eq!(
        (after.stage, after.progress),
        (Stage::Done, ProgressAfter::Keep)
    );
}

#[test]
fn a_key_that_agrees_everywhere_is_done() {
    let group = registries(&[key(1), key(1)]);
    let plan = plan(&group, None, &SharedRequest::default(), 0);
    assert_eq!(plan.stage, Stage::Done);
    assert!(
        plan.writes.is_empty() && plan.restart.is_empty() && plan.progress == ProgressAfter::Keep
    );
}

#[test]
fn without_notes_the_wait_starts_anew() {
    let mut group = registries(&[key(1), key(1)]);
    for member in &mut group.members {
        member.verifiers[0].trusted = trusted(&[key(2), key(1)]);
    }
    let request = SharedRequest::default();
    let wait = plan(&group, None, &request, 50);
    assert_eq!((wait.stage, &wait.blocked), (Stage::Wait, &None));
    assert!(wait.writes.is_empty());
    assert_eq!(wait.allowed_from, Some(at(50) + LIFETIME));
    let progress = noted(&wait, None, &key(9), at(50));
    let early = plan(&group, progress.as_ref(), &request, 51);
    assert_eq!(early.blocked, Some(Blocked::TooEarly));
    assert_eq!(early.allowed_from, wait.allowed_from);
}

#[test]
fn a_mounted_file_is_seen_after_a_restart_or_in_place() {
    let mut group = registries(&[key(1), key(2)]);
    let both = trusted(&[key(1), key(2)]);
    for member in &mut group.members {
        member.signers[0].file.mount = Mount::File;
        member.verifiers[0].trusted.clone_from(&both);
    }
    let request = |in_place: bool| {
        asks(|request| {
            request.from = Some("b".to_owned());
            request.in_place = in_place;
            request.restarted = vec!["registry@a".to_owned(), "registry@b".to_owned()];
        })
    };
    let renamed = plan(&group, None, &request(false), 0);
    assert_eq!((renamed.stage, renamed.allowed_from), (Stage::Sign, None));
    assert_eq!(names(&renamed), ["token-server@a"]);
    let in_place = plan(&group, None, &request(true), 0);
    assert_eq!(
        (in_place.stage, in_place.allowed_from),
        (Stage::Sign, Some(at(0) + LIFETIME))
    );
    assert!(in_place.restart.is_empty());

    // The next run, which is not told `--in-place` again, does not ask for a restart after all.
    let progress = noted(&in_place, None, &key(9), at(0));
    write(&mut group, &in_place, &key(9));
    let later = plan(&group, progress.as_ref(), &request(false), 60);
    assert_eq!(later.blocked, Some(Blocked::TooEarly));
}

#[test]
fn masters_take_a_second_file_and_lose_it_again() {
    let mut group = masters(&[key(1), key(2)]);
    let ask = |restarted: &[&str]| {
        asks(|request| {
            request.from = Some("a".to_owned());
            request.restarted = restarted.iter().map(ToString::to_string).collect();
        })
    };
    let trust = plan(&group, None, &ask(&[]), 0);
    assert_eq!(paths(&trust), ["a/sa-next.pub", "b/sa-next.pub"]);
    assert_eq!(trust.edits.len(), 2);
    write(&mut group, &trust, &key(9));
    let progress = noted(&trust, None, &key(9), at(0));

    let sign = plan(
        &group,
        progress.as_ref(),
        &ask(&["kube-apiserver@a", "kube-apiserver@b"]),
        1,
    );
    assert_eq!(paths(&sign), ["b/private_key.pem"]);
    assert_eq!(
        names(&sign),
        ["kube-apiserver@b", "kube-controller-manager@b"]
    );
    write(&mut group, &sign, &key(9));
    let progress = noted(&sign, progress, &key(9), at(1));

    let wait = plan(
        &group,
        progress.as_ref(),
        &ask(&["kube-apiserver@b", "kube-controller-manager@b"]),
        5,
    );
    assert_eq!(
        (wait.stage, wait.allowed_from),
        (Stage::Wait, Some(at(5) + LIFETIME))
    );
    let progress = noted(&wait, progress, &key(9), at(5));

    let prune = plan(&group, progress.as_ref(), &ask(&[]), 1805);
    assert_eq!(prune.stage, Stage::Prune);
    assert_eq!(paths(&prune), ["b/sa.pub"]);
    assert_eq!((prune.edits.len(), prune.removals.len()), (2, 2));
    write(&mut group, &prune, &key(9));
    assert_eq!(plan(&group, None, &ask(&[]), 1806).stage, Stage::Done);
}

#[test]
fn an_apiserver_without_a_manifest_takes_several_keys_in_one_file() {
    let mut group = masters(&[key(1), key(2)]);
    for member in &mut group.members {
        if let VerifierForm::Apiserver(files) = &mut member.verifiers[0].form {
            files.manifest = None;
        }
    }
    let trust = plan(
        &group,
        None,
        &asks(|request| request.from = Some("a".to_owned())),
        0,
    );
    assert_eq!(paths(&trust), ["a/sa.pub", "b/sa.pub"]);
    assert!(trust.edits.is_empty());
}

#[test]
fn harbor_2_goes_in_one_go_or_not_at_all() {
    let mut group = registries(&[rsa(4096, 1), rsa(4096, 2)]);
    group.kind = GroupKind::Harbor2;
    for member in &mut group.members {
        member.verifiers.clear();
    }
    let request = asks(|request| request.from = Some("a".to_owned()));
    let shown = plan(&group, None, &request, 0);
    assert_eq!(shown.blocked, Some(Blocked::NeedsAtOnce));
    assert_eq!(paths(&shown), ["b/private_key.pem"]);
    assert!(
        shown
            .notes
            .iter()
            .any(|note| note.contains("cannot overlap")),
        "{:?}",
        shown.notes
    );
    let at_once = plan(
        &group,
        None,
        &asks(|request| {
            request.from = Some("a".to_owned());
            request.at_once = true;
        }),
        0,
    );
    assert_eq!((at_once.stage, at_once.blocked), (Stage::Done, None));
}

#[test]
fn in_one_go_after_the_switch_names_who_was_not_restarted() {
    let mut group = masters(&[key(1), key(2)]);
    let asked = |restarted: &[&str], at_once: bool| {
        asks(|request| {
            request.from = Some("a".to_owned());
            request.restarted = restarted.iter().map(ToString::to_string).collect();
            request.at_once = at_once;
        })
    };
    let made = key(9);
    let trust = plan(&group, None, &asked(&[], false), 0);
    write(&mut group, &trust, &made);
    let progress = noted(&trust, None, &made, at(0));
    let told = names(&trust);
    let sign = plan(&group, progress.as_ref(), &asked(&told, false), 1);
    assert_eq!(sign.stage, Stage::Sign);
    let pending = "kube-controller-manager@b";
    assert!(names(&sign).contains(&pending), "{:?}", names(&sign));
    write(&mut group, &sign, &made);
    let progress = noted(&sign, progress, &made, at(1));

    let at_once = plan(&group, progress.as_ref(), &asked(&[], true), 2);
    assert_eq!((at_once.stage, &at_once.blocked), (Stage::Done, &None));
    assert!(names(&at_once).contains(&pending), "{:?}", names(&at_once));
    let told = plan(&group, progress.as_ref(), &asked(&names(&sign), true), 2);
    assert!(!names(&told).contains(&pending), "{:?}", names(&told));
    let lossless = |note: &String| note.contains("no request is lost");
    assert!(!at_once.notes.iter().any(lossless), "{:?}", at_once.notes);
}

#[test]
fn rotation_makes_a_key_and_ends() {
    let mut group = registries(&[key(1), key(1)]);
    let made = key(9);
    let next = |group: &Group, progress: Option<&Progress>, restarted: &[&str], now: i64| {
        let request = asks(|request| {
            request.restarted = restarted.iter().map(ToString::to_string).collect();
        });
        next(group, progress, Operation::Rotate, &request, at(now)).unwrap()
    };
    let trust = next(&group, None, &[], 0);
    assert_eq!(
        (trust.stage, &trust.chosen.key),
        (Stage::Trust, &KeyRef::New)
    );
    write(&mut group, &trust, &made);
    group.waiting = vec![Waiting {
        file: "a/.hapki/next/private_key.pem".into(),
        key: made.clone(),
    }];
    let mut progress = noted(&trust, None, &made, at(0));

    // A key that was made is not made again, also where the notes are lost.
    let lost = next(&group, None, &[], 1);
    assert_eq!(
        (lost.stage, lost.chosen.key.known()),
        (Stage::Trust, Some(&made))
    );

    for (restarted, now, stage) in [
        (&["registry@a", "registry@b"][..], 2, Stage::Sign),
        (&[][..], 2000, Stage::Prune),
        (&[][..], 2001, Stage::Done),
    ] {
        let plan = next(&group, progress.as_ref(), restarted, now);
        assert_eq!((plan.stage, &plan.blocked), (stage, &None));
        write(&mut group, &plan, &made);
        progress = noted(&plan, progress, &made, at(now));
    }
    assert!(group.waiting.is_empty() && progress.is_none());
    // Now that it has ended, the next one is another.
    assert_eq!(next(&group, None, &[], 3000).chosen.key, KeyRef::New);
}

#[test]
fn a_key_that_nobody_can_read_is_replaced_by_one_that_is_made() {
    let mut group = registries(&[key(1), key(2)]);
    group.members[1].signers[0].key = Err("is encrypted".to_owned());
    let request = asks(|request| {
        request.generate = true;
        request.at_once = true;
    });
    let plan = plan(&group, None, &request, 0);
    for path in ["a/private_key.pem", "b/private_key.pem"] {
        assert!(paths(&plan).iter().any(|known| known == path), "{path}");
    }
}

#[test]
fn an_id_that_an_issuer_chose_itself_is_kept() {
    let (mine, other) = (key(1), key(2));
    let mut group = registries(&[mine.clone(), other]);
    let VerifierForm::Bundle(files) = &mut group.members[0].verifiers[0].form else {
        panic!()
    };
    files.jwks = Some(Jwks {
        file: file("a", "jwks.json"),
        entries: vec![("chosen by hand".to_owned(), mine.clone())],
        is_told: true,
        configuration: file("a", "config.yml"),
        path_there: "/etc/jwks.json".into(),
    });
    let request = asks(|request| request.from = Some("a".to_owned()));
    let keeps = |plan: &SharedPlan| {
        let mut written = plan.writes.iter().filter_map(|write| match &write.content {
            Content::Jwks(entries) => Some(entries.clone()),
            _ => None,
        });
        let entries = written.next().unwrap();
        let by_hand = Some("chosen by hand".to_owned());
        entries.contains(&(by_hand, KeyRef::Known(mine.clone())))
            && entries.contains(&(None, KeyRef::Known(mine.clone())))
    };
    let trust = plan(&group, None, &request, 0);
    assert_eq!(trust.stage, Stage::Trust);
    assert!(keeps(&trust), "{:?}", trust.writes);
    let at_once = asks(|request| {
        request.from = Some("a".to_owned());
        request.at_once = true;
    });
    let at_once = plan(&group, None, &at_once, 0);
    assert!(keeps(&at_once), "{:?}", at_once.writes);
}

#[test]
fn tokens_that_live_for_ever_are_waited_for() {
    let mut group = registries(&[key(1), key(1)]);
    group.members[0].signers[0].lifetime.duration = Duration::MAX;
    group.members[0].verifiers[0].trusted = trusted(&[key(1), key(2)]);
    let plan = plan(&group, None, &SharedRequest::default(), 0);
    assert_eq!(plan.stage, Stage::Wait);
    assert!(plan.allowed_from.unwrap() > at(100 * 365 * 86400));
}
