//! Two registries with a token server each, the storage in common, nginx before them.
//!
//! The registries' directories are what an audit reads and what runs: `config.yml` names `root.crt` beside it. nginx
//! shares requests out one by one; on two further ports it leads to one registry alone, and a user `token1` or `token2`
//! gets tokens of that server alone, so that each pair can be tried for itself.

use std::fs;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use crate::inventory;
use crate::peers;
use crate::registry_tokens::issuer;
use crate::registry_tokens::issuer::ISSUER;
use crate::registry_tokens::issuer::Issuer;
use crate::registry_tokens::issuer::Kid;
use crate::registry_tokens::issuer::SERVICE;
use crate::registry_tokens::log;
use crate::registry_tokens::log::Line;
use crate::registry_tokens::skopeo::Skopeo;
use crate::server::Server;

/// What the clients know the registries by.
pub const NAME: &str = "hub.wulin.test";
pub const LIFETIME: Duration = Duration::from_secs(8);

/// What a test runs.
#[derive(Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    pub registry: &'static str,
    pub kid: Kid,
    /// A `jwks` beside the bundle, as distribution 3 needs for tokens with libtrust's kid.
    pub jwks: bool,
}

/// How nginx chooses among servers.
#[derive(Clone, Copy)]
pub enum Balance {
    RoundRobin,
    Random,
}

pub struct Site {
    pub kind: Kind,
    pub work: PathBuf,
    net: Net,
    _issuers: [Issuer; 2],
    ports: Ports,
    registries: [Registry; 2],
    nginx: Option<Server>,
}

struct Ports {
    tls: [u16; 3],
    plain: [u16; 3],
    registries: [u16; 2],
    issuers: [u16; 2],
}

struct Registry {
    server: Option<Server>,
    starts: usize,
}

impl Site {
    /// Everything runs, each registry trusting its own token server alone.
    pub fn start(what: &str, kind: Kind, balance: Balance) -> Self {
        let work = peers::scratch(&format!("tokens-{what}-{}", kind.name));
        let net = Net(NETS.fetch_add(1, Ordering::Relaxed));
        issue_certificate(&work, net);
        let ports = Ports::free(net);
        let issuers = [0, 1].map(|at| {
            make_pair(&work, at, kind);
            let key = key_file(&work, at);
            let address = net.at(21 + at, ports.issuers[at]);
            Issuer::start(address, key, kind.kid, LIFETIME)
        });
        let registries = [0, 1].map(|_| Registry {
            server: None,
            starts: 0,
        });
        let mut site = Self {
            kind,
            net,
            work,
            _issuers: issuers,
            ports,
            registries,
            nginx: None,
        };
        for at in [0, 1] {
            fs::write(site.directory(at).join("config.yml"), site.config(at)).unwrap();
            site.run_registry(at);
        }
        site.balance(balance);
        site
    }

    /// As `hapki` is given the registries and the token servers.
    pub fn arguments(&self) -> Vec<String> {
        let registries =
            [0, 1].map(|at| format!("registry{}={}", at + 1, self.directory(at).display()));
        let issuers =
            [0, 1].map(|at| format!("token{}={}", at + 1, key_file(&self.work, at).display()));
        let kid = self.kind.kid.option().map(str::to_owned);
        registries.into_iter().chain(issuers).chain(kid).collect()
    }

    pub fn audit(&self) -> Value {
        let mut audit = peers::hapki(["audit", "--format=json", "--fail-on=never"]);
        peers::json(audit.args(self.arguments()))
    }

    /// `HOST:PORT` of the balancer, by address.
    pub fn host(&self) -> String {
        self.net.at(10, self.ports.tls[0]).to_string()
    }

    /// The same by name.
    pub fn named_host(&self) -> String {
        format!("{NAME}:{}", self.ports.tls[0])
    }

    /// Where one registry alone is reached.
    pub fn pinned_host(&self, registry: usize) -> String {
        self.net.at(10, self.ports.tls[registry + 1]).to_string()
    }

    /// Where the balancer listens without TLS.
    pub fn plain(&self) -> SocketAddr {
        self.net.at(10, self.ports.plain[0])
    }

    /// Where it does for one registry alone.
    pub fn pinned_plain(&self, registry: usize) -> SocketAddr {
        self.net.at(10, self.ports.plain[registry + 1])
    }

    pub fn skopeo(&self) -> Skopeo {
        Skopeo::new(&self.work)
    }

    /// Ends a registry as an init system does, waits for its end, and starts it again.
    pub fn restart(&mut self, registry: usize) {
        let server = self.registries[registry].server.take();
        server.unwrap().end_gently(DRAINED_WITHIN);
        self.run_registry(registry);
    }

    /// What a registry has logged since it was last started.
    pub fn log(&self, registry: usize) -> Vec<Line> {
        log::read(&self.log_file(registry))
    }

    /// nginx, with another way to choose.
    pub fn balance(&mut self, balance: Balance) {
        if let Some(server) = self.nginx.take() {
            server.end_gently(DRAINED_WITHIN);
        }
        let file = self.work.join("nginx.conf");
        fs::write(&file, self.nginx_conf(balance)).unwrap();
        let mut command = peers::peer("nginx", ["-e", "stderr", "-p"]);
        command.arg(&self.work).arg("-c").arg(&file);
        let mut server = Server::start("nginx", &command, self.work.join("nginx.log"));
        wait_for(&mut server, self.plain());
        self.nginx = Some(server);
    }

    pub fn directory(&self, registry: usize) -> PathBuf {
        self.work.join(format!("registry{}", registry + 1))
    }

    pub fn key_file(&self, issuer: usize) -> PathBuf {
        key_file(&self.work, issuer)
    }

    fn log_file(&self, registry: usize) -> PathBuf {
        let starts = self.registries[registry].starts;
        let name = format!("registry{}-{starts}.log", registry + 1);
        self.work.join(name)
    }

    fn run_registry(&mut self, registry: usize) {
        self.registries[registry].starts += 1;
        let mut command = peers::peer(self.kind.registry, ["serve"]);
        command
            .arg(self.directory(registry).join("config.yml"))
            .env("OTEL_TRACES_EXPORTER", "none");
        let name = format!("registry{}", registry + 1);
        let mut server = Server::start(&name, &command, self.log_file(registry));
        let address = self.net.at(11 + registry, self.ports.registries[registry]);
        wait_for(&mut server, address);
        self.registries[registry].server = Some(server);
    }

    fn config(&self, registry: usize) -> String {
        let directory = self.directory(registry);
        let directory = directory.display();
        let jwks = match self.kind.jwks {
            true => format!("    jwks: {directory}/jwks.json\n"),
            false => String::new(),
        };
        format!(
            "version: 0.1\nlog:\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: {storage}\n\
             http:\n  addr: {address}\n  secret: wulin\n  draintimeout: 20s\n\
             auth:\n  token:\n    realm: https://{host}/service/token\n    service: {SERVICE}\n    issuer: {ISSUER}\n    \
             rootcertbundle: {directory}/root.crt\n{jwks}",
            storage = self.work.join("storage").display(),
            address = self.net.at(11 + registry, self.ports.registries[registry]),
            host = self.host(),
        )
    }

    /// The posture that the counts hold for; docs/unify.md gives it to users.
    fn nginx_conf(&self, balance: Balance) -> String {
        let Ports { tls, plain, .. } = self.ports;
        let registries = [0, 1].map(|at| self.net.at(11 + at, self.ports.registries[at]));
        let issuers = [0, 1].map(|at| self.net.at(21 + at, self.ports.issuers[at]));
        let upstream = |name: &str, servers: &[SocketAddr]| {
            let how = match balance {
                Balance::RoundRobin => "",
                Balance::Random => "random; ",
            };
            let servers: String = servers
                .iter()
                .map(|at| format!("server {at} max_fails=0; "))
                .collect();
            format!("    upstream {name} {{ {how}{servers}}}\n")
        };
        let upstreams = [
            upstream("registries", &registries),
            upstream("registry1", &registries[..1]),
            upstream("registry2", &registries[1..]),
            upstream("tokens", &issuers),
            upstream("tokens1", &issuers[..1]),
            upstream("tokens2", &issuers[1..]),
        ];
        let address = self.net.at(10, 0).ip();
        let servers = ["registries", "registry1", "registry2"];
        let servers = servers.into_iter().zip(tls.iter().zip(plain));
        let servers = servers.map(|(registry, (tls, plain))| {
            format!(
                "    server {{\n        listen {address}:{tls} ssl;\n        listen {address}:{plain};\n        \
                 location /v2/ {{ proxy_pass http://{registry}; }}\n        \
                 location = /service/token {{ proxy_pass http://$tokens; }}\n    }}\n"
            )
        });
        let work = self.work.display();
        let pki = pki(&self.work);
        format!(
            "daemon off; user root; worker_processes 1; error_log stderr; pid {work}/nginx.pid;\nevents {{}}\nhttp {{\n    \
             access_log off;\n    client_body_temp_path {work}/nginx-body; proxy_temp_path {work}/nginx-proxy; fastcgi_temp_path {work}/nginx-f; uwsgi_temp_path {work}/nginx-u; scgi_temp_path {work}/nginx-s;\n    \
             ssl_certificate {pki}/registry-hub.crt;\n    ssl_certificate_key {pki}/registry-hub.key;\n    client_max_body_size 0;\n    \
             proxy_next_upstream error timeout non_idempotent;\n    proxy_set_header Host $http_host;\n    proxy_set_header X-Forwarded-Proto $scheme;\n    \
             map $arg_account $tokens {{ token1 tokens1; token2 tokens2; default tokens; }}\n{upstreams}{servers}}}\n",
            pki = pki.display(),
            upstreams = upstreams.concat(),
            servers = servers.collect::<String>(),
        )
    }
}

/// The third octet of a site's addresses.
#[derive(Clone, Copy)]
struct Net(u8);

impl Net {
    fn at(self, host: usize, port: u16) -> SocketAddr {
        let host = u8::try_from(host).unwrap();
        SocketAddr::new(IpAddr::from([127, 0, self.0, host]), port)
    }
}

impl Ports {
    fn free(net: Net) -> Self {
        let port = |host: usize| {
            let listener = TcpListener::bind(net.at(host, 0)).unwrap();
            (listener.local_addr().unwrap().port(), listener)
        };
        // All are held until all are chosen.
        let (tls, plain) = ([(); 3].map(|()| port(10)), [(); 3].map(|()| port(10)));
        let (registries, issuers) = ([port(11), port(12)], [port(21), port(22)]);
        Self {
            tls: tls.map(|(port, _)| port),
            plain: plain.map(|(port, _)| port),
            registries: registries.map(|(port, _)| port),
            issuers: issuers.map(|(port, _)| port),
        }
    }
}

/// nginx's, with the address and the name.
fn issue_certificate(work: &Path, net: Net) {
    let address = net.at(10, 0).ip().to_string();
    let listed = inventory::write(work, &[("hub", &address)], "hub:6443", "ecdsa-p256");
    inventory::init(work, &listed);
    let mut issue = peers::hapki(["issue", "registry", "--node=hub", "--only-given"]);
    issue.args(["--ip", &address, "--dns", NAME, "--pki-dir"]);
    peers::must(issue.arg(pki(work)));
    fs::create_dir_all(work.join("certs")).unwrap();
    fs::copy(pki(work).join("ca.crt"), work.join("certs/ca.crt")).unwrap();
    fs::write(work.join("hosts"), format!("{address} {NAME}\n")).unwrap();
}

fn pki(work: &Path) -> PathBuf {
    work.join("trees/hub/etc/kubernetes/pki")
}

/// A key for the token server and the registry's certificate for it, as Harbor's `prepare` makes them but shorter.
fn make_pair(work: &Path, at: usize, kind: Kind) {
    let (key, directory) = (key_file(work, at), work.join(format!("registry{}", at + 1)));
    fs::create_dir_all(key.parent().unwrap()).unwrap();
    fs::create_dir_all(&directory).unwrap();
    let mut make = peers::peer("openssl", ["genrsa", "-traditional", "-out"]);
    peers::must(make.arg(&key).arg("2048"));
    let mut sign = peers::peer(
        "openssl",
        ["req", "-new", "-x509", "-days", "3650", "-subj", "/"],
    );
    sign.arg("-key").arg(&key).arg("-out");
    peers::must(sign.arg(directory.join("root.crt")));
    if kind.jwks {
        let keys = issuer::key_set(&[(kind.kid, &issuer::read_key(&key))]);
        fs::write(directory.join("jwks.json"), keys).unwrap();
    }
}

fn key_file(work: &Path, issuer: usize) -> PathBuf {
    work.join(format!("token{}/private_key.pem", issuer + 1))
}

fn wait_for(server: &mut Server, address: SocketAddr) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(address).is_err() {
        server.assert_alive();
        assert!(Instant::now() < deadline, "{}", server.log_tail());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// No two sites of a run have one.
static NETS: AtomicU8 = AtomicU8::new(92);

const DRAINED_WITHIN: Duration = Duration::from_secs(25);
