//! What registries log and skopeo prints of tokens that are not taken, line for line as the audit has it.

use std::path::Path;

use pki_core::verdict::distribution;
use serde_json::Value;

use crate::registry_tokens::client;
use crate::registry_tokens::image::Image;
use crate::registry_tokens::log;
use crate::registry_tokens::log::Refusal;
use crate::registry_tokens::site::Balance;
use crate::registry_tokens::site::Kind;
use crate::registry_tokens::site::Site;

/// Every token server against every registry, then all of them behind one address.
pub fn as_the_audit_says(kind: Kind) {
    let site = Site::start("refused", kind, Balance::Random);
    let image = site.work.join("image");
    Image::new("one").write(&image);
    let report = site.audit();
    let edges = token_edges(&report);
    assert_eq!(edges.len(), 4, "{edges:#?}");
    // The first of each two pushes what the other cannot pull.
    for registry in [0, 1] {
        for issuer in [registry, 1 - registry] {
            let edge = edge_of(&edges, issuer, registry);
            assert_eq!(edge["ok"], issuer == registry, "{edge:#}");
            alone(&site, &image, (issuer, registry), edge);
        }
    }
    let logged = [0, 1].map(|registry| site.log(registry).len());
    behind_one_address(&site, &image, &report);
    for registry in [0, 1] {
        // Nothing but what was foretold, and all of it.
        let lines = &site.log(registry)[logged[registry]..];
        let mut reasons = log::refusals(lines);
        reasons.sort();
        reasons.dedup();
        let edge = edge_of(&edges, 1 - registry, registry);
        assert_eq!(reasons, [foretold(edge)]);
    }
}

pub fn token_edges(report: &Value) -> Vec<Value> {
    let edges = report["edges"].as_array().unwrap().iter();
    let tokens = edges.filter(|edge| edge["kind"] == "token");
    tokens.cloned().collect()
}

fn edge_of(edges: &[Value], issuer: usize, registry: usize) -> &Value {
    let client = format!("token-server@token{}", issuer + 1);
    let server = format!("registry@registry{}", registry + 1);
    let mut edges = edges.iter();
    let found = edges.find(|edge| edge["client"] == client && edge["server"] == server);
    found.unwrap_or_else(|| panic!("no edge {client} -> {server}"))
}

/// As the registry logs it, and whatever its reason, after it.
fn foretold(edge: &Value) -> Refusal {
    Refusal {
        reason: edge["server_says"].as_str().unwrap().to_owned(),
        context: "error authorizing context: invalid token".to_owned(),
    }
}

/// Tokens of one server, at one registry.
fn alone(site: &Site, image: &Path, (issuer, registry): (usize, usize), edge: &Value) {
    let (host, user) = (site.pinned_host(registry), format!("token{}", issuer + 1));
    let skopeo = site.skopeo();
    let logged = site.log(registry).len();
    let said = [
        skopeo.login(&host, &user),
        skopeo.push(&host, &user, image, "t/img:1"),
        skopeo.pull(&host, &user, "t/img:1"),
        skopeo.inspect(&host, &user, "t/img:1"),
    ];
    let refusals = log::refusals(&site.log(registry)[logged..]);
    if edge["ok"] == true {
        for said in &said {
            assert!(said.ok, "{}", said.report());
        }
        assert_eq!(refusals, []);
        return;
    }
    // Each gives up at its first refusal.
    assert_eq!(refusals, vec![foretold(edge); said.len()]);
    let printed = said.map(|said| {
        assert!(!said.ok, "{}", said.report());
        log::fatal(&said.stderr).unwrap_or_else(|| panic!("{}", said.report()))
    });
    let [login, push, pull, inspect] = printed;
    assert_eq!(login, distribution::skopeo_login(&host));
    let reading = distribution::skopeo_inspect(&host, "t/img", "1");
    let name = format!("docker://{host}/t/img:1");
    assert_eq!(
        inspect,
        format!("Error parsing image name \"{name}\": {reading}")
    );
    assert_eq!(pull, format!("initializing source {name}: {reading}"));
    assert!(push.starts_with("trying to reuse blob sha256:"), "{push}");
    for printed in [push, pull, inspect] {
        let says = edge["says"].as_str().unwrap();
        let mut lines = printed.lines();
        assert!(lines.any(|line| line == says), "{says}: {printed}");
    }
}

/// Whoever is led to one token server and another registry fails: half of the requests with a token, and nearly every
/// push, for a push makes many.
fn behind_one_address(site: &Site, image: &Path, report: &Value) {
    let (asked, refused) = client::tokens_used_once(site.plain(), REQUESTS);
    let (skopeo, host) = (site.skopeo(), site.host());
    let failed = |run: &dyn Fn() -> bool| (0..RUNS).filter(|_| !run()).count();
    let logins = failed(&|| skopeo.login(&host, "admin").ok);
    let pushes = failed(&|| skopeo.push(&host, "admin", image, "t/odds:1").ok);
    let name = site.kind.name;
    println!(
        "{name}: {refused} of {asked} requests, {logins} of {RUNS} logins, {pushes} of {RUNS} pushes failed"
    );
    // Five standard deviations.
    let (half, width) = (asked / 2, 5 * asked.isqrt() / 2);
    assert!(refused.abs_diff(half) <= width, "{refused} of {asked}");
    assert!((1..RUNS).contains(&logins), "{logins} of {RUNS} logins");
    assert!(pushes > RUNS / 2, "{pushes} of {RUNS} pushes");
    let findings = report["findings"].as_array().unwrap();
    let mut findings = findings.iter();
    let found = findings.find(|finding| finding["rule"] == "token-key-differs");
    let message = found.expect("token-key-differs")["message"].as_str();
    let message = message.unwrap();
    assert!(message.contains("2 of 4 logins fail"), "{message}");
}

const REQUESTS: usize = 200;
const RUNS: usize = 20;
