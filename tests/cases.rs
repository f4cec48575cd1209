//! Every case of fixtures/cases: a cluster is forged, one thing in it is changed, and the audit must say that and
//! nothing else. fixtures/cases/README.md tells how a case is written.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test states its assumptions by unwrapping"
)]

#[path = "cases/case.rs"]
mod case;
#[path = "cases/cluster.rs"]
mod cluster;
#[path = "cases/elsewhere.rs"]
mod elsewhere;
#[path = "cases/explained.rs"]
mod explained;
#[allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "shared with other tests, which want other parts"
)]
#[path = "harbor/mod.rs"]
mod harbor;
#[path = "cases/registry.rs"]
mod registry;
#[path = "cases/remedies.rs"]
mod remedies;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::path::PathBuf;

use case::Case;
use pki_core::audit;
use pki_core::audit::Audit;
use pki_core::checks::Settings;
use pki_core::finding::Finding;
use pki_core::finding::Severity;
use pki_core::report::json;
use pki_core::report::plain;
use pki_core::report::plain::Style;
use pki_core::source::Options;
use pki_core::source::PathArgument;

#[test]
fn every_case_says_what_it_must() {
    let mut wrong = String::new();
    let mut count = 0;
    for (rule, kind, path) in cases() {
        count += 1;
        let text = std::fs::read_to_string(path.join("case.toml")).unwrap();
        let case: Case =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{rule}/{kind}: {error}"));
        for line in differences(&rule, kind.starts_with("bad"), &case) {
            writeln!(wrong, "{rule}/{kind}: {line}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(count >= 2, "no cases found");
}

/// Each component and whom it needs, for every pair of masters; nothing is left unjudged, and all of it holds.
#[test]
fn a_sound_cluster_has_every_edge() {
    let case: Case = toml::from_str("").unwrap();
    let directory = tempfile::tempdir().unwrap();
    cluster::write(&case, directory.path());
    let judged = audited(&case, directory.path()).judged;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (edge, verdict) in judged.judged_edges() {
        assert!(verdict.ok, "{} -> {}", edge.client, edge.server);
        let kind = format!("{} -> {}", edge.client.name, edge.server.name);
        *counts.entry(kind).or_default() += 1;
    }
    let expected = [
        ("etcd -> etcd-peer", 2),
        ("etcdctl -> etcd", 4),
        ("front-proxy -> requestheader", 4),
        ("kube-apiserver -> etcd", 2),
        ("kube-apiserver -> kubelet", 4),
        ("kube-controller-manager -> kube-apiserver", 2),
        ("kube-scheduler -> kube-apiserver", 2),
        ("kubeconfig:admin.conf -> kube-apiserver", 2),
        ("kubeconfig:super-admin.conf -> kube-apiserver", 2),
        ("kubelet -> kube-apiserver", 2),
        ("pod -> kube-apiserver", 8),
        ("service-account -> kube-apiserver", 4),
    ];
    let expected = expected.map(|(kind, count)| (kind.to_owned(), count));
    assert_eq!(counts, BTreeMap::from(expected));
    assert_eq!(judged.topology.unjudged, []);
}

/// Scripts read the JSON and people the text: both as they are for the copied certificate.
#[test]
fn the_reports_are_as_documented() {
    let text = include_str!("../fixtures/cases/name-mismatch/bad/case.toml");
    let case: Case = toml::from_str(text).unwrap();
    let directory = tempfile::tempdir().unwrap();
    cluster::write(&case, directory.path());
    let Audit {
        judged,
        findings,
        ignored,
    } = audited(&case, directory.path());
    let root = directory.path().to_string_lossy().into_owned();

    let json = json::audit(&judged, &findings, &ignored).replace(&root, "");
    assert_snapshot("name-mismatch.json", &without_certificates(&json));
    let plain = plain::audit(&judged, &findings, &ignored, 100, Style::NONE);
    assert_snapshot("name-mismatch.txt", &plain.replace(&root, ""));
}

/// Their digests and serial numbers are new each time.
fn without_certificates(json: &str) -> String {
    let (before, rest) = json.split_once("\n  \"certificates\": [").unwrap();
    let (certificates, after) = rest.split_once("\n  ],").unwrap();
    let keys = [
        "sha256",
        "role",
        "subject",
        "issuer",
        "serial",
        "not_before",
        "not_after",
        "sans",
        "key",
        "places",
    ];
    let mut from = 0;
    for key in keys {
        let found = certificates[from..].find(&format!("\"{key}\": "));
        from += found.unwrap_or_else(|| panic!("{key} is not where it is documented"));
    }
    format!("{before}{after}")
}

/// With HAPKI_WRITE_SNAPSHOTS set, writes what is expected instead of comparing; the change is then read in git.
#[track_caller]
fn assert_snapshot(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/cases/expected")
        .join(name);
    if std::env::var_os("HAPKI_WRITE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert!(text == expected, "{} differs:\n{text}", path.display());
}

fn cases() -> Vec<(String, String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/cases");
    let mut cases = Vec::new();
    for rule in std::fs::read_dir(root).unwrap() {
        let rule = rule.unwrap();
        for kind in std::fs::read_dir(rule.path()).into_iter().flatten() {
            let path = kind.unwrap().path();
            if path.join("case.toml").is_file() {
                let kind = path.file_name().unwrap().to_string_lossy().into_owned();
                cases.push((rule.file_name().into_string().unwrap(), kind, path));
            }
        }
    }
    cases.sort();
    cases
}

fn differences(rule: &str, is_bad: bool, case: &Case) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    if case.file.iter().any(|change| change.owner.is_some()) && !may_give_away(directory.path()) {
        return Vec::new();
    }
    cluster::write(case, directory.path());
    let audit = audited(case, directory.path());
    let mut lines = explained::untraced(&audit);
    let mut found: Vec<String> = audit
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Info || finding.rule == rule)
        // A key that was given by itself lies where it was given.
        .map(|finding| described(finding).replace(&*directory.path().to_string_lossy(), "{root}"))
        .collect();
    let mut wanted = case.findings.clone();
    found.sort();
    wanted.sort();
    if found != wanted {
        lines.push(format!(
            "wanted {wanted:#?}, found {found:#?}\n{:#?}",
            messages(&audit)
        ));
    }
    let of_rule = audit.findings.iter().find(|finding| finding.rule == rule);
    if is_bad != of_rule.is_some() {
        lines.push(format!("the rule found: {}", of_rule.is_some()));
    }
    let Some(finding) = of_rule else { return lines };
    let edge = finding
        .edges
        .first()
        .and_then(|id| audit.judged.judged_edges().find(|(edge, _)| edge.id == *id))
        .map(|(_, verdict)| verdict);
    let command = finding.remedy.as_ref().map(|remedy| {
        let pki = directory
            .path()
            .join(&finding.place.node)
            .join("etc/kubernetes/pki");
        remedy
            .request
            .to_string()
            .replace(&*pki.to_string_lossy(), "{pki}")
            .replace(&*directory.path().to_string_lossy(), "{root}")
    });
    let masked = edge.map(|edge| {
        edge.masked
            .iter()
            .map(|masked| masked.rule.to_owned())
            .collect::<Vec<_>>()
    });
    let mut compare = |what: &str, wanted: &Option<String>, found: Option<String>| {
        if wanted.is_some() && *wanted != found {
            lines.push(format!("{what}: wanted {wanted:?}, found {found:?}"));
        }
    };
    compare("says", &case.says, finding.says.clone());
    compare(
        "prints",
        &case.prints,
        edge.and_then(|edge| edge.prints.clone()),
    );
    compare(
        "server-says",
        &case.server_says,
        edge.and_then(|edge| edge.server_says.clone()),
    );
    compare("remedy", &case.remedy, command);
    compare(
        "edges",
        &case.edges.map(|count| count.to_string()),
        Some(finding.edges.len().to_string()),
    );
    compare(
        "masked",
        &case.masked.as_ref().map(|masked| masked.join(" ")),
        masked.map(|masked| masked.join(" ")),
    );
    lines
}

/// Whether files can be given to others, as root can.
fn may_give_away(directory: &Path) -> bool {
    let owner = directory.join("owner");
    std::fs::write(&owner, "").unwrap();
    let given = std::os::unix::fs::chown(&owner, Some(harbor::disk::HARBOR), None).is_ok();
    std::fs::remove_file(owner).unwrap();
    given
}

fn audited(case: &Case, directory: &Path) -> Audit {
    let masters = || {
        let master = |(node, _): (&str, _)| PathArgument {
            name: None,
            path: directory.join(node),
        };
        cluster::NODES.map(master).to_vec()
    };
    let arguments = case
        .registry
        .as_ref()
        .map_or_else(masters, |registry| registry::arguments(registry, directory));
    let settings = Settings {
        ignores: case.ignores(),
        ..Settings::default()
    };
    audit::audit(
        &arguments,
        Options { siblings: true },
        case.inventory().as_ref(),
        case.now(),
        &settings,
    )
    .unwrap()
}

fn described(finding: &Finding) -> String {
    let Finding {
        severity,
        rule,
        place,
        ..
    } = finding;
    format!("{severity} {rule} {} {}", place.node, place.path.display())
}

fn messages(audit: &Audit) -> Vec<(String, &str, Option<&str>)> {
    audit
        .findings
        .iter()
        .map(|finding| {
            (
                described(finding),
                finding.message.as_str(),
                finding.says.as_deref(),
            )
        })
        .collect()
}
