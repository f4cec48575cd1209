//! What a PATH is: a node's root, its /etc/kubernetes, its PKI directory, a directory of nodes, an archive of any of them,
//! or one file.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::place::KUBERNETES_DIR;
use crate::place::PKI_DIR;
use crate::source::Options;
use crate::source::PathArgument;
use crate::source::archive;
use crate::source::archive::Archive;
use crate::source::document;
use crate::source::document::ReadProblem;
use crate::source::ground::Ground;
use crate::source::tree::Base;
use crate::source::tree::Extent;
use crate::source::tree::Tree;

/// Why nothing at all could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// No PATH was given.
    #[error("no PATH was given")]
    NoPath,
    /// No PATH could be read; each with its reason.
    #[error("{}", few(.0))]
    NothingRead(Vec<(PathBuf, String)>),
}

impl SourceError {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        "give a node's /etc/kubernetes, its PKI directory, its root directory, a directory of such roots, a tar archive of any of them, a kubeconfig, a Harbor or registry directory, or a certificate file"
    }
}

/// A sentence names few of many files.
fn few(unread: &[(PathBuf, String)]) -> String {
    let mut named: Vec<String> = unread
        .iter()
        .take(MOST_NAMED)
        .map(|(path, problem)| format!("{}: {problem}", path.display()))
        .collect();
    if unread.len() > MOST_NAMED {
        named.push(format!("and {} more", unread.len() - MOST_NAMED));
    }
    named.join("; ")
}

pub(super) fn open(arguments: &[PathArgument], options: Options) -> Result<Vec<Tree>, SourceError> {
    if arguments.is_empty() {
        return Err(SourceError::NoPath);
    }
    let mut trees: Vec<Tree> = Vec::new();
    for argument in arguments {
        for tree in recognise(argument, options) {
            if !trees.contains(&tree) {
                trees.push(tree);
            }
        }
    }
    if trees.iter().any(|tree| tree.unread().is_none()) {
        return Ok(trees);
    }
    Err(SourceError::NothingRead(
        trees
            .iter()
            .filter_map(|tree| Some((tree.locate(Path::new("/")), tree.unread()?.to_string())))
            .collect(),
    ))
}

fn recognise(argument: &PathArgument, options: Options) -> Vec<Tree> {
    let path = argument.path.as_path();
    let found = std::fs::metadata(path)
        .map_err(ReadProblem::from)
        .and_then(|metadata| {
            if !metadata.is_dir() {
                document::check_kind(&metadata)?;
                return file_or_archive(path);
            }
            std::fs::read_dir(path)?;
            directory(path, options)
        });
    let mut trees = found.unwrap_or_else(|problem| vec![unread(path, problem)]);
    if let Some(name) = &argument.name {
        if trees.iter().filter(|tree| tree.unread().is_none()).count() > 1 {
            let what = "a directory or an archive of several nodes, which cannot all have the one name given";
            trees = vec![unread(path, ReadProblem::NotAFile { what })];
        }
        for tree in &mut trees {
            tree.name = Some(name.clone());
        }
    }
    trees
}

fn directory(path: &Path, options: Options) -> Result<Vec<Tree>, ReadProblem> {
    let absolute = Ground::Disk.absolute(path);
    for (suffix, alone) in [
        ("etc/kubernetes", Extent::Kubernetes),
        ("etc/kubernetes/pki", Extent::PkiDirectory),
    ] {
        if let Some(root) = without(path, suffix).or_else(|| without(&absolute, suffix)) {
            let extent = if options.siblings {
                Extent::Node
            } else {
                alone
            };
            return Ok(vec![Ground::Disk.root(&root, extent)]);
        }
    }
    Ground::Disk.recognise(path)
}

fn file_or_archive(path: &Path) -> Result<Vec<Tree>, ReadProblem> {
    let (mut opened, metadata) = document::open_unwaiting(path)?;
    let Some(archive) = archive::open(path, &mut opened)? else {
        document::check_size(&metadata)?;
        return Ok(vec![registry_file(path).unwrap_or_else(|| file(path))]);
    };
    let archive = Arc::new(archive);
    let mut trees = in_archive(&archive);
    match (&mut trees, archive.damage()) {
        (Ok(trees), Some(damage)) => trees.push(unread(path, damage.clone())),
        (Err(_), Some(damage)) => return Err(damage.clone()),
        (_, None) => {}
    }
    trees
}

/// Whoever packs an archive decides how far below its root the trees lie: the first level with any of them counts.
fn in_archive(archive: &Arc<Archive>) -> Result<Vec<Tree>, ReadProblem> {
    let ground = Ground::Archive(Arc::clone(archive));
    let mut level = vec![PathBuf::from("/")];
    for _ in 0..DEEPEST {
        let found = level.iter().filter_map(|path| ground.recognise(path).ok());
        let mut trees: Vec<Tree> = found.flatten().collect();
        if !trees.is_empty() {
            for tree in &mut trees {
                let stem = || archive.stem().map(str::to_owned);
                tree.directory = tree.directory.take().or_else(stem);
            }
            return Ok(trees);
        }
        level = level
            .iter()
            .flat_map(|path| ground.directories(path))
            .collect();
    }
    Err(ReadProblem::NothingKnown)
}

impl Ground {
    fn recognise(&self, path: &Path) -> Result<Vec<Tree>, ReadProblem> {
        if self.is_directory(&path.join("etc/kubernetes")) {
            return Ok(vec![self.root(path, Extent::Node)]);
        }
        if self.holds_kubernetes(path) {
            return Ok(vec![self.copy(path, KUBERNETES_DIR, Extent::Kubernetes)]);
        }
        if self.is_registry(path) {
            return Ok(vec![self.registry(path, path)]);
        }
        if self.is_root_with_registries(path) {
            return Ok(vec![self.root(path, Extent::Node)]);
        }
        let mut nodes = Vec::new();
        let mut objects = Vec::new();
        let mut yaml = false;
        let mut pki = self.is_directory(&path.join("etcd"));
        for entry in self.list(path)? {
            if self.is_directory(&entry.join("etc/kubernetes"))
                || self.is_root_with_registries(&entry)
            {
                nodes.push(self.root(&entry, Extent::Node));
            } else if self.holds_kubernetes(&entry) {
                nodes.push(self.copy(&entry, KUBERNETES_DIR, Extent::Kubernetes));
            } else if self.holds_yaml(&entry) {
                objects.push(self.cluster_objects(&entry));
            }
            yaml |= is_yaml(&entry);
            pki |= entry
                .extension()
                .is_some_and(|extension| PKI_EXTENSIONS.iter().any(|known| extension == *known));
        }
        if nodes.is_empty() && pki {
            return Ok(vec![self.copy(path, PKI_DIR, Extent::PkiDirectory)]);
        }
        if nodes.is_empty() && yaml {
            return Ok(vec![self.cluster_objects(path)]);
        }
        if nodes.is_empty() {
            return Err(ReadProblem::NothingKnown);
        }
        for node in &mut nodes {
            node.among_nodes = node.directory.is_some();
        }
        nodes.sort_unstable_by(|a, b| a.directory.cmp(&b.directory));
        objects.sort_unstable_by(|a, b| a.directory.cmp(&b.directory));
        nodes.append(&mut objects);
        Ok(nodes)
    }

    fn root(&self, root: &Path, extent: Extent) -> Tree {
        self.tree(root, self.rooted(root), extent)
    }

    fn copy(&self, here: &Path, on_node: &str, extent: Extent) -> Tree {
        self.tree(here, self.copied(here, on_node), extent)
    }

    fn cluster_objects(&self, path: &Path) -> Tree {
        let extent = Extent::Objects(self.absolute(path));
        self.tree(path, self.rooted(Path::new("/")), extent)
    }

    /// What a Harbor or registry directory names is the machine's own, or the archive's; in a copy of a machine's root it
    /// is the copy's.
    fn registry(&self, directory: &Path, asked: &Path) -> Tree {
        let (directory, asked) = (self.absolute(directory), self.absolute(asked));
        let mut roots = REGISTRY_DIRECTORIES
            .iter()
            .filter_map(|suffix| without(&directory, suffix));
        let root = roots.find(|root| self.looks_like_root(root));
        let root = root.unwrap_or_else(|| PathBuf::from("/"));
        let on_node = Path::new("/").join(asked.strip_prefix(&root).unwrap_or(&asked));
        let named = if root == Path::new("/") {
            &directory
        } else {
            &root
        };
        self.tree(named, self.rooted(&root), Extent::Registry(on_node))
    }

    /// Whether a directory that could be the root of a machine holds more of it than a registry.
    fn looks_like_root(&self, path: &Path) -> bool {
        let mut entries = ROOT_ENTRIES.iter();
        entries.any(|name| self.exists(&path.join(name)))
    }

    /// Whether config.yml is the configuration of a registry: it must have both keys.
    fn is_distribution(&self, path: &Path) -> bool {
        let Self::Disk = self else {
            return false;
        };
        let read = document::read(&path.join("config.yml")).ok();
        read.is_some_and(|(bytes, _)| {
            let lines = || bytes.split(|byte| *byte == b'\n');
            let has = |key: &[u8]| lines().any(|line| line.starts_with(key));
            has(b"version:") && has(b"storage:")
        })
    }

    /// Whether this is a directory that somebody composes a registry in, or that holds a registry's configuration alone.
    fn is_registry(&self, path: &Path) -> bool {
        let holds = |name: &str| self.exists(&path.join(name));
        let is_packaged = path.ends_with("docker/registry") && holds("config.yml");
        is_packaged || self.is_distribution(path) || REGISTRY_FILES.iter().any(|name| holds(name))
    }

    fn is_root_with_registries(&self, path: &Path) -> bool {
        let mut entries = REGISTRY_ENTRIES.iter();
        entries.any(|name| self.is_directory(&path.join(name)))
    }

    fn tree(&self, here: &Path, base: Base, extent: Extent) -> Tree {
        Tree {
            name: None,
            directory: directory_name(&self.absolute(here)),
            among_nodes: false,
            base,
            extent,
        }
    }

    fn holds_kubernetes(&self, path: &Path) -> bool {
        KUBERNETES_ENTRIES
            .iter()
            .any(|name| self.exists(&path.join(name)))
    }

    fn holds_yaml(&self, path: &Path) -> bool {
        let paths = self.list(path).unwrap_or_default();
        paths.iter().any(|path| is_yaml(path))
    }
}

/// A file belongs to the node's root when it lies below an etc/kubernetes, else to this machine.
fn file(path: &Path) -> Tree {
    let absolute = Ground::Disk.absolute(path);
    let root = absolute
        .ancestors()
        .find(|ancestor| ancestor.ends_with("etc/kubernetes"))
        .and_then(|ancestor| without(ancestor, "etc/kubernetes"));
    let root = root.unwrap_or_else(|| PathBuf::from("/"));
    let on_node = Path::new("/").join(absolute.strip_prefix(&root).unwrap_or(&absolute));
    Ground::Disk.root(&root, Extent::File(on_node))
}

/// Such a file says little without those that lie beside it.
fn registry_file(path: &Path) -> Option<Tree> {
    let name = path.file_name()?.to_str()?;
    let absolute = Ground::Disk.absolute(path);
    let is_one = REGISTRY_FILES.contains(&name);
    is_one.then(|| Ground::Disk.registry(absolute.parent().unwrap_or(path), path))
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn unread(path: &Path, problem: ReadProblem) -> Tree {
    Ground::Disk.copy(path, "/", Extent::Unread(problem))
}

fn without(path: &Path, suffix: &str) -> Option<PathBuf> {
    let above = Path::new(suffix).components().count();
    path.ends_with(suffix)
        .then(|| path.ancestors().nth(above).map(Path::to_path_buf))
        .flatten()
}

fn directory_name(absolute: &Path) -> Option<String> {
    absolute
        .iter()
        .rev()
        .filter_map(|name| name.to_str())
        .find(|name| !["/", "etc", "kubernetes", "pki"].contains(name))
        .map(str::to_owned)
}

const KUBERNETES_ENTRIES: &[&str] = &[
    "pki",
    "manifests",
    "admin.conf",
    "kubelet.conf",
    "controller-manager.conf",
    "scheduler.conf",
];
/// What a Harbor or a composed registry is configured by.
const REGISTRY_FILES: &[&str] = &[
    "harbor.yml",
    "harbor.cfg",
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.yaml",
    "compose.yml",
];
/// By which the root of a machine without Kubernetes is known: it runs a registry, or dials one.
const REGISTRY_ENTRIES: &[&str] = &[
    "etc/docker",
    "etc/containerd",
    "etc/containers/certs.d",
    "etc/distribution",
    "opt/harbor",
    "usr/local/harbor",
    "srv/harbor",
    "data/harbor",
    "root/harbor",
];
/// Where registries are installed, in a machine's root.
const REGISTRY_DIRECTORIES: &[&str] = &[
    "etc/docker/registry",
    "etc/distribution",
    "opt/harbor",
    "usr/local/harbor",
    "srv/harbor",
    "data/harbor",
    "root/harbor",
    "opt/registry",
    "srv/registry",
];
/// By any of which a directory is told to be the root of a machine, and /usr/local not.
const ROOT_ENTRIES: &[&str] = &[
    "etc/hosts",
    "etc/hostname",
    "etc/os-release",
    "etc/passwd",
    "etc/docker",
    "data/secret",
    "data/cert",
    "data/registry",
    "data/database",
];
const PKI_EXTENSIONS: &[&str] = &["crt", "pem", "key", "cert", "cer", "pub"];
const MOST_NAMED: usize = 3;
/// How many levels of directories an archive is searched for trees.
const DEEPEST: usize = 8;
