//! A server process: its log, its readiness, its end.

use std::fs;
use std::fs::File;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::peers;

/// A running server; it ends when this is dropped.
pub struct Server {
    pub name: String,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts a server whose output goes to `log`. Should the tests be killed, the server goes too.
    pub fn start(name: &str, command: &Command, log: PathBuf) -> Self {
        let file = File::create(&log).unwrap();
        let mut child = Command::new(peers::find("setpriv"));
        child
            .args(["--pdeathsig", "KILL", "--"])
            .arg(command.get_program())
            .args(command.get_args());
        for (key, value) in command.get_envs() {
            child.env(key, value.unwrap_or_default());
        }
        let child = child
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|e| panic!("{name}: {command:?}: {e}"));
        Self {
            name: name.to_owned(),
            child,
            log,
        }
    }

    /// Panics with the end of the log when the server is no longer there.
    #[track_caller]
    pub fn assert_alive(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("{} ended with {status}\n{}", self.name, self.log_tail());
        }
    }

    /// The last lines of the log.
    pub fn log_tail(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
        format!("--- end of {}:\n{}", self.log.display(), tail.join("\n"))
    }

    /// Asks the server to end and waits until it has.
    #[track_caller]
    pub fn end_gently(mut self, within: Duration) {
        self.assert_alive();
        self.terminate();
        let deadline = Instant::now() + within;
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "{}", self.log_tail());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn terminate(&mut self) {
        // kube-apiserver's graceful end takes 21 s; a second is enough for nginx and etcd.
        let id = self.child.id().to_string();
        let _ = Command::new(peers::find("sh"))
            .args(["-c", r#"kill "$0""#, &id])
            .status();
    }
}

/// Asks all servers to end, gives them a second together, and ends those that are left.
pub fn stop_all(servers: &mut Vec<Server>) {
    for server in servers.iter_mut() {
        server.terminate();
    }
    let deadline = Instant::now() + Duration::from_secs(1);
    while Instant::now() < deadline
        && servers
            .iter_mut()
            .any(|s| matches!(s.child.try_wait(), Ok(None)))
    {
        std::thread::sleep(Duration::from_millis(20));
    }
    servers.clear();
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const TAIL_LINES: usize = 40;
