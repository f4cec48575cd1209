//! Pairs and keys by their files: every edge asks for its own, and a cluster has as many pairs as it has nodes.

use std::collections::HashMap;
use std::path::Path;

use crate::place::Place;
use crate::topology::KeyHolding;
use crate::topology::Pair;
use crate::topology::Topology;

pub(super) struct Files<'a> {
    pub(super) topology: &'a Topology,
    pairs: HashMap<(&'a str, &'a Path), Vec<&'a Pair>>,
    keys: HashMap<(&'a str, &'a Path), Vec<&'a KeyHolding>>,
}

impl<'a> Files<'a> {
    pub(super) fn of(topology: &'a Topology) -> Self {
        let mut files = Self {
            topology,
            pairs: HashMap::new(),
            keys: HashMap::new(),
        };
        for pair in &topology.pairs {
            let pairs = files.pairs.entry(file(&pair.certificate)).or_default();
            pairs.push(pair);
        }
        for key in &topology.keys {
            files.keys.entry(file(&key.place)).or_default().push(key);
        }
        files
    }

    /// The pairs whose certificate is at `place`.
    pub(super) fn pairs_of<'s>(
        &'s self,
        place: &'s Place,
    ) -> impl Iterator<Item = &'a Pair> + use<'a, 's> {
        let pairs = self.pairs.get(&file(place)).into_iter().flatten().copied();
        pairs.filter(|pair| pair.certificate.is_at(place))
    }

    /// The key at `place`.
    pub(super) fn key_at(&self, place: &Place) -> Option<&'a KeyHolding> {
        let mut keys = self.keys.get(&file(place)).into_iter().flatten().copied();
        keys.find(|key| key.place.is_at(place))
    }
}

fn file(place: &Place) -> (&str, &Path) {
    (&place.node, &place.path)
}
