//! Inventories as people might write them. What would rightly be warned of is not written: a cluster of several masters
//! has an endpoint that leads to all, certificates outlast the month of notice.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::select;

/// The text of an hapki.yaml.
pub(crate) fn inventories() -> impl Strategy<Value = String> {
    let nodes = (select(MASTERS), 0_usize..=4, families(), etcds(), names());
    let rest = (
        balancers(),
        select(SUBNETS),
        select(DOMAINS),
        28_u32..=37,
        select(KEYS),
        (40_u32..4000, 400_u32..8000),
        any::<u8>(),
    );
    (nodes, rest).prop_map(|(nodes, rest)| {
        let cluster = Cluster {
            masters: nodes.0,
            workers: nodes.1,
            family: nodes.2,
            etcd: nodes.3,
            names: nodes.4,
        };
        let (balancers, subnet, domain, minor, key, validity, details) = rest;
        let mut text = String::from("apiVersion: hapki.dev/v1\nkind: Cluster\n");
        let kubernetes = [
            Some(format!("version: \"1.{minor}\"")),
            (!subnet.is_empty()).then(|| format!("serviceSubnet: \"{subnet}\"")),
            (!domain.is_empty()).then(|| format!("dnsDomain: {domain}")),
            cluster.endpoint(&balancers),
            (details & 1 == 1)
                .then(|| "certSANs: [api.wulin.example, 192.0.2.7, \"2001:db8::7\"]".to_owned()),
        ];
        let kubernetes: Vec<String> = kubernetes.into_iter().flatten().collect();
        writeln!(text, "kubernetes: {{ {} }}", kubernetes.join(", ")).unwrap();
        writeln!(
            text,
            "certificates: {{ key: {key}, validity: {}d, caValidity: {}d }}",
            validity.0, validity.1
        )
        .unwrap();
        cluster.nodes(&mut text, &balancers, details);
        cluster.balancers(&mut text, &balancers);
        cluster.etcd(&mut text);
        if details & 2 == 2 {
            text.push_str(REGISTRY);
        }
        text
    })
}

struct Cluster {
    masters: usize,
    workers: usize,
    family: Family,
    etcd: Etcd,
    names: fn(usize) -> String,
}

#[derive(Clone, Copy, Debug)]
enum Family {
    V4,
    V6,
    V4First,
    V6First,
}

/// Where etcd runs.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Etcd {
    Stacked,
    OnNodesOfItsOwn,
    External,
}

#[derive(Clone, Copy, Debug)]
enum Host {
    FirstMaster,
    OwnNode,
    Vip,
}

#[derive(Clone, Debug)]
struct Balancer {
    host: Host,
    port: u16,
    named: bool,
}

fn families() -> impl Strategy<Value = Family> {
    select(&[Family::V4, Family::V6, Family::V4First, Family::V6First][..])
}

fn etcds() -> impl Strategy<Value = Etcd> {
    select(
        &[
            Etcd::Stacked,
            Etcd::Stacked,
            Etcd::OnNodesOfItsOwn,
            Etcd::External,
        ][..],
    )
}

fn names() -> impl Strategy<Value = fn(usize) -> String> {
    let plain: fn(usize) -> String = |index| format!("n{index}");
    let dotted: fn(usize) -> String = |index| format!("node-{index}.wulin.example");
    let of_addresses: fn(usize) -> String = |index| format!("ip-10-20-30-{index}");
    let of_digits: fn(usize) -> String = |index| format!("{}", 100 + index);
    select(vec![plain, dotted, of_addresses, of_digits])
}

fn balancers() -> impl Strategy<Value = Vec<Balancer>> {
    let host = select(&[Host::FirstMaster, Host::OwnNode, Host::Vip][..]);
    let one = (host, select(&[8443_u16, 443, 16443][..]), any::<bool>());
    let one = one.prop_map(|(host, port, named)| Balancer { host, port, named });
    proptest::collection::vec(one, 0..=3)
}

impl Cluster {
    /// A cluster of several masters has one; the first balancer's where there is any.
    fn endpoint(&self, balancers: &[Balancer]) -> Option<String> {
        let endpoint = match balancers.first() {
            Some(first) if first.named => format!("{}:{}", name_of(0), first.port),
            Some(first) => {
                let host = match first.host {
                    Host::FirstMaster => self.addresses(0).remove(0),
                    Host::OwnNode => self.addresses(OWN_NODE).remove(0),
                    Host::Vip => self.vip(0),
                };
                if host.contains(':') {
                    format!("[{host}]:{}", first.port)
                } else {
                    format!("{host}:{}", first.port)
                }
            }
            None if self.masters > 1 => "api.wulin.example:6443".to_owned(),
            None => return None,
        };
        Some(format!("controlPlaneEndpoint: \"{endpoint}\""))
    }

    fn nodes(&self, text: &mut String, balancers: &[Balancer], details: u8) {
        text.push_str("nodes:\n");
        let balances = |wanted: fn(&Host) -> bool| balancers.iter().any(|b| wanted(&b.host));
        for index in 0..self.masters {
            let mut roles = vec!["control-plane"];
            if self.etcd == Etcd::Stacked {
                roles.push("etcd");
            }
            if index == 0 && balances(|host| matches!(host, Host::FirstMaster)) {
                roles.push("load-balancer");
            }
            if details & 4 == 4 {
                roles.push("worker");
            }
            let more = match details & 0x18 {
                0x08 => ", bindPort: 7443",
                0x10 => ", certSANs: [extra.wulin.example, 198.51.100.9]",
                _ => "",
            };
            self.node(text, index, &roles, more);
        }
        for index in 0..self.workers {
            self.node(text, 10 + index, &["worker"], "");
        }
        if self.etcd == Etcd::OnNodesOfItsOwn {
            for index in 20..23 {
                self.node(text, index, &["etcd"], "");
            }
        }
        if balances(|host| matches!(host, Host::OwnNode)) {
            self.node(text, OWN_NODE, &["load-balancer"], "");
        }
    }

    fn node(&self, text: &mut String, index: usize, roles: &[&str], more: &str) {
        let addresses: Vec<String> = self
            .addresses(index)
            .iter()
            .map(|address| format!("\"{address}\""))
            .collect();
        writeln!(
            text,
            "  - {{ name: \"{}\", addresses: [{}], roles: [{}]{more} }}",
            (self.names)(index),
            addresses.join(", "),
            roles.join(", ")
        )
        .unwrap();
    }

    fn addresses(&self, index: usize) -> Vec<String> {
        let v4 = format!("10.20.30.{}", index + 1);
        let v6 = format!("fd00:20::{:x}", index + 1);
        match self.family {
            Family::V4 => vec![v4],
            Family::V6 => vec![v6],
            Family::V4First => vec![v4, v6],
            Family::V6First => vec![v6, v4],
        }
    }

    fn vip(&self, index: usize) -> String {
        match self.family {
            Family::V4 | Family::V4First => format!("10.20.31.{}", index + 1),
            Family::V6 | Family::V6First => format!("fd00:21::{:x}", index + 1),
        }
    }

    fn balancers(&self, text: &mut String, balancers: &[Balancer]) {
        if balancers.is_empty() {
            return;
        }
        let backends: Vec<String> = (0..self.masters)
            .map(|index| format!("\"{}\"", (self.names)(index)))
            .collect();
        text.push_str("loadBalancers:\n");
        for (index, balancer) in balancers.iter().enumerate() {
            let host = match balancer.host {
                Host::FirstMaster => format!("node: \"{}\"", (self.names)(0)),
                Host::OwnNode => format!("node: \"{}\"", (self.names)(OWN_NODE)),
                Host::Vip => format!("address: \"{}\"", self.vip(index)),
            };
            let names = if balancer.named {
                format!(", names: [{}]", name_of(index))
            } else {
                String::new()
            };
            // Two on one machine listen on different ports.
            let port = balancer.port + if index == 0 { 0 } else { 1000 * index as u16 };
            writeln!(
                text,
                "  - {{ {host}, listen: {port}{names}, backends: [{}] }}",
                backends.join(", ")
            )
            .unwrap();
        }
    }

    fn etcd(&self, text: &mut String) {
        if self.etcd == Etcd::External {
            text.push_str(
                "etcd: { external: { endpoints: [\"https://192.0.2.20:2379\"], caFile: /etc/etcd/ca.crt, \
                 certFile: /etc/etcd/client.crt, keyFile: /etc/etcd/client.key } }\n",
            );
        }
    }
}

fn name_of(balancer: usize) -> String {
    format!("lb{balancer}.wulin.example")
}

const OWN_NODE: usize = 30;
const SUBNETS: &[&str] = &[
    "",
    "10.96.0.0/12",
    "172.30.0.0/16",
    "fd00:10:96::/112",
    "10.96.0.0/16,fd00:10:96::/112",
    "fd00:10:96::/112,10.96.0.0/16",
];
const DOMAINS: &[&str] = &["", "cluster.local", "k8s.wulin.example"];
/// P-384 takes ten times as long; a CA cannot have an Ed25519 key.
const KEYS: &[&str] = &[
    "ecdsa-p256",
    "ecdsa-p256",
    "ecdsa-p256",
    "ecdsa-p256",
    "ecdsa-p256",
    "ecdsa-p256",
    "ecdsa-p256",
    "ecdsa-p384",
];
/// Three are most usual.
const MASTERS: &[usize] = &[1, 1, 2, 3, 3, 3, 3, 4, 5, 6, 7];
const REGISTRY: &str = "\
registries:
  - { name: hub.wulin.example, kind: harbor, version: \"2.10.0\", port: 8989, path: /opt/harbor, instances: [ { node: hub1, address: 192.0.2.30 } ] }
";
