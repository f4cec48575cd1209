//! Every remedy is carried out, each on a copy of its own: its finding must be gone, and no connection that held may be
//! refused.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use pki_core::apply;
use pki_core::apply::IssueOptions;
use pki_core::apply::Means;
use pki_core::audit::Audit;
use pki_core::finding::Finding;
use pki_core::issue::FreshKeys;
use pki_core::issue::RandomSerials;
use pki_core::plan;
use pki_core::plan::target::Destination;
use pki_core::request::IssueRequest;
use pki_core::request::Request;
use pki_core::x509::key::KeyAlgorithm;

use crate::audited;
use crate::case::Case;
use crate::cases;
use crate::cluster;
use crate::described;

#[test]
fn every_remedy_removes_its_finding_and_breaks_nothing() {
    let cases: Vec<(String, Case)> = cases()
        .into_iter()
        .filter(|(_, kind, _)| kind.starts_with("bad"))
        .map(|(rule, kind, path)| {
            let text = fs::read_to_string(path.join("case.toml")).unwrap();
            (format!("{rule}/{kind}"), toml::from_str(&text).unwrap())
        })
        .collect();
    let shares = cases.chunks(cases.len().div_ceil(THREADS));
    let tried: Vec<Tried> = std::thread::scope(|scope| {
        let share = |share| scope.spawn(move || tried(share));
        let running: Vec<_> = shares.map(share).collect();
        running
            .into_iter()
            .map(|share| share.join().unwrap())
            .collect()
    });
    let wrong: String = tried.iter().map(|tried| tried.wrong.as_str()).collect();
    assert!(wrong.is_empty(), "\n{wrong}");
    let count: usize = tried.iter().map(|tried| tried.count).sum();
    assert!(count >= 50, "only {count} remedies were tried");
    let met: BTreeSet<&String> = tried.iter().flat_map(|tried| &tried.excepted).collect();
    let named = |(name, _): &(&str, &str)| met.contains(&(*name).to_owned());
    assert!(EXCEPTED.iter().all(named), "met {met:?} alone");
}

#[derive(Default)]
struct Tried {
    wrong: String,
    count: usize,
    excepted: BTreeSet<String>,
}

fn tried(cases: &[(String, Case)]) -> Tried {
    let mut tried = Tried::default();
    for (name, case) in cases {
        let directory = tempfile::tempdir().unwrap();
        let broken = directory.path().join("broken");
        cluster::write(case, &broken);
        let before = audited(case, &broken);
        for (number, finding) in before.findings.iter().enumerate() {
            if finding.remedy.is_none() {
                continue;
            }
            let what = format!("{name}: {}", described(finding));
            if EXCEPTED.iter().any(|(excepted, _)| *excepted == what) {
                tried.excepted.insert(what);
                continue;
            }
            tried.count += 1;
            let copy = directory.path().join(number.to_string());
            copy_tree(&broken, &copy);
            for problem in problems(case, &before, finding, &broken, &copy) {
                writeln!(tried.wrong, "{what}: {problem}").unwrap();
            }
        }
    }
    tried
}

/// What is wrong after the remedy of `finding` was carried out in `copy`.
fn problems(
    case: &Case,
    before: &Audit,
    finding: &Finding,
    broken: &Path,
    copy: &Path,
) -> Vec<String> {
    let Request::Issue(request) = &finding.remedy.as_ref().unwrap().request else {
        // Shared keys are changed in stages: tests/cli/unify.rs.
        return Vec::new();
    };
    let moved = in_copy(request, broken, copy);
    if let Err(error) = issue(&moved, case) {
        return vec![format!("`{}`: {error}", Request::Issue(moved))];
    }
    let after = audited(case, copy);
    let mut problems = Vec::new();
    let is_still_there = after
        .findings
        .iter()
        .any(|left| left.rule == finding.rule && left.place.is_at(&finding.place));
    if is_still_there {
        problems.push(format!("still there after `{}`", Request::Issue(moved)));
    }
    let refused_before = refused(before);
    let refused_after = refused(&after);
    let broke: Vec<&String> = refused_after.difference(&refused_before).collect();
    if !broke.is_empty() {
        problems.push(format!("now refused: {broke:?}"));
    }
    problems
}

/// The request as it would be, had the audit been of the copy.
fn in_copy(request: &IssueRequest, broken: &Path, copy: &Path) -> IssueRequest {
    let moved = |path: &Option<std::path::PathBuf>| {
        path.as_ref()
            .map(|path| copy.join(path.strip_prefix(broken).unwrap()))
    };
    IssueRequest {
        pki_dir: moved(&request.pki_dir),
        ca_cert: moved(&request.ca_cert),
        ca_key: moved(&request.ca_key),
        ..request.clone()
    }
}

/// As the command does where the case's inventory is the one that it finds.
fn issue(request: &IssueRequest, case: &Case) -> Result<(), String> {
    let now = case.now();
    let inventory = case.inventory();
    let options = IssueOptions {
        plan: plan::Options {
            all: false,
            key: Some(KeyAlgorithm::EcdsaP256),
            validity: None,
            request: None,
            destination: Destination::Install,
            force: false,
            now,
        },
        csr: None,
        inventory: inventory.as_ref(),
        default_pki_dir: Path::new("/nowhere"),
        resolve: None,
    };
    let mut means = Means {
        now,
        keys: &mut FreshKeys {
            threads: NonZeroUsize::MIN,
        },
        serials: &mut RandomSerials,
        dry_run: false,
        recovered: Vec::new(),
    };
    let issued = apply::issue(request, &options, &mut means);
    issued.map(drop).map_err(|error| error.to_string())
}

fn refused(audit: &Audit) -> BTreeSet<String> {
    let edges = audit.judged.judged_edges();
    edges
        .filter(|(_, verdict)| !verdict.ok)
        .map(|(edge, _)| {
            let dials = edge.dials.as_deref().unwrap_or_default();
            let via = edge.via.as_deref().unwrap_or_default();
            format!("{} -> {} {dials} {via}", edge.client, edge.server)
        })
        .collect()
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy_tree(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

const THREADS: usize = 4;

/// Findings whose remedy cannot be carried out by itself, and why.
const EXCEPTED: &[(&str, &str)] = &[];
