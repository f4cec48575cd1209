//! A control plane of three masters on this machine: three etcd members, three apiservers, nginx before them.
//!
//! Every node has a loopback address of its own and a tree in kubeadm's layout. The servers' flags are read from the
//! manifests in that tree, so that what an audit reads is what runs. They are kubeadm's v1.34 manifests but for what one
//! machine asks: `--bind-address`, `--endpoint-reconciler-type=none`, and etcd's client listener on the node's own
//! address alone, as three members cannot share 127.0.0.1:2379; the first has it. The controller-manager's and the
//! scheduler's manifests are there to be audited and run by whoever wants to.

use std::fs;
use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use crate::kubeadm;
use crate::peers;
use crate::peers::Said;
use crate::server;
use crate::server::Server;

/// A master of the cluster.
pub struct Node {
    pub name: &'static str,
    pub address: &'static str,
}

/// The three masters; nginx runs on the last.
pub const NODES: [Node; 3] = [
    Node {
        name: "shaolin",
        address: "127.0.53.32",
    },
    Node {
        name: "wudang",
        address: "127.0.138.208",
    },
    Node {
        name: "emei",
        address: "127.0.72.52",
    },
];

/// The name by which the balancer is dialled: one that every apiserver certificate carries.
pub const BALANCER_NAME: &str = "kubernetes.default.svc";
pub const BALANCER_PORT: u16 = 8443;

/// A running control plane; it stops when this is dropped.
pub struct Cluster {
    /// Holds a tree for each node, by its name.
    pub trees: PathBuf,
    work: PathBuf,
    servers: Vec<Server>,
    /// The addresses and ports are there once.
    _machine: MutexGuard<'static, ()>,
}

impl Cluster {
    /// Starts all servers on the certificates in `trees` and waits until every apiserver is ready.
    pub fn start(trees: &Path, work: &Path) -> Self {
        let machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
        assert_free(LOOPBACK, 2379);
        for node in &NODES {
            for port in [2379, 2380, 6443] {
                assert_free(node.address, port);
            }
            write_manifests(trees, node, work);
        }
        assert_free(NODES[2].address, BALANCER_PORT);
        write_balancer(trees);
        let mut cluster = Self {
            trees: trees.to_owned(),
            work: work.to_owned(),
            servers: Vec::new(),
            _machine: machine,
        };
        for program in ["etcd", "kube-apiserver"] {
            for node in &NODES {
                let command = cluster.command_in_manifest(program, node);
                cluster.spawn(&format!("{program}-{}", node.name), &command);
            }
        }
        let nginx = cluster.nginx();
        cluster.spawn("nginx", &nginx);
        for node in &NODES {
            cluster.wait_until_ready(node);
        }
        cluster
    }

    /// `kubectl` with a kubeconfig of a node, on that node.
    pub fn kubectl_with(&self, node: &Node, kubeconfig: &str, args: &[&str]) -> Said {
        let file = self
            .trees
            .join(node.name)
            .join("etc/kubernetes")
            .join(kubeconfig);
        self.kubectl(
            node,
            &[&[format!("--kubeconfig={}", file.display()).as_str()], args].concat(),
        )
    }

    /// `kubectl` with a node's hosts file.
    pub fn kubectl(&self, node: &Node, args: &[&str]) -> Said {
        let mut command = with_hosts(&self.trees.join(node.name).join("etc/hosts"));
        command
            .arg(peers::find("kubectl"))
            .arg("--request-timeout=10s")
            .args(args);
        command.env("HOME", &self.work).env_remove("KUBECONFIG");
        peers::run(&command)
    }

    /// A node's PKI directory.
    pub fn pki(&self, node: &Node) -> PathBuf {
        self.trees.join(node.name).join("etc/kubernetes/pki")
    }

    /// Fails with the end of every log.
    #[track_caller]
    pub fn fail(&self, why: &str) -> ! {
        let logs: Vec<String> = self.servers.iter().map(Server::log_tail).collect();
        panic!("{why}\n{}", logs.join("\n"));
    }

    /// Starts one more server, which ends with the others.
    pub fn spawn(&mut self, name: &str, command: &Command) {
        let log = self.work.join(format!("{name}.log"));
        self.servers.push(Server::start(name, command, log));
    }

    /// Ends a server, by the name it was spawned under.
    pub fn stop(&mut self, name: &str) {
        let (mut ending, others) = std::mem::take(&mut self.servers)
            .into_iter()
            .partition(|server| server.name == name);
        self.servers = others;
        server::stop_all(&mut ending);
    }

    /// Ends a program of a node and starts it anew with the flags that its manifest has by now, as the node's kubelet
    /// does; waits until the apiserver is ready.
    pub fn restart(&mut self, program: &str, node: &Node) {
        let name = format!("{program}-{}", node.name);
        self.stop(&name);
        let command = self.command_in_manifest(program, node);
        self.spawn(&name, &command);
        if program == "kube-apiserver" {
            self.wait_until_ready(node);
        }
    }

    /// What a server, or the last one of that name, has written to its log.
    pub fn log(&self, name: &str) -> String {
        fs::read_to_string(self.work.join(format!("{name}.log"))).unwrap_or_default()
    }

    /// The command line that a node's manifest holds, its paths led into the node's tree.
    pub fn command_in_manifest(&self, program: &str, node: &Node) -> Command {
        let kubernetes = self.trees.join(node.name).join("etc/kubernetes");
        let manifest =
            fs::read_to_string(kubernetes.join("manifests").join(format!("{program}.yaml")))
                .unwrap();
        let args = manifest
            .lines()
            .filter_map(|line| line.trim().strip_prefix("- --"))
            .map(|flag| {
                format!("--{flag}").replace("/etc/kubernetes", &kubernetes.to_string_lossy())
            });
        peers::peer(program, args)
    }

    fn nginx(&self) -> Command {
        let configuration = self.trees.join(NODES[2].name).join("etc/nginx/nginx.conf");
        let error_log = "error_log stderr;";
        let module = "/usr/lib/nginx/modules/ngx_stream_module.so";
        let load = if Path::new(module).exists() {
            format!("load_module {module};")
        } else {
            String::new()
        };
        let globals = format!(
            "daemon off; {error_log} pid {}/nginx.pid; {load}",
            self.work.display()
        );
        let mut command = peers::peer("nginx", ["-p"]);
        command
            .arg(&self.work)
            .args(["-e", "stderr", "-c"])
            .arg(configuration)
            .args(["-g", &globals]);
        command
    }

    fn wait_until_ready(&mut self, node: &Node) {
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            for server in &mut self.servers {
                server.assert_alive();
            }
            let said = self.kubectl_with(node, LOCAL_ADMIN, &["get", "--raw", "/readyz"]);
            if said.ok && said.stdout == "ok" {
                return;
            }
            if Instant::now() > deadline {
                self.fail(&format!(
                    "kube-apiserver@{} is not ready: {}",
                    node.name,
                    said.report()
                ));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        server::stop_all(&mut self.servers);
    }
}

/// A kubeconfig beside admin.conf, with the same identity, that dials the node's own apiserver.
pub const LOCAL_ADMIN: &str = "admin-local.conf";

/// A command prefix under which /etc/hosts is `hosts`, in a mount namespace of its own.
pub fn with_hosts(hosts: &Path) -> Command {
    let mut command = peers::peer("unshare", namespace_flags());
    command.args([peers::find("sh").as_os_str(), "-c".as_ref()]);
    command
        .args([r#"mount --bind "$0" /etc/hosts && exec "$@""#])
        .arg(hosts);
    command
}

/// Root needs no user namespace, and some machines allow none.
fn namespace_flags() -> &'static [&'static str] {
    if kubeadm::is_root() {
        &["--mount"]
    } else {
        &["--mount", "--map-root-user"]
    }
}

fn assert_free(address: &str, port: u16) {
    if let Err(error) = TcpListener::bind((address, port)) {
        panic!(
            "{address}:{port} cannot be listened on ({error}); is another run of these tests under way?"
        );
    }
}

fn write_manifests(trees: &Path, node: &Node, work: &Path) {
    let kubernetes = trees.join(node.name).join("etc/kubernetes");
    let manifests = kubernetes.join("manifests");
    fs::create_dir_all(&manifests).unwrap();
    let data = work.join(format!("etcd-{}", node.name));
    fs::write(
        manifests.join("etcd.yaml"),
        pod("etcd", &etcd_flags(node, &data)),
    )
    .unwrap();
    fs::write(
        manifests.join("kube-apiserver.yaml"),
        pod("kube-apiserver", &apiserver_flags(node)),
    )
    .unwrap();
    for file in FROM_BASE {
        let text = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../fixtures/cases/base")
            .join(file);
        let to = trees.join(node.name).join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(text, to).unwrap();
    }
    let admin = fs::read_to_string(kubernetes.join("admin.conf")).unwrap();
    let dialled = format!("https://{BALANCER_NAME}:{BALANCER_PORT}");
    assert!(
        admin.contains(&dialled),
        "{}'s admin.conf does not dial {dialled}",
        node.name
    );
    let local = admin.replace(&dialled, &format!("https://{}:6443", node.address));
    let file = kubernetes.join(LOCAL_ADMIN);
    fs::write(&file, local).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let hosts: String = NODES
        .iter()
        .map(|n| format!("{} {}\n", n.address, n.name))
        .collect();
    let balancer = format!("{} {BALANCER_NAME}\n", NODES[2].address);
    fs::write(
        trees.join(node.name).join("etc/hosts"),
        format!("127.0.0.1 localhost\n{hosts}{balancer}"),
    )
    .unwrap();
}

/// The stream block that emei had, with its settings.
fn write_balancer(trees: &Path) {
    let servers: String = NODES
        .iter()
        .map(|n| {
            format!(
                "        server {}:6443 weight=5 max_fails=3 fail_timeout=30s;\n",
                n.address
            )
        })
        .collect();
    let directory = trees.join(NODES[2].name).join("etc/nginx");
    fs::create_dir_all(&directory).unwrap();
    let listen = format!("{}:{BALANCER_PORT}", NODES[2].address);
    let text = format!(
        "events {{}}\nstream {{\n    upstream apiserver {{\n{servers}    }}\n    server {{\n        listen {listen};\n        \
         proxy_connect_timeout 1s;\n        proxy_timeout 30s;\n        proxy_pass apiserver;\n    }}\n}}\n"
    );
    fs::write(directory.join("nginx.conf"), text).unwrap();
}

fn pod(program: &str, flags: &[String]) -> String {
    let list: String = flags.iter().map(|flag| format!("    - {flag}\n")).collect();
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n    component: {program}\n    tier: control-plane\n  name: {program}\n  \
         namespace: kube-system\nspec:\n  containers:\n  - command:\n    - {program}\n{list}    name: {program}\n  hostNetwork: true\n"
    )
}

fn etcd_flags(node: &Node, data: &Path) -> Vec<String> {
    let pki = "/etc/kubernetes/pki/etcd";
    let Node { name, address } = node;
    let members: Vec<String> = NODES
        .iter()
        .map(|n| format!("{}=https://{}:2380", n.name, n.address))
        .collect();
    vec![
        format!("--advertise-client-urls=https://{address}:2379"),
        format!("--cert-file={pki}/server.crt"),
        "--client-cert-auth=true".into(),
        format!("--data-dir={}", data.display()),
        format!("--initial-advertise-peer-urls=https://{address}:2380"),
        format!("--initial-cluster={}", members.join(",")),
        "--initial-cluster-state=new".into(),
        format!("--key-file={pki}/server.key"),
        match is_first(node) {
            true => format!("--listen-client-urls=https://{LOOPBACK}:2379,https://{address}:2379"),
            false => format!("--listen-client-urls=https://{address}:2379"),
        },
        format!("--listen-metrics-urls=http://{address}:2381"),
        format!("--listen-peer-urls=https://{address}:2380"),
        format!("--name={name}"),
        format!("--peer-cert-file={pki}/peer.crt"),
        "--peer-client-cert-auth=true".into(),
        format!("--peer-key-file={pki}/peer.key"),
        format!("--peer-trusted-ca-file={pki}/ca.crt"),
        "--snapshot-count=10000".into(),
        format!("--trusted-ca-file={pki}/ca.crt"),
    ]
}

fn apiserver_flags(node: &Node) -> Vec<String> {
    let pki = "/etc/kubernetes/pki";
    let address = node.address;
    let etcd = if is_first(node) { LOOPBACK } else { address };
    vec![
        format!("--advertise-address={address}"),
        format!("--bind-address={address}"),
        "--endpoint-reconciler-type=none".into(),
        "--allow-privileged=true".into(),
        "--authorization-mode=Node,RBAC".into(),
        format!("--client-ca-file={pki}/ca.crt"),
        "--enable-admission-plugins=NodeRestriction".into(),
        "--enable-bootstrap-token-auth=true".into(),
        format!("--etcd-cafile={pki}/etcd/ca.crt"),
        format!("--etcd-certfile={pki}/apiserver-etcd-client.crt"),
        format!("--etcd-keyfile={pki}/apiserver-etcd-client.key"),
        format!("--etcd-servers=https://{etcd}:2379"),
        format!("--kubelet-client-certificate={pki}/apiserver-kubelet-client.crt"),
        format!("--kubelet-client-key={pki}/apiserver-kubelet-client.key"),
        "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname".into(),
        format!("--proxy-client-cert-file={pki}/front-proxy-client.crt"),
        format!("--proxy-client-key-file={pki}/front-proxy-client.key"),
        "--requestheader-allowed-names=front-proxy-client".into(),
        format!("--requestheader-client-ca-file={pki}/front-proxy-ca.crt"),
        "--requestheader-extra-headers-prefix=X-Remote-Extra-".into(),
        "--requestheader-group-headers=X-Remote-Group".into(),
        "--requestheader-username-headers=X-Remote-User".into(),
        "--secure-port=6443".into(),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local".into(),
        format!("--service-account-key-file={pki}/sa.pub"),
        format!("--service-account-signing-key-file={pki}/sa.key"),
        "--service-cluster-ip-range=10.96.0.0/12".into(),
        format!("--tls-cert-file={pki}/apiserver.crt"),
        format!("--tls-private-key-file={pki}/apiserver.key"),
    ]
}

/// The first member listens as kubeadm has every member listen.
fn is_first(node: &Node) -> bool {
    node.name == NODES[0].name
}

static MACHINE: Mutex<()> = Mutex::new(());
const LOOPBACK: &str = "127.0.0.1";

/// What is the same on every machine.
const FROM_BASE: [&str; 3] = [
    "etc/kubernetes/manifests/kube-controller-manager.yaml",
    "etc/kubernetes/manifests/kube-scheduler.yaml",
    "var/lib/kubelet/config.yaml",
];

const READY_WITHIN: Duration = Duration::from_secs(90);
