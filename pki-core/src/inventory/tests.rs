//! Whole files: what they mean, and the sentence that each fault gets.

use std::net::IpAddr;
use std::path::PathBuf;

use time::Duration;

use crate::inventory::BalancerHost;
use crate::inventory::BalancerMode;
use crate::inventory::Inventory;
use crate::inventory::KubernetesVersion;
use crate::inventory::RegistryKind;
use crate::inventory::Role;
use crate::inventory::parse;
use crate::place::Place;
use crate::x509::key::KeyAlgorithm;
use crate::x509::san::SubjectAltName;

/// The example of the command line's contract.
const WULIN: &str = r#"apiVersion: hapki.dev/v1
kind: Cluster
metadata: { name: wulin }
kubernetes: { version: "1.34", serviceSubnet: 10.96.0.0/12, dnsDomain: cluster.local, controlPlaneEndpoint: "kubernetes.default.svc:8443", certSANs: [] }
certificates: { key: rsa-2048, validity: 365d, caValidity: 3650d }
nodes:
  - { name: shaolin, addresses: [10.27.53.32], roles: [control-plane, etcd] }
  - { name: wudang, addresses: [10.24.138.208], roles: [control-plane, etcd] }
  - { name: emei, addresses: [10.27.52.72], roles: [control-plane, etcd, load-balancer] }
loadBalancers:
  - { node: emei, listen: 8443, mode: tcp, names: [kubernetes.default.svc], backends: [shaolin, wudang, emei] }   # a comment
registries:
  - { name: hub.tonybai.com, kind: harbor, version: "1.1.0", port: 8989, path: /opt/harbor, instances: [ { node: node1, address: 10.47.217.91 }, { node: node2, address: 10.28.61.30 } ] }
audit: { ignore: [ { rule: verification-disabled, node: emei, reason: "lab box" } ] }
"#;

pub(super) const HEAD: &str = "apiVersion: hapki.dev/v1\nkind: Cluster\n";

pub(super) fn read(text: &str) -> Inventory {
    parse(text, &Place::file("hapki.yaml")).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The sentence and the hint.
fn refused(text: &str) -> (String, String) {
    let error = parse(text, &Place::file("hapki.yaml")).expect_err(text);
    (
        error.to_string(),
        error.hint().unwrap_or_default().to_owned(),
    )
}

#[track_caller]
pub(super) fn says(text: &str, sentence: &str) {
    assert_eq!(refused(text).0, sentence);
}

pub(super) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(super) fn sans(names: &[SubjectAltName]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn the_clusters_of_the_field_report() {
    let wulin = read(WULIN);
    assert_eq!(wulin.name.as_deref(), Some("wulin"));
    assert_eq!(
        wulin.kubernetes.version,
        Some(KubernetesVersion::new(1, 34))
    );
    assert_eq!(wulin.kubernetes.service_addresses(), [ip("10.96.0.1")]);
    assert_eq!(
        wulin.kubernetes.dns_domain.as_ref().unwrap().as_str(),
        "cluster.local"
    );
    let endpoint = wulin.kubernetes.control_plane_endpoint.as_ref().unwrap();
    assert_eq!(endpoint.to_string(), "kubernetes.default.svc:8443");
    assert_eq!(wulin.certificates.key, Some(KeyAlgorithm::Rsa2048));
    assert_eq!(wulin.certificates.validity, Some(Duration::days(365)));
    assert_eq!(wulin.certificates.ca_validity, Some(Duration::days(3650)));

    let names: Vec<&str> = wulin
        .nodes_with(Role::ControlPlane)
        .map(|node| node.name.as_str())
        .collect();
    assert_eq!(names, ["shaolin", "wudang", "emei"]);
    let wudang = wulin.node("wudang").unwrap();
    assert_eq!(wudang.address(), Some(ip("10.24.138.208")));
    assert_eq!(wudang.bind_port, 6443);
    assert_eq!(wudang.place.to_string(), "hapki.yaml:8");
    assert!(wudang.has(Role::Etcd) && !wudang.has(Role::LoadBalancer));

    let [balancer] = wulin.load_balancers.as_slice() else {
        panic!("one balancer")
    };
    assert_eq!(balancer.host, BalancerHost::Node("emei".to_owned()));
    assert_eq!((balancer.listen, balancer.mode), (8443, BalancerMode::Tcp));
    assert_eq!(sans(&balancer.names), ["kubernetes.default.svc"]);
    assert_eq!(balancer.backends, ["shaolin", "wudang", "emei"]);

    let [registry] = wulin.registries.as_slice() else {
        panic!("one registry")
    };
    assert_eq!((registry.kind, registry.port), (RegistryKind::Harbor, 8989));
    assert_eq!(registry.version.as_deref(), Some("1.1.0"));
    assert_eq!(registry.path, Some(PathBuf::from("/opt/harbor")));
    assert_eq!(registry.instances[1].address, ip("10.28.61.30"));

    let [ignore] = wulin.ignores.as_slice() else {
        panic!("one ignore")
    };
    assert_eq!(
        (ignore.rule.as_str(), ignore.node.as_deref()),
        ("verification-disabled", Some("emei"))
    );
    assert_eq!(
        (ignore.reason.as_str(), ignore.place.line),
        ("lab box", Some(14))
    );
}

#[test]
fn what_is_not_told_stays_untold() {
    let bare = read(HEAD);
    assert_eq!(bare.kubernetes, Default::default());
    assert_eq!(bare.certificates, Default::default());
    assert!(bare.nodes.is_empty());
}

#[test]
fn a_version_without_quotes_is_not_a_number() {
    let inventory = read(&format!("{HEAD}kubernetes: {{ version: 1.30 }}\n"));
    assert_eq!(
        inventory.kubernetes.version,
        Some(KubernetesVersion::new(1, 30))
    );
}

#[test]
fn dual_stack_workers_and_external_etcd() {
    let inventory = read(&format!(
        "{HEAD}kubernetes: {{ serviceSubnet: \"10.96.0.0/12,fd00::/108\", controlPlaneEndpoint: \"[fd00:1::9]:6443\" }}
nodes:
- name: a
  addresses: [10.0.0.1, 'fd00:1::1', 192.168.0.1]
  roles: [control-plane]
  certSANs: [a.example.com, 203.0.113.7]
  bindPort: 7443
- name: w
  roles: [worker]
etcd:
  local: {{ serverCertSANs: [etcd.example.com], peerCertSANs: [10.9.9.9] }}
  external:
    endpoints: ['https://10.0.0.5:2379', 'https://[fd00::5]:2379/']
    caFile: /etc/etcd/ca.crt
loadBalancers:
- {{ address: 10.27.52.100, listen: 6443, backends: [a] }}
"
    ));
    assert_eq!(
        inventory.kubernetes.service_addresses(),
        [ip("10.96.0.1"), ip("fd00::1")]
    );
    let a = inventory.node("a").unwrap();
    assert_eq!(
        a.addresses,
        [ip("10.0.0.1"), ip("fd00:1::1"), ip("192.168.0.1")]
    );
    assert_eq!(sans(&a.cert_sans), ["a.example.com", "203.0.113.7"]);
    assert_eq!(a.bind_port, 7443);
    assert_eq!(inventory.node("w").unwrap().address(), None);
    assert_eq!(sans(&inventory.etcd.server_cert_sans), ["etcd.example.com"]);
    assert_eq!(sans(&inventory.etcd.peer_cert_sans), ["10.9.9.9"]);
    let external = inventory.etcd.external.unwrap();
    assert_eq!(external.endpoints[1].endpoint.to_string(), "[fd00::5]:2379");
    assert_eq!(external.ca_file, Some(PathBuf::from("/etc/etcd/ca.crt")));
    assert_eq!(
        inventory.load_balancers[0].host,
        BalancerHost::Address(ip("10.27.52.100"))
    );
}

#[test]
fn unknown_and_repeated_keys_have_a_line() {
    says(
        &format!("{HEAD}nodez: []\n"),
        "hapki.yaml:3: `nodez` is not a key that is known here",
    );
    says(
        &format!(
            "{HEAD}nodes:\n  - {{ name: a, roles: [worker] }}\n  - name: b\n    role: [worker]\n"
        ),
        "hapki.yaml:6: `role` is not a key that is known here",
    );
    says(
        &format!("{HEAD}kubernetes: {{ certSans: [] }}\n"),
        "hapki.yaml:3: `certSans` is not a key that is known here",
    );
    says(
        &format!("{HEAD}metadata: {{ name: a }}\nmetadata: {{ name: b }}\n"),
        "hapki.yaml:4: `metadata` stands here a second time",
    );
    let (_, hint) = refused(&format!("{HEAD}kubernetes: {{ certSans: [] }}\n"));
    assert!(
        hint.contains("certSANs") && hint.contains("serviceSubnet"),
        "{hint}"
    );
}

#[test]
fn what_is_no_inventory_at_all() {
    says("", "hapki.yaml: the file is empty");
    says("# nothing\n---\n\n", "hapki.yaml: the file is empty");
    says(
        "just words\n",
        "hapki.yaml:1: keys with values are expected here",
    );
    says(
        "- a\n- b\n",
        "hapki.yaml:1: keys with values are expected here",
    );
    says(
        "nodes: []\n",
        "hapki.yaml:1: `apiVersion` or `kind` is missing",
    );
    says(
        "apiVersion: hapki.dev/v2\nkind: Cluster\n",
        "hapki.yaml:1: apiVersion `hapki.dev/v2` is not read",
    );
    says(
        "apiVersion: hapki.dev/v1\nkind: Claster\n",
        "hapki.yaml:2: kind `Claster` is not read",
    );
    says(
        "apiVersion: hapki.dev/v1\n",
        "hapki.yaml:1: `kind` is missing",
    );
    says(
        "apiVersion: v1\nkind: ConfigMap\n",
        "hapki.yaml: no document in it is an inventory",
    );
    says(
        &format!("{HEAD}nodes: [\n"),
        "hapki.yaml:3: not YAML: unclosed bracket '['",
    );
    says(
        &format!("{HEAD}---\n{HEAD}"),
        "hapki.yaml:4: a second document begins here; one file describes one cluster",
    );
    says(
        "\0\0",
        "hapki.yaml:1: not YAML: unexpected character: `\\u{0}'",
    );
}

#[test]
fn tabs_are_named() {
    let (sentence, hint) = refused(&format!("{HEAD}nodes:\n\t- name: a\n"));
    assert!(
        sentence.starts_with("hapki.yaml:4: not YAML: "),
        "{sentence}"
    );
    assert_eq!(hint, "indent by spaces: YAML takes no tabs there");
}

#[test]
fn shapes_that_do_not_fit() {
    says(
        &format!("{HEAD}nodes: 5\n"),
        "hapki.yaml:3: a list is expected here",
    );
    says(
        &format!("{HEAD}nodes: [a]\n"),
        "hapki.yaml:3: keys with values are expected here",
    );
    says(
        &format!("{HEAD}nodes:\n- {{ name: [a], roles: [worker] }}\n"),
        "hapki.yaml:4: a single value is expected here",
    );
    says(
        &format!("{HEAD}nodes:\n- {{ roles: [worker] }}\n"),
        "hapki.yaml:4: `name` is missing",
    );
    says(
        &format!("{HEAD}nodes:\n- {{ name: a, roles: [~] }}\n"),
        "hapki.yaml:4: a value is missing here",
    );
}

#[test]
fn nodes_that_cannot_be() {
    let node = |entry: &str| {
        format!(
            "{HEAD}nodes:\n- {{ name: a, addresses: [10.0.0.1], roles: [worker] }}\n- {entry}\n"
        )
    };
    says(
        &node("{ name: ../x, roles: [worker] }"),
        "hapki.yaml:5: `../x` is not a node name",
    );
    says(
        &node("{ name: Wudang, roles: [worker] }"),
        "hapki.yaml:5: `Wudang` is not a node name",
    );
    says(
        &node("{ name: a, roles: [worker] }"),
        "hapki.yaml:5: node `a` is given a second time (first on line 4)",
    );
    says(
        &node("{ name: b, addresses: ['::ffff:10.0.0.1'], roles: [worker] }"),
        "hapki.yaml:5: address 10.0.0.1 of node `a` is given a second time (first on line 4)",
    );
    says(
        &node("{ name: b, addresses: [10.0.0.2, 10.0.0.2], roles: [worker] }"),
        "hapki.yaml:5: address 10.0.0.2 is given a second time (first on line 5)",
    );
    says(
        &node("{ name: b, addresses: [10.0.0.01], roles: [worker] }"),
        "hapki.yaml:5: `10.0.0.01` is not an IP address",
    );
    says(
        &node("{ name: b, addresses: [10.0.0.0/24], roles: [worker] }"),
        "hapki.yaml:5: `10.0.0.0/24` is not an IP address",
    );
    says(&node("{ name: b }"), "hapki.yaml:5: node `b` has no roles");
    says(
        &node("{ name: b, roles: [master] }"),
        "hapki.yaml:5: `master` is not a role",
    );
    says(
        &node("{ name: b, roles: [worker], bindPort: 70000 }"),
        "hapki.yaml:5: `70000` is not a port",
    );
    let (sentence, hint) = refused(&node(
        "{ name: b, roles: [worker], certSANs: ['[fd00::1]'] }",
    ));
    assert!(
        sentence.starts_with("hapki.yaml:5: `[fd00::1]` is "),
        "{sentence}"
    );
    assert!(!hint.is_empty());
}

#[test]
fn settings_that_cannot_be() {
    let kubernetes = |entry: &str| format!("{HEAD}kubernetes:\n  {entry}\n");
    says(
        &kubernetes("version: latest"),
        "hapki.yaml:4: `latest` is not a Kubernetes version",
    );
    says(
        &kubernetes("serviceSubnet: 10.96.0.0"),
        "hapki.yaml:4: `10.96.0.0` is not a network",
    );
    says(
        &kubernetes("serviceSubnet: 10.96.0.0/30"),
        "hapki.yaml:4: `10.96.0.0/30` is too small for a service network",
    );
    says(
        &kubernetes("controlPlaneEndpoint: https://a:1"),
        "hapki.yaml:4: `https://a:1` is not a host with a port",
    );
    says(
        &kubernetes("dnsDomain: '*.local'"),
        "hapki.yaml:4: `*.local` is a wildcard, not a domain",
    );
    says(
        &format!("{HEAD}certificates: {{ key: rsa-1024 }}\n"),
        "hapki.yaml:3: `rsa-1024` is not a kind of key",
    );
    says(
        &format!("{HEAD}certificates: {{ validity: 365 }}\n"),
        "hapki.yaml:3: `365` is not a duration",
    );
    says(
        &format!("{HEAD}etcd: {{ external: {{ endpoints: [] }} }}\n"),
        "hapki.yaml:3: the external etcd has no endpoints",
    );
    says(
        &format!("{HEAD}etcd: {{ external: {{ endpoints: ['10.0.0.5:2379'] }} }}\n"),
        "hapki.yaml:3: `10.0.0.5:2379` is not the URL of an etcd member",
    );
    says(
        &format!("{HEAD}audit: {{ ignore: [ {{ rule: expired, reason: '' }} ] }}\n"),
        "hapki.yaml:3: the reason is empty",
    );
    says(
        &format!("{HEAD}audit: {{ ignore: [ {{ rule: expired }} ] }}\n"),
        "hapki.yaml:3: `reason` is missing",
    );
}

#[test]
fn balancers_that_cannot_be() {
    let balancer = |entry: &str| {
        format!(
            "{HEAD}nodes:\n- {{ name: a, addresses: [10.0.0.1], roles: [control-plane] }}\nloadBalancers:\n- {entry}\n"
        )
    };
    says(
        &balancer("{ node: a, listen: 8443, backends: [a, b] }"),
        "hapki.yaml:6: no node is called `b`",
    );
    says(
        &balancer("{ node: b, listen: 8443, backends: [a] }"),
        "hapki.yaml:6: no node is called `b`",
    );
    says(
        &balancer("{ node: a, listen: 8443 }"),
        "hapki.yaml:6: a load balancer has no backends",
    );
    says(
        &balancer("{ node: a, listen: 8443, mode: l7, backends: [a] }"),
        "hapki.yaml:6: `l7` is not a balancer's mode",
    );
    let both = "hapki.yaml:6: a load balancer runs either on a `node` or at an `address`";
    says(&balancer("{ listen: 8443, backends: [a] }"), both);
    says(
        &balancer("{ node: a, address: 10.0.0.9, listen: 8443, backends: [a] }"),
        both,
    );
    says(
        &balancer("{ address: 10.0.0.1, listen: 8443, backends: [a] }"),
        "hapki.yaml:6: `10.0.0.1` is an address of node `a`",
    );
    says(
        "apiVersion: hapki.dev/v1\nkind: Cluster\nregistries:\n- { name: hub, kind: nexus }\n",
        "hapki.yaml:4: `nexus` is not a kind of registry",
    );
}

#[test]
fn crlf_and_a_byte_order_mark_change_nothing() {
    let windows = format!("\u{feff}{}", WULIN.replace('\n', "\r\n"));
    assert_eq!(read(&windows), read(WULIN));
}

#[test]
fn a_sentence_is_short_and_moves_no_cursor() {
    let name = |name: &str| format!("{HEAD}nodes:\n- {{ name: \"{name}\", roles: [worker] }}\n");
    let (sentence, _) = refused(&name(&"x".repeat(100_000)));
    assert!(
        sentence.len() < 400 && sentence.ends_with('…'),
        "{sentence}"
    );
    says(
        &name("a\\e[2Jb"),
        r"hapki.yaml:4: `a\u{1b}[2Jb` is not a node name",
    );
}

#[test]
fn hostile_yaml_ends() {
    refused(&format!("{HEAD}nodes: {}", "[".repeat(100_000)));
    refused(&"a: b\n---\n".repeat(20_000));
    let doubling: String = (1..40)
        .map(|i| format!("- &a{i} [*a{0}, *a{0}]\n", i - 1))
        .collect();
    refused(&format!(
        "{HEAD}metadata:\n  name: &a0 x\nnodes:\n{doubling}"
    ));
}

proptest::proptest! {
    #[test]
    fn any_damage_is_a_sentence(at in 0..WULIN.len(), length in 0..40_usize, by in "[ -~\n\t\u{e9}]{0,12}") {
        let mut text = WULIN.to_owned();
        text.replace_range(at..(at + length).min(WULIN.len()), &by);
        if let Err(error) = parse(&text, &Place::file("hapki.yaml")) {
            let sentence = error.to_string();
            proptest::prop_assert!(sentence.starts_with("hapki.yaml:") && sentence.len() < 400, "{sentence}");
        }
    }
}
