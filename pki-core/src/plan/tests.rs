//! Names, addresses and servers, derived from clusters that are put together here.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use time::macros::datetime;

use crate::bundle::Existing;
use crate::inventory;
use crate::inventory::Inventory;
use crate::place::Place;
use crate::plan::*;
use crate::profile::Profile;
use crate::request::IssueRequest;
use crate::topology::Component;
use crate::topology::Node;
use crate::topology::Pair;
use crate::topology::Role;
use crate::topology::Topology;
use crate::x509::key::PrivateKey;
use crate::x509::template::Template;

use cluster::AddressClaim;
use cluster::ClusterNode;
use cluster::HeldCertificate;
use cluster::HostsName;
use cluster::Sourced;
use cluster::Strength;
use target::Destination;
use target::Files;

const WULIN: &str = "\
apiVersion: hapki.dev/v1
kind: Cluster
metadata: { name: wulin }
kubernetes: { version: \"1.34\", serviceSubnet: 10.32.0.0/16, dnsDomain: wulin.local, controlPlaneEndpoint: \"api.wulin:8443\", certSANs: [10.0.0.100, Extra.wulin] }
nodes:
  - { name: shaolin, addresses: [10.27.53.32], roles: [control-plane, etcd] }
  - { name: wudang, addresses: [10.24.138.208, \"fd00::2\"], roles: [control-plane, etcd], certSANs: [wudang.wulin] }
  - { name: emei, addresses: [\"fd00::3\"], roles: [control-plane, load-balancer] }
  - { name: huashan, addresses: [10.0.0.7], roles: [worker] }
loadBalancers:
  - { node: emei, listen: 8443, mode: tcp, names: [lb.wulin], backends: [wudang] }
  - { address: 10.0.0.200, listen: 6443, mode: http, names: [l7.wulin], backends: [wudang] }
registries:
  - { name: hub.wulin, kind: harbor, version: \"1.1.0\", port: 8989, path: /opt/harbor, instances: [ { node: node1, address: 10.1.0.1 }, { node: node2, address: 10.1.0.2 } ] }
";

#[test]
fn an_apiserver_answers_to_everything_it_is_dialled_by_in_kubeadms_order() {
    let plan = plan(&wulin(), "wudang", Profile::Apiserver);
    assert_eq!(
        names(&plan),
        [
            "api.wulin",
            "extra.wulin",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.wulin.local",
            "lb.wulin",
            "wudang",
            "wudang.wulin",
            "10.32.0.1",
            "10.24.138.208",
            "fd00::2",
            "10.0.0.100",
        ]
    );
    assert_eq!(
        source(&plan, "lb.wulin"),
        "load balancer's names in hapki.yaml:11"
    );
    assert_eq!(source(&plan, "10.32.0.1"), "serviceSubnet in hapki.yaml");
}

#[test]
fn etcd_answers_on_its_address_and_on_loopback() {
    let plan = plan(&wulin(), "wudang", Profile::EtcdPeer);
    let expected = [
        "localhost",
        "wudang",
        "10.24.138.208",
        "127.0.0.1",
        "::1",
        "fd00::2",
    ];
    assert_eq!(names(&plan), expected);
}

#[test]
fn a_registry_is_its_name_and_all_instances_a_node_of_it_one() {
    let by_name = plan(&wulin(), "hub.wulin", Profile::Registry);
    assert_eq!(names(&by_name), ["hub.wulin", "10.1.0.1", "10.1.0.2"]);
    let by_node = plan(&wulin(), "node2", Profile::Registry);
    assert_eq!(names(&by_node), ["hub.wulin", "node2", "10.1.0.2"]);
}

#[test]
fn client_certificates_carry_no_names() {
    let plan = plan(&wulin(), "wudang", Profile::ApiserverEtcdClient);
    assert_eq!(names(&plan), [] as [&str; 0]);
}

#[test]
fn what_is_dialled_counts_unless_it_is_another_nodes_own() {
    let mut cluster = wulin();
    for dialled in [
        "10.24.138.208",
        "10.27.53.32",
        "shaolin",
        "10.27.52.99",
        "apiserver.internal",
    ] {
        let from = SanSource::Default("test".to_owned());
        cluster
            .dialled
            .push(Sourced::new(dialled.parse().unwrap(), from));
    }
    let plan = plan(&cluster, "wudang", Profile::Apiserver);
    let names = names(&plan);
    let has = |name: &str| names.iter().any(|known| known == name);
    assert!(has("10.27.52.99") && has("apiserver.internal"));
    assert!(!has("shaolin") && !has("10.27.53.32"));
}

#[test]
fn a_name_that_two_masters_share_is_taken_and_one_that_a_single_one_holds_is_shown() {
    let mut cluster = wulin();
    cluster.apiserver_certificates = vec![
        held(
            "shaolin",
            &["shaolin", "vip.wulin", "once.wulin", "10.27.53.32"],
        ),
        held("emei", &["emei", "vip.wulin", "fd00::3"]),
    ];
    let plan = plan(&cluster, "wudang", Profile::Apiserver);
    assert_eq!(
        source(&plan, "vip.wulin"),
        "shared by the apiserver certificates of shaolin, emei"
    );
    let left: Vec<String> = not_taken(&plan);
    assert_eq!(
        left,
        [
            "shaolin: it is shaolin's own",
            "once.wulin: only the certificate of shaolin holds it",
            "10.27.53.32: it is shaolin's own",
            "emei: it is emei's own",
            "fd00::3: it is emei's own",
        ]
    );
}

#[test]
fn one_certificate_on_two_masters_is_one_witness() {
    let mut cluster = wulin();
    let copied = held("shaolin", &["shaolin", "once.wulin"]);
    let copy = HeldCertificate {
        node: "emei".to_owned(),
        ..copied.clone()
    };
    cluster.apiserver_certificates = vec![copied, copy];
    let plan = plan(&cluster, "wudang", Profile::Apiserver);
    assert!(!names(&plan).contains(&"once.wulin".to_owned()));
    assert!(
        not_taken(&plan)
            .contains(&"once.wulin: only the certificate of shaolin holds it".to_owned())
    );
}

#[test]
fn names_of_the_present_certificate_are_shown_when_nothing_else_asks_for_them() {
    let mut cluster = wulin();
    cluster.apiserver_certificates = vec![held("wudang", &["wudang", "old.wulin"])];
    let plan = plan(&cluster, "wudang", Profile::Apiserver);
    assert_eq!(
        not_taken(&plan),
        ["old.wulin: only the present certificate of wudang holds it"]
    );
}

#[test]
fn a_copied_manifest_does_not_give_a_node_another_ones_address() {
    let known = |cluster: &Cluster| -> Vec<String> {
        let addresses = cluster.addresses_of("wudang");
        addresses
            .iter()
            .map(|address| address.value.to_string())
            .collect()
    };
    let mut by_hosts = Cluster {
        nodes: vec![claimed("wudang", "10.27.53.32", Strength::Manifest)],
        hosts: vec![
            hosts("shaolin", "10.27.53.32"),
            hosts("wudang", "10.24.138.208"),
        ],
        ..Cluster::default()
    };
    by_hosts.settle("wudang");
    assert_eq!(known(&by_hosts), ["10.24.138.208"]);

    let mut by_certificate = Cluster {
        nodes: vec![claimed("wudang", "10.27.53.32", Strength::Manifest)],
        apiserver_certificates: vec![held("wudang", &["shaolin", "kubernetes", "10.27.53.32"])],
        ..Cluster::default()
    };
    by_certificate.settle("wudang");
    assert_eq!(known(&by_certificate), [] as [&str; 0]);
    let around = around(&by_certificate);
    let refused = issue(&request("wudang", Profile::Apiserver), &options(), &around).unwrap_err();
    assert!(
        refused.hint().unwrap().contains("10.27.53.32 is shaolin's"),
        "{refused:?}"
    );
}

#[test]
fn the_name_of_a_balancer_in_a_hosts_file_is_no_node() {
    let mut cluster = Cluster {
        nodes: vec![claimed("emei", "10.27.52.72", Strength::Manifest)],
        hosts: vec![
            hosts("kubernetes.default.svc", "10.27.52.72"),
            hosts("lb", "10.27.52.72"),
        ],
        ..Cluster::default()
    };
    cluster.settle("emei");
    assert_eq!(cluster.addresses_of("emei").len(), 1);
}

#[test]
fn an_ip_option_or_the_resolver_stands_in_for_the_address() {
    let cluster = Cluster::default();
    let mut request = request("huashan", Profile::Apiserver);
    request.ip = vec!["10.0.0.9".parse().unwrap()];
    let planned = issue(&request, &options(), &around(&cluster)).unwrap();
    assert!(names(&planned).contains(&"10.0.0.9".to_owned()));

    request.ip.clear();
    assert!(matches!(
        issue(&request, &options(), &around(&cluster)),
        Err(PlanError::NoAddress { .. })
    ));
    let resolve = |_: &str| vec!["127.0.1.1".parse().unwrap(), "10.0.0.10".parse().unwrap()];
    let around = Surroundings {
        registry_pairs: None,
        resolve: Some(&resolve),
        ..around(&cluster)
    };
    let planned = issue(&request, &options(), &around).unwrap();
    assert!(source(&planned, "10.0.0.10").contains("--resolve"));
    assert!(!names(&planned).contains(&"127.0.1.1".to_owned()));
}

#[test]
fn only_given_is_only_what_is_given() {
    let mut request = request("wudang", Profile::Apiserver);
    request.only_given = true;
    request.dns = vec![crate::x509::san::DnsName::new("one.wulin").unwrap()];
    let planned = issue(&request, &options(), &around(&wulin())).unwrap();
    assert_eq!(names(&planned), ["one.wulin"]);
}

#[test]
fn kubeconfigs_dial_the_endpoint_or_the_node_itself() {
    let server = |node: &str, profile| match &plan(&wulin(), node, profile).steps[0].target {
        Target::Kubeconfig(kubeconfig) => kubeconfig.server.clone(),
        Target::Pair { .. } => panic!("no kubeconfig"),
    };
    assert_eq!(
        server("wudang", Profile::AdminConf),
        "https://api.wulin:8443"
    );
    assert_eq!(
        server("emei", Profile::SchedulerConf),
        "https://[fd00::3]:6443"
    );
    assert_eq!(
        server("huashan", Profile::KubeletConf),
        "https://api.wulin:8443"
    );
}

#[test]
fn all_is_what_the_nodes_roles_need() {
    let all = |node: &str| issue::every_profile(&wulin(), node, issue::version(&wulin()));
    assert_eq!(all("huashan"), [Profile::KubeletConf]);
    assert!(!all("emei").contains(&Profile::EtcdServer));
    assert!(all("wudang").contains(&Profile::EtcdServer));
}

#[test]
fn files_go_beside_the_ca_or_into_a_tree() {
    let step = |destination| {
        let options = Options {
            destination,
            ..options()
        };
        let planned = issue(
            &request("wudang", Profile::EtcdServer),
            &options,
            &around(&wulin()),
        )
        .unwrap();
        let step = planned.steps.into_iter().next().unwrap();
        (step.target.path().to_path_buf(), step.existing)
    };
    assert_eq!(
        step(Destination::Beside),
        ("pki/etcd/server-wudang.crt".into(), Existing::Refuse)
    );
    assert_eq!(
        step(Destination::Out("out".into())),
        (
            "out/wudang/etc/kubernetes/pki/etcd/server.crt".into(),
            Existing::Refuse
        )
    );
    assert_eq!(
        step(Destination::Install),
        ("pki/etcd/server.crt".into(), Existing::Replace)
    );
}

#[test]
fn installing_follows_what_the_component_was_told() {
    let told = |node: &str, role: Profile, told_at: Option<Place>| {
        let file = |name: &str| Place {
            node: node.to_owned(),
            ..Place::file(format!("/srv/{name}"))
        };
        Pair {
            user: Component {
                name: "kube-apiserver".to_owned(),
                node: node.to_owned(),
            },
            role: Some(Role::Profile(role)),
            told_at,
            certificate: file("client.crt"),
            key: file("client.key"),
        }
    };
    let installed = |pair: Pair| {
        let topology = Topology {
            nodes: vec![Node {
                name: "wudang".to_owned(),
                ..Node::default()
            }],
            pairs: vec![pair],
            ..Topology::default()
        };
        let to = &Destination::Install;
        target::files(
            Profile::FrontProxyClient,
            "wudang",
            to,
            Path::new("pki"),
            &topology,
        )
    };
    let pair = |certificate: &str, key: &str| Files::Pair {
        certificate: certificate.into(),
        key: key.into(),
    };
    let manifest = || Some(Place::file("manifest"));
    assert_eq!(
        installed(told("wudang", Profile::FrontProxyClient, manifest())),
        pair("/srv/client.crt", "/srv/client.key")
    );
    let usual = pair("pki/front-proxy-client.crt", "pki/front-proxy-client.key");
    for other in [
        told("wudang", Profile::FrontProxyClient, None),
        told("wudang", Profile::ApiserverEtcdClient, manifest()),
        told("shaolin", Profile::FrontProxyClient, manifest()),
    ] {
        assert_eq!(installed(other), usual);
    }
}

fn wulin() -> Cluster {
    let mut cluster = Cluster::from_inventory(&inventory());
    cluster.settle("wudang");
    cluster
}

fn inventory() -> Inventory {
    inventory::parse(WULIN, &Place::file("hapki.yaml")).unwrap()
}

fn plan(cluster: &Cluster, node: &str, profile: Profile) -> IssuePlan {
    issue(&request(node, profile), &options(), &around(cluster)).unwrap()
}

fn request(node: &str, profile: Profile) -> IssueRequest {
    IssueRequest {
        profiles: vec![profile],
        node: node.to_owned(),
        ..IssueRequest::default()
    }
}

fn options() -> Options {
    Options {
        all: false,
        key: None,
        validity: None,
        request: None,
        destination: Destination::Beside,
        force: false,
        now: datetime!(2026-03-01 12:00 UTC),
    }
}

fn around(cluster: &Cluster) -> Surroundings<'_> {
    static NO_FILES: std::sync::OnceLock<Topology> = std::sync::OnceLock::new();
    static NO_AUTHORITIES: BTreeMap<
        crate::profile::Authority,
        crate::x509::certificate::Certificate,
    > = BTreeMap::new();
    Surroundings {
        registry_pairs: None,
        cluster,
        topology: NO_FILES.get_or_init(Topology::default),
        pki_dir: Path::new("pki"),
        owner: None,
        authorities: &NO_AUTHORITIES,
        resolve: None,
    }
}

fn names(plan: &IssuePlan) -> Vec<String> {
    let sans = plan.steps.iter().flat_map(|step| &step.sans);
    sans.map(|planned| planned.san.to_string()).collect()
}

fn source(plan: &IssuePlan, name: &str) -> String {
    let mut sans = plan.steps.iter().flat_map(|step| &step.sans);
    let found = sans.find(|planned| planned.san.to_string() == name);
    found
        .unwrap_or_else(|| panic!("{name} is not planned"))
        .from
        .to_string()
}

fn not_taken(plan: &IssuePlan) -> Vec<String> {
    let left = plan.steps.iter().flat_map(|step| &step.not_taken);
    left.map(|left| format!("{}: {}", left.name, left.why))
        .collect()
}

fn claimed(node: &str, address: &str, strength: Strength) -> ClusterNode {
    ClusterNode {
        addresses: vec![AddressClaim {
            address: address.parse().unwrap(),
            from: SanSource::Default("test".to_owned()),
            strength,
        }],
        ..ClusterNode::named(node)
    }
}

fn hosts(name: &str, address: &str) -> HostsName {
    HostsName {
        name: name.to_owned(),
        address: address.parse::<IpAddr>().unwrap(),
        from: SanSource::Default("test".to_owned()),
    }
}

/// An apiserver's certificate with these names, in the tree of `node`.
fn held(node: &str, names: &[&str]) -> HeldCertificate {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let template = Template {
        serial: vec![1],
        issuer: DistinguishedName::new("kubernetes", &[]),
        subject: DistinguishedName::new("kube-apiserver", &[]),
        not_before: datetime!(2026-01-01 0:00 UTC),
        not_after: datetime!(2027-01-01 0:00 UTC),
        public_key: key.public_key().clone(),
        basic_constraints: None,
        key_usage: Default::default(),
        extended_key_usage: Vec::new(),
        subject_alt_names: names.iter().map(|name| name.parse().unwrap()).collect(),
        subject_key_id: None,
        authority_key_id: None,
    };
    HeldCertificate {
        node: node.to_owned(),
        place: Place::file("apiserver.crt"),
        used: true,
        certificate: template.sign(&key).unwrap(),
    }
}
