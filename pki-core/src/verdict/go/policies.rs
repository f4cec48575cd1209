//! `policiesValid`: the policies of a chain (RFC 5280 section 6.1 as RFC 9618 amends it), any of them being welcome.
//!
//! What a verifier in TLS asks for is any policy, so only chains that require an explicit one, or that map badly, fail.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::x509::certificate::Certificate;
use crate::x509::policies::Policies;
use crate::x509::rfc5280::ANY_POLICY;

/// Whether the policies of `chain`, leaf first and root last, are valid.
pub(super) fn are_valid(chain: &[&Certificate]) -> bool {
    let Some((_, below_root)) = chain.split_last() else {
        return true;
    };
    if below_root.is_empty() {
        return true;
    }
    let none = Policies::default();
    let every: Vec<(&Policies, bool)> = below_root
        .iter()
        .map(|certificate| {
            let policies = certificate.extensions().policies.as_deref();
            (policies.unwrap_or(&none), certificate.is_self_issued())
        })
        .collect();
    let mut state = State::new(every.len());
    for (index, (policies, self_issued)) in every.iter().enumerate().rev() {
        let place = if index == 0 {
            Place::Leaf
        } else {
            Place::Authority {
                self_issued: *self_issued,
            }
        };
        if state.take(policies, place).is_none() {
            return false;
        }
    }
    let leaf = every.first();
    state.is_valid(leaf.is_some_and(|(leaf, _)| leaf.require_explicit == Some(0)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Leaf,
    Authority { self_issued: bool },
}

/// No policies, or a mapping that must not be: the chain is refused.
struct Refused;

/// How many more certificates until something is required or inhibited, and the graph while there is one.
struct State<'a> {
    explicit: u64,
    mapping: u64,
    any: u64,
    graph: Option<Graph<'a>>,
}

impl<'a> State<'a> {
    fn new(length: usize) -> Self {
        let never = length as u64 + 1;
        Self {
            explicit: never,
            mapping: never,
            any: never,
            graph: Some(Graph::new()),
        }
    }

    /// One certificate, from below the root downwards; `None` refuses the chain.
    fn take(&mut self, policies: &'a Policies, place: Place) -> Option<()> {
        if policies.policies.is_empty() {
            self.graph = None;
        }
        if self.explicit == 0 && self.graph.is_none() {
            return None;
        }
        let self_issued = matches!(place, Place::Authority { self_issued: true });
        if let Some(graph) = &mut self.graph {
            graph.descend(policies, self.any > 0 || self_issued);
            if place != Place::Leaf && !policies.mappings.is_empty() {
                graph.map(policies, self.mapping > 0).ok()?;
            }
        }
        if place != Place::Leaf {
            for counter in [&mut self.explicit, &mut self.mapping, &mut self.any] {
                *counter = counter.saturating_sub(u64::from(!self_issued));
            }
            let lower = |counter: &mut u64, to: Option<u64>| {
                *counter = to.map_or(*counter, |to| to.min(*counter));
            };
            lower(&mut self.explicit, policies.require_explicit);
            lower(&mut self.mapping, policies.inhibit_mapping);
            lower(&mut self.any, policies.inhibit_any);
        }
        Some(())
    }

    /// RFC 5280 section 6.1.5.
    fn is_valid(&self, leaf_requires: bool) -> bool {
        let is_required = leaf_requires || self.explicit <= 1;
        !is_required || self.graph.as_ref().is_some_and(Graph::holds_any)
    }
}

/// The policy graph of RFC 9618 section 5: one stratum a certificate, nodes by their policy.
struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    /// The last is that of the certificate at hand.
    strata: Vec<BTreeMap<&'a [u8], usize>>,
}

struct Node<'a> {
    policy: &'a [u8],
    expected: Vec<&'a [u8]>,
    parents: BTreeSet<usize>,
    children: BTreeSet<usize>,
}

impl<'a> Graph<'a> {
    fn new() -> Self {
        let mut graph = Self {
            nodes: Vec::new(),
            strata: vec![BTreeMap::new()],
        };
        graph.insert(ANY_POLICY, &[]);
        graph
    }

    /// RFC 5280 section 6.1.3 (d): a stratum for the policies of the next certificate.
    fn descend(&mut self, policies: &'a Policies, any_counts: bool) {
        let above: Vec<usize> = self.leaves().values().copied().collect();
        let mut expecting: BTreeMap<&'a [u8], Vec<usize>> = BTreeMap::new();
        for &parent in &above {
            for expected in self
                .node(parent)
                .map(|node| node.expected.clone())
                .unwrap_or_default()
            {
                expecting.entry(expected).or_default().push(parent);
            }
        }
        let any_above = self.leaves().get(ANY_POLICY).copied();
        self.strata.push(BTreeMap::new());
        let mut has_any = false;
        for policy in &policies.policies {
            let policy: &'a [u8] = policy;
            if policy == ANY_POLICY {
                has_any = true;
                continue;
            }
            let parents = match expecting.get(policy) {
                Some(parents) => parents.clone(),
                None => any_above.into_iter().collect(),
            };
            if !parents.is_empty() {
                self.insert(policy, &parents);
            }
        }
        if has_any && any_counts {
            for (expected, parents) in expecting {
                if !self.leaves().contains_key(expected) {
                    self.insert(expected, &parents);
                }
            }
        }
        self.prune();
    }

    /// RFC 5280 section 6.1.4 (a) and (b).
    fn map(&mut self, policies: &'a Policies, is_allowed: bool) -> Result<(), Refused> {
        let mut mappings: BTreeMap<&'a [u8], Vec<&'a [u8]>> = BTreeMap::new();
        for (issuer, subject) in &policies.mappings {
            let (issuer, subject): (&'a [u8], &'a [u8]) = (issuer, subject);
            if !is_allowed {
                self.delete_leaf(issuer);
            } else if issuer == ANY_POLICY || subject == ANY_POLICY {
                return Err(Refused);
            } else {
                mappings.entry(issuer).or_default().push(subject);
            }
        }
        self.prune();
        for (issuer, subjects) in mappings {
            let mapped = match self.leaves().get(issuer) {
                Some(leaf) => Some(*leaf),
                None => {
                    let any = self.leaves().get(ANY_POLICY).copied();
                    any.map(|any| self.insert(issuer, &[any]))
                }
            };
            if let Some(node) = mapped.and_then(|mapped| self.nodes.get_mut(mapped)) {
                node.expected = subjects;
            }
        }
        Ok(())
    }

    /// Whether a policy is left that the authorities allow: one whose only parent is anyPolicy, or anyPolicy itself.
    fn holds_any(&self) -> bool {
        let is_any = |index: &usize| {
            self.node(*index)
                .is_some_and(|node| node.policy == ANY_POLICY)
        };
        let is_allowed = |node: &Node<'_>| {
            node.policy != ANY_POLICY && node.parents.len() == 1 && node.parents.iter().all(is_any)
        };
        let mut left = self.strata.iter().flat_map(BTreeMap::values);
        self.leaves().contains_key(ANY_POLICY)
            || left.any(|index| self.node(*index).is_some_and(is_allowed))
    }

    fn leaves(&self) -> &BTreeMap<&'a [u8], usize> {
        static NONE: BTreeMap<&[u8], usize> = BTreeMap::new();
        self.strata.last().unwrap_or(&NONE)
    }

    fn node(&self, index: usize) -> Option<&Node<'a>> {
        self.nodes.get(index)
    }

    fn insert(&mut self, policy: &'a [u8], parents: &[usize]) -> usize {
        let index = self.nodes.len();
        for &parent in parents {
            if let Some(parent) = self.nodes.get_mut(parent) {
                parent.children.insert(index);
            }
        }
        self.nodes.push(Node {
            policy,
            expected: vec![policy],
            parents: parents.iter().copied().collect(),
            children: BTreeSet::new(),
        });
        if let Some(leaves) = self.strata.last_mut() {
            leaves.insert(policy, index);
        }
        index
    }

    fn delete_leaf(&mut self, policy: &[u8]) {
        let removed = self
            .strata
            .last_mut()
            .and_then(|leaves| leaves.remove(policy));
        if let Some(index) = removed {
            self.unlink(index);
        }
    }

    /// Takes away what has no children, above the leaves and below the root.
    fn prune(&mut self) {
        let last = self.strata.len().saturating_sub(1);
        for depth in (1..last).rev() {
            let stratum = self.strata.get(depth).into_iter().flatten();
            let childless: Vec<(&'a [u8], usize)> = stratum
                .map(|(policy, index)| (*policy, *index))
                .filter(|(_, index)| {
                    self.node(*index)
                        .is_some_and(|node| node.children.is_empty())
                })
                .collect();
            for (policy, index) in childless {
                self.unlink(index);
                if let Some(stratum) = self.strata.get_mut(depth) {
                    stratum.remove(policy);
                }
            }
        }
    }

    fn unlink(&mut self, index: usize) {
        let parents = self
            .nodes
            .get_mut(index)
            .map(|node| std::mem::take(&mut node.parents));
        for parent in parents.into_iter().flatten() {
            if let Some(parent) = self.nodes.get_mut(parent) {
                parent.children.remove(&index);
            }
        }
    }
}
