//! Pairs and keys as an edge asks for them.

use crate::judge::index::Index;
use crate::place::Place;
use crate::topology::Broken;
use crate::topology::KeyHolding;
use crate::topology::Pair;
use crate::topology::Topology;
use crate::x509::certificate::Certificate;

pub(super) struct Files<'a> {
    pub(super) topology: &'a Topology,
    pub(super) index: &'a Index,
    /// Authorities below others, wherever they lie.
    pub(super) intermediates: Vec<Certificate>,
}

impl<'a> Files<'a> {
    pub(super) fn of(topology: &'a Topology, index: &'a Index) -> Self {
        Self {
            topology,
            index,
            intermediates: intermediates(topology),
        }
    }

    /// The pairs whose certificate is at `place`.
    pub(super) fn pairs_of(&self, place: &Place) -> impl Iterator<Item = &'a Pair> {
        let pairs = self.index.pairs(self.topology, place);
        pairs.filter(|pair| pair.certificate.is_at(place))
    }

    /// The key at `place`.
    pub(super) fn key_at(&self, place: &Place) -> Option<&'a KeyHolding> {
        let mut keys = self.index.keys(self.topology, place);
        keys.find(|key| key.place.is_at(place))
    }

    /// What is wrong with the file of `place`.
    pub(super) fn broken_at(&self, place: &Place) -> Option<&'a Broken> {
        self.index.broken(self.topology, place).next()
    }
}

fn intermediates(topology: &Topology) -> Vec<Certificate> {
    let mut found: Vec<Certificate> = Vec::new();
    for holding in &topology.holdings {
        let certificate = &holding.certificate;
        let constraints = certificate.extensions().basic_constraints.as_ref();
        let is_authority = constraints.is_some_and(|constraints| constraints.ca);
        if is_authority && !certificate.is_self_issued() && !found.contains(certificate) {
            found.push(certificate.clone());
        }
    }
    found
}
