//! kubeadm makes a cluster's PKI; hapki adds a node to it. What hapki issues must be what kubeadm itself would have.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;

use crate::inventory;
use crate::kubeadm;
use crate::kubeadm::Config;
use crate::peers;

const WUDANG: &str = "10.24.138.208";

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn issue_apiserver_finds_its_names_in_each_place() {
    let work = peers::scratch("kubeadm-first-names");
    let pki = cluster_of_shaolin(&work.join("option"), "ECDSA-P256");
    peers::must(issue(&pki, "apiserver").args(["--ip", WUDANG]));
    assert_accepted_for_every_san(&pki, "apiserver-wudang.crt");

    let pki = cluster_of_shaolin(&work.join("hosts"), "ECDSA-P256");
    fs::write(
        work.join("hosts/etc/hosts"),
        format!("127.0.0.1 localhost\n{WUDANG} wudang\n"),
    )
    .unwrap();
    peers::must(&issue(&pki, "apiserver"));
    assert_accepted_for_every_san(&pki, "apiserver-wudang.crt");

    let pki = cluster_of_shaolin(&work.join("inventory"), "ECDSA-P256");
    let nodes = [("shaolin", "10.27.53.32"), ("wudang", WUDANG)];
    let inventory = inventory::write(&work, &nodes, ENDPOINT, "ecdsa-p256");
    peers::must(issue(&pki, "apiserver").arg("--inventory").arg(inventory));
    assert_accepted_for_every_san(&pki, "apiserver-wudang.crt");
}

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn every_certificate_has_the_fields_that_kubeadm_gives_it() {
    let mut table = String::new();
    let mut differing = 0;
    for algorithm in ["RSA-2048", "ECDSA-P256"] {
        let work = peers::scratch(&format!("kubeadm-first-{}", algorithm.to_lowercase()));
        let pki = cluster_of_shaolin(&work.join("cluster"), algorithm);
        let theirs = kubeadms_own(&work.join("kubeadm"), &pki, algorithm);
        let out = work.join("out");
        let nodes = [("shaolin", "10.27.53.32"), ("wudang", WUDANG)];
        let inventory = inventory::write(&work, &nodes, ENDPOINT, hapkis_name(algorithm));
        let mut all = issue(&pki, "all");
        all.args(["--key", hapkis_name(algorithm), "--inventory"])
            .arg(inventory);
        peers::must(all.arg("--out").arg(&out));
        let ours = out.join("wudang/etc/kubernetes");
        let key = ["--key", hapkis_name(algorithm)];
        peers::must(issue(&pki, "apiserver").args(["--ip", WUDANG]).args(key));
        let beside = pki.join("apiserver-wudang.crt");
        let apiserver = theirs.join("pki/apiserver.crt");
        let compared = compare(
            &mut table,
            algorithm,
            "apiserver-wudang.crt",
            &beside,
            &apiserver,
        );
        let [our_key, their_key] = [&beside, &apiserver].map(|file| file.with_extension("key"));
        differing += compared + compare_modes(&mut table, "key", &our_key, &their_key);
        for file in CERTIFICATES {
            differing += compare(
                &mut table,
                algorithm,
                file,
                &ours.join("pki").join(file),
                &theirs.join("pki").join(file),
            );
            let key = file.replace(".crt", ".key");
            differing += compare_modes(
                &mut table,
                &key,
                &ours.join("pki").join(&key),
                &theirs.join("pki").join(&key),
            );
        }
        for file in KUBECONFIGS {
            let [our_certificate, their_certificate] =
                [&ours, &theirs].map(|tree| embedded_certificate(&tree.join(file), &work));
            differing += compare(
                &mut table,
                algorithm,
                file,
                &our_certificate,
                &their_certificate,
            );
            differing += compare_modes(&mut table, file, &ours.join(file), &theirs.join(file));
            differing +=
                compare_kubeconfigs(&mut table, file, &ours.join(file), &theirs.join(file));
        }
    }
    println!("{table}");
    assert_eq!(
        differing, 0,
        "fields that differ from kubeadm's are marked in the table above"
    );
}

/// What kubeadm makes on the first master.
fn cluster_of_shaolin(tree: &Path, algorithm: &str) -> PathBuf {
    kubeadm::configure(
        tree,
        &Config {
            node: "shaolin",
            address: "10.27.53.32",
            algorithm,
            endpoint: ENDPOINT,
        },
    );
    kubeadm::must(
        tree,
        &["init", "phase", "certs", "all", "--config", "/kubeadm.yaml"],
    );
    tree.join("etc/kubernetes/pki")
}

/// What kubeadm makes for wudang when it holds the same CAs.
fn kubeadms_own(tree: &Path, pki: &Path, algorithm: &str) -> PathBuf {
    kubeadm::configure(
        tree,
        &Config {
            node: "wudang",
            address: WUDANG,
            algorithm,
            endpoint: ENDPOINT,
        },
    );
    let own = tree.join("etc/kubernetes/pki");
    fs::create_dir_all(own.join("etcd")).unwrap();
    for file in ["ca", "etcd/ca", "front-proxy-ca"]
        .iter()
        .flat_map(|base| [format!("{base}.crt"), format!("{base}.key")])
    {
        fs::copy(pki.join(&file), own.join(&file)).unwrap();
    }
    kubeadm::must(
        tree,
        &["init", "phase", "certs", "all", "--config", "/kubeadm.yaml"],
    );
    kubeadm::must(
        tree,
        &[
            "init",
            "phase",
            "kubeconfig",
            "all",
            "--config",
            "/kubeadm.yaml",
        ],
    );
    tree.join("etc/kubernetes")
}

fn issue(pki: &Path, profile: &str) -> std::process::Command {
    let mut command = peers::hapki(["issue", profile, "--node", "wudang", "--pki-dir"]);
    command.arg(pki).current_dir(pki);
    command
}

#[track_caller]
fn assert_accepted_for_every_san(pki: &Path, file: &str) {
    let [leaf, roots] = [pki.join(file), pki.join("ca.crt")];
    let fields = peers::describe(&leaf);
    let sans: Vec<&str> = ["dns", "ip"]
        .iter()
        .flat_map(|kind| fields[kind].as_array().unwrap())
        .filter_map(Value::as_str)
        .collect();
    for expected in [
        "wudang",
        "kubernetes.default.svc.cluster.local",
        "10.96.0.1",
        WUDANG,
    ] {
        assert!(sans.contains(&expected), "{expected} is not among {sans:?}");
    }
    assert!(
        !sans.contains(&"shaolin") && !sans.contains(&"10.27.53.32"),
        "another node's own name: {sans:?}"
    );
    for san in sans {
        peers::openssl_verify(&roots, &leaf, Some(san), "sslserver");
        let [leaf, roots] = [&leaf, &roots].map(|path| path.to_str().unwrap());
        assert_eq!(
            peers::gocheck(&["verify", "--roots", roots, "--chain", leaf, "--host", san]),
            Ok(()),
            "{san}"
        );
    }
}

/// Adds a row per field to the table; the answer is how many differ.
fn compare(table: &mut String, algorithm: &str, file: &str, ours: &Path, theirs: &Path) -> usize {
    let [our_fields, their_fields] = [ours, theirs].map(peers::describe);
    writeln!(table, "\n{file} ({algorithm})").unwrap();
    let mut differing = 0;
    for field in FIELDS {
        differing += row(
            table,
            field,
            &our_fields[field].to_string(),
            &their_fields[field].to_string(),
        );
    }
    differing += compare_key_usage(table, &our_fields, &their_fields);
    let [ours_lasts, theirs_lasts] = [&our_fields, &their_fields].map(validity_in_minutes);
    differing += row(table, "validity, minutes", &ours_lasts, &theirs_lasts);
    let serial_bits = our_fields["serial_bits"].as_u64().unwrap();
    assert!(
        (64..=159).contains(&serial_bits),
        "{file}: a serial of {serial_bits} bits"
    );
    if !file.ends_with(".conf") {
        differing += compare_modes(table, "file", ours, theirs);
    }
    differing
}

/// The one difference: only an RSA key that serves has keyEncipherment (docs/decisions/0004-key-usage.md).
fn compare_key_usage(table: &mut String, ours: &Value, theirs: &Value) -> usize {
    let [our_usage, their_usage] =
        [ours, theirs].map(|fields| fields["key_usage"].as_str().unwrap());
    let rsa = theirs["key"].as_str().unwrap().starts_with("rsa");
    let extended = theirs["extended_key_usage"].as_str().unwrap();
    if rsa && extended.contains("serverAuth") {
        return row(table, "key_usage", our_usage, their_usage);
    }
    let differ =
        our_usage != "digitalSignature" || their_usage != "digitalSignature keyEncipherment";
    let mark = if differ {
        "DIFFERS from"
    } else {
        "  as decided, not"
    };
    writeln!(
        table,
        "  {:20} {our_usage} {mark} {their_usage}",
        "key_usage"
    )
    .unwrap();
    usize::from(differ)
}

fn compare_modes(table: &mut String, what: &str, ours: &Path, theirs: &Path) -> usize {
    let [our_mode, their_mode] = [ours, theirs].map(|path| {
        let metadata = fs::metadata(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        format!("{:04o}", metadata.permissions().mode() & 0o7777)
    });
    row(table, &format!("mode of {what}"), &our_mode, &their_mode)
}

/// Everything in a kubeconfig but the certificate and key bytes.
fn compare_kubeconfigs(table: &mut String, file: &str, ours: &Path, theirs: &Path) -> usize {
    let [our_view, their_view] = [ours, theirs].map(|path| {
        let mut command = peers::peer(
            "kubectl",
            ["config", "view", "--output", "json", "--kubeconfig"],
        );
        peers::json(command.arg(path))
    });
    row(
        table,
        &format!("contents of {file}"),
        &our_view.to_string(),
        &their_view.to_string(),
    )
}

fn row(table: &mut String, field: &str, ours: &str, theirs: &str) -> usize {
    let same = ours == theirs;
    let mark = if same { "  =" } else { "DIFFERS from" };
    writeln!(
        table,
        "  {field:20} {ours} {mark} {}",
        if same { "kubeadm's" } else { theirs }
    )
    .unwrap();
    usize::from(!same)
}

/// The client certificate that a kubeconfig embeds, as a file.
pub fn embedded_certificate(kubeconfig: &Path, work: &Path) -> PathBuf {
    let path = "jsonpath={.users[0].user.client-certificate-data}";
    let mut view = peers::peer(
        "kubectl",
        ["config", "view", "--raw", "--output", path, "--kubeconfig"],
    );
    let encoded = peers::must(view.arg(kubeconfig));
    assert!(
        !encoded.is_empty(),
        "{} embeds no client certificate",
        kubeconfig.display()
    );
    let unique = kubeconfig.to_string_lossy().replace('/', "_");
    let [base64, pem] = ["base64", "crt"].map(|ending| work.join(format!("{unique}.{ending}")));
    fs::write(&base64, encoded).unwrap();
    peers::must(
        peers::peer("openssl", ["base64", "-d", "-A", "-in"])
            .arg(base64)
            .arg("-out")
            .arg(&pem),
    );
    pem
}

/// kubeadm reads the clock twice, so that its span is now and then a second longer than a year and five minutes.
fn validity_in_minutes(fields: &Value) -> String {
    (fields["validity_seconds"].as_u64().unwrap() / 60).to_string()
}

fn hapkis_name(algorithm: &str) -> &'static str {
    if algorithm.starts_with("RSA") {
        "rsa-2048"
    } else {
        "ecdsa-p256"
    }
}

const ENDPOINT: &str = "kubernetes.default.svc:8443";

/// What must be equal: all but the serial number, the key and the instant of issue.
const FIELDS: [&str; 17] = [
    "version",
    "subject",
    "subject_der",
    "issuer_der",
    "dns",
    "ip",
    "emails",
    "uris",
    "key",
    "signature",
    "extended_key_usage",
    "basic_constraints",
    "is_ca",
    "max_path_len",
    "critical",
    "authority_key_id",
    "subject_key_id",
];

pub const CERTIFICATES: [&str; 7] = [
    "apiserver.crt",
    "apiserver-kubelet-client.crt",
    "apiserver-etcd-client.crt",
    "front-proxy-client.crt",
    "etcd/server.crt",
    "etcd/peer.crt",
    "etcd/healthcheck-client.crt",
];

pub const KUBECONFIGS: [&str; 5] = [
    "admin.conf",
    "super-admin.conf",
    "controller-manager.conf",
    "scheduler.conf",
    "kubelet.conf",
];
