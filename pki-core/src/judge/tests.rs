//! What clients print, on edges built here.

mod dead;

use time::macros::datetime;

use super::*;
use crate::topology::Component;
use crate::x509::certificate::BasicConstraints;
use crate::x509::certificate::ExtendedKeyUsage;
use crate::x509::certificate::KeyUsage;
use crate::x509::der as write;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;
use crate::x509::name::DistinguishedName;
use crate::x509::spki::PublicKey;
use crate::x509::template::Template;

const NOW: OffsetDateTime = datetime!(2026-06-01 0:00 UTC);
const V: &str = "tls: failed to verify certificate: ";
const MISMATCH: &str = "x509: certificate is valid for 10.96.0.1, 10.27.53.32, not 10.24.138.208";
const UNAUTHORIZED: &str = "error: You must be logged in to the server (Unauthorized)";

struct Ca {
    key: PrivateKey,
    certificate: Certificate,
}

impl Ca {
    fn new() -> Self {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let mut template = template("kubernetes", &[], &key);
        template.basic_constraints = Some(BasicConstraints {
            ca: true,
            path_len: None,
        });
        template.key_usage = KeyUsage::KEY_CERT_SIGN;
        let certificate = template.sign(&key).unwrap();
        Self { key, certificate }
    }

    fn leaf(
        &self,
        subject: &str,
        groups: &[&str],
        change: impl FnOnce(&mut Template),
    ) -> Certificate {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let mut template = template(subject, groups, &key);
        change(&mut template);
        template.sign(&self.key).unwrap()
    }

    fn trust(&self) -> Trust {
        Trust {
            place: place("ca.crt"),
            roots: vec![self.certificate.clone()],
        }
    }

    fn apiserver(&self, sans: &[&str]) -> Certificate {
        self.leaf("kube-apiserver", &[], |template| {
            template.subject_alt_names = sans.iter().map(|san| san.parse().unwrap()).collect();
        })
    }
}

fn template(subject: &str, groups: &[&str], key: &PrivateKey) -> Template {
    let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
    Template {
        serial: vec![7],
        issuer: DistinguishedName::new("kubernetes", &[]),
        subject: DistinguishedName::new(subject, &groups),
        not_before: datetime!(2026-01-01 0:00 UTC),
        not_after: datetime!(2027-01-01 0:00 UTC),
        public_key: key.public_key().clone(),
        basic_constraints: None,
        key_usage: KeyUsage::DIGITAL_SIGNATURE,
        extended_key_usage: Vec::new(),
        subject_alt_names: Vec::new(),
        subject_key_id: None,
        authority_key_id: None,
    }
}

fn place(path: &str) -> Place {
    Place {
        node: "wudang".to_owned(),
        ..Place::file(path)
    }
}

fn shown(path: &str, certificate: &Certificate) -> Shown {
    Shown {
        place: place(path),
        chain: vec![certificate.clone()],
    }
}

fn edge(client: &str, server: &str, certificate: &Certificate, ca: &Ca) -> Edge {
    let component = |name: &str| Component {
        name: name.to_owned(),
        node: "wudang".to_owned(),
    };
    Edge {
        id: "e1".to_owned(),
        kind: EdgeKind::Tls,
        client: component(client),
        server: component(server),
        dials: Some("https://10.24.138.208:6443".to_owned()),
        name: "10.24.138.208".parse().ok(),
        asks_for: Some("10.24.138.208".to_owned()),
        unverified: None,
        via: None,
        told_at: place("kubelet.conf"),
        shown: shown("server.crt", certificate),
        trusts: ca.trust(),
        client_shows: None,
        source: None,
        token: None,
        allowed_names: None,
        client_takes: None,
        circumstances: crate::topology::Circumstances::default(),
    }
}

fn one(edge: Edge) -> JudgedEdge {
    judged(Topology {
        edges: vec![edge],
        ..Topology::default()
    })
}

fn judged(topology: Topology) -> JudgedEdge {
    judge(topology, NOW).edges.remove(0)
}

#[test]
fn each_kind_of_client_prints_the_same_refusal_in_its_own_line() {
    let ca = Ca::new();
    let copied = ca.apiserver(&["10.96.0.1", "10.27.53.32"]);
    let prints = |client: &str, server: &str| {
        let verdict = one(edge(client, server, &copied, &ca));
        assert_eq!(verdict.says.as_deref(), Some(MISMATCH));
        verdict.prints.unwrap()
    };
    assert_eq!(
        prints("kubeconfig:admin.conf", "kube-apiserver"),
        format!("Unable to connect to the server: {V}{MISMATCH}")
    );
    assert_eq!(
        prints("kubelet", "kube-apiserver"),
        format!(
            "Get \"https://10.24.138.208:6443/api/v1/nodes?fieldSelector=metadata.name%3Dwudang&limit=500&\
             resourceVersion=0\": {V}{MISMATCH}"
        )
    );
    assert_eq!(
        prints("kube-controller-manager", "kube-apiserver"),
        format!(
            "Get \"https://10.24.138.208:6443/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/\
             kube-controller-manager?timeout=5s\": {V}{MISMATCH}"
        )
    );
    assert_eq!(
        prints("kube-apiserver", "etcd"),
        format!(
            "connection error: desc = \"transport: authentication handshake failed: {V}{MISMATCH}\""
        )
    );
    assert_eq!(prints("etcd", "etcd-peer"), format!("{V}{MISMATCH}"));
}

#[test]
fn a_refused_client_learns_nothing_from_an_apiserver_and_an_alert_from_etcd() {
    let (ca, stranger) = (Ca::new(), Ca::new());
    let server = ca.apiserver(&["10.24.138.208"]);
    let client = stranger.leaf("system:kube-scheduler", &[], |_| {});
    let reason = "x509: certificate signed by unknown authority (possibly because of \"x509: ECDSA verification failure\" \
                  while trying to verify candidate authority certificate \"kubernetes\")";
    let refused = |name: &str, server_name: &str| {
        let mut edge = edge(name, server_name, &server, &ca);
        edge.client_shows = Some((shown("client.crt", &client), ca.trust()));
        let verdict = one(edge);
        assert_eq!(verdict.server_says.as_deref(), Some(reason));
        (verdict.says.unwrap(), verdict.prints.unwrap())
    };
    assert_eq!(
        refused("kubeconfig:admin.conf", "kube-apiserver"),
        (UNAUTHORIZED.to_owned(), UNAUTHORIZED.to_owned())
    );
    assert_eq!(
        refused("kube-scheduler", "kube-apiserver"),
        (
            UNAUTHORIZED.to_owned(),
            "failed to list *v1.Node: Unauthorized".to_owned()
        )
    );
    assert_eq!(
        refused("kube-controller-manager", "kube-apiserver").1,
        "error retrieving resource lock kube-system/kube-controller-manager: Unauthorized"
    );
    let alert = "remote error: tls: unknown certificate authority";
    assert_eq!(
        refused("kube-apiserver", "etcd"),
        (
            alert.to_owned(),
            format!("connection error: desc = \"error reading server preface: {alert}\"")
        )
    );
}

#[test]
fn what_is_behind_the_first_fault_is_masked_in_the_order_of_noticing() {
    let ca = Ca::new();
    let server = ca.leaf("kube-apiserver", &[], |template| {
        template.subject_alt_names = vec!["wudang".parse().unwrap()];
        template.not_after = datetime!(2026-05-01 0:00 UTC);
        template.extended_key_usage = vec![ExtendedKeyUsage::ClientAuth];
    });
    let expired = ca.leaf("system:kube-scheduler", &[], |template| {
        template.not_after = datetime!(2026-05-01 0:00 UTC);
    });
    let mut edge = edge("kube-scheduler", "kube-apiserver", &server, &ca);
    edge.client_shows = Some((shown("client.crt", &expired), ca.trust()));
    let verdict = one(edge);
    assert!(
        verdict
            .says
            .unwrap()
            .ends_with("is after 2026-05-01T00:00:00Z")
    );
    assert_eq!(verdict.server_says, None);
    let masked: Vec<(&str, &str)> = verdict
        .masked
        .iter()
        .map(|masked| (masked.rule, masked.says.as_str()))
        .collect();
    assert_eq!(
        masked,
        [
            (
                "name-mismatch",
                "x509: cannot validate certificate for 10.24.138.208 because it doesn't contain any IP SANs"
            ),
            (
                "server-auth-missing",
                "x509: certificate specifies an incompatible key usage"
            ),
            ("expired", UNAUTHORIZED),
        ]
    );
}

#[test]
fn a_known_user_without_rights_is_forbidden() {
    let ca = Ca::new();
    let server = ca.apiserver(&["10.24.138.208"]);
    let says = |client: &str, subject: &str, groups: &[&str]| {
        let mut edge = edge(client, "kube-apiserver", &server, &ca);
        edge.client_shows = Some((
            shown("client.crt", &ca.leaf(subject, groups, |_| {})),
            ca.trust(),
        ));
        one(edge).says
    };
    let kubelet = "system:node:wudang";
    assert_eq!(says("kubelet", kubelet, &["system:nodes"]), None);
    assert_eq!(says("kube-scheduler", "system:kube-scheduler", &[]), None);
    assert_eq!(says("kube-scheduler", "anyone", &["system:masters"]), None);
    assert_eq!(
        says("kubeconfig:admin.conf", "me", &["kubeadm:cluster-admins"]),
        None
    );
    assert_eq!(
        says("kubeconfig:ci.conf", "ci", &[]),
        None,
        "its rights are not in these files"
    );
    assert_eq!(
        says("kubelet", "system:node:shaolin", &["system:nodes"]).unwrap(),
        "nodes \"wudang\" is forbidden: User \"system:node:shaolin\" cannot list resource \"nodes\" in API group \"\" at the \
         cluster scope: node 'shaolin' cannot read 'wudang', only its own Node object"
    );
    assert_eq!(
        says("kubeconfig:admin.conf", "kubernetes-admin", &[]).unwrap(),
        "namespaces is forbidden: User \"kubernetes-admin\" cannot list resource \"namespaces\" in API group \"\" at the \
         cluster scope"
    );
    assert!(says("kubelet", kubelet, &[]).is_some());
    assert!(
        says(
            "kube-controller-manager",
            "system:kube-controller-manager,",
            &[]
        )
        .is_some()
    );
}

/// The certificate with its serial number, 7, made negative.
fn with_negative_serial(certificate: &Certificate) -> Certificate {
    let mut der = certificate.as_der().to_vec();
    let serial = der
        .windows(3)
        .position(|window| window == [2, 1, 7])
        .unwrap();
    der[serial + 2] = 0x87;
    Certificate::from_vec(der).unwrap()
}

#[test]
fn a_server_does_not_start_with_a_certificate_that_go_does_not_take() {
    let ca = Ca::new();
    let leaf = with_negative_serial(&ca.apiserver(&["10.24.138.208"]));
    let verdict = one(edge("kubeconfig:admin.conf", "kube-apiserver", &leaf, &ca));
    assert_eq!(
        verdict.says.as_deref(),
        Some("dial tcp 10.24.138.208:6443: connect: connection refused")
    );
    assert_eq!(
        verdict.server_says.as_deref(),
        Some("x509: negative serial number")
    );
    assert_eq!(
        verdict.masked[0].says,
        "tls: failed to parse certificate from server: x509: negative serial number"
    );
}

#[test]
fn every_certificate_that_is_shown_is_parsed_before_any_is_verified() {
    let ca = Ca::new();
    let further = with_negative_serial(&ca.certificate);
    let mut edge = edge(
        "kubeconfig:admin.conf",
        "kube-apiserver",
        &ca.apiserver(&["wudang"]),
        &ca,
    );
    edge.shown.chain.push(further.clone());
    let parse = "tls: failed to parse certificate from server: x509: negative serial number";
    let verdict = one(edge.clone());
    assert_eq!(verdict.says.as_deref(), Some(parse));
    assert_eq!(
        verdict.prints.unwrap(),
        format!("Unable to connect to the server: {parse}")
    );
    assert_eq!(verdict.masked[0].rule, "name-mismatch");

    edge.shown = shown("server.crt", &ca.apiserver(&["10.24.138.208"]));
    let mut client = shown(
        "client.crt",
        &ca.leaf("kubernetes-admin", &["system:masters"], |_| {}),
    );
    client.chain.push(further);
    edge.client_shows = Some((client, ca.trust()));
    let verdict = one(edge);
    assert_eq!(
        verdict.says.as_deref(),
        Some("remote error: tls: error decoding message")
    );
    assert_eq!(
        verdict.server_says.as_deref(),
        Some("tls: failed to parse client certificate: x509: negative serial number")
    );
}

/// Nobody has the private half of such a key; what is said of it does not need it.
fn with_large_key(certificate: &Certificate) -> Certificate {
    let number = |octets: &[u8]| write::element(write::INTEGER, &[octets]);
    let numbers = [number(&[0x7f; 1025]), number(&[1, 0, 1])];
    let numbers = write::element(write::SEQUENCE, &[&numbers[0], &numbers[1]]);
    let kind = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let bits = write::element(write::BIT_STRING, &[&[0], &numbers]);
    let spki = write::element(write::SEQUENCE, &[kind, &bits]);
    let template = Template {
        subject: certificate.subject().clone(),
        public_key: PublicKey::from_der(&spki).unwrap(),
        ..template(
            "",
            &[],
            &PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap(),
        )
    };
    let signer = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    template.sign(&signer).unwrap()
}

#[test]
fn an_rsa_key_of_more_than_8192_bits_ends_the_handshake_before_anything_is_verified() {
    let ca = Ca::new();
    let large = with_large_key(&ca.apiserver(&[]));
    let mut edge = edge("kubeconfig:admin.conf", "kube-apiserver", &large, &ca);
    let verdict = one(edge.clone());
    let text = "tls: server sent certificate containing RSA key larger than 8192 bits";
    assert_eq!(verdict.says.as_deref(), Some(text));
    assert_eq!(
        verdict.prints.unwrap(),
        format!("Unable to connect to the server: {text}")
    );
    assert_eq!(verdict.faults[0].kind.rule(), "weak-key");

    edge.shown = shown("server.crt", &ca.apiserver(&["10.24.138.208"]));
    edge.client_shows = Some((shown("client.crt", &large), ca.trust()));
    let verdict = one(edge);
    assert_eq!(
        verdict.says.as_deref(),
        Some("remote error: tls: bad certificate")
    );
    assert_eq!(
        verdict.server_says.as_deref(),
        Some("tls: client sent certificate containing RSA key larger than 8192 bits")
    );
}

#[test]
fn who_does_not_verify_accepts_anything_but_not_together_with_an_authority() {
    let ca = Ca::new();
    let server = Ca::new().apiserver(&["nowhere"]);
    let mut unverified = edge("kubeconfig:admin.conf", "kube-apiserver", &server, &ca);
    unverified.unverified = Some(place("admin.conf").at_line(5));
    let conflict = one(unverified.clone());
    assert_eq!(
        conflict.prints.as_deref(),
        Some("error: specifying a root certificates file with the insecure flag is not allowed")
    );
    unverified.trusts.roots.clear();
    assert!(one(unverified).ok);
}

#[test]
fn what_could_not_be_read_is_not_judged() {
    let ca = Ca::new();
    let mut unread = edge("kubelet", "kube-apiserver", &ca.apiserver(&[]), &ca);
    unread.shown.chain.clear();
    let broken = |kind| Broken {
        place: place("server.crt"),
        problem: "may not be read by this user".to_owned(),
        kind,
        told_at: None,
    };
    let topology = |kind| Topology {
        edges: vec![unread.clone()],
        broken: vec![broken(kind)],
        ..Topology::default()
    };
    let set_aside = judge(topology(BrokenKind::Unreadable), NOW);
    assert_eq!(
        (set_aside.edges.len(), set_aside.topology.unjudged.len()),
        (0, 1)
    );
    let missing = judged(topology(BrokenKind::Missing));
    assert_eq!(
        missing.server_says.as_deref(),
        Some("open server.crt: no such file or directory")
    );
}

/// nginx counts the certificates between (`proxy_ssl_verify_depth`), one unless told.
#[test]
fn a_balancer_takes_chains_as_long_as_it_was_told() {
    let ca = Ca::new();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let mut between = template("between", &[], &key);
    between.basic_constraints = Some(BasicConstraints {
        ca: true,
        path_len: None,
    });
    between.key_usage = KeyUsage::KEY_CERT_SIGN;
    let between = between.sign(&ca.key).unwrap();
    let own = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let mut leaf = template("kube-apiserver", &[], &own);
    leaf.issuer = DistinguishedName::new("between", &[]);
    let leaf = leaf.sign(&key).unwrap();
    let mut edge = edge("nginx", "kube-apiserver", &leaf, &ca);
    (edge.asks_for, edge.name) = (None, None);
    edge.shown.chain.push(between);
    for (depth, is_refused) in [(None, false), (Some(1), false), (Some(0), true)] {
        edge.circumstances.verify_depth = depth;
        let found = balanced::refused(&edge, NOW, &mut Signatures::default());
        assert_eq!(found.is_some(), is_refused, "{depth:?}: {found:?}");
    }
}
