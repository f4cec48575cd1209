//! Which files of a node are read, and in which order: manifests first, for they say which certificates matter.

mod balancers;
mod harbor;
mod processes;
mod registries;
mod rotation;
mod runtimes;
mod token_files;
mod tokens;

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use crate::facts::Broken;
use crate::facts::BrokenKind;
use crate::facts::Facts;
use crate::facts::NodeFacts;
use crate::facts::certificate_files;
use crate::facts::certificate_files::Cache;
use crate::facts::certificate_files::Expected;
use crate::facts::cluster_objects;
use crate::facts::haproxy;
use crate::facts::hosts;
use crate::facts::kubeadm_config;
use crate::facts::kubeconfig;
use crate::facts::kubelet_config;
use crate::facts::nginx;
use crate::facts::process;
use crate::place::KUBERNETES_DIR;
use crate::place::PKI_DIR;
use crate::place::Place;
use crate::source::Document;
use crate::source::Extent;
use crate::source::ReadProblem;
use crate::source::Reader;
use crate::source::Tree;
use crate::x509::key::KeyError;

pub(super) fn gather(trees: &[Tree]) -> Facts {
    let mut facts = Facts::default();
    let mut cache = Cache::default();
    for tree in trees {
        if let Some(problem) = tree.unread() {
            let place = Place::file(tree.locate(Path::new("/")));
            facts.broken.push(broken(place, problem, None));
            continue;
        }
        if objects(tree, &mut facts, &mut cache) {
            continue;
        }
        let position = node_of(&mut facts, tree);
        if let Some(node) = facts.nodes.get_mut(position) {
            let mut gatherer = Gatherer {
                tree,
                reader: tree.reader(),
                node,
                cache: &mut cache,
                tried: BTreeSet::new(),
                has_read: false,
            };
            gatherer.all();
            facts.is_read |= gatherer.has_read;
        }
    }
    facts
}

/// Objects of the cluster belong to no node. Whether the tree was one of them.
fn objects(tree: &Tree, facts: &mut Facts, cache: &mut Cache) -> bool {
    let mut reader = tree.reader();
    let is_yaml = |path: &Path| {
        path.extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
    };
    let (paths, is_directory) = match tree.extent() {
        Extent::Objects(directory) => match reader.list(directory) {
            Ok(entries) => {
                let files = entries.into_iter().filter(|entry| !entry.is_directory);
                (
                    files
                        .map(|entry| entry.path)
                        .filter(|path| is_yaml(path))
                        .collect(),
                    true,
                )
            }
            Err(problem) => {
                facts
                    .broken
                    .push(broken(tree.place(directory), &problem, None));
                (Vec::new(), true)
            }
        },
        Extent::File(path) if is_yaml(path) => (vec![path.clone()], false),
        _ => return false,
    };
    let mut found = is_directory;
    for path in paths {
        let parsed = match reader.read(&path) {
            Ok(document) => {
                facts.is_read = true;
                cluster_objects::parse(&document.bytes, &document.place, cache)
            }
            Err(problem) => Err(Box::new(broken(tree.place(&path), &problem, None))),
        };
        match parsed {
            Ok(objects) => {
                found |= !objects.is_empty();
                facts.kube_proxies.extend(objects.kube_proxies);
                facts.kubeadm.extend(objects.kubeadm);
            }
            Err(broken) if is_directory => facts.broken.push(*broken),
            Err(_) => {}
        }
    }
    found
}

/// Trees that were given the same name are one node.
fn node_of(facts: &mut Facts, tree: &Tree) -> usize {
    let named = tree.name().and_then(|name| {
        let same = |node: &NodeFacts| node.given_name.as_deref() == Some(name);
        facts.nodes.iter().position(same)
    });
    named.unwrap_or_else(|| {
        facts.nodes.push(NodeFacts {
            given_name: tree.name().map(str::to_owned),
            directory: tree.directory().map(str::to_owned),
            among_nodes: tree.is_among_nodes(),
            kubernetes_dir: tree.place(Path::new(KUBERNETES_DIR)),
            pki_dir: tree.place(Path::new(PKI_DIR)),
            is_archived: tree.is_archived(),
            ..NodeFacts::default()
        });
        facts.nodes.len() - 1
    })
}

struct Gatherer<'a> {
    tree: &'a Tree,
    reader: Reader<'a>,
    node: &'a mut NodeFacts,
    cache: &'a mut Cache,
    tried: BTreeSet<PathBuf>,
    has_read: bool,
}

impl Gatherer<'_> {
    fn all(&mut self) {
        if let Extent::File(path) = self.tree.extent() {
            self.single(path);
            return;
        }
        if let Extent::Registry(path) = self.tree.extent() {
            self.node.given_dir = Some(self.tree.place(path));
            self.registry_at(path);
            self.rotation();
            return;
        }
        self.manifests();
        let is_node = *self.tree.extent() == Extent::Node;
        if is_node {
            self.units();
            // Before the files beside it, for it may lie among them (kubespray's is /etc/kubernetes/kubelet-config.yaml).
            self.kubelet_config();
        }
        self.kubeconfigs();
        if is_node {
            self.beside();
        }
        self.node.searched = !self.tree.is_incomplete();
        self.directory(Path::new(PKI_DIR), DEEPEST);
        let pki_dir = self.node.pki_dir.path.clone();
        if pki_dir != Path::new(PKI_DIR) && self.tree.covers(&pki_dir) {
            self.directory(&pki_dir, DEEPEST);
        }
        self.rotation();
        if !self.has_read && self.node.broken.is_empty() {
            let place = self.node.kubernetes_dir.clone();
            let problem = broken(place, &ReadProblem::NothingKnown, None);
            self.node.broken.push(problem);
        }
    }

    fn single(&mut self, path: &Path) {
        if let Some(document) = self.read(path, None) {
            // Not dashes alone: the haproxy.cfg of packages has rules of them in its comments.
            let is_pem = document
                .bytes
                .windows(10)
                .any(|bytes| bytes == b"-----BEGIN");
            let is_key = document
                .bytes
                .windows(16)
                .any(|bytes| bytes == b"PRIVATE KEY-----");
            if is_pem && is_key && self.tree.name().is_some() {
                self.token_server(&document);
            } else if is_pem || document.bytes.first() == Some(&0x30) {
                self.parse_pem(&document, Expected::Anything, None);
            } else if nginx::is_main(&document.bytes) {
                self.nginx(&document);
            } else if haproxy::is_main(&document.bytes) {
                self.haproxy(&document);
            } else if !self.registry_document(&document) {
                self.parse_kubeconfig(&document, true);
            }
        }
    }

    fn kubeconfigs(&mut self) {
        for path in self.files_in(Path::new(KUBERNETES_DIR)) {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("conf" | "kubeconfig") => self.kubeconfig(&path, None),
                Some("yaml" | "yml") => self.kubeadm(&path),
                _ => {}
            }
        }
    }

    fn kubeadm(&mut self, path: &Path) {
        let Some(document) = self.read(path, None) else {
            return;
        };
        match kubeadm_config::parse(&document.bytes, &document.place) {
            Ok(Some(inventory)) => self.node.kubeadm = Some(inventory),
            Ok(None) => {}
            Err(broken) => self.node.broken.push(*broken),
        }
    }

    fn kubeconfig(&mut self, path: &Path, told_at: Option<Place>) {
        if let Some(document) = self.read(path, told_at) {
            self.parse_kubeconfig(&document, false);
        }
    }

    fn parse_kubeconfig(&mut self, document: &Document, alone: bool) {
        let Document {
            place,
            bytes,
            status,
        } = document;
        let kubeconfig = match kubeconfig::parse(bytes, place, status.mode, self.cache) {
            Ok(Some(kubeconfig)) => kubeconfig,
            Ok(None) => {
                if alone {
                    let what = "is neither a kubeconfig nor a balancer's configuration, nor a certificate or key in PEM";
                    self.node.broken.push(malformed(place.clone(), what));
                }
                return;
            }
            Err(broken) => return self.node.broken.push(*broken),
        };
        for (path, line) in kubeconfig.files() {
            self.pem(path, Expected::Anything, Some(place.at_line(line)));
        }
        for file in kubeconfig.embedded() {
            self.node.broken.extend(file.broken.iter().cloned());
        }
        self.node.kubeconfigs.push(kubeconfig);
    }

    /// What belongs to the node beside /etc/kubernetes. None of it need be there.
    fn beside(&mut self) {
        if let Some(document) = self.read(Path::new("/etc/hosts"), None) {
            self.node.hosts = hosts::parse(&document.bytes, &document.place);
        }
        if let Some(document) = self.read(Path::new("/etc/hostname"), None)
            && let Ok(name) = std::str::from_utf8(&document.bytes)
            && !name.trim().is_empty()
        {
            self.node.hostname = Some((name.trim().to_ascii_lowercase(), document.place.clone()));
        }
        self.balancers();
        self.runtimes();
        self.registries();
        if !self.node.runtimes.is_empty() || !self.node.registries.is_empty() {
            self.system_roots();
            let kubernetes = self.reader.list(Path::new(KUBERNETES_DIR));
            if kubernetes.is_err_and(|problem| problem.is_missing()) {
                self.node.given_dir = Some(self.tree.place(Path::new("/")));
            }
        }
        self.kubeconfig(Path::new("/var/lib/kubelet/kubeconfig"), None);
        let kubelet = self.node.process(process::KUBELET);
        let directory = kubelet.and_then(|kubelet| kubelet.value("cert-dir"));
        let directory = PathBuf::from(directory.unwrap_or(process::KUBELET_DIR));
        for name in KUBELET_FILES {
            self.pem(&directory.join(name), Expected::Anything, None);
        }
    }

    fn kubelet_config(&mut self) {
        let told = self.node.process(process::KUBELET).and_then(|kubelet| {
            let flag = kubelet.flag("config")?;
            let path = kubelet.on_node(kubelet.value("config")?);
            Some((path, kubelet.place_of(flag)))
        });
        let default = Path::new("/var/lib/kubelet/config.yaml");
        let (path, told_at) = match told {
            // Where nothing of its directory was copied, nothing says that it is not there.
            Some((path, _)) if path == default && self.is_left_out(default) => (path, None),
            Some((path, told_at)) => (path, Some(told_at)),
            None => (default.to_path_buf(), None),
        };
        let Some(document) = self.read(&path, told_at) else {
            return;
        };
        match kubelet_config::parse(&document.bytes, &document.place) {
            Ok(kubelet) => {
                for (path, line) in kubelet.files() {
                    let told_at = Some(document.place.at_line(line));
                    self.pem(&path, Expected::Anything, told_at);
                }
                self.node.kubelet = Some(kubelet);
            }
            Err(broken) => self.node.broken.push(*broken),
        }
    }

    fn is_left_out(&mut self, path: &Path) -> bool {
        path.parent()
            .is_some_and(|directory| self.reader.list(directory).is_err())
    }

    fn directory(&mut self, directory: &Path, depth: usize) {
        let entries = match self.reader.list(directory) {
            Ok(entries) => entries,
            Err(problem) => return self.complain(directory, &problem, None),
        };
        for entry in entries {
            let extension = entry
                .path
                .extension()
                .and_then(|extension| extension.to_str());
            if entry.is_directory {
                if extension == Some("crt") || extension == Some("key") {
                    self.pem(&entry.path, Expected::Anything, None);
                }
                if depth > 0 {
                    self.directory(&entry.path, depth - 1);
                }
                continue;
            }
            let expected = match extension {
                Some("crt" | "cert" | "cer") => Expected::Certificates,
                Some("key") => Expected::Key,
                Some("pem" | "pub") => Expected::Anything,
                _ => continue,
            };
            self.pem(&entry.path, expected, None);
        }
    }

    fn pem(&mut self, path: &Path, expected: Expected, told_at: Option<Place>) {
        if let Some(document) = self.read(path, told_at.clone()) {
            self.parse_pem(&document, expected, told_at);
        }
    }

    fn parse_pem(&mut self, document: &Document, expected: Expected, told_at: Option<Place>) {
        let Document {
            place,
            bytes,
            status,
        } = document;
        let file = certificate_files::parse(bytes, place, *status, expected, self.cache);
        // hapki may keep a key encrypted, but what a component is told to use it must be able to read.
        if let Some((_, Err(error @ KeyError::Encrypted { .. }))) = file.keys.first()
            && told_at.is_some()
        {
            let problem =
                format!("cannot be used: {error}, and no component asks for a passphrase");
            let mut broken = malformed(place.clone(), &problem);
            broken.told_at.clone_from(&told_at);
            self.node.broken.push(broken);
        }
        self.node
            .broken
            .extend(file.broken.iter().map(|broken| Broken {
                told_at: told_at.clone(),
                ..broken.clone()
            }));
        self.node.files.insert(place.path.clone(), file);
    }

    /// Reads a file once, however often it is named.
    fn read(&mut self, path: &Path, told_at: Option<Place>) -> Option<Document> {
        if !self.tree.covers(path) {
            self.node.unseen.insert(path.to_path_buf());
            return None;
        }
        if !self.tried.insert(path.to_path_buf()) {
            return None;
        }
        match self.reader.read(path) {
            Ok(document) => {
                self.has_read = true;
                Some(document)
            }
            Err(problem) => {
                self.complain(path, &problem, told_at);
                None
            }
        }
    }

    fn complain(&mut self, path: &Path, problem: &ReadProblem, told_at: Option<Place>) {
        let absent = matches!(problem, ReadProblem::Missing | ReadProblem::CutOff);
        if !absent || told_at.is_some() {
            let place = self.tree.place(path);
            self.node.broken.push(broken(place, problem, told_at));
        }
    }

    fn files_in(&mut self, directory: &Path) -> Vec<PathBuf> {
        if !self.tree.covers(directory) {
            return Vec::new();
        }
        match self.reader.list(directory) {
            Ok(entries) => entries
                .into_iter()
                .filter(|entry| !entry.is_directory)
                .map(|entry| entry.path)
                .collect(),
            Err(problem) => {
                self.complain(directory, &problem, None);
                Vec::new()
            }
        }
    }
}

fn broken(place: Place, problem: &ReadProblem, told_at: Option<Place>) -> Broken {
    Broken {
        place,
        kind: if problem.is_missing() {
            BrokenKind::Missing
        } else {
            BrokenKind::Unreadable
        },
        told_at,
        problem: problem.to_string(),
    }
}

fn malformed(place: Place, problem: &str) -> Broken {
    Broken {
        place,
        kind: BrokenKind::Malformed,
        told_at: None,
        problem: problem.to_owned(),
    }
}

/// The files of the kubelet that are in use; those with dates in their names were rotated out.
const KUBELET_FILES: &[&str] = &[
    "kubelet-client-current.pem",
    "kubelet-server-current.pem",
    "kubelet.crt",
    "kubelet.key",
];
/// How many directories deep a PKI directory is searched; kubeadm uses one, etcd.
const DEEPEST: usize = 3;

#[cfg(test)]
mod tests;
