//! One node's facts under the node's name: every place that leaves here says whose it is.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;

use crate::facts::NodeFacts;
use crate::facts::certificate_files::PemFile;
use crate::facts::kubeconfig;
use crate::facts::kubeconfig::Material;
use crate::facts::process;
use crate::facts::process::Process;
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
    /// Where its kubelet keeps what it requests and makes.
    pub(super) kubelet_dir: PathBuf,
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
        let kubelet = facts.process(process::KUBELET);
        let directory = kubelet.and_then(|kubelet| kubelet.value("cert-dir"));
        Self {
            name,
            facts,
            known,
            kubelet_dir: PathBuf::from(directory.unwrap_or(process::KUBELET_DIR)),
        }
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
        let read_from = match path.strip_prefix(&kubernetes.path) {
            Ok(rest) => kubernetes.read_from.join(rest),
            Err(_) => self.below_root(path),
        };
        Place {
            node: self.name.clone(),
            path: path.to_path_buf(),
            read_from,
            line: None,
        }
    }

    /// A path in the copy of the node's root, where it is one.
    fn below_root(&self, path: &Path) -> PathBuf {
        let kubernetes = &self.facts.kubernetes_dir;
        let below = kubernetes.path.components().count() - 1;
        let is_rooted = kubernetes.read_from.ends_with("etc/kubernetes");
        let root = kubernetes.read_from.ancestors().nth(below);
        match (root, path.strip_prefix("/")) {
            (Some(root), Ok(rest)) if is_rooted => root.join(rest),
            _ => path.to_path_buf(),
        }
    }

    /// The file that a flag names.
    pub(super) fn flag_file(&self, process: &Process, flag: &str) -> Option<Place> {
        Some(self.path(&process.on_node(process.value(flag)?)))
    }

    /// The file that a flag of `program` names and the line that says so; without any manifest, the file that kubeadm's
    /// layout has for it.
    pub(super) fn told(&self, program: &str, flag: &str, layout: &str) -> Option<Told> {
        if let Some(process) = self.facts.process(program) {
            let flag = process.flag(flag).filter(|flag| !flag.value.is_empty())?;
            return Some(Told {
                file: self.path(&process.on_node(&flag.value)),
                told_at: self.at(&process.place_of(flag)),
            });
        }
        let file = self.by_layout(layout)?;
        Some(Told {
            told_at: file.clone(),
            file,
        })
    }

    /// A file below the PKI directory of a node that nothing but the layout tells of.
    pub(super) fn by_layout(&self, below: &str) -> Option<Place> {
        let file = self.facts.file(&self.facts.pki_dir.path.join(below))?;
        (!self.facts.declares_control_plane()).then(|| self.at(&file.place))
    }

    /// Where a flag is given, else what declares the program.
    pub(super) fn flag_place(&self, program: &str, flag: &str) -> Option<Place> {
        let process = self.facts.process(program)?;
        let place = process
            .flag(flag)
            .map_or_else(|| process.place.clone(), |flag| process.place_of(flag));
        Some(self.at(&place))
    }

    pub(super) fn flags(&self, process: &Process) -> Vec<Flag> {
        let flag = |flag: &crate::facts::process::Flag| Flag {
            name: flag.name.clone(),
            value: flag.value.clone(),
            place: self.at(&process.place_of(flag)),
        };
        process.flags.iter().map(flag).collect()
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
            Material::Embedded(file) => (self.at(&file.place), Some(&**file)),
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

    /// Who uses a kubeconfig: the component that is told it, else the one whose file name it has.
    pub(super) fn user_of(&self, kubeconfig: &kubeconfig::Kubeconfig) -> Component {
        let path = &kubeconfig.place.path;
        for program in [
            "kube-controller-manager",
            "kube-scheduler",
            process::KUBELET,
        ] {
            if self.kubeconfigs_of(program).any(|named| named == *path) {
                return self.component(program);
            }
        }
        let file = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        match file {
            "kubelet.conf" if self.nothing_named(process::KUBELET) => self.component("kubelet"),
            "kubeconfig"
                if path.starts_with("/var/lib/kubelet") && self.nothing_named(process::KUBELET) =>
            {
                self.component("kubelet")
            }
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
        self.facts.process(program).into_iter().flat_map(|process| {
            [
                "kubeconfig",
                "authentication-kubeconfig",
                "authorization-kubeconfig",
            ]
            .into_iter()
            .filter_map(|flag| Some(process.on_node(process.value(flag)?)))
        })
    }
}
