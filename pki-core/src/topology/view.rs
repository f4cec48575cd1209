//! One node's facts under the node's name: every place that leaves here says whose it is.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;

use crate::facts::NodeFacts;
use crate::facts::certificate_files::PemFile;
use crate::facts::kubeconfig;
use crate::facts::kubeconfig::Material;
use crate::facts::manifest::StaticPod;
use crate::place::Place;
use crate::topology::edge::Component;
use crate::topology::edge::Shown;
use crate::topology::edge::Trust;
use crate::topology::node::Flag;

pub(super) struct View<'a> {
    pub(super) name: String,
    pub(super) facts: &'a NodeFacts,
    /// What its hosts file knows, by name in lower case; of two lines for one name the first counts.
    known: HashMap<&'a str, IpAddr>,
}

/// A file that a component was told to use, and where.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) file: Place,
    pub(super) told_at: Place,
}

impl<'a> View<'a> {
    pub(super) fn new(name: String, facts: &'a NodeFacts) -> Self {
        let mut known = HashMap::new();
        for entry in facts.hosts.entries.iter() {
            for name in &entry.names {
                known.entry(name.as_str()).or_insert(entry.address);
            }
        }
        Self { name, facts, known }
    }

    /// The address that its hosts file has for a name in lower case.
    pub(super) fn known(&self, name: &str) -> Option<IpAddr> {
        self.known.get(name).copied()
    }
}

impl View<'_> {
    /// `place`, on this node.
    pub(super) fn at(&self, place: &Place) -> Place {
        Place {
            node: self.name.clone(),
            ..place.clone()
        }
    }

    pub(super) fn component(&self, name: &str) -> Component {
        Component {
            name: name.to_owned(),
            node: self.name.clone(),
        }
    }

    /// The place of a path of this node, read or not.
    pub(super) fn path(&self, path: &Path) -> Place {
        if let Some(file) = self.facts.file(path) {
            return self.at(&file.place);
        }
        let broken = self.facts.broken.iter().map(|broken| &broken.place);
        if let Some(place) = broken.into_iter().find(|place| place.path == path) {
            return Place {
                line: None,
                ..self.at(place)
            };
        }
        let kubernetes = &self.facts.kubernetes_dir;
        let read_from = path.strip_prefix(&kubernetes.path).map_or_else(
            |_| path.to_path_buf(),
            |rest| kubernetes.read_from.join(rest),
        );
        Place {
            node: self.name.clone(),
            path: path.to_path_buf(),
            read_from,
            line: None,
        }
    }

    /// The file that a flag names.
    pub(super) fn flag_file(&self, pod: &StaticPod, flag: &str) -> Option<Place> {
        Some(self.path(&pod.on_node(pod.value(flag)?)))
    }

    /// The file that a flag of `program` names and the line that says so; without any manifest, the file that kubeadm's
    /// layout has for it.
    pub(super) fn told(&self, program: &str, flag: &str, layout: &str) -> Option<Told> {
        if let Some(pod) = self.facts.pod(program) {
            let flag = pod.flag(flag).filter(|flag| !flag.value.is_empty())?;
            return Some(Told {
                file: self.path(&pod.on_node(&flag.value)),
                told_at: self.at(&pod.place_of(flag)),
            });
        }
        let file = self.by_layout(layout)?;
        Some(Told {
            told_at: file.clone(),
            file,
        })
    }

    /// A file below the PKI directory of a node that has no manifests.
    pub(super) fn by_layout(&self, below: &str) -> Option<Place> {
        let without_manifests = self.facts.pods.is_empty();
        let file = self.facts.file(&self.facts.pki_dir.path.join(below))?;
        without_manifests.then(|| self.at(&file.place))
    }

    /// Where a flag is given, else the manifest.
    pub(super) fn flag_place(&self, program: &str, flag: &str) -> Option<Place> {
        let pod = self.facts.pod(program)?;
        let place = pod
            .flag(flag)
            .map_or_else(|| pod.place.clone(), |flag| pod.place_of(flag));
        Some(self.at(&place))
    }

    pub(super) fn flags(&self, pod: &StaticPod) -> Vec<Flag> {
        let flag = |flag: &crate::facts::manifest::Flag| Flag {
            name: flag.name.clone(),
            value: flag.value.clone(),
            place: self.at(&pod.place_of(flag)),
        };
        pod.flags.iter().map(flag).collect()
    }

    pub(super) fn shown(&self, place: &Place) -> Shown {
        Shown {
            place: place.clone(),
            chain: self
                .facts
                .file(&place.path)
                .map(PemFile::chain)
                .unwrap_or_default(),
        }
    }

    pub(super) fn trust(&self, place: &Place) -> Trust {
        let Shown { place, chain } = self.shown(place);
        Trust {
            place,
            roots: chain,
        }
    }

    /// What a kubeconfig embeds or names.
    pub(super) fn material<'m>(&'m self, material: &'m Material) -> (Place, Option<&'m PemFile>) {
        match material {
            Material::Embedded(file) => (self.at(&file.place), Some(file)),
            Material::File { path, .. } => (self.path(path), self.facts.file(path)),
        }
    }

    pub(super) fn material_shown(&self, material: &Material) -> Shown {
        let (place, file) = self.material(material);
        Shown {
            place,
            chain: file.map(PemFile::chain).unwrap_or_default(),
        }
    }

    /// Who uses a kubeconfig: the component whose manifest names it, else the one whose file name it has.
    pub(super) fn user_of(&self, kubeconfig: &kubeconfig::Kubeconfig) -> Component {
        let path = &kubeconfig.place.path;
        for program in ["kube-controller-manager", "kube-scheduler"] {
            if self.kubeconfigs_of(program).any(|named| named == *path) {
                return self.component(program);
            }
        }
        let file = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        match file {
            "kubelet.conf" => self.component("kubelet"),
            "kubeconfig" if path.starts_with("/var/lib/kubelet") => self.component("kubelet"),
            "controller-manager.conf" if self.nothing_named("kube-controller-manager") => {
                self.component("kube-controller-manager")
            }
            "scheduler.conf" if self.nothing_named("kube-scheduler") => {
                self.component("kube-scheduler")
            }
            file => self.component(&format!("kubeconfig:{file}")),
        }
    }

    fn nothing_named(&self, program: &str) -> bool {
        self.kubeconfigs_of(program).next().is_none()
    }

    fn kubeconfigs_of(&self, program: &str) -> impl Iterator<Item = PathBuf> {
        self.facts.pod(program).into_iter().flat_map(|pod| {
            [
                "kubeconfig",
                "authentication-kubeconfig",
                "authorization-kubeconfig",
            ]
            .into_iter()
            .filter_map(|flag| Some(pod.on_node(pod.value(flag)?)))
        })
    }
}
