//! What is said of a server that does not start.

use crate::judge::JudgedEdge;
use crate::judge::tests::Ca;
use crate::judge::tests::edge;
use crate::judge::tests::judged;
use crate::judge::tests::place;
use crate::topology::Component;
use crate::topology::Edge;
use crate::topology::KeyHolding;
use crate::topology::Pair;
use crate::topology::Topology;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;

#[test]
fn its_clients_are_refused_and_its_log_says_why() {
    let verdict = with_another_key("kubeconfig:admin.conf", |_| {});
    assert_eq!(
        verdict.says.as_deref(),
        Some("dial tcp 10.24.138.208:6443: connect: connection refused")
    );
    assert_eq!(verdict.server_says.as_deref(), Some(MISMATCH));
    assert_eq!(
        verdict.prints.as_deref(),
        Some(
            "The connection to the server 10.24.138.208:6443 was refused - did you specify the right host or port?"
        )
    );
}

#[test]
fn go_tells_the_address_that_a_name_led_to_and_kubectl_the_name() {
    let by_name = |edge: &mut Edge| {
        edge.dials = Some("https://wudang:6443".to_owned());
        edge.name = Some("wudang".parse().unwrap());
    };
    let kubelet = with_another_key("kubelet", by_name);
    assert_eq!(kubelet.says.as_deref(), Some("connect: connection refused"));
    assert_eq!(kubelet.prints, None);
    let kubectl = with_another_key("kubeconfig:admin.conf", by_name);
    assert_eq!(
        kubectl.prints.as_deref(),
        Some(
            "The connection to the server wudang:6443 was refused - did you specify the right host or port?"
        )
    );
}

#[test]
fn a_balancer_passes_it_by() {
    let verdict = with_another_key("kubeconfig:admin.conf", |edge| {
        edge.via = Some("nginx@emei:8443".to_owned());
    });
    assert!(!verdict.ok);
    assert_eq!((verdict.says, verdict.prints), (None, None));
    assert_eq!(verdict.server_says.as_deref(), Some(MISMATCH));
}

/// The verdict on a client of an apiserver whose certificate and key do not belong together.
fn with_another_key(client: &str, change: impl Fn(&mut Edge)) -> JudgedEdge {
    let ca = Ca::new();
    let server = ca.apiserver(&["10.24.138.208"]);
    let other = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let mut edge = edge(client, "kube-apiserver", &server, &ca);
    change(&mut edge);
    judged(Topology {
        edges: vec![edge],
        keys: vec![KeyHolding {
            place: place("server.key").at_line(1),
            key: Ok(other.public_key().clone()),
            mode: None,
        }],
        pairs: vec![Pair {
            user: Component {
                name: "kube-apiserver".to_owned(),
                node: "wudang".to_owned(),
            },
            role: None,
            told_at: None,
            certificate: place("server.crt"),
            key: place("server.key"),
        }],
        ..Topology::default()
    })
}

const MISMATCH: &str = "tls: private key does not match public key";
