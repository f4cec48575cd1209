//! The real command, killed with kill -9 at every system call that changes files: what it leaves is the old state or the
//! new one, or a journal from which the next run makes one of them.
//!
//! strace kills it on entering the call number N of one kind, for N = 1, 2, … until a run ends by itself, for each
//! kind; so the file system has seen everything up to there and nothing after it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use crate::harbor;
use crate::inventory;
use crate::peers;
use crate::peers::Said;

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn issue_is_killed_at_every_change_of_the_disk() {
    let work = peers::scratch("killed-issue");
    let base = work.join("base");
    fs::create_dir(&base).unwrap();
    let listed = inventory::write(&base, &[("shaolin", ADDRESS)], ENDPOINT, "ecdsa-p256");
    inventory::init(&base, &listed);
    let pki = |at: &Path| at.join("trees/shaolin/etc/kubernetes/pki");
    let issue = |at: &Path, node: &str| {
        let mut command = peers::hapki(["issue", "apiserver", "--install", "--node", node]);
        command.arg("--pki-dir").arg(pki(at)).current_dir(at);
        command
    };
    let case = Case {
        work: &work,
        act: &|at| issue(at, "shaolin"),
        // Refused, for nothing tells its address; what an earlier run left is seen to before that.
        next: &|at| issue(at, "stranger"),
        goes_together: &|at| {
            is_pair(
                &pki(at).join("apiserver.crt"),
                &pki(at).join("apiserver.key"),
            )
        },
    };
    let killed = case.killed_everywhere();
    assert!(
        killed.points > 60 && killed.finished > 5 && killed.undone > 5,
        "{killed:?}"
    );
}

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn init_is_killed_at_every_change_of_the_disk() {
    let work = peers::scratch("killed-init");
    let base = work.join("base");
    fs::create_dir(&base).unwrap();
    inventory::write(&base, &[("shaolin", ADDRESS)], ENDPOINT, "ecdsa-p256");
    let init = |at: &Path| {
        let mut command = peers::hapki(["init", "--inventory", "hapki.yaml", "--out", "trees"]);
        command.current_dir(at);
        command
    };
    let case = Case {
        work: &work,
        act: &init,
        // Taken to its end or undone, what there is is seen to first, and then either refused or made anew.
        next: &init,
        goes_together: &|at| {
            let audit = peers::run(
                peers::hapki(["audit", "--format", "json"]).arg(at.join("trees/shaolin")),
            );
            audit.code == Some(0)
        },
    };
    let killed = case.killed_everywhere();
    assert!(
        killed.points > 200 && killed.finished > 20 && killed.undone > 20,
        "{killed:?}"
    );
}

#[test]
#[ignore = "needs the peers: tests/peers/build.sh, then cargo test --test acid -- --ignored"]
fn unify_is_killed_at_every_change_of_the_disk() {
    let work = peers::scratch("killed-unify");
    harbor::two("1.10.18", &work.join("base"));
    let unify = |at: &Path| {
        let mut command = peers::hapki(["unify", "node1", "node2", "--from", "node1"]);
        command.args(["--at-once", "--apply"]).current_dir(at);
        command
    };
    let key = |at: &Path, node: &str| {
        let key = at.join(node).join("data/secret/core/private_key.pem");
        fs::read(key).unwrap()
    };
    let case = Case {
        work: &work,
        act: &unify,
        next: &unify,
        goes_together: &|at| key(at, "node1") == key(at, "node2"),
    };
    let killed = case.killed_everywhere();
    assert!(
        killed.points > 60 && killed.finished > 5 && killed.undone > 5,
        "{killed:?}"
    );
}

/// A command that changes files, and what is to be seen of it.
struct Case<'a> {
    /// Holds `base`, the files before the change.
    work: &'a Path,
    /// The command, for a copy of `base`.
    act: &'a dyn Fn(&Path) -> Command,
    /// The run after the one that was killed.
    next: &'a dyn Fn(&Path) -> Command,
    /// Whether the new files belong together.
    goes_together: &'a dyn Fn(&Path) -> bool,
}

#[derive(Debug, Default)]
struct Killed {
    points: usize,
    /// The next run finished it.
    finished: usize,
    /// The next run undid it.
    undone: usize,
    /// Nothing was left to see to.
    nothing: usize,
}

/// Mode, owner, group and bytes of every file, and directories.
type Files = BTreeMap<PathBuf, (u32, u32, u32, Option<Vec<u8>>)>;

impl Case<'_> {
    fn killed_everywhere(&self) -> Killed {
        let old = files(&self.copy("old"));
        let new_at = self.copy("new");
        peers::must(&(self.act)(&new_at));
        let new = files(&new_at);
        assert_ne!(old, new);
        let mut killed = Killed::default();
        for call in CALLS {
            let mut points = 0;
            for number in 1.. {
                let at = self.copy("run");
                if !is_killed(&(self.act)(&at), call, number) {
                    break;
                }
                points += 1;
                self.judge(
                    &at,
                    &old,
                    &new,
                    &format!("killed at {call} {number}"),
                    &mut killed,
                );
            }
            println!("{call}: {points}");
            killed.points += points;
        }
        println!("{killed:?}");
        killed
    }

    fn judge(&self, at: &Path, old: &Files, new: &Files, what: &str, killed: &mut Killed) {
        let left = files(at);
        let journals = journals(at);
        let is_new = |now: &Files| is_like(now, old, new) && (self.goes_together)(at);
        assert!(
            !journals.is_empty() || left == *old || is_new(&left),
            "{what}: neither the old state nor the new one, and no journal"
        );
        let next = peers::run(&(self.next)(at));
        let ending = ending(&next);
        assert_eq!(
            ending.is_some(),
            !journals.is_empty(),
            "{what}: {}",
            next.report()
        );
        let now = files(at);
        match ending {
            Some("finished") => {
                killed.finished += 1;
                assert!(is_new(&now), "{what}: not the new state\n{}", next.report());
            }
            Some(_) => {
                killed.undone += 1;
                assert!(
                    now == *old || next.ok && is_new(&now),
                    "{what}: not the old state\n{}",
                    next.report()
                );
            }
            None => killed.nothing += 1,
        }
        // Where the change has not been made, it can be made now, and nothing is left of the first attempt.
        if now == *old {
            let again = peers::run(&(self.act)(at));
            assert!(again.ok, "{what}: {}", again.report());
            assert!(
                is_new(&files(at)),
                "{what}: not the new state after another run"
            );
            assert_eq!(leftovers(at), Vec::<PathBuf>::new(), "{what}");
        } else {
            assert!(is_new(&now), "{what}: {}", next.report());
            // A lock that nobody holds locks nothing, and goes with the next change.
            let is_lock = |path: &PathBuf| path.ends_with(".hapki") || path.ends_with("lock");
            let left = leftovers(at).into_iter().filter(|path| !is_lock(path));
            assert_eq!(left.collect::<Vec<_>>(), Vec::<PathBuf>::new(), "{what}");
        }
    }

    /// A fresh copy of `base`.
    fn copy(&self, name: &str) -> PathBuf {
        let copy = self.work.join(name);
        if copy.exists() {
            fs::remove_dir_all(&copy).unwrap();
        }
        peers::must(
            Command::new("cp")
                .arg("-a")
                .arg(self.work.join("base"))
                .arg(&copy),
        );
        copy
    }
}

/// Runs `command` under strace, to be killed on entering the call of this number.
fn is_killed(command: &Command, call: &str, number: usize) -> bool {
    let mut traced = Command::new(peers::find("strace"));
    traced
        .args(["-f", "-qq", "-o", "/dev/null", "-e"])
        .arg(format!("trace={call}"))
        .arg("-e")
        .arg(format!("inject={call}:signal=SIGKILL:when={number}"))
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(command.get_current_dir().unwrap())
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    let output = traced.output().unwrap();
    // strace ends as its tracee did.
    if output.status.signal() == Some(9) || output.status.code() == Some(137) {
        return true;
    }
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{traced:?}: {} {said}",
        output.status
    );
    false
}

/// What the run says of an earlier one.
fn ending(said: &Said) -> Option<&'static str> {
    let endings = ["finished", "undone"];
    let line = |ending: &&str| {
        said.stderr.contains(&format!(
            "an earlier change was interrupted; it is {ending} now"
        ))
    };
    endings.into_iter().find(line)
}

/// Whether `now` has the files of `new`, with their bits and owners, changed where `new` is and not elsewhere. Keys are
/// random, so their bytes are compared with nothing but the old ones.
fn is_like(now: &Files, old: &Files, new: &Files) -> bool {
    let attributes = |files: &Files| -> Vec<_> {
        files
            .iter()
            .map(|(path, (mode, uid, gid, _))| (path.clone(), *mode, *uid, *gid))
            .collect()
    };
    let changed = |files: &Files| -> Vec<PathBuf> {
        files
            .iter()
            .filter(|(path, file)| old.get(*path) != Some(*file))
            .map(|(path, _)| path.clone())
            .collect()
    };
    attributes(now) == attributes(new) && changed(now) == changed(new)
}

/// Everything below `at` but what is hapki's own.
fn files(at: &Path) -> Files {
    let mut found = Files::new();
    walk(at, at, &mut found);
    found.retain(|path, _| !is_own(path));
    // A directory for nothing but hapki's own is no change of the tree.
    let empty = |path: &PathBuf, files: &Files| {
        files
            .keys()
            .all(|other| other == path || !other.starts_with(path))
    };
    let whole = found.clone();
    found.retain(|path, (_, _, _, bytes)| bytes.is_some() || !empty(path, &whole));
    found
}

fn walk(root: &Path, directory: &Path, found: &mut Files) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        let bytes = (!metadata.is_dir()).then(|| fs::read(&path).unwrap());
        let name = path.strip_prefix(root).unwrap().to_path_buf();
        found.insert(
            name,
            (
                metadata.mode() & 0o7777,
                metadata.uid(),
                metadata.gid(),
                bytes,
            ),
        );
        if metadata.is_dir() {
            walk(root, &path, found);
        }
    }
}

fn is_own(path: &Path) -> bool {
    path.components()
        .any(|part| part.as_os_str().to_string_lossy().starts_with(".hapki"))
}

fn journals(at: &Path) -> Vec<PathBuf> {
    let names = ["staging.json", "journal.json", "undo.json"].map(OsStr::new);
    let mut found = Files::new();
    walk(at, at, &mut found);
    found
        .into_keys()
        .filter(|path| path.file_name().is_some_and(|name| names.contains(&name)))
        .collect()
}

/// What is hapki's own and is not kept: locks, journals, files under names of its own.
fn leftovers(at: &Path) -> Vec<PathBuf> {
    let mut found = Files::new();
    walk(at, at, &mut found);
    let is_kept = |path: &Path| {
        let text = path.to_string_lossy();
        ["/.hapki/backup", "/.hapki/next", "/.hapki/rotation.json"]
            .iter()
            .any(|kept| text.contains(kept))
            || text.ends_with("/.hapki/last.json")
    };
    let has_kept = |path: &Path, files: &Files| {
        files
            .keys()
            .any(|other| other.starts_with(path) && is_kept(other))
    };
    let all = found.clone();
    found
        .into_keys()
        .filter(|path| is_own(path) && !is_kept(path) && !has_kept(path, &all))
        .collect()
}

fn is_pair(certificate: &Path, key: &Path) -> bool {
    let of_certificate =
        peers::run(peers::peer("openssl", ["x509", "-pubkey", "-noout", "-in"]).arg(certificate));
    let of_key = peers::run(peers::peer("openssl", ["pkey", "-pubout", "-in"]).arg(key));
    of_certificate.ok && of_certificate.stdout == of_key.stdout
}

/// Every call by which a file system changes or is made durable, and the lock. The question mark: where this machine
/// has no such call, that is no error.
const CALLS: [&str; 25] = [
    "?open",
    "?openat",
    "?creat",
    "?mkdir",
    "?mkdirat",
    "?write",
    "?pwrite64",
    "?writev",
    "?fsync",
    "?fdatasync",
    "?rename",
    "?renameat",
    "?renameat2",
    "?link",
    "?linkat",
    "?unlink",
    "?unlinkat",
    "?rmdir",
    "?chmod",
    "?fchmod",
    "?fchmodat",
    "?chown",
    "?fchown",
    "?ftruncate",
    "?flock",
];
const ADDRESS: &str = "10.27.53.32";
const ENDPOINT: &str = "10.27.53.32:6443";
