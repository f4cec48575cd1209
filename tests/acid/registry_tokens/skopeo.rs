//! skopeo on a machine that knows the registries' name and their CA.

use std::path::Path;
use std::path::PathBuf;

use crate::cluster;
use crate::peers;
use crate::peers::Said;

#[derive(Clone)]
pub struct Skopeo {
    work: PathBuf,
}

impl Skopeo {
    /// `work` holds `hosts`, and `certs/ca.crt`.
    pub fn new(work: &Path) -> Self {
        Self {
            work: work.to_owned(),
        }
    }

    pub fn login(&self, host: &str, user: &str) -> Said {
        let file = self.work.join(format!("auth-{user}.json"));
        let file = format!("--authfile={}", file.display());
        let user = format!("--username={user}");
        let certs = self.certs("");
        self.run(&["login", &file, &certs, &user, "--password=secret", host])
    }

    pub fn push(&self, host: &str, user: &str, image: &Path, name: &str) -> Said {
        let from = format!("dir:{}", image.display());
        let to = format!("docker://{host}/{name}");
        let user = format!("--dest-creds={user}:secret");
        self.run(&["copy", &user, &self.certs("dest-"), &from, &to])
    }

    pub fn pull(&self, host: &str, user: &str, name: &str) -> Said {
        let from = format!("docker://{host}/{name}");
        let to = format!("dir:{}", self.work.join(format!("pulled-{user}")).display());
        let user = format!("--src-creds={user}:secret");
        self.run(&["copy", &user, &self.certs("src-"), &from, &to])
    }

    pub fn inspect(&self, host: &str, user: &str, name: &str) -> Said {
        let from = format!("docker://{host}/{name}");
        let user = format!("--creds={user}:secret");
        self.run(&["inspect", &user, &self.certs(""), &from])
    }

    fn certs(&self, whose: &str) -> String {
        format!("--{whose}cert-dir={}", self.work.join("certs").display())
    }

    fn run(&self, args: &[&str]) -> Said {
        let mut command = cluster::with_hosts(&self.work.join("hosts"));
        command.arg(peers::find("skopeo")).args(args);
        peers::run(command.env("HOME", &self.work))
    }
}
