//! `hapki unify` and `hapki rotate registry-token`, stage by stage, while clients pull and push.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use pki_core::x509::crypto;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::peers;
use crate::registry_tokens::issuer;
use crate::registry_tokens::load::Load;
use crate::registry_tokens::outcome;
use crate::registry_tokens::site::Balance;
use crate::registry_tokens::site::Kind;
use crate::registry_tokens::site::LIFETIME;
use crate::registry_tokens::site::Site;

/// Neither key is held by most, so it has to be said which stays.
const UNIFY: &[&str] = &["unify", "--from=token1"];
const ROTATE: &[&str] = &["rotate", "registry-token"];

/// Separate pairs, made one, then replaced, under one continuous load; what is left at the end.
pub fn unified_and_rotated(kind: Kind) {
    let mut site = Site::start("staged", kind, Balance::RoundRobin);
    let own = [0, 1].map(|at| kid(&site, at));
    assert_ne!(own[0], own[1]);
    let load = Load::start(&site, SEPARATE);
    thread::sleep(Duration::from_secs(1));

    let stages = carried_out(&mut site, &load, UNIFY);
    assert_eq!(stages, ["trust", "sign", "wait", "prune", "done"]);
    let shared = kid(&site, 0);
    assert_eq!(shared, kid(&site, 1));
    assert!(own.contains(&shared), "{shared} is of {own:?}");
    outcome::all_is_well(&site);

    let stages = carried_out(&mut site, &load, ROTATE);
    assert_eq!(stages, ["trust", "sign", "wait", "prune", "done"]);
    let new = kid(&site, 0);
    assert_eq!(new, kid(&site, 1));
    assert!(!own.contains(&new), "{new} is of {own:?}");
    outcome::all_is_well(&site);
    outcome::judge(&load.stop());

    let load = Load::start(&site, "at once");
    thread::sleep(Duration::from_secs(1));
    at_once(&mut site);
    thread::sleep(Duration::from_secs(1));
    let phases = load.stop();
    let failed: usize = phases.iter().map(|phase| phase.failed.len()).sum();
    outcome::print(&phases);
    assert!(failed > 0, "the load does not see what --at-once breaks");
}

/// Runs the command as often as it takes, restarting what each run lists and waiting for as long as it says. Answers
/// with the stages.
fn carried_out(site: &mut Site, load: &Load, verb: &[&str]) -> Vec<String> {
    let (mut stages, mut restarted) = (Vec::new(), Vec::new());
    loop {
        let plan = planned(site, verb, &restarted);
        let stage = plan["stage"].as_str().unwrap().to_owned();
        load.phase(&format!("{}: {stage}", verb[0]));
        stages.push(stage);
        assert!(stages.len() < 9, "{stages:?}");
        match plan["stage"].as_str() {
            Some("done") => {
                report(site, verb, &restarted, &["--apply"]);
                return stages;
            }
            Some("wait") => wait(site, verb, &restarted),
            _ => {
                let report = report(site, verb, &restarted, &["--apply"]);
                assert_eq!(report["stage"], plan["stage"]);
                assert_eq!(report["applied"], true, "{report:#}");
                restarted = restarts(&report);
                for name in &restarted {
                    restart(site, name);
                }
            }
        }
        load.phase(&format!("{}: after {}", verb[0], stages[stages.len() - 1]));
    }
}

/// A plan changes nothing.
fn planned(site: &Site, verb: &[&str], restarted: &[String]) -> Value {
    let before = files(site);
    let plan = report(site, verb, restarted, &[]);
    assert_eq!(plan["applied"], false, "{plan:#}");
    assert_eq!(files(site), before);
    plan
}

/// The run that finds all signers switched notes it and says how long to wait; a run before that is refused.
fn wait(site: &Site, verb: &[&str], restarted: &[String]) {
    let report = report(site, verb, restarted, &["--apply"]);
    let instant = report["allowed_from"].as_str().unwrap();
    refused_before(site, verb, restarted, instant);
    let until = OffsetDateTime::parse(instant, &Rfc3339).unwrap();
    let rest = until - OffsetDateTime::now_utc();
    // The instant is a whole second.
    let most = LIFETIME + Duration::from_secs(1);
    assert!(rest <= most, "{rest} is longer than any token lives");
    thread::sleep(Duration::try_from(rest).unwrap_or_default() + A_MOMENT);
}

/// The next stage too early: exit 2, the instant in the sentence, every file as it was.
fn refused_before(site: &Site, verb: &[&str], restarted: &[String], instant: &str) {
    let before = files(site);
    let said = peers::run(&command(site, verb, restarted, &["--apply"]));
    assert_eq!(said.code, Some(2), "{}", said.report());
    assert!(said.stderr.contains(instant), "{}", said.report());
    assert_eq!(files(site), before);
}

fn at_once(site: &mut Site) {
    let report = report(site, ROTATE, &[], &["--at-once", "--apply"]);
    for name in restarts(&report) {
        restart(site, &name);
    }
}

#[track_caller]
fn report(site: &Site, verb: &[&str], restarted: &[String], options: &[&str]) -> Value {
    let said = peers::run(&command(site, verb, restarted, options));
    assert_eq!(said.code, Some(0), "{}", said.report());
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(report["schema"], "hapki.unify/v1", "{report:#}");
    report
}

fn command(
    site: &Site,
    verb: &[&str],
    restarted: &[String],
    options: &[&str],
) -> std::process::Command {
    let mut command = peers::hapki(verb);
    command.args(site.arguments()).arg("--format=json");
    command.arg(format!("--token-lifetime={}s", LIFETIME.as_secs()));
    for name in restarted {
        command.arg(format!("--restarted={name}"));
    }
    command.args(options);
    command
}

fn restarts(report: &Value) -> Vec<String> {
    let names = report["restart"].as_array().unwrap().iter();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

fn restart(site: &mut Site, name: &str) {
    match name {
        "registry@registry1" => site.restart(0),
        "registry@registry2" => site.restart(1),
        // It reads its key at each request.
        "token-server@token1" | "token-server@token2" => {}
        other => panic!("{other}"),
    }
}

fn kid(site: &Site, issuer: usize) -> String {
    site.kind.kid.of(&issuer::read_key(&site.key_file(issuer)))
}

/// Every file that hapki was given, and its own beside them.
fn files(site: &Site) -> BTreeMap<PathBuf, [u8; 32]> {
    let mut found = BTreeMap::new();
    for at in [0, 1] {
        hash_below(&site.directory(at), &mut found);
        hash_below(site.key_file(at).parent().unwrap(), &mut found);
    }
    found
}

fn hash_below(directory: &Path, found: &mut BTreeMap<PathBuf, [u8; 32]>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            hash_below(&path, found);
        } else {
            found.insert(path.clone(), crypto::sha256(&fs::read(&path).unwrap()));
        }
    }
}

const SEPARATE: &str = "separate pairs";
const A_MOMENT: Duration = Duration::from_millis(100);
