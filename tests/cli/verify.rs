//! `hapki verify`.

use std::process::Output;

use pki_core::x509::certificate::Certificate;
use tempfile::TempDir;

use crate::forge;
use crate::forge::Pair;
use crate::run::code;
use crate::run::hapki_in;
use crate::run::json;
use crate::run::stderr;
use crate::run::stdout;

/// A directory with a server's certificate and the CA that signed it.
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
        files.write("ca.crt", &files.ca.certificate.to_pem());
        files.write("apiserver.crt", &files.server.certificate.to_pem());
        files
    }

    fn write(&self, name: &str, contents: &str) {
        std::fs::write(self.directory.path().join(name), contents).unwrap();
    }

    fn verify(&self, args: &[&str]) -> Output {
        hapki_in(self.directory.path())
            .args(["verify", "--at", "2027-06-01T00:00:00Z"])
            .args(args)
            .output()
            .unwrap()
    }

    /// The exit code and the JSON of `verify apiserver.crt --roots ca.crt` with more arguments.
    fn verdict(&self, args: &[&str]) -> (i32, serde_json::Value) {
        let given = ["apiserver.crt", "--roots", "ca.crt", "--format", "json"];
        let output = self.verify(&[&given, args].concat());
        (code(&output), json(&output))
    }
}

/// A PEM block of these bytes in base64.
fn block(base64: &str) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n")
}

#[test]
fn an_accepted_chain_is_listed() {
    let files = Files::new();
    let (code, report) = files.verdict(&["--host", "10.24.138.208"]);
    assert_eq!(code, 0);
    assert_eq!(report["schema"], "hapki.verify/v1");
    assert_eq!(report["ok"], true);
    assert_eq!(report["error"], serde_json::Value::Null);
    assert_eq!(report["at"], "2027-06-01T00:00:00Z");
    assert_eq!(report["host"], "10.24.138.208");
    assert_eq!(report["purpose"], "server");
    assert_eq!(report["chain"][0]["subject"], "CN=kube-apiserver");
    assert_eq!(
        report["chain"][1]["sha256"],
        files.ca.certificate.sha256().as_str()
    );
    assert_eq!(report["chain"].as_array().unwrap().len(), 2);
}

#[test]
fn a_refusal_is_in_the_words_of_go() {
    let files = Files::new();
    for (args, error) in [
        (
            &["--host", "10.27.53.32"][..],
            "x509: certificate is valid for 10.24.138.208, not 10.27.53.32",
        ),
        (
            &["--purpose", "client"],
            "x509: certificate specifies an incompatible key usage",
        ),
    ] {
        let (code, report) = files.verdict(args);
        assert_eq!(code, 1);
        assert_eq!(report["ok"], false);
        assert_eq!(report["error"], error);
        assert_eq!(report["refused"]["subject"], "CN=kube-apiserver");
        assert_eq!(report["chain"], serde_json::json!([]));
    }
    let (_, report) = files.verdict(&["--host", "emei", "--purpose", "client"]);
    assert_eq!(
        report["error"],
        "x509: certificate is valid for wudang, not emei"
    );
    assert_eq!(
        report["masked"],
        serde_json::json!(["x509: certificate specifies an incompatible key usage"])
    );
}

#[test]
fn people_read_the_verdict_first() {
    let files = Files::new();
    let output = files.verify(&["apiserver.crt", "--roots", "ca.crt", "--host", "emei"]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).starts_with(
        "refused as server emei at 2027-06-01T00:00:00Z\n  says: x509: certificate is valid for wudang, not emei\n"
    ));
    let output = files.verify(&["apiserver.crt", "--roots", "ca.crt"]);
    assert!(stdout(&output).starts_with("accepted as server at 2027-06-01T00:00:00Z\n  CN=kube-apiserver, issued by CN=kubernetes, until 2028-01-01T00:00:00Z, sha256 "));
}

#[test]
fn a_leaf_that_does_not_parse_is_refused() {
    let files = Files::new();
    for (base64, error) in [
        ("AgEB", "x509: malformed certificate"),
        ("MAMCAQE=", "x509: malformed tbs certificate"),
    ] {
        files.write("apiserver.crt", &block(base64));
        let (code, report) = files.verdict(&[]);
        assert_eq!((code, &report["ok"]), (1, &false.into()));
        assert_eq!(report["error"], error);
        assert_eq!(report["leaf"], serde_json::Value::Null);
    }
}

/// hapki can read it; Go's parser refuses it, wherever it stands.
#[test]
fn what_only_go_refuses_is_refused_as_a_leaf_and_passed_over_as_a_root() {
    let files = Files::new();
    let negative = |certificate: &Certificate| {
        let mut der = certificate.as_der().to_vec();
        let serial = der
            .windows(4)
            .position(|window| window == [2, 2, 0x4a, 0x17]);
        der[serial.unwrap() + 2] = 0xca;
        Certificate::from_vec(der).unwrap().to_pem()
    };
    files.write("apiserver.crt", &negative(&files.server.certificate));
    let (code, report) = files.verdict(&["--host", "emei"]);
    assert_eq!(code, 1);
    assert_eq!(report["error"], "x509: negative serial number");

    files.write("apiserver.crt", &files.server.certificate.to_pem());
    files.write("ca.crt", &negative(&files.ca.certificate));
    let (code, report) = files.verdict(&[]);
    assert_eq!(code, 1);
    assert_eq!(
        report["error"],
        "x509: certificate signed by unknown authority"
    );
    assert_eq!(
        report["skipped"][0]["message"],
        "x509: negative serial number"
    );
}

#[test]
fn what_holds_no_certificate_cannot_be_judged() {
    let files = Files::new();
    files.write("key.pem", files.server.key.to_pem());
    files.write("empty.pem", "");
    for (chain, roots, said) in [
        ("key.pem", "ca.crt", "key.pem: holds no CERTIFICATE block"),
        (
            "apiserver.crt",
            "empty.pem",
            "empty.pem: holds no CERTIFICATE block",
        ),
        ("none.pem", "ca.crt", "none.pem: there is no such file"),
        ("-", "-", "standard input can stand for one file only"),
    ] {
        let output = files.verify(&[chain, "--roots", roots]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn bad_blocks_beside_good_ones_are_passed_over_with_a_warning() {
    let files = Files::new();
    let roots = format!("{}{}", block("AgEB"), files.ca.certificate.to_pem());
    files.write("ca.crt", &roots);
    files.write(
        "more.pem",
        &format!("{}-----BEGIN CERTIFICATE-----\n", block("AgEB")),
    );
    let given = [
        "apiserver.crt",
        "--roots",
        "ca.crt",
        "--intermediates",
        "more.pem",
    ];
    let output = files.verify(&given);
    assert_eq!(code(&output), 0);
    let said = stderr(&output);
    assert!(
        said.contains("warning: ca.crt:1: x509: malformed certificate; passed over"),
        "{said}"
    );
    assert!(said.contains("warning: more.pem:1: "), "{said}");
    assert!(said.contains("begins but does not end"), "{said}");

    files.write("ca.crt", &block("AgEB"));
    let (code, report) = files.verdict(&[]);
    assert_eq!(code, 1);
    assert_eq!(
        report["error"],
        "x509: certificate signed by unknown authority"
    );
    assert_eq!(report["skipped"][0]["line"], 1);
}

#[test]
fn a_root_with_headers_is_none_and_a_leaf_with_headers_is_sent() {
    let files = Files::new();
    let with_headers = |pem: &str| pem.replacen("-----\n", "-----\nOwner: wudang\n\n", 1);
    files.write(
        "apiserver.crt",
        &with_headers(&files.server.certificate.to_pem()),
    );
    assert_eq!(files.verdict(&[]).0, 0);

    files.write("ca.crt", &with_headers(&files.ca.certificate.to_pem()));
    let (code, report) = files.verdict(&[]);
    assert_eq!(code, 1);
    assert_eq!(
        report["error"],
        "x509: certificate signed by unknown authority"
    );
    let message = report["skipped"][0]["message"].as_str().unwrap();
    assert!(message.contains("has headers"), "{message}");
    assert_eq!(report["refused"]["subject"], report["leaf"]["subject"]);
}

#[test]
fn a_control_character_in_a_host_is_in_the_json_as_go_has_it() {
    let (code, answer) = Files::new().verdict(&["--host", "a\u{7f}"]);
    assert_eq!(code, 1);
    let error = answer["error"].as_str().unwrap();
    assert!(error.ends_with(", not a\u{7f}"), "{error}");
}

#[test]
fn many_warnings_are_counted() {
    let files = Files::new();
    let roots = files.ca.certificate.to_pem() + &block("").repeat(50);
    files.write("many.crt", &roots);
    let output = files.verify(&["apiserver.crt", "--roots", "many.crt"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let warnings = stderr(&output);
    assert_eq!(warnings.lines().count(), 21, "{warnings}");
    assert!(warnings.contains("and 30 more"), "{warnings}");
}

#[test]
fn roots_after_a_byte_order_mark_are_none() {
    let files = Files::new();
    files.write(
        "bom.crt",
        &format!("\u{feff}{}", files.ca.certificate.to_pem()),
    );
    let output = files.verify(&["apiserver.crt", "--roots", "bom.crt"]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("byte order mark"),
        "{}",
        stderr(&output)
    );
}
