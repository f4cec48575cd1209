//! A running control plane on which faults are made and taken back, and short-lived components that must see them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use crate::cluster::BALANCER_NAME;
use crate::cluster::BALANCER_PORT;
use crate::cluster::Cluster;
use crate::cluster::LOCAL_ADMIN;
use crate::cluster::NODES;
use crate::cluster::Node;
use crate::faults::trees;
use crate::faults::trees::Trees;
use crate::identities;
use crate::inventory;
use crate::peers;
use crate::peers::Said;

pub struct Bench {
    pub cluster: Cluster,
    pub trees: Trees,
    pub work: PathBuf,
    healthy: PathBuf,
    /// How long each log was when the present fault was made.
    marks: BTreeMap<String, usize>,
}

impl Bench {
    pub fn start() -> Self {
        let work = peers::scratch("foretold");
        let addresses: Vec<(&str, &str)> = NODES.iter().map(|n| (n.name, n.address)).collect();
        let endpoint = format!("{BALANCER_NAME}:{BALANCER_PORT}");
        let inventory = inventory::write(&work, &addresses, &endpoint, "rsa-2048");
        let root = inventory::init(&work, &inventory);
        let mut cluster = Cluster::start(&root, &work);
        identities::assert_kubelets_know_the_apiservers(&mut cluster);
        let healthy = work.join("healthy");
        trees::copy_all(&root, &healthy);
        let nodes = NODES.map(|node| (node.name, node.address));
        let bench = Self {
            cluster,
            trees: Trees { root, nodes },
            work,
            healthy,
            marks: BTreeMap::new(),
        };
        bench.entitle_admins();
        bench.let_kubectl_look_around();
        bench
    }

    /// As kubeadm does: without it an admin may do as little as one whose group is missing.
    fn entitle_admins(&self) {
        let binding = ["create", "clusterrolebinding", "kubeadm:cluster-admins"];
        let who = [
            "--clusterrole=cluster-admin",
            "--group=kubeadm:cluster-admins",
        ];
        let said = self.kubectl(
            "shaolin",
            "super-admin.conf",
            &[&binding[..], &who].concat(),
        );
        assert!(said.ok, "{}", said.report());
    }

    /// kubectl remembers what a server offers, by its URL.
    fn let_kubectl_look_around(&self) {
        for kubeconfig in ["admin.conf", LOCAL_ADMIN] {
            let said = self.kubectl("wudang", kubeconfig, &["get", "namespaces"]);
            assert!(said.ok, "{}", said.report());
        }
    }

    /// Every file of the trees as it was, and its mode.
    pub fn heal(&self) {
        heal(&self.healthy, &self.trees.root);
    }

    /// A line in which the trees are where the nodes have them.
    pub fn on_the_node(&self, line: &str) -> String {
        let tree = |line: String, node: &Node| {
            line.replace(&*self.trees.root.join(node.name).to_string_lossy(), "")
        };
        NODES.iter().fold(line.to_owned(), tree)
    }

    /// `hapki audit` of the trees as they are.
    pub fn audit(&self) -> Value {
        let mut command = peers::hapki(["audit", "--format", "json"]);
        peers::json(command.args(NODES.iter().map(|node| self.trees.root.join(node.name))))
    }

    pub fn kubectl(&self, node: &str, kubeconfig: &str, args: &[&str]) -> Said {
        self.cluster.kubectl_with(named(node), kubeconfig, args)
    }

    /// Starts a component with what its manifest says, and more; answers with the name of its log.
    pub fn spawn(&mut self, program: &str, node: &str, more: &[&str]) -> String {
        let mut command = self.cluster.command_in_manifest(program, named(node));
        command.args(more);
        self.run(format!("faulty-{program}-{node}"), &command)
    }

    /// Starts a server of the cluster again, on its files as they are now.
    pub fn restart(&mut self, program: &str, node: &str) -> String {
        let command = self.cluster.command_in_manifest(program, named(node));
        self.run(format!("{program}-{node}"), &command)
    }

    /// Starts a server in place of the last one of that name. Its log begins anew.
    pub fn run(&mut self, name: String, command: &Command) -> String {
        self.cluster.stop(&name);
        self.marks.remove(&name);
        self.cluster.spawn(&name, command);
        name
    }

    /// Waits until a server shows this certificate.
    pub fn wait_until_shown(&self, address: &str, certificate: &str) {
        let shown = within(RELOADED_WITHIN, || {
            let connect = ["s_client", "-connect", address];
            let shown = peers::run(&peers::peer("openssl", connect)).stdout;
            certificate
                .lines()
                .all(|line| shown.contains(line))
                .then_some(())
        });
        if shown.is_none() {
            self.cluster
                .fail(&format!("{address} does not show its new certificate"));
        }
    }

    /// Waits for wudang's apiserver, or for another that `more` leads kubectl to.
    pub fn wait_until_ready(&self, more: &[&str]) {
        let args = [more, &["get", "--raw", "/readyz"]].concat();
        let is_ready = || self.kubectl("wudang", LOCAL_ADMIN, &args).ok.then_some(());
        if within(RELOADED_WITHIN, is_ready).is_none() {
            self.cluster.fail("wudang's apiserver is not ready");
        }
    }

    /// What is logged from now on belongs to the next fault.
    pub fn mark_logs(&mut self) {
        for entry in fs::read_dir(&self.work).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "log") {
                let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                let length = self.cluster.log(&name).len();
                self.marks.insert(name, length);
            }
        }
    }

    /// What a server has logged since, as it would on the node.
    pub fn logged(&self, name: &str) -> String {
        let mark = self.marks.get(name).copied().unwrap_or_default();
        let text = self.cluster.log(name);
        self.on_the_node(text.get(mark..).unwrap_or_default())
    }
}

pub fn named(node: &str) -> &'static Node {
    let mut nodes = NODES.iter();
    nodes
        .find(|known| known.name == node)
        .unwrap_or_else(|| panic!("no node {node}"))
}

/// Asks again until there is an answer.
pub fn within<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        let answer = ask();
        if answer.is_some() || start.elapsed() > limit {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Files that are as they were are left alone: servers watch them.
fn heal(healthy: &Path, faulty: &Path) {
    for entry in fs::read_dir(faulty).unwrap() {
        let extra = entry.unwrap().path();
        let is_extra = !healthy.join(extra.file_name().unwrap()).exists();
        if is_extra && extra.is_dir() {
            fs::remove_dir_all(extra).unwrap();
        } else if is_extra {
            fs::remove_file(extra).unwrap();
        }
    }
    for entry in fs::read_dir(healthy).unwrap() {
        let from = entry.unwrap().path();
        let to = faulty.join(from.file_name().unwrap());
        if from.is_dir() {
            heal(&from, &to);
            continue;
        }
        let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode();
        let is_as_it_was = fs::read(&to).is_ok_and(|bytes| bytes == fs::read(&from).unwrap());
        if !is_as_it_was || mode(&from) != mode(&to) {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// The apiserver watches its files and looks at them once a minute besides.
const RELOADED_WITHIN: Duration = Duration::from_secs(70);
