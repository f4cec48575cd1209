//! What lies where, by file: every edge and every rule asks, and a cluster has thousands of both.

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;

use crate::place::Place;
use crate::topology::Broken;
use crate::topology::Edge;
use crate::topology::Holding;
use crate::topology::KeyHolding;
use crate::topology::Kubeconfig;
use crate::topology::Pair;
use crate::topology::Topology;

/// Positions in the lists of the [`Topology`] that it was made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    holdings: ByFile,
    keys: ByFile,
    pairs: ByFile,
    kubeconfigs: ByFile,
    broken: ByFile,
    edges: ByFile,
}

/// Positions by node and path; paths that `Path` holds for equal are one.
#[derive(Clone, Debug, Default)]
struct ByFile(HashMap<String, HashMap<PathBuf, Vec<usize>>>);

impl Index {
    pub(super) fn of(topology: &Topology) -> Self {
        let mut index = Self {
            holdings: by_file(&topology.holdings, |holding| &holding.place),
            keys: by_file(&topology.keys, |key| &key.place),
            pairs: by_file(&topology.pairs, |pair| &pair.certificate),
            kubeconfigs: by_file(&topology.kubeconfigs, |kubeconfig| &kubeconfig.place),
            broken: by_file(&topology.broken, |broken| &broken.place),
            edges: by_file(&topology.edges, |edge| &edge.shown.place),
        };
        for (position, edge) in topology.edges.iter().enumerate() {
            if let Some((shown, _)) = &edge.client_shows
                && !shown.place.is_same_file(&edge.shown.place)
            {
                index.edges.add(&shown.place, position);
            }
        }
        index
    }

    /// Certificates in the file.
    pub(super) fn holdings<'t>(
        &self,
        topology: &'t Topology,
        file: &Place,
    ) -> impl Iterator<Item = &'t Holding> + use<'_, 't> {
        self.holdings.at(file, &topology.holdings)
    }

    /// Private keys in the file.
    pub(super) fn keys<'t>(
        &self,
        topology: &'t Topology,
        file: &Place,
    ) -> impl Iterator<Item = &'t KeyHolding> + use<'_, 't> {
        self.keys.at(file, &topology.keys)
    }

    /// Pairs whose certificate is in the file.
    pub(super) fn pairs<'t>(
        &self,
        topology: &'t Topology,
        file: &Place,
    ) -> impl Iterator<Item = &'t Pair> + use<'_, 't> {
        self.pairs.at(file, &topology.pairs)
    }

    /// The file as a kubeconfig.
    pub(super) fn kubeconfigs<'t>(
        &self,
        topology: &'t Topology,
        file: &Place,
    ) -> impl Iterator<Item = &'t Kubeconfig> + use<'_, 't> {
        self.kubeconfigs.at(file, &topology.kubeconfigs)
    }

    /// What is wrong with the file.
    pub(super) fn broken<'t>(
        &self,
        topology: &'t Topology,
        file: &Place,
    ) -> impl Iterator<Item = &'t Broken> + use<'_, 't> {
        self.broken.at(file, &topology.broken)
    }

    /// Edges on which either end shows what is in the file, in the order of the topology, with their positions.
    pub(super) fn edges_showing<'t>(
        &self,
        topology: &'t Topology,
        file: &Place,
    ) -> impl Iterator<Item = (usize, &'t Edge)> + use<'_, 't> {
        let positions = self.edges.positions(file).iter();
        positions.filter_map(|position| Some((*position, topology.edges.get(*position)?)))
    }
}

fn by_file<T>(items: &[T], place: impl Fn(&T) -> &Place) -> ByFile {
    let mut by_file = ByFile::default();
    for (position, item) in items.iter().enumerate() {
        by_file.add(place(item), position);
    }
    by_file
}

impl ByFile {
    fn add(&mut self, file: &Place, position: usize) {
        let node = match self.0.get_mut(&file.node) {
            Some(node) => node,
            None => self.0.entry(file.node.clone()).or_default(),
        };
        match node.get_mut(file.path.as_path()) {
            Some(positions) => positions.push(position),
            None => {
                node.insert(file.path.clone(), vec![position]);
            }
        }
    }

    fn positions(&self, file: &Place) -> &[usize] {
        let node = self.0.get(&file.node);
        let positions = node.and_then(|node| node.get::<Path>(&file.path));
        positions.map_or(&[], Vec::as_slice)
    }

    fn at<'t, T>(
        &self,
        file: &Place,
        items: &'t [T],
    ) -> impl Iterator<Item = &'t T> + use<'_, 't, T> {
        let positions = self.positions(file).iter();
        positions.filter_map(|position| items.get(*position))
    }
}
