//! `hapki inspect`.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;

use crate::forge;
use crate::forge::Pair;
use crate::run::code;
use crate::run::hapki_in;
use crate::run::json;
use crate::run::stderr;
use crate::run::stdout;

/// A directory with a CA and a server's pair.
struct Files {
    directory: TempDir,
    ca: Pair,
    server: Pair,
}

impl Files {
    fn new() -> Self {
        let ca = forge::authority("kubernetes");
        let server = forge::server(&ca, "kube-apiserver", &["wudang", "10.24.138.208"]);
        let files = Self {
            directory: tempfile::tempdir().unwrap(),
            ca,
            server,
        };
        files.write("ca.crt", files.ca.certificate.to_pem());
        files.write("ca.key", files.ca.key.to_pem());
        files.write("apiserver.crt", files.server.certificate.to_pem());
        files.write("apiserver.key", files.server.key.to_pem());
        files
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(name), contents).unwrap();
    }

    fn inspect(&self, args: &[&str]) -> std::process::Output {
        hapki_in(self.path())
            .args(["inspect", "--at", "2027-01-11T00:00:00Z"])
            .args(args)
            .output()
            .unwrap()
    }

    #[track_caller]
    fn items(&self, args: &[&str]) -> Vec<Value> {
        let output = self.inspect(&[&["--format", "json"], args].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let report = json(&output);
        assert_eq!(report["schema"], "hapki.inspect/v1");
        assert_eq!(report["at"], "2027-01-11T00:00:00Z");
        let files = report["files"].as_array().unwrap();
        files
            .iter()
            .flat_map(|file| file["items"].as_array().unwrap().clone())
            .collect()
    }
}

#[test]
fn a_certificate_is_shown_whole() {
    let files = Files::new();
    let [item] = &files.items(&["apiserver.crt"])[..] else {
        panic!("one item");
    };
    for (key, expected) in [
        ("kind", "certificate"),
        ("subject", "CN=kube-apiserver"),
        ("issuer", "CN=kubernetes"),
        ("serial", "4a17"),
        ("not_before", "2027-01-01T00:00:00Z"),
        ("not_after", "2028-01-01T00:00:00Z"),
        ("key", "ecdsa-p256"),
        ("signature_algorithm", "ECDSA-SHA256"),
    ] {
        assert_eq!(item[key], expected, "{key}");
    }
    assert_eq!(item["days_left"], 355);
    assert_eq!(item["sans"]["dns"], serde_json::json!(["wudang"]));
    assert_eq!(item["sans"]["ip"], serde_json::json!(["10.24.138.208"]));
    assert_eq!(
        item["key_usage"],
        serde_json::json!(["digitalSignature", "keyEncipherment"])
    );
    assert_eq!(
        item["extended_key_usage"],
        serde_json::json!(["serverAuth"])
    );
    assert_eq!(item["ca"], false);
    assert_eq!(item["self_signed"], false);
    assert_eq!(item["issuer_certificate"], Value::Null);
    assert_eq!(item["sha256"], files.server.certificate.sha256());
}

#[test]
fn signers_and_keys_are_found_among_the_given_files() {
    let files = Files::new();
    let items = files.items(&["apiserver.crt", "ca.crt", "apiserver.key", "ca.key"]);
    assert_eq!(items[0]["issuer_certificate"]["path"], "ca.crt");
    assert_eq!(items[0]["issuer_signed_it"], true);
    assert_eq!(items[0]["private_keys"][0]["path"], "apiserver.key");
    assert_eq!(items[1]["self_signed"], true);
    assert_eq!(items[2]["belongs_to"][0]["path"], "apiserver.crt");
    assert_eq!(items[3]["belongs_to"][0]["path"], "ca.crt");
}

#[test]
fn a_namesake_of_the_issuer_is_not_taken_for_it() {
    let files = Files::new();
    files.write(
        "other.crt",
        forge::authority("kubernetes").certificate.to_pem(),
    );
    let items = files.items(&["apiserver.crt", "other.crt"]);
    assert_eq!(items[0]["issuer_certificate"]["path"], "other.crt");
    assert_eq!(items[0]["issuer_signed_it"], false);
    assert!(
        stdout(&files.inspect(&["apiserver.crt", "other.crt"]))
            .contains("another key than that of other.crt")
    );
}

#[test]
fn the_order_of_several_certificates_is_said() {
    let files = Files::new();
    let (leaf, ca) = (
        files.server.certificate.to_pem(),
        files.ca.certificate.to_pem(),
    );
    let stranger = forge::authority("stranger").certificate.to_pem();
    for (contents, expected) in [
        (format!("{leaf}{ca}"), "chain"),
        (format!("{ca}{leaf}"), "unordered"),
        (format!("{leaf}{ca}{stranger}"), "mixed"),
    ] {
        files.write("several.crt", contents);
        let output = files.inspect(&["--format", "json", "several.crt"]);
        assert_eq!(json(&output)["files"][0]["order"], expected);
    }
}

#[test]
fn der_crlf_a_byte_order_mark_and_text_around_blocks_are_read() {
    let files = Files::new();
    let pem = files.server.certificate.to_pem();
    files.write("a.der", files.server.certificate.as_der());
    files.write("b.crt", pem.replace('\n', "\r\n"));
    files.write(
        "c.crt",
        format!("\u{feff}Bag Attributes\n    friendlyName: x\n{pem}trailing\n"),
    );
    let items = files.items(&["a.der", "b.crt", "c.crt"]);
    assert_eq!(items.len(), 3);
    for item in items {
        assert_eq!(item["sha256"], files.server.certificate.sha256());
    }
}

#[test]
fn a_kubeconfig_shows_its_contexts_and_what_is_embedded() {
    let files = Files::new();
    let encode = |text: &str| STANDARD.encode(text);
    let kubeconfig = format!(
        "apiVersion: v1
kind: Config
clusters:
- name: wulin
  cluster:
    server: https://10.24.138.208:6443
    certificate-authority-data: {}
contexts:
- name: one
  context: {{cluster: wulin, user: admin}}
- name: two
  context: {{cluster: wulin, user: robot}}
current-context: one
users:
- name: admin
  user:
    client-certificate-data: {}
    client-key-data: {}
- name: robot
  user:
    token: s3cr3t
",
        encode(&files.ca.certificate.to_pem()),
        encode(&files.server.certificate.to_pem()),
        encode(files.server.key.to_pem()),
    );
    files.write("admin.conf", kubeconfig);
    let [item] = &files.items(&["admin.conf"])[..] else {
        panic!("one item");
    };
    assert_eq!(item["kind"], "kubeconfig");
    assert_eq!(item["current_context"], "one");
    assert_eq!(item["contexts"][0]["current"], true);
    assert_eq!(item["contexts"][1]["current"], false);
    let cluster = &item["clusters"][0];
    assert_eq!(cluster["server"], "https://10.24.138.208:6443");
    assert_eq!(cluster["certificate_authorities"][0]["line"], 7);
    let user = &item["users"][0];
    assert_eq!(user["certificates"][0]["issuer_certificate"]["line"], 7);
    assert_eq!(
        user["certificates"][0]["private_keys"][0]["path"],
        "admin.conf"
    );
    assert_eq!(user["keys"][0]["belongs_to"][0]["path"], "admin.conf");
    assert_eq!(
        item["users"][1]["otherwise"],
        serde_json::json!(["a token"])
    );
    for format in ["human", "json"] {
        let text = stdout(&files.inspect(&["--format", format, "admin.conf"]));
        assert!(!text.contains("s3cr3t"), "the token is shown as {format}");
    }
}

#[test]
fn no_private_key_is_ever_shown() {
    let files = Files::new();
    let secret: String = files.server.key.to_pem().lines().nth(1).unwrap().to_owned();
    for format in ["human", "json"] {
        let text = stdout(&files.inspect(&["--format", format, "apiserver.key"]));
        assert!(text.contains("ecdsa-p256"));
        assert!(!text.contains(&secret), "{format}");
        assert!(!text.contains("BEGIN"), "{format}");
    }
}

#[test]
fn standard_input_is_read() {
    let files = Files::new();
    let mut child = hapki_in(files.path())
        .args(["inspect", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(files.ca.certificate.to_pem().as_bytes())
        .unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0);
    assert!(stdout(&output).contains("CN=kubernetes"));
}

#[test]
fn every_bad_file_gets_a_sentence_and_the_others_are_shown() {
    let files = Files::new();
    let pem = files.ca.certificate.to_pem();
    files.write("cut.crt", format!("{pem}{}", &pem[..pem.len() / 2]));
    files.write("empty.crt", "");
    files.write("garbage", [0xff, 0x00, 0x13]);
    files.write("words.txt", "no certificate here\n");
    std::fs::create_dir(files.path().join("directory")).unwrap();
    let names = [
        "missing.crt",
        "empty.crt",
        "garbage",
        "words.txt",
        "directory",
    ];
    for name in names {
        let output = files.inspect(&[name]);
        assert_eq!(code(&output), 2, "{name}");
        assert_eq!(stdout(&output), "", "{name}");
        assert!(
            stderr(&output).starts_with(&format!("error: {name}: ")),
            "{}",
            stderr(&output)
        );
        assert!(stderr(&output).contains("\nhint: "), "{name}");
    }
    let all = files.inspect(&[&names[..], &["cut.crt"]].concat());
    assert_eq!(code(&all), 0);
    let text = stdout(&all);
    assert!(text.contains("CN=kubernetes"));
    assert!(text.contains("cut short"), "{text}");
    assert_eq!(text.matches("problem: ").count(), names.len() + 1, "{text}");
}

#[cfg(unix)]
#[test]
fn a_fifo_is_named_and_not_waited_for() {
    let files = Files::new();
    let made = std::process::Command::new("mkfifo")
        .arg(files.path().join("pipe"))
        .status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    let output = files.inspect(&["pipe"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("pipe: is a FIFO"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_a_terminal_would_obey_is_escaped() {
    let files = Files::new();
    let evil = forge::server(&files.ca, "\u{1b}[2Jgone\u{202e}", &[]);
    files.write("evil.crt", evil.certificate.to_pem());
    let text = stdout(&files.inspect(&["evil.crt"]));
    assert!(text.contains("gone"));
    assert!(
        !text.contains('\u{1b}') && !text.contains('\u{202e}'),
        "{text:?}"
    );
}
