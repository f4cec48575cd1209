//! Files and options with which a registry does not start, and the line of its panic.

use std::fs;
use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use pki_core::verdict::distribution;
use pki_core::verdict::distribution::Bundle;
use pki_core::verdict::distribution::Jwks;
use pki_core::verdict::distribution::Release;
use pki_core::verdict::distribution::Start;
use pki_core::verdict::distribution::Unreadable;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;

use crate::kids::forge;
use crate::kids::registry;
use crate::kubeadm;
use crate::peers;

#[test]
#[ignore = "needs docker-registry and registry3: tests/peers/build.sh"]
fn registries_that_do_not_start_panic_as_foretold() {
    let work = peers::scratch("kids-startup");
    let mut compared = 0;
    for release in [Release::V2, Release::V3] {
        for case in bundles(&work) {
            compared += case.compare(&work, release);
        }
        for option in ["realm", "issuer", "service"] {
            let text = registry::required("    rootcertbundle: /nowhere\n");
            let is_other = |line: &&str| !line.trim_start().starts_with(option);
            let lines = text.lines().filter(is_other);
            let lines: String = lines.map(|line| format!("{line}\n")).collect();
            let panic = panic_of(&work, release, &lines);
            assert_eq!(panic, distribution::missing_option(option), "{release:?}");
            compared += 1;
        }
        compared += without_files(&work, release);
    }
    println!("compared: {compared}");
    assert_eq!(compared, 39);
}

/// A bundle that keeps a registry from starting; of one release alone where `only` says so.
struct Case {
    path: PathBuf,
    unreadable: Option<Unreadable>,
    only: Option<Release>,
}

impl Case {
    fn compare(&self, work: &Path, release: Release) -> usize {
        if self.only.is_some_and(|only| only != release) {
            return 0;
        }
        let bytes = fs::read(&self.path).unwrap_or_default();
        let path = self.path.to_str().unwrap();
        let foretold = distribution::starts(&Start {
            release,
            bundle: Some(Bundle {
                path,
                content: self.unreadable.map_or(Ok(&bytes), Err),
            }),
            jwks: None,
            algorithms: None,
        });
        let lines = registry::required(&format!("    rootcertbundle: {path}\n"));
        let panic = panic_of(work, release, &lines);
        assert_eq!(Err(panic), foretold, "{release:?} {path}");
        1
    }
}

fn bundles(work: &Path) -> Vec<Case> {
    let ec = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let ed25519 = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
    let root = |key: &PrivateKey| forge::root(key).to_pem();
    let whole = root(&ec);
    let malformed = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let cut: String = whole
        .lines()
        .take(4)
        .map(|line| format!("{line}\n"))
        .collect();
    let texts = [
        ("empty", String::new()),
        ("junk", "no certificate\n".to_owned()),
        ("key", ec.to_pem().to_owned()),
        (
            "trusted",
            whole.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
        ),
        ("public", ec.public_key().to_pem()),
        ("cut", cut),
        ("bom", format!("\u{feff}{whole}")),
        ("malformed", malformed.to_owned()),
        ("malformed-second", format!("{whole}{malformed}")),
        (
            "relabelled",
            ec.public_key()
                .to_pem()
                .replace("PUBLIC KEY", "CERTIFICATE"),
        ),
    ];
    let case = |name: &str, text: &str, only| {
        let path = work.join(format!("{name}.crt"));
        fs::write(&path, text).unwrap();
        Case {
            path,
            unreadable: None,
            only,
        }
    };
    let mut cases: Vec<Case> = texts
        .iter()
        .map(|(name, text)| case(name, text, None))
        .collect();
    cases.push(case("ed25519", &root(&ed25519), Some(Release::V2)));
    let forbidden = case("forbidden", &whole, None);
    fs::set_permissions(&forbidden.path, Permissions::from_mode(0o000)).unwrap();
    let directory = work.join("directory");
    fs::create_dir_all(&directory).unwrap();
    for (path, why) in [
        (forbidden.path, Unreadable::Forbidden),
        (directory, Unreadable::Directory),
        (work.join("missing.crt"), Unreadable::Missing),
    ] {
        cases.push(Case {
            path,
            unreadable: Some(why),
            only: None,
        });
    }
    cases
}

/// No bundle; and what only 3 knows.
fn without_files(work: &Path, release: Release) -> usize {
    let start = Start {
        release,
        bundle: None,
        jwks: None,
        algorithms: None,
    };
    let panic = panic_of(work, release, &registry::required(""));
    assert_eq!(Err(panic), distribution::starts(&start));
    if release == Release::V2 {
        return 1;
    }
    let none = work.join("none.jwks");
    fs::write(&none, "{\"keys\":[]}").unwrap();
    let missing = work.join("missing.jwks");
    let directory = work.join("directory");
    for (path, keys) in [
        (&none, Ok(0)),
        (&missing, Err(Unreadable::Missing)),
        (&directory, Err(Unreadable::Directory)),
    ] {
        let path = path.to_str().unwrap();
        let lines = registry::required(&format!("    jwks: {path}\n"));
        let start = Start {
            jwks: Some(Jwks { path, keys }),
            ..start
        };
        let panic = panic_of(work, release, &lines);
        assert_eq!(Err(panic), distribution::starts(&start), "{path}");
    }
    let root = work.join("root.crt");
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let text = forge::root(&key).to_pem();
    fs::write(&root, &text).unwrap();
    let path = root.to_str().unwrap();
    let lines = format!("    rootcertbundle: {path}\n    signingalgorithms: [RS256, rs384]\n");
    let panic = panic_of(work, release, &registry::required(&lines));
    let start = Start {
        bundle: Some(Bundle {
            path,
            content: Ok(text.as_bytes()),
        }),
        algorithms: Some(&["RS256".to_owned(), "rs384".to_owned()]),
        ..start
    };
    assert_eq!(Err(panic), distribution::starts(&start));
    5
}

/// The panic of a registry with these lines below `token`, which may read what its mode allows alone.
#[track_caller]
fn panic_of(work: &Path, release: Release, token: &str) -> String {
    let configuration = work.join("config.yml");
    let nowhere: SocketAddr = "127.0.91.42:0".parse().unwrap();
    fs::write(&configuration, registry::config(nowhere, token)).unwrap();
    let serve = registry::serve(release, &configuration);
    let mut command = peers::peer("timeout", ["10"]);
    if kubeadm::is_root() {
        // Else nothing is forbidden to root.
        command.arg(peers::find("setpriv"));
        command.args(["--bounding-set=-dac_override,-dac_read_search", "--"]);
    }
    command.arg(serve.get_program()).args(serve.get_args());
    let said = peers::run(&command);
    let panic = said.stderr.lines().find(|line| line.starts_with("panic: "));
    let panic = panic.unwrap_or_else(|| panic!("no panic\n{token}\n{}", said.report()));
    panic.to_owned()
}
