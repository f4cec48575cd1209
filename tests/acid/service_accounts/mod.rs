//! Service-account keys over three real apiservers: one master with a pair of its own, made equal with the others', then
//! the pair of all replaced, while pods carry their tokens everywhere.
//!
//! Apiservers sign no token of less than ten minutes. What has to be held until it expires is therefore a token that an
//! apiserver signed, with a nearer expiry and a signature that openssl makes with the same key; the wait before the last stage is
//! waited through.

mod by_hand;
mod load;
mod secret;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use time::OffsetDateTime;

use crate::cluster::BALANCER_NAME;
use crate::cluster::BALANCER_PORT;
use crate::cluster::Cluster;
use crate::cluster::NODES;
use crate::cluster::Node;
use crate::identities;
use crate::identities::ACCOUNT;
use crate::identities::as_super_admin;
use crate::identities::local;
use crate::inventory;
use crate::peers;
use crate::peers::Said;
use crate::same::Extent;
use crate::same::same;
use crate::service_accounts::load::Load;

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn service_account_keys_are_made_equal_and_replaced_without_a_refusal() {
    let work = peers::scratch("service-accounts");
    let [shaolin, wudang, _] = &NODES;
    let mut cluster = start(&work, |trees| {
        make_pair(&trees.join(wudang.name).join("etc/kubernetes/pki"));
    });
    as_super_admin(&cluster, shaolin, &["create", "serviceaccount", ACCOUNT]);

    secret::start_controller(&mut cluster);
    let in_secret = secret::create(&cluster);

    assert_refused_as_foretold(&cluster, wudang, shaolin);
    assert_refused_as_foretold(&cluster, shaolin, wudang);

    let stages = Change::of(&["unify"]).carry_out(&mut cluster, None);
    assert_eq!(stages, STAGES);
    identities::assert_tokens_hold_everywhere(&cluster);
    assert_one_key(&cluster);

    for node in &NODES {
        fs::copy(cluster.pki(node).join("sa.key"), old_key(&cluster, node)).unwrap();
    }
    let load = Load::start(&work.join("tokens"), &cluster.pki(shaolin).join("ca.crt"));
    load.hold(SECRET, &in_secret, LONGEST);
    let before = fs::read(cluster.pki(shaolin).join("sa.pub")).unwrap();
    let stages = Change::of(&["rotate", "service-account"]).carry_out(&mut cluster, Some(&load));
    assert_eq!(stages, STAGES);
    let answers = load.end();
    println!("while the key was replaced: {answers:?}");
    let answered: usize = answers.values().sum();
    assert!(answered >= REQUESTS, "only {answered} requests");
    assert_eq!(answers, BTreeMap::from([("200".to_owned(), answered)]));
    identities::assert_tokens_hold_everywhere(&cluster);
    assert_one_key(&cluster);
    assert_ne!(
        before,
        fs::read(cluster.pki(shaolin).join("sa.pub")).unwrap()
    );
}

/// `hapki unify` or `hapki rotate service-account` over the three trees.
struct Change<'a> {
    command: &'a [&'a str],
}

impl<'a> Change<'a> {
    fn of(command: &'a [&'a str]) -> Self {
        Self { command }
    }

    /// Stage after stage as it is told, until nothing is left; the stages that were carried out.
    fn carry_out(&self, cluster: &mut Cluster, load: Option<&Load>) -> Vec<String> {
        let mut stages: Vec<String> = Vec::new();
        let mut restarted: Vec<String> = Vec::new();
        loop {
            refresh(cluster, load);
            self.assert_plan_changes_nothing(cluster, &restarted);
            let before = state(&cluster.trees);
            let said = self.run(cluster, &restarted, true);
            if said.code == Some(2) {
                assert_eq!(before, state(&cluster.trees), "refused, and yet changed");
                self.wait(&said);
                stages.push("refused".to_owned());
                continue;
            }
            let answer = parsed(&said);
            let stage = answer["stage"].as_str().unwrap().to_owned();
            let count = |what: &str| answer[what].as_array().map_or(0, Vec::len);
            println!(
                "{}: {stage}: {} written, {} removed; restart {}",
                self.command.join(" "),
                count("writes"),
                count("removes"),
                answer["restart"]
            );
            if stages.last() != Some(&stage) {
                stages.push(stage.clone());
            }
            assert_no_token_refused(cluster);
            if stage == "done" {
                return stages;
            }
            assert!(stages.len() < 12, "no end: {stages:?}");
            restarted = restart_as_told(cluster, &answer, load);
            if let (Some(load), "sign") = (load, stage.as_str()) {
                load.hold(SECRET, &secret::sign_anew(cluster), LONGEST);
            }
        }
    }

    fn run(&self, cluster: &Cluster, restarted: &[String], apply: bool) -> Said {
        let mut command = peers::hapki(self.command);
        command.args(NODES.map(|node| cluster.trees.join(node.name)));
        command.args(["--format", "json", "--token-lifetime", LIFETIME_TEXT]);
        for name in restarted {
            command.args(["--restarted", name]);
        }
        if apply {
            command.arg("--apply");
        }
        peers::run(&command)
    }

    fn assert_plan_changes_nothing(&self, cluster: &Cluster, restarted: &[String]) {
        let before = state(&cluster.trees);
        let said = self.run(cluster, restarted, false);
        assert!(matches!(said.code, Some(0 | 2)), "{}", said.report());
        assert_eq!(before, state(&cluster.trees), "a plan changes nothing");
    }

    /// Too early: the one instant from which it is allowed stands in the sentence.
    fn wait(&self, said: &Said) {
        let words = said
            .stderr
            .split(|c: char| c.is_whitespace() || c == ',' || c == ';');
        let instant = words
            .filter_map(|word| {
                let word = word.trim_end_matches(['.', ')']).trim_start_matches('(');
                let format = &time::format_description::well_known::Rfc3339;
                OffsetDateTime::parse(word, format).ok()
            })
            .next()
            .unwrap_or_else(|| panic!("no instant in {}", said.report()));
        println!("too early: {}", said.stderr.trim());
        let left = instant - OffsetDateTime::now_utc();
        assert!(left <= time::Duration::seconds(LIFETIME.as_secs() as i64 + 1));
        std::thread::sleep(Duration::try_from(left).unwrap_or_default() + Duration::from_secs(1));
    }
}

/// A control plane on RSA keys, as kubeadm makes them, its trees changed before it starts.
fn start(work: &Path, change: impl FnOnce(&Path)) -> Cluster {
    let addresses = NODES.map(|node| (node.name, node.address));
    let endpoint = format!("{BALANCER_NAME}:{BALANCER_PORT}");
    let inventory = inventory::write(work, &addresses, &endpoint, "rsa-2048");
    let trees = inventory::init(work, &inventory);
    change(&trees);
    Cluster::start(&trees, work)
}

/// A pair that openssl makes, as a master has that was set up by itself.
fn make_pair(directory: &Path) {
    let [key, public] = ["sa.key", "sa.pub"].map(|file| directory.join(file));
    let mut make = peers::peer("openssl", ["genrsa", "-traditional", "-out"]);
    peers::must(make.arg(&key).arg("2048"));
    let mut derive = peers::peer("openssl", ["pkey", "-pubout", "-in"]);
    peers::must(derive.arg(key).arg("-out").arg(public));
}

/// A token of one master at another: what kubectl prints and what the apiserver logs is what the audit said.
fn assert_refused_as_foretold(cluster: &Cluster, signer: &Node, verifier: &Node) {
    let edge = token_edges(cluster)
        .into_iter()
        .find(|edge| {
            edge["client"] == format!("service-account@{}", signer.name)
                && edge["server"] == format!("kube-apiserver@{}", verifier.name)
        })
        .unwrap();
    assert_eq!(edge["ok"], false, "{edge}");
    let foretold = edge["server_says"].as_str().unwrap();
    let token = token_of(cluster, signer);
    let said = with_token(cluster, verifier, &token);
    let prints = edge["prints"]
        .as_str()
        .or_else(|| edge["says"].as_str())
        .unwrap();
    assert_eq!(said.stderr.trim(), prints, "{}", said.report());
    let log = cluster.log(&format!("kube-apiserver-{}", verifier.name));
    let is_logged = log
        .lines()
        .any(|line| same(foretold, line, Extent::Part).is_some());
    assert!(is_logged, "{} does not log: {foretold}", verifier.name);
    println!(
        "{} -> {}: {prints}; logged: {foretold}",
        signer.name, verifier.name
    );
}

fn assert_no_token_refused(cluster: &Cluster) {
    let edges = token_edges(cluster);
    let refused: Vec<&Value> = edges.iter().filter(|edge| edge["ok"] == false).collect();
    assert!(edges.len() >= NODES.len() * NODES.len(), "{edges:#?}");
    assert!(refused.is_empty(), "{refused:#?}");
}

fn token_edges(cluster: &Cluster) -> Vec<Value> {
    let mut audit = peers::hapki(["audit", "--format", "json"]);
    let audit = peers::json(audit.args(NODES.map(|node| cluster.trees.join(node.name))));
    let edges = audit["edges"].as_array().unwrap().iter();
    edges
        .filter(|edge| edge["kind"] == "token")
        .cloned()
        .collect()
}

/// The same pair everywhere, nothing left of the change, and the manifests as they were.
fn assert_one_key(cluster: &Cluster) {
    for node in &NODES {
        let pki = cluster.pki(node);
        for file in ["sa.key", "sa.pub"] {
            let [own, first] = [&pki, &cluster.pki(&NODES[0])].map(|pki| fs::read(pki.join(file)));
            assert_eq!(own.unwrap(), first.unwrap(), "{file} of {}", node.name);
        }
        assert!(!pki.join("sa-next.pub").exists(), "{}", node.name);
        let manifest = pki.join("../manifests/kube-apiserver.yaml");
        let manifest = fs::read_to_string(manifest).unwrap();
        let flags = manifest.matches("--service-account-key-file=").count();
        assert_eq!(flags, 1, "{manifest}");
    }
}

/// Restarts what the answer names, one by one, and gives the names back.
fn restart_as_told(cluster: &mut Cluster, answer: &Value, load: Option<&Load>) -> Vec<String> {
    let told = answer["restart"].as_array().unwrap().iter();
    let names: Vec<String> = told
        .map(|told| {
            told.as_str()
                .or_else(|| told["name"].as_str())
                .unwrap()
                .to_owned()
        })
        .collect();
    for name in &names {
        let (program, on) = name.split_once('@').unwrap();
        let at = NODES.iter().position(|known| known.name == on).unwrap();
        let node = &NODES[at];
        if program == secret::CONTROLLER && at == 0 {
            secret::start_controller(cluster);
        }
        if program != "kube-apiserver" {
            continue;
        }
        if at == 0 {
            secret::stop_controller(cluster);
        }
        match load {
            Some(load) => {
                if answer["stage"] == "sign" {
                    hold_to_the_end(cluster, node, load);
                }
                load.without(at, || cluster.restart(program, node));
                refresh(cluster, Some(load));
            }
            None => cluster.restart(program, node),
        }
        if at == 0 {
            secret::start_controller(cluster);
        }
        fs::copy(cluster.pki(node).join("sa.key"), old_key(cluster, node)).unwrap();
    }
    names
}

/// What a kubelet does for its pods: a new token from each apiserver.
fn refresh(cluster: &Cluster, load: Option<&Load>) {
    for node in load.iter().flat_map(|_| &NODES) {
        let token = token_of(cluster, node);
        if let Some(load) = load {
            load.hold(node.name, &token, LONGEST);
        }
    }
}

/// The last token that an apiserver signs before it is restarted, with the lifetime that hapki was told, and carried until
/// that is over by somebody who never asks for a new one.
fn hold_to_the_end(cluster: &Cluster, signer: &Node, load: &Load) {
    let token = token_of(cluster, signer);
    let mut parts = token.trim().split('.');
    let [header, claims] = [(); 2].map(|()| parts.next().unwrap());
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    let now = OffsetDateTime::now_utc().unix_timestamp();
    claims["exp"] = Value::from(now + LIFETIME.as_secs() as i64);
    let claims = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
    let signed = cluster.trees.join("../signed");
    fs::write(&signed, format!("{header}.{claims}")).unwrap();
    let signature = cluster.trees.join("../signature");
    let mut sign = peers::peer("openssl", ["dgst", "-sha256", "-sign"]);
    sign.arg(old_key(cluster, signer))
        .arg("-out")
        .arg(&signature);
    peers::must(sign.arg(&signed));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(fs::read(signature).unwrap());
    let token = format!("{header}.{claims}.{signature}");
    load.hold(&format!("held-{}", signer.name), &token, LIFETIME);
}

/// A copy of the key that an apiserver was started with.
fn old_key(cluster: &Cluster, node: &Node) -> PathBuf {
    cluster.trees.join(format!("../started-{}.key", node.name))
}

fn token_of(cluster: &Cluster, signer: &Node) -> String {
    as_super_admin(cluster, signer, &["create", "token", ACCOUNT])
}

fn with_token(cluster: &Cluster, verifier: &Node, token: &str) -> Said {
    let authority = cluster.pki(verifier).join("ca.crt");
    let args = [
        "--kubeconfig=/dev/null".to_owned(),
        format!("--certificate-authority={}", authority.display()),
        format!("--server={}", local(verifier)),
        format!("--token={}", token.trim()),
        "get".to_owned(),
        "--raw".to_owned(),
        "/api/v1/namespaces".to_owned(),
    ];
    cluster.kubectl(verifier, &args.each_ref().map(String::as_str))
}

fn parsed(said: &Said) -> Value {
    assert_eq!(said.code, Some(0), "{}", said.report());
    serde_json::from_str(&said.stdout).unwrap_or_else(|e| panic!("{e}: {}", said.report()))
}

/// Every file below the trees and its bytes.
fn state(trees: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = peers::files_ending(trees, "").into_iter();
    files
        .map(|file| (file.clone(), fs::read(file).unwrap()))
        .collect()
}

const STAGES: [&str; 6] = ["trust", "sign", "wait", "refused", "prune", "done"];
/// Who holds the token that lies in a Secret.
const SECRET: &str = "secret";
const REQUESTS: usize = 500;
const LIFETIME: Duration = Duration::from_secs(60);
const LIFETIME_TEXT: &str = "60s";
/// A token of kubectl's lives for an hour.
const LONGEST: Duration = Duration::from_secs(3600);
