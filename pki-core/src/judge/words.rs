//! What the client of an edge prints, by the kind of client. Measured with Kubernetes 1.34 and etcd 3.6
//! (tests/acid/foretold.rs); klog's and zap's own prefixes are left out, for they change with every release.

use crate::judge::Fault;
use crate::judge::FaultKind;
use crate::judge::Side;
use crate::judge::balanced;
use crate::topology::Component;
use crate::topology::Edge;
use crate::topology::EdgeKind;
use crate::verdict::go::VERIFY_PREFIX;
use crate::x509::san::SubjectAltName;

/// What the client says, less the prefix of `crypto/tls`; `None` where it notices nothing.
pub(super) fn says(edge: &Edge, fault: &Fault) -> Option<String> {
    if let Some(text) = forbidden(fault) {
        return Some(text.to_owned());
    }
    let text = match fault.by {
        Side::Client => fault.text.clone(),
        // A balancer passes by a backend that does not answer.
        Side::Server if keeps_from_starting(fault.kind) && edge.via.is_some() => return None,
        Side::Server if keeps_from_starting(fault.kind) => refused_to_connect(edge),
        Side::Server
            if refuses_in_handshake(&edge.server) || comes_before_verification(fault.kind) =>
        {
            alert(fault.kind).to_owned()
        }
        Side::Server => UNAUTHORIZED.to_owned(),
    };
    Some(text)
}

/// The whole line, where it is known.
pub(super) fn prints(edge: &Edge, fault: &Fault) -> Option<String> {
    let said = says(edge, fault)?;
    let is_verification = fault.by == Side::Client
        && is_about_a_certificate(fault.kind)
        && fault.kind != FaultKind::NotTaken
        && !balanced::is_openssl(&edge.client);
    let text = if is_verification && !comes_before_verification(fault.kind) {
        format!("{VERIFY_PREFIX}{said}")
    } else {
        said
    };
    let line = match client(edge) {
        // It tells its own names of the cluster and the user, too.
        Client::Kubectl if lacks_a_file(fault) => return None,
        Client::Kubectl => kubectl(edge, fault, text),
        // Go tells the address that a name was resolved to.
        Client::Loop(_) if said_of_a_name(edge, fault) => return None,
        Client::Loop(asks) => in_a_loop(edge, fault, &asks, text),
        Client::Grpc => match fault.by {
            Side::Client if is_verification => {
                format!(
                    "connection error: desc = \"transport: authentication handshake failed: {text}\""
                )
            }
            Side::Server
                if refuses_in_handshake(&edge.server) && !keeps_from_starting(fault.kind) =>
            {
                format!("connection error: desc = \"error reading server preface: {text}\"")
            }
            _ => text,
        },
        Client::Docker => docker(edge, fault, &text),
        Client::CriO if fault.kind == FaultKind::KeyMissing && fault.by == Side::Client => text,
        Client::CriO => format!(
            "pinging container registry {}: Get \"{}\": {text}",
            host(edge),
            registry_url(edge)
        ),
        Client::Plain if edge.server.name == "kubelet" && text == UNAUTHORIZED => {
            REFUSED_BY_KUBELET.to_owned()
        }
        Client::Plain => text,
    };
    Some(line)
}

/// The reason as the server's log has it, where the client is not told.
pub(super) fn server_says(edge: &Edge, fault: &Fault) -> Option<String> {
    let is_told = fault.by == Side::Client || forbidden(fault).is_some();
    let text = &fault.text;
    if is_told {
        return None;
    }
    if keeps_from_starting(fault.kind) || refuses_in_handshake(&edge.server) {
        return Some(text.clone());
    }
    if edge.kind == EdgeKind::Token {
        return Some(text.clone());
    }
    let (shown, _) = edge.client_shows.as_ref()?;
    shown.chain.first().map(|_| text.clone())
}

/// Whether this client is configured by a kubeconfig.
pub(super) fn reads_a_kubeconfig(client: &Component) -> bool {
    client.name.starts_with(KUBECONFIG)
        || [
            "kubelet",
            "kube-controller-manager",
            "kube-scheduler",
            "kube-proxy",
        ]
        .contains(&client.name.as_str())
}

enum Client {
    /// Someone with a kubeconfig and kubectl.
    Kubectl,
    /// A component that asks the API again and again.
    Loop(Asks),
    /// A client of etcd.
    Grpc,
    /// docker's daemon, for login, pull and push.
    Docker,
    /// What reads /etc/containers: CRI-O, podman, skopeo (containers/image, docker/docker_client.go).
    CriO,
    /// Anything else: the text alone.
    Plain,
}

/// What a component asks first, and what it prints before the answer when that is no.
struct Asks {
    path: String,
    unauthorized: &'static str,
    forbidden: &'static str,
}

fn client(edge: &Edge) -> Client {
    let node = &edge.client.node;
    match edge.client.name.as_str() {
        name if name.starts_with(KUBECONFIG) => Client::Kubectl,
        "kubelet" => Client::Loop(Asks {
            path: format!(
                "/api/v1/nodes?fieldSelector=metadata.name%3D{node}&limit=500&resourceVersion=0"
            ),
            unauthorized: LISTS_NODES,
            forbidden: LISTS_NODES,
        }),
        "kube-controller-manager" => Client::Loop(Asks {
            path: format!("{LEASES}/kube-controller-manager?timeout=5s"),
            unauthorized: TAKES_THE_LEAD,
            forbidden: TAKES_THE_LEAD,
        }),
        "kube-scheduler" => Client::Loop(Asks {
            path: "/api/v1/nodes?limit=500&resourceVersion=0".to_owned(),
            unauthorized: LISTS_NODES,
            forbidden: "failed to list *v1.Pod",
        }),
        "kube-proxy" | "pod" => Client::Loop(Asks {
            path: "/api/v1/services?limit=500&resourceVersion=0".to_owned(),
            unauthorized: LISTS_SERVICES,
            forbidden: LISTS_SERVICES,
        }),
        "docker" => Client::Docker,
        "cri-o" => Client::CriO,
        "kube-apiserver" | "etcdctl" if edge.server.name == "etcd" => Client::Grpc,
        _ => Client::Plain,
    }
}

fn kubectl(edge: &Edge, fault: &Fault, text: String) -> String {
    if forbidden(fault).is_some() {
        return format!("Error from server (Forbidden): {text}");
    }
    match fault.by {
        Side::Client if is_about_a_certificate(fault.kind) => {
            format!("Unable to connect to the server: {text}")
        }
        Side::Client => format!("error: {text}"),
        Side::Server if keeps_from_starting(fault.kind) => format!(
            "The connection to the server {} was refused - did you specify the right host or port?",
            address(edge)
        ),
        Side::Server => text,
    }
}

fn in_a_loop(edge: &Edge, fault: &Fault, asks: &Asks, text: String) -> String {
    if forbidden(fault).is_some() {
        return format!("{}: {text}", asks.forbidden);
    }
    let is_answer = fault.by == Side::Server
        && !keeps_from_starting(fault.kind)
        && !comes_before_verification(fault.kind);
    if is_answer {
        return format!("{}: Unauthorized", asks.unauthorized);
    }
    if fault.by == Side::Client && !is_about_a_certificate(fault.kind) {
        return text;
    }
    let url = edge
        .dials
        .as_deref()
        .unwrap_or_default()
        .trim_end_matches('/');
    format!("Get \"{url}{}\": {text}", asks.path)
}

fn docker(edge: &Edge, fault: &Fault, text: &str) -> String {
    if fault.by == Side::Client && !is_about_a_certificate(fault.kind) {
        return format!("Error response from daemon: {text}");
    }
    format!(
        "Error response from daemon: Get \"{}\": {text}",
        registry_url(edge)
    )
}

/// What is asked first of a registry; a token server has its own path.
fn registry_url(edge: &Edge) -> String {
    let url = edge
        .dials
        .as_deref()
        .unwrap_or_default()
        .trim_end_matches('/');
    let has_path = url
        .split_once("://")
        .is_some_and(|(_, rest)| rest.contains('/'));
    if has_path {
        url.to_owned()
    } else {
        format!("{url}/v2/")
    }
}

fn host(edge: &Edge) -> &str {
    let url = edge.dials.as_deref().unwrap_or_default();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

fn forbidden(fault: &Fault) -> Option<&str> {
    let is_forbidden = matches!(
        fault.kind,
        FaultKind::WrongGroup
            | FaultKind::WrongUser
            | FaultKind::OtherNode
            | FaultKind::IdentityLost
    );
    is_forbidden.then_some(fault.text.as_str())
}

/// Faults of files, which a component meets before it makes its first connection.
fn keeps_from_starting(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::FileMissing
            | FaultKind::KeyMissing
            | FaultKind::KeyMismatch
            | FaultKind::LeafNotFirst
            | FaultKind::Unloadable
            | FaultKind::InsecureWithRoots
    )
}

fn is_about_a_certificate(kind: FaultKind) -> bool {
    !keeps_from_starting(kind)
        && !matches!(
            kind,
            FaultKind::WrongGroup
                | FaultKind::WrongUser
                | FaultKind::OtherNode
                | FaultKind::IdentityLost
        )
}

/// Whether whoever is shown such a certificate ends the handshake, even if it takes none at all, or any.
fn comes_before_verification(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Malformed | FaultKind::LargeKey)
}

/// etcd and registries demand a certificate in the handshake; the apiserver and the kubelet let anyone in and answer 401.
fn refuses_in_handshake(server: &Component) -> bool {
    ["etcd", "etcd-peer", "registry"].contains(&server.name.as_str())
}

/// The alert that `crypto/tls` sends (`handshake_server.go`, `processCertsFromClient`), as its client prints it.
fn alert(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::UnknownAuthority
        | FaultKind::MissingIntermediate
        | FaultKind::SameNameOtherCa
        | FaultKind::WeakSignature => "remote error: tls: unknown certificate authority",
        FaultKind::Expired | FaultKind::NotYetValid => "remote error: tls: expired certificate",
        FaultKind::Malformed => "remote error: tls: error decoding message",
        // The handshake is over, and the server hangs up.
        FaultKind::SourceAddress => "EOF",
        FaultKind::CertificateDemanded => "remote error: tls: certificate required",
        _ => "remote error: tls: bad certificate",
    }
}

/// What `net.Dialer` says where nothing listens; it names the address, which a host that is a name does not tell.
fn refused_to_connect(edge: &Edge) -> String {
    let refused = "connect: connection refused";
    match edge.name {
        Some(SubjectAltName::Dns(_)) => refused.to_owned(),
        _ => format!("dial tcp {}: {refused}", address(edge)),
    }
}

/// A file that a kubeconfig names (k8s.io/client-go/tools/clientcmd, `validateClusterInfo`).
fn lacks_a_file(fault: &Fault) -> bool {
    let is_file = matches!(fault.kind, FaultKind::FileMissing | FaultKind::KeyMissing);
    is_file && fault.by == Side::Client
}

fn said_of_a_name(edge: &Edge, fault: &Fault) -> bool {
    let is_refused = fault.by == Side::Server && keeps_from_starting(fault.kind);
    is_refused && matches!(edge.name, Some(SubjectAltName::Dns(_)))
}

/// Host and port of the URL, as it has them.
fn address(edge: &Edge) -> String {
    let authority = host(edge);
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    if has_port {
        authority.to_owned()
    } else {
        format!("{authority}:443")
    }
}

const KUBECONFIG: &str = "kubeconfig:";
/// kubectl says "(the server has asked for the client to provide credentials)" when it has to look up what the server
/// offers, which it remembers for some hours.
const UNAUTHORIZED: &str = "error: You must be logged in to the server (Unauthorized)";
/// What `kubectl logs` prints, less the pod's name.
const REFUSED_BY_KUBELET: &str = "error: You must be logged in to the server (the server has asked for the client to provide credentials)";
const LISTS_NODES: &str = "failed to list *v1.Node";
const LISTS_SERVICES: &str = "failed to list *v1.Service";
/// k8s.io/client-go/tools/leaderelection.
const TAKES_THE_LEAD: &str = "error retrieving resource lock kube-system/kube-controller-manager";
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
