//! What a PATH is: a node's root, its /etc/kubernetes, its PKI directory, a directory of nodes, or one file.

use std::path::Path;
use std::path::PathBuf;

use crate::place::KUBERNETES_DIR;
use crate::place::PKI_DIR;
use crate::source::Options;
use crate::source::PathArgument;
use crate::source::document;
use crate::source::document::ReadProblem;
use crate::source::resolve;
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
    #[error("{}", .0.iter().map(|(path, problem)| format!("{}: {problem}", path.display())).collect::<Vec<_>>().join("; "))]
    NothingRead(Vec<(PathBuf, ReadProblem)>),
}

impl SourceError {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        "give a node's /etc/kubernetes, its PKI directory, its root directory, a directory of such roots, a kubeconfig or a certificate file"
    }
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
            .filter_map(|tree| Some((tree.locate(Path::new("/")), tree.unread()?.clone())))
            .collect(),
    ))
}

fn recognise(argument: &PathArgument, options: Options) -> Vec<Tree> {
    let path = argument.path.as_path();
    let found = std::fs::metadata(path)
        .map_err(ReadProblem::from)
        .and_then(|metadata| {
            if !metadata.is_dir() {
                document::openable(path)?;
                return Ok(vec![file(path)]);
            }
            std::fs::read_dir(path)?;
            directory(path, options)
        });
    let mut trees = found.unwrap_or_else(|problem| vec![unread(path, problem)]);
    if let Some(name) = &argument.name {
        if trees.len() > 1 {
            let what = "a directory of several nodes, which cannot all have the one name given";
            trees = vec![unread(path, ReadProblem::NotAFile { what })];
        }
        for tree in &mut trees {
            tree.name = Some(name.clone());
        }
    }
    trees
}

fn directory(path: &Path, options: Options) -> Result<Vec<Tree>, ReadProblem> {
    let absolute = absolute(path);
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
            return Ok(vec![rooted(&root, extent)]);
        }
    }
    if path.join("etc/kubernetes").is_dir() {
        return Ok(vec![rooted(path, Extent::Node)]);
    }
    if holds_kubernetes(path) {
        return Ok(vec![copied(path, KUBERNETES_DIR, Extent::Kubernetes)]);
    }
    let mut nodes = Vec::new();
    let mut objects = Vec::new();
    let mut yaml = false;
    let mut pki = path.join("etcd").is_dir();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?.path();
        if entry.join("etc/kubernetes").is_dir() {
            nodes.push(rooted(&entry, Extent::Node));
        } else if holds_kubernetes(&entry) {
            nodes.push(copied(&entry, KUBERNETES_DIR, Extent::Kubernetes));
        } else if holds_yaml(&entry) {
            objects.push(cluster_objects(&entry));
        }
        yaml |= is_yaml(&entry);
        pki |= entry
            .extension()
            .is_some_and(|extension| PKI_EXTENSIONS.iter().any(|known| extension == *known));
    }
    if nodes.is_empty() && pki {
        return Ok(vec![copied(path, PKI_DIR, Extent::PkiDirectory)]);
    }
    if nodes.is_empty() && yaml {
        return Ok(vec![cluster_objects(path)]);
    }
    if nodes.is_empty() {
        return Err(ReadProblem::NothingKnown);
    }
    for node in &mut nodes {
        node.among_nodes = true;
    }
    nodes.sort_unstable_by(|a, b| a.directory.cmp(&b.directory));
    objects.sort_unstable_by(|a, b| a.directory.cmp(&b.directory));
    nodes.append(&mut objects);
    Ok(nodes)
}

/// A file belongs to the node's root when it lies below an etc/kubernetes, else to this machine.
fn file(path: &Path) -> Tree {
    let absolute = absolute(path);
    let root = absolute
        .ancestors()
        .find(|ancestor| ancestor.ends_with("etc/kubernetes"))
        .and_then(|ancestor| without(ancestor, "etc/kubernetes"));
    let root = root.unwrap_or_else(|| PathBuf::from("/"));
    let on_node = Path::new("/").join(absolute.strip_prefix(&root).unwrap_or(&absolute));
    rooted(&root, Extent::File(on_node))
}

fn rooted(root: &Path, extent: Extent) -> Tree {
    let base = if root == Path::new("/") {
        Base::Machine
    } else {
        Base::Root(root.to_path_buf())
    };
    Tree {
        name: None,
        directory: directory_name(root),
        among_nodes: false,
        base,
        extent,
    }
}

fn copied(here: &Path, on_node: &str, extent: Extent) -> Tree {
    Tree {
        name: None,
        directory: directory_name(here),
        among_nodes: false,
        base: Base::Directory {
            on_node: on_node.into(),
            here: here.to_path_buf(),
        },
        extent,
    }
}

fn cluster_objects(path: &Path) -> Tree {
    Tree {
        directory: directory_name(path),
        ..rooted(Path::new("/"), Extent::Objects(absolute(path)))
    }
}

fn holds_yaml(path: &Path) -> bool {
    std::fs::read_dir(path)
        .into_iter()
        .flatten()
        .any(|entry| entry.is_ok_and(|entry| is_yaml(&entry.path())))
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn unread(path: &Path, problem: ReadProblem) -> Tree {
    copied(path, "/", Extent::Unread(problem))
}

fn holds_kubernetes(path: &Path) -> bool {
    KUBERNETES_ENTRIES
        .iter()
        .any(|name| path.join(name).exists())
}

fn without(path: &Path, suffix: &str) -> Option<PathBuf> {
    let above = Path::new(suffix).components().count();
    path.ends_with(suffix)
        .then(|| path.ancestors().nth(above).map(Path::to_path_buf))
        .flatten()
}

fn absolute(path: &Path) -> PathBuf {
    resolve::absolute(&std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()))
}

fn directory_name(path: &Path) -> Option<String> {
    absolute(path)
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
const PKI_EXTENSIONS: &[&str] = &["crt", "pem", "key", "cert", "cer", "pub"];
