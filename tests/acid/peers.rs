//! The programs that the tests run: where they are, how they are run, what they said.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;

/// What a finished program said.
pub struct Said {
    pub line: String,
    pub ok: bool,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// The command under test, with nothing of the tester's environment that it might read.
pub fn hapki<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(hapki_binary());
    command
        .args(args)
        .env("NO_COLOR", "1")
        .env_remove("KUBECONFIG");
    command
}

/// The binary that cargo built for this test, or `$HAPKI_BIN`, to try an installed one.
pub fn hapki_binary() -> PathBuf {
    std::env::var_os("HAPKI_BIN").map_or_else(|| env!("CARGO_BIN_EXE_hapki").into(), PathBuf::from)
}

/// A program from build.sh or from the machine.
pub fn peer<S: AsRef<OsStr>>(name: &str, args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(find(name));
    command.args(args);
    command
}

/// Where a program is; panics, and says how to get it, when it is nowhere.
pub fn find(name: &str) -> PathBuf {
    let own = peers_dir();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let machine = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    // kubectl, kubeadm and the like must be the pinned ones, never the machine's.
    let places: Vec<PathBuf> = match name {
        "nginx" | "haproxy" | "openssl" | "docker-registry" | "skopeo" | "unshare" | "setpriv"
        | "timeout" | "sh" | "curl" | "strace" => machine.collect(),
        _ => vec![own.clone(), own.join("venv/bin")],
    };
    places
        .iter()
        .map(|place| place.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{name} is missing: run tests/peers/build.sh, which installs or builds it (HAPKI_PEERS={})", own.display()))
}

fn peers_dir() -> PathBuf {
    std::env::var_os("HAPKI_PEERS").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/hapki/peers"),
        PathBuf::from,
    )
}

/// Runs to the end, for a minute and a half at most.
pub fn run(command: &Command) -> Said {
    let mut limited = Command::new(find("timeout"));
    limited
        .args(["--kill-after=5", "90"])
        .arg(command.get_program())
        .args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(key, value),
            None => limited.env_remove(key),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        limited.current_dir(directory);
    }
    let output = limited
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    Said {
        line: format!("{command:?}"),
        ok: output.status.success(),
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs to the end and must succeed; the answer is what it wrote to stdout.
#[track_caller]
pub fn must(command: &Command) -> String {
    let said = run(command);
    assert!(said.ok, "{}", said.report());
    said.stdout
}

/// Runs a command that answers with one JSON object; exit 1 is an answer too.
#[track_caller]
pub fn json(command: &Command) -> Value {
    let said = run(command);
    assert!(matches!(said.code, Some(0 | 1)), "{}", said.report());
    serde_json::from_str(&said.stdout)
        .unwrap_or_else(|e| panic!("not JSON ({e}): {}", said.report()))
}

impl Said {
    pub fn report(&self) -> String {
        format!(
            "{}\nexit {:?}\nstdout: {}\nstderr: {}",
            self.line, self.code, self.stdout, self.stderr
        )
    }
}

/// `gocheck`'s verdict: `Err` holds what Go's crypto/x509 or crypto/tls said.
#[track_caller]
pub fn gocheck(args: &[&str]) -> Result<(), String> {
    let answer = json(&peer("gocheck", args));
    match answer["error"].as_str() {
        None => Ok(()),
        Some(error) => Err(error.to_owned()),
    }
}

/// The fields of a certificate as Go reads them.
#[track_caller]
pub fn describe(certificate: &Path) -> Value {
    let fields = json(&peer(
        "gocheck",
        [
            OsStr::new("describe"),
            OsStr::new("--cert"),
            certificate.as_os_str(),
        ],
    ));
    assert!(
        fields["error"].is_null(),
        "Go cannot parse {}: {}",
        certificate.display(),
        fields["error"]
    );
    fields
}

/// `openssl verify` for a server's name or address, with SHA-1 and short keys refused.
#[track_caller]
pub fn openssl_verify(roots: &Path, leaf: &Path, host: Option<&str>, purpose: &str) {
    let mut command = peer(
        "openssl",
        ["verify", "-x509_strict", "-purpose", purpose, "-CAfile"],
    );
    command.arg(roots);
    if let Some(host) = host {
        let option = if host.parse::<std::net::IpAddr>().is_ok() {
            "-verify_ip"
        } else {
            "-verify_hostname"
        };
        command.args([option, host]);
    }
    must(command.arg(leaf));
}

/// A directory of the test's own, empty, left behind for whoever looks into a failure.
pub fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("acid")
        .join(name);
    if directory.exists() {
        fs::remove_dir_all(&directory).unwrap();
    }
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// All regular files below a directory whose name ends so, sorted.
pub fn files_ending(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()))
    {
        let path = entry.unwrap().path();
        if path.file_name() == Some(OsStr::new(".hapki")) {
            continue;
        }
        if path.is_dir() {
            found.extend(files_ending(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}
