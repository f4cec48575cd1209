//! Who holds what and who dials whom, derived from the facts.
//!
//! What is deliberately absent: verdicts. An edge says who shows what to whom; whether it holds is for the judge.

mod balancer;
mod collect;
mod connect;
mod copies;
mod dialled;
mod edge;
mod holding;
mod kubelet;
mod layout;
mod machine;
mod naming;
mod node;
mod service_accounts;
mod tokens;
mod told;
pub mod url;
mod view;

use crate::facts::Facts;
use crate::inventory::Inventory;
use crate::topology::view::View;

pub use crate::facts::Broken;
pub use crate::facts::BrokenKind;
pub use crate::facts::Note;
pub use crate::facts::hosts::Hosts;
pub use crate::facts::registry::Told as ToldAt;
pub use crate::facts::rotation::Rotation;
pub use crate::facts::token_parties::DistributionRelease;
pub use crate::facts::token_parties::HarborRelease;
pub use crate::facts::token_parties::KeyRefusal;
pub use crate::facts::token_parties::Mount;
pub use crate::facts::token_parties::Owner;
pub use crate::facts::token_parties::Setting;
pub use crate::topology::balancer::BalancedTo;
pub use crate::topology::balancer::Balancer;
pub use crate::topology::balancer::BalancerMode;
pub use crate::topology::balancer::VirtualAddress;
pub use crate::topology::copies::Copied;
pub use crate::topology::edge::AllowedNames;
pub use crate::topology::edge::CarriedToken;
pub use crate::topology::edge::Circumstances;
pub use crate::topology::edge::Component;
pub use crate::topology::edge::Dialled;
pub use crate::topology::edge::Edge;
pub use crate::topology::edge::EdgeKind;
pub use crate::topology::edge::Kubeconfig;
pub use crate::topology::edge::RegistryName;
pub use crate::topology::edge::RegistryToken;
pub use crate::topology::edge::Shown;
pub use crate::topology::edge::Source;
pub use crate::topology::edge::Token;
pub use crate::topology::edge::TokenKey;
pub use crate::topology::edge::Trust;
pub use crate::topology::edge::Unjudged;
pub use crate::topology::holding::Anchor;
pub use crate::topology::holding::Embedded;
pub use crate::topology::holding::Holding;
pub use crate::topology::holding::KeyHolding;
pub use crate::topology::holding::Pair;
pub use crate::topology::holding::Role;
pub use crate::topology::layout::PairFlags;
pub use crate::topology::layout::pair_flags;
pub use crate::topology::machine::is_every_machines;
pub use crate::topology::node::Apiserver;
pub use crate::topology::node::Claim;
pub use crate::topology::node::Etcd;
pub use crate::topology::node::Flag;
pub use crate::topology::node::NamedCertificate;
pub use crate::topology::node::Node;
pub use crate::topology::node::PairFiles;
pub use crate::topology::service_accounts::PublicKeysFile;
pub use crate::topology::service_accounts::Reader;
pub use crate::topology::service_accounts::ServiceAccountSigner;
pub use crate::topology::service_accounts::ServiceAccountVerifier;
pub use crate::topology::service_accounts::ServiceAccounts;
pub use crate::topology::tokens::ApiserverKeys;
pub use crate::topology::tokens::CertificateFile;
pub use crate::topology::tokens::Distribution;
pub use crate::topology::tokens::JwksFile;
pub use crate::topology::tokens::KeysFile;
pub use crate::topology::tokens::SignerKind;
pub use crate::topology::tokens::SigningKey;
pub use crate::topology::tokens::Templates;
pub use crate::topology::tokens::TokenSigner;
pub use crate::topology::tokens::TokenVerifier;
pub use crate::topology::tokens::VerifierKind;
pub use crate::topology::told::Said;
pub use crate::topology::told::Told;

/// The cluster as its files describe it.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    /// Every node, by name.
    pub nodes: Vec<Node>,
    /// Every certificate that a file holds, once per place.
    pub holdings: Vec<Holding>,
    /// Every private key file: where, which public key, permission bits.
    pub keys: Vec<KeyHolding>,
    /// Certificates and keys that are expected to belong together.
    pub pairs: Vec<Pair>,
    /// Roots of trust that a component was told to use.
    pub anchors: Vec<Anchor>,
    /// Every kubeconfig, by its current context.
    pub kubeconfigs: Vec<Kubeconfig>,
    /// Every name or address that a kubeconfig dials an apiserver (or what stands before it) by.
    pub dialled: Vec<Dialled>,
    /// Every connection that the files describe and whose other end is known.
    pub edges: Vec<Edge>,
    /// Everything that signs tokens, registries' and service accounts'.
    pub token_signers: Vec<TokenSigner>,
    /// Everything that verifies tokens.
    pub token_verifiers: Vec<TokenVerifier>,
    /// The service-account keys of every master.
    pub service_accounts: Vec<ServiceAccounts>,
    /// What registries are reached by, whether they speak TLS there or not: what they say themselves, then what is dialled.
    pub registry_names: Vec<RegistryName>,
    /// Changes of shared keys that are under way.
    pub rotations: Vec<Rotation>,
    /// Files that a program copied for others to read.
    pub copies: Vec<Copied>,
    /// Every balancer that the files, or else the inventory, tell of.
    pub balancers: Vec<Balancer>,
    /// Every address that moves between nodes, once for each node that takes it over.
    pub virtual_addresses: Vec<VirtualAddress>,
    /// What is dialled but cannot be judged from these files, and why.
    pub unjudged: Vec<Unjudged>,
    /// Files that could not be read or understood.
    pub broken: Vec<Broken>,
    /// What was read and is not followed.
    pub notes: Vec<Note>,
    /// What the files say of the cluster as a whole.
    pub told: Told,
    /// The inventory, where one was given.
    pub inventory: Option<Inventory>,
}

/// Derives the cluster from what its files say; an inventory, when given, adds what they don't know.
pub fn derive(facts: &Facts, inventory: Option<&Inventory>) -> Topology {
    let mut topology = Topology {
        broken: facts.broken.clone(),
        inventory: inventory.cloned(),
        ..Topology::default()
    };
    let mut views: Vec<View<'_>> = Vec::with_capacity(facts.nodes.len());
    for (facts, (name, names)) in facts.nodes.iter().zip(naming::names(facts, inventory)) {
        let view = View::new(name, facts);
        topology.nodes.push(machine::node(&view, names, inventory));
        collect::collect(&view, &mut topology);
        topology.copies.extend(copies::copies(&view));
        let rotations = view.facts.rotations.iter();
        topology
            .rotations
            .extend(rotations.map(|rotation| Rotation {
                place: view.at(&rotation.place),
                ..rotation.clone()
            }));
        views.push(view);
    }
    machine::settle_addresses(&mut topology.nodes, &views);
    connect::connect(&views, &facts.kube_proxies, inventory, &mut topology);
    let shared = tokens::shared(&topology);
    topology.notes.extend(shared);
    topology.service_accounts = service_accounts::of(&views);
    topology.told = told::told(&views, &facts.kubeadm, &topology);
    topology
}

impl Topology {
    /// The node of that name.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }
}

#[cfg(test)]
mod tests;
