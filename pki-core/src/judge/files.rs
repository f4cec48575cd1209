//! Pairs and keys as an edge asks for them.

use crate::judge::index::Index;
use crate::place::Place;
use crate::topology::Broken;
use crate::topology::KeyHolding;
use crate::topology::Pair;
use crate::topology::Topology;

pub(super) struct Files<'a> {
    pub(super) topology: &'a Topology,
    pub(super) index: &'a Index,
}

impl<'a> Files<'a> {
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
