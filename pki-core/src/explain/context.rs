//! What stands around a wording: who printed it, which URL or address it is about, and what was wrapped around it.

use crate::explain::evidence::Evidence;
use crate::explain::pattern;
use crate::judge::Side;

/// What a line tells besides its wording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Context {
    /// The program, by its own name.
    pub(super) program: Option<&'static str>,
    /// Which end of the connection it is.
    pub(super) side: Option<Side>,
    /// The URL that was dialled.
    pub(super) url: Option<String>,
    /// An address in the line: the one that was dialled, or, on a server, the client's.
    pub(super) address: Option<String>,
}

/// The part of a line that the wording is in, with what was told before it.
pub(super) struct Narrowed {
    /// Where the part begins.
    pub(super) from: usize,
    /// What stood before it.
    pub(super) evidence: Evidence,
}

/// Passes over what a program says before the reason: an apiserver first says what the front proxy's authority made of
/// a client certificate, which is of no interest.
pub(super) fn narrow(text: &str) -> Option<Narrowed> {
    WRAPPINGS.iter().find_map(|wrapping| {
        let found = pattern::find(wrapping, text)?;
        Some(Narrowed {
            from: found.end,
            evidence: found.evidence,
        })
    })
}

/// Looks around the wording that begins at `start`.
pub(super) fn around(text: &str, start: usize) -> Context {
    let (before, after) = text.split_at_checked(start).unwrap_or((text, ""));
    let program = PROGRAMS
        .iter()
        .find(|(mark, _)| text.contains(mark))
        .map(|(_, program)| *program);
    let on_server = SERVER_MARKS.iter().any(|mark| text.contains(mark));
    let dialled = last_url(before);
    let on_client = dialled.is_some() || CLIENT_MARKS.iter().any(|mark| text.contains(mark));
    Context {
        program,
        side: match (on_server, on_client) {
            (true, _) => Some(Side::Server),
            (false, true) => Some(Side::Client),
            (false, false) => None,
        },
        url: dialled.or_else(|| last_url(after)),
        address: ADDRESSES
            .iter()
            .find_map(|mark| after_mark(text, mark))
            .map(str::to_owned),
    }
}

/// The last URL of a text that is not one of a manual.
fn last_url(text: &str) -> Option<String> {
    let https = text.rfind("https://");
    let http = text.rfind("http://");
    let url = text.get(https.max(http)?..)?;
    let end = url
        .find(|c: char| c.is_whitespace() || "\"'`<>,;)\\".contains(c))
        .unwrap_or(url.len());
    let url = url.get(..end)?.trim_end_matches([':', '.']);
    let is_manual = MANUALS.iter().any(|manual| url.contains(manual));
    (!is_manual && url.len() < LONGEST_URL).then(|| url.to_owned())
}

/// The address that follows `mark`.
fn after_mark<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    let rest = text.get(text.find(mark)? + mark.len()..)?;
    let end = rest
        .find(|c: char| c.is_whitespace() || "\"',;()>".contains(c))
        .unwrap_or(rest.len());
    let address = rest.get(..end)?.trim_end_matches(':');
    let is_address = address.contains([':', '.']) && address.len() < LONGEST_URL;
    is_address.then_some(address)
}

const LONGEST_URL: usize = 2048;

const MANUALS: &[&str] = &["://curl.se/", "://go.dev/", "://curl.haxx.se/", "://docs."];

const WRAPPINGS: &[&str] = &[
    "verifying certificate SN={serial}, SKID={}, AKID={} failed: ",
    "certificate {certificate} not signed by CA certificate {authority}: ",
];

/// What stands before an address.
const ADDRESSES: &[&str] = &[
    "TLS handshake error from ",
    "\"remote-addr\":\"",
    "rejected connection from \"",
    "Addr: \"",
    "dial tcp ",
    "The connection to the server ",
    "pinging container registry ",
    "logging into \"",
    "reading manifest ",
    "Failed to connect to ",
];

/// Words that only a server prints.
const SERVER_MARKS: &[&str] = &[
    "TLS handshake error from",
    "rejected connection",
    "Unable to authenticate the request",
    "verifying certificate SN=",
    "client SSL certificate verify error",
    "failed to verify client certificate",
    "while SSL handshaking, client:",
    "while reading client request",
    "error authorizing context",
    "token signed by untrusted key",
];

/// Words that only a client prints.
const CLIENT_MARKS: &[&str] = &[
    "Unable to connect to the server",
    "Get \"",
    "Get http",
    "Post \"",
    "Patch \"",
    "Put \"",
    "Head \"",
    "dial tcp",
    "connection error: desc",
    "error reading server preface",
    "authentication handshake failed",
    "You must be logged in to the server",
    "Error from server",
    "failed to list",
    "error retrieving resource lock",
    "The connection to the server",
    "curl: (",
    "verify error:num=",
    "Verify return code",
    "Verification error:",
    "while SSL handshaking to upstream",
    "upstream SSL certificate",
    "Error response from daemon",
    "container registry",
    "logging into ",
    "failed to resolve reference",
    "prober detected unhealthy status",
];

/// Words by which a program is known, the most telling first.
const PROGRAMS: &[(&str, &str)] = &[
    ("curl: (", "curl"),
    ("failed to run Kubelet", "kubelet"),
    ("bootstrap client certificate", "kubelet"),
    ("leases/kube-controller-manager", "kube-controller-manager"),
    (
        "kube-system/kube-controller-manager",
        "kube-controller-manager",
    ),
    ("leases/kube-scheduler", "kube-scheduler"),
    ("kube-system/kube-scheduler", "kube-scheduler"),
    ("kube-controller-manager[", "kube-controller-manager"),
    ("kube-scheduler[", "kube-scheduler"),
    ("kube-apiserver[", "kube-apiserver"),
    ("kubelet[", "kubelet"),
    ("kube-proxy[", "kube-proxy"),
    ("kubelet_node_status.go", "kubelet"),
    ("kubelet.go:", "kubelet"),
    ("kube-node-lease", "kubelet"),
    ("certificate_manager.go", "kubelet"),
    ("fieldSelector=metadata.name%3D", "kubelet"),
    ("fieldSelector=spec.nodeName%3D", "kubelet"),
    ("[certs]", "kubeadm"),
    ("error execution phase", "kubeadm"),
    ("could not validate bounds for certificate", "kubeadm"),
    ("a kubeconfig file \"", "kubeadm"),
    ("kubeadm-config", "kubeadm"),
    ("cluster-info ConfigMap", "kubeadm"),
    ("incomplete external CA", "kubeadm"),
    ("couldn't load CA certificate", "kubeadm"),
    ("Unable to connect to the server", "kubectl"),
    ("You must be logged in to the server", "kubectl"),
    ("The connection to the server", "kubectl"),
    ("Error from server (", "kubectl"),
    ("couldn't get current server API group list", "kubectl"),
    ("authentication.go:", "kube-apiserver"),
    ("Unable to authenticate the request", "kube-apiserver"),
    ("client-ca-bundle::", "kube-apiserver"),
    ("service-account-issuer-key-file", "kube-apiserver"),
    ("etcdmain", "etcd"),
    ("embed/", "etcd"),
    ("embed:", "etcd"),
    ("etcdserver/", "etcd"),
    ("rafthttp", "etcd"),
    ("rejected connection", "etcd"),
    ("prober detected unhealthy status", "etcd"),
    ("does not match any of DNSNames", "etcd"),
    (" logging.go:", "kube-apiserver"),
    ("clientv3/", "etcdctl"),
    ("Error response from daemon", "docker"),
    ("dockerd[", "docker"),
    ("containerd[", "containerd"),
    ("failed to resolve reference", "containerd"),
    ("failed to pull and unpack image", "containerd"),
    ("pinging container registry", "skopeo"),
    ("authenticating creds for", "skopeo"),
    ("logging into ", "skopeo"),
    ("Error parsing image name", "skopeo"),
    ("/server/middleware/security", "harbor-core"),
    ("/pkg/token/token.go", "harbor-core"),
    ("when creating the token", "harbor-core"),
    ("should include SAN", "harbor"),
    ("but attribute ssl_cert", "harbor"),
    ("error authorizing context", "registry"),
    ("token signed by untrusted key", "registry"),
    ("configure authorization (token)", "registry"),
    ("instance.id=", "registry"),
    ("go.version=", "registry"),
    ("token not to be used", "registry"),
    ("token from untrusted issuer", "registry"),
    ("token intended for another audience", "registry"),
    ("verify token signature", "registry"),
    ("token signing key", "registry"),
    ("unmarshalling raw token", "registry"),
    ("[emerg]", "nginx"),
    ("SSL_do_handshake()", "nginx"),
    ("while SSL handshaking", "nginx"),
    ("upstream SSL certificate", "nginx"),
    ("client SSL certificate verify error", "nginx"),
    ("required SSL certificate", "nginx"),
    ("The SSL certificate error", "nginx"),
    ("plain HTTP request was sent to HTTPS port", "nginx"),
    ("verify error:num=", "openssl"),
    ("depth lookup", "openssl"),
    ("Verify return code", "openssl"),
    ("Verification error:", "openssl"),
    ("SSL routines", "openssl"),
    ("http: TLS handshake error from", "a server built with Go"),
    ("run.go:", "a component of Kubernetes"),
    ("reflector.go:", "a client of the apiserver"),
    ("leaderelection.go:", "a client of the apiserver"),
];
