//! How each component is made to say what it thinks of a fault.

use std::fs;
use std::time::Duration;

use crate::bench;
use crate::bench::Bench;
use crate::faults::trees;
use crate::foretold::Foretold;
use crate::peers;
use crate::same::Extent;
use crate::same::same;

/// What was printed, to be compared with what was foretold.
pub struct Heard {
    pub what: What,
    pub extent: Extent,
    pub text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum What {
    Says,
    Prints,
    ServerSays,
}

/// kubectl at wudang's own apiserver.
pub fn local_kubectl(bench: &mut Bench, _: &Foretold) -> Vec<Heard> {
    wait_until_shown(bench);
    kubectl_prints(refusal(bench, "admin-local.conf", READYZ))
}

/// kubectl through the balancer, which leads to the refused master now and then.
pub fn balanced_kubectl(bench: &mut Bench, _: &Foretold) -> Vec<Heard> {
    wait_until_shown(bench);
    kubectl_prints(refusal(bench, "admin.conf", READYZ))
}

/// kubectl whose kubeconfig leads nowhere: it wraps what is said in its own names of things.
pub fn lost_kubectl(bench: &mut Bench, _: &Foretold) -> Vec<Heard> {
    vec![Heard {
        what: What::Says,
        extent: Extent::Part,
        text: refusal(bench, "admin.conf", READYZ),
    }]
}

/// kubectl whose certificate is accepted and whose bearer may do nothing.
pub fn forbidden_kubectl(bench: &mut Bench, _: &Foretold) -> Vec<Heard> {
    kubectl_prints(refusal(bench, "admin.conf", GET_NAMESPACES))
}

/// kubectl whose certificate is refused: it learns nothing, and the apiserver logs why. What kubectl says depends on
/// whether it knows already what the server offers.
pub fn refused_kubectl(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    let empty = format!("--cache-dir={}", bench.work.join("no-cache").display());
    let cold = refusal(bench, "admin.conf", &[&empty, "get", "namespaces"]);
    let last = cold.lines().last().unwrap_or_default();
    assert_eq!(last, WITHOUT_CACHE, "{cold}");
    let mut heard = kubectl_prints(refusal(bench, "admin.conf", GET_NAMESPACES));
    heard.push(server_says(bench, foretold, APISERVERS));
    heard
}

pub fn scheduler(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    component(bench, foretold, "kube-scheduler")
}

pub fn controller_manager(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    component(bench, foretold, "kube-controller-manager")
}

pub fn refused_scheduler(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    let mut heard = scheduler(bench, foretold);
    heard.push(server_says(bench, foretold, APISERVERS));
    heard
}

pub fn refused_controller_manager(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    let mut heard = controller_manager(bench, foretold);
    heard.push(server_says(bench, foretold, APISERVERS));
    heard
}

/// What a kubelet asks first. No kubelet runs without containers: kubectl asks with its kubeconfig.
pub fn kubelets_list(bench: &mut Bench, _: &Foretold) -> Vec<Heard> {
    let path = "/api/v1/nodes?fieldSelector=metadata.name%3Dwudang&limit=500&resourceVersion=0";
    vec![Heard {
        what: What::Says,
        extent: Extent::Part,
        text: refusal(bench, "kubelet.conf", &["get", "--raw", path]),
    }]
}

pub fn shaolins_apiserver(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    apiserver_at_etcd(bench, foretold, "shaolin")
}

pub fn wudangs_apiserver(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    let mut heard = apiserver_at_etcd(bench, foretold, "wudang");
    heard.push(server_says(bench, foretold, &["etcd-wudang"]));
    heard
}

/// An apiserver that does not start for what it would show to etcd.
pub fn starting_apiserver(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    apiserver_at_etcd(bench, foretold, "wudang")
}

pub fn etcdctl(bench: &mut Bench, _: &Foretold) -> Vec<Heard> {
    vec![Heard {
        what: What::Prints,
        extent: Extent::Part,
        text: health_of_wudang(bench).stderr,
    }]
}

/// What shaolin's member says when wudang's comes back with other files.
pub fn shaolins_etcd(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    bench.restart("etcd", "wudang");
    let heard = vec![prints(bench, foretold, &["etcd-shaolin"])];
    revive_etcd(bench);
    heard
}

/// What wudang's member says when it comes back, and the one that it dials.
pub fn wudangs_etcd(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    bench.restart("etcd", "wudang");
    let heard = vec![
        prints(bench, foretold, &["etcd-wudang"]),
        server_says(bench, foretold, &["etcd-shaolin"]),
    ];
    revive_etcd(bench);
    heard
}

/// A member that does not come back.
pub fn dead_etcd(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    bench.restart("etcd", "wudang");
    let heard = vec![prints(bench, foretold, &["etcd-wudang"])];
    revive_etcd(bench);
    heard
}

pub fn dialler_of_dead_etcd(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    bench.restart("etcd", "wudang");
    let heard = vec![
        prints(bench, foretold, &["etcd-shaolin"]),
        server_says(bench, foretold, &["etcd-wudang"]),
    ];
    revive_etcd(bench);
    heard
}

/// An apiserver that does not come back. A balancer passes it by.
pub fn dead_apiserver(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    let log = bench.restart("kube-apiserver", "wudang");
    let said = server_says(bench, foretold, &[&log]);
    let mut heard = kubectl_prints(refusal(bench, "admin-local.conf", GET_NAMESPACES));
    heard.push(said);
    for _ in 0..TRIES {
        let said = bench.kubectl("wudang", "admin.conf", READYZ);
        assert!(said.ok, "through the balancer: {}", said.report());
    }
    bench.heal();
    bench.restart("kube-apiserver", "wudang");
    bench.wait_until_ready(&[]);
    heard
}

/// `kubectl logs` by an apiserver that the kubelet does not know.
pub fn kubectl_logs(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    let log = second_apiserver(bench);
    let args = [SECOND, "--tls-server-name=kubernetes", "logs", "shaolin"];
    let said = bench.kubectl("shaolin", "super-admin.conf", &args);
    bench.cluster.stop(&log);
    let mut heard = kubectl_prints(said.stderr);
    heard.push(server_says(bench, foretold, &["kubelet-shaolin"]));
    heard
}

pub fn token_of_shaolin(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    token(bench, foretold, "--server=https://127.0.53.32:6443")
}

pub fn token_of_wudang(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    token(bench, foretold, SECOND)
}

/// The balancer that the fault has put on emei.
pub fn haproxy(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    wait_until_shown(bench);
    let tree = bench.trees.file("emei", "/etc/");
    let text = trees::read(&tree.join("haproxy/haproxy.cfg"));
    let configuration = bench.work.join("haproxy.cfg");
    let text = text.replace(" /etc/", &format!(" {}/", tree.display()));
    fs::write(&configuration, text).unwrap();
    let mut command = peers::peer("haproxy", ["-f"]);
    command.arg(configuration);
    let log = bench.run("haproxy".to_owned(), &command);
    let heard = vec![prints(bench, foretold, &[&log])];
    bench.cluster.stop(&log);
    heard
}

/// A front proxy gets what kubectl words as [`What::Prints`]; the apiserver's answer is no line of a program's.
pub fn front_proxy(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    wait_until_refused(bench, "6443");
    vec![server_says(bench, foretold, APISERVERS)]
}

/// The same at an apiserver that has begun with other flags.
pub fn front_proxy_at_second(bench: &mut Bench, foretold: &Foretold) -> Vec<Heard> {
    let log = second_apiserver(bench);
    wait_until_refused(bench, "16443");
    let heard = vec![server_says(bench, foretold, &[&log])];
    bench.cluster.stop(&log);
    heard
}

/// Until wudang does not believe shaolin's front proxy any more.
fn wait_until_refused(bench: &Bench, port: &str) {
    let url = format!(
        "https://{}:{port}/api/v1/namespaces",
        bench::named("wudang").address
    );
    let mut get = peers::peer(
        "gocheck",
        ["get", "--header", "X-Remote-User: monk", "--url", &url],
    );
    get.arg("--roots").arg(bench.trees.pki("shaolin", "ca.crt"));
    for (option, file) in [
        ("--cert", "front-proxy-client.crt"),
        ("--key", "front-proxy-client.key"),
    ] {
        get.arg(option).arg(bench.trees.pki("shaolin", file));
    }
    let refused = bench::within(RELOADED_WITHIN, || {
        (peers::json(&get)["status"] == 401).then_some(())
    });
    assert!(
        refused.is_some(),
        "wudang goes on believing shaolin's front proxy"
    );
}

/// Whether every request of wudang's admin is answered, through the balancer.
pub fn is_admin_served(bench: &mut Bench) -> Result<(), String> {
    wait_until_shown(bench);
    for _ in 0..TRIES {
        let said = bench.kubectl("wudang", "admin.conf", READYZ);
        if !said.ok {
            return Err(said.report());
        }
    }
    Ok(())
}

pub fn is_member_healthy(bench: &mut Bench) -> Result<(), String> {
    bench.restart("etcd", "wudang");
    let healthy = bench::within(RELOADED_WITHIN, || health_of_wudang(bench).ok.then_some(()));
    healthy.ok_or_else(|| bench.cluster.log("etcd-wudang"))
}

pub fn does_apiserver_start(bench: &mut Bench) -> Result<(), String> {
    let log = second_apiserver(bench);
    bench.cluster.stop(&log);
    Ok(())
}

/// A component of wudang's, started on the faulty files.
fn component(bench: &mut Bench, foretold: &Foretold, program: &str) -> Vec<Heard> {
    wait_until_shown(bench);
    let log = bench.spawn(program, "wudang", &[]);
    let heard = vec![prints(bench, foretold, &[&log])];
    bench.cluster.stop(&log);
    heard
}

/// A second apiserver, for the first has its connections already.
fn apiserver_at_etcd(bench: &mut Bench, foretold: &Foretold, node: &str) -> Vec<Heard> {
    let log = bench.spawn("kube-apiserver", node, &[SECOND_PORT]);
    let heard = vec![prints(bench, foretold, &[&log])];
    bench.cluster.stop(&log);
    heard
}

/// A second apiserver on wudang that has read its files as they are now, and is ready.
fn second_apiserver(bench: &mut Bench) -> String {
    let log = bench.spawn("kube-apiserver", "wudang", &[SECOND_PORT]);
    bench.wait_until_ready(&[SECOND, "--tls-server-name=kubernetes"]);
    log
}

/// A token that the apiserver `signer` has signed, at wudang's second apiserver.
fn token(bench: &mut Bench, foretold: &Foretold, signer: &str) -> Vec<Heard> {
    let log = second_apiserver(bench);
    let create = [
        signer,
        "--tls-server-name=kubernetes",
        "create",
        "token",
        "default",
    ];
    let created = bench.kubectl("shaolin", "super-admin.conf", &create);
    assert!(created.ok, "{}", created.report());
    let authority = bench.trees.pki("wudang", "ca.crt");
    let said = bench.cluster.kubectl(
        bench::named("wudang"),
        &[
            "--kubeconfig=/dev/null",
            &format!("--certificate-authority={}", authority.display()),
            &format!("--token={}", created.stdout.trim()),
            SECOND,
            "get",
            "--raw",
            "/api/v1/namespaces",
        ],
    );
    let mut heard = kubectl_prints(said.stderr);
    heard.push(server_says(bench, foretold, &[&log]));
    bench.cluster.stop(&log);
    heard
}

fn health_of_wudang(bench: &Bench) -> peers::Said {
    let endpoint = format!("https://{}:2379", bench::named("wudang").address);
    let mut command = peers::peer(
        "etcdctl",
        [
            "endpoint",
            "health",
            "--command-timeout=2s",
            "--endpoints",
            &endpoint,
        ],
    );
    for (option, file) in [
        ("--cacert", "ca.crt"),
        ("--cert", "healthcheck-client.crt"),
        ("--key", "healthcheck-client.key"),
    ] {
        command
            .arg(option)
            .arg(bench.trees.pki("shaolin", &format!("etcd/{file}")));
    }
    peers::run(&command)
}

fn revive_etcd(bench: &mut Bench) {
    bench.heal();
    bench.restart("etcd", "wudang");
    let healthy = bench::within(RELOADED_WITHIN, || health_of_wudang(bench).ok.then_some(()));
    assert!(healthy.is_some(), "{}", bench.cluster.log("etcd-wudang"));
}

/// Until wudang's apiserver shows what its file holds.
fn wait_until_shown(bench: &Bench) {
    let address = format!("{}:6443", bench::named("wudang").address);
    bench.wait_until_shown(
        &address,
        &trees::read(&bench.trees.pki("wudang", "apiserver.crt")),
    );
}

/// What kubectl prints on wudang when it fails; a balancer may have to be asked some times.
fn refusal(bench: &Bench, kubeconfig: &str, args: &[&str]) -> String {
    for _ in 0..TRIES {
        let said = bench.kubectl("wudang", kubeconfig, args);
        if !said.ok {
            return said.stderr;
        }
    }
    format!("{TRIES} requests did not fail")
}

fn kubectl_prints(text: String) -> Vec<Heard> {
    vec![Heard {
        what: What::Prints,
        extent: Extent::Whole,
        text,
    }]
}

fn prints(bench: &Bench, foretold: &Foretold, logs: &[&str]) -> Heard {
    in_log(bench, What::Prints, foretold.prints.as_deref(), logs)
}

fn server_says(bench: &Bench, foretold: &Foretold, logs: &[&str]) -> Heard {
    in_log(
        bench,
        What::ServerSays,
        foretold.server_says.as_deref(),
        logs,
    )
}

/// The line in which a log has what was foretold, of those written since the fault was made; else all of them.
fn in_log(bench: &Bench, what: What, foretold: Option<&str>, logs: &[&str]) -> Heard {
    let foretold = foretold.unwrap_or_default();
    let line = bench::within(LOGGED_WITHIN, || {
        let found = |text: String| {
            let mut lines = text.lines();
            let line = lines.find(|line| same(foretold, line, Extent::Part).is_some());
            line.map(str::to_owned)
        };
        logs.iter().find_map(|log| found(bench.logged(log)))
    });
    let text = line.unwrap_or_else(|| logs.iter().map(|log| bench.logged(log)).collect());
    Heard {
        what,
        extent: Extent::Part,
        text,
    }
}

const GET_NAMESPACES: &[&str] = &["get", "namespaces"];
const READYZ: &[&str] = &["get", "--raw", "/readyz"];
const APISERVERS: &[&str] = &[
    "kube-apiserver-shaolin",
    "kube-apiserver-wudang",
    "kube-apiserver-emei",
];
const SECOND_PORT: &str = "--secure-port=16443";
const SECOND: &str = "--server=https://127.0.138.208:16443";

/// What kubectl prints where it must first ask what the server offers; audits foretell the other line.
const WITHOUT_CACHE: &str = "error: You must be logged in to the server (the server has asked for the client to provide credentials)";

/// The balancer takes its three backends in turn.
const TRIES: usize = 12;
const RELOADED_WITHIN: Duration = Duration::from_secs(70);
/// etcd tells every 30 s which members it does not reach.
const LOGGED_WITHIN: Duration = Duration::from_secs(45);
