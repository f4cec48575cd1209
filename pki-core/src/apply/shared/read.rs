//! What the given paths hold: the group that shares a key, and what earlier runs left.

use std::path::Path;
use std::path::PathBuf;

use crate::apply::ApplyError;
use crate::apply::shared::SharedCommand;
use crate::apply::shared::SharedOptions;
use crate::apply::shared::kept;
use crate::edit::manifest;
use crate::facts;
use crate::place::OWN_DIR;
use crate::plan::shared::Group;
use crate::plan::shared::GroupKind;
use crate::plan::shared::Lifetime;
use crate::plan::shared::Progress;
use crate::plan::shared::SharedError;
use crate::plan::shared::registry;
use crate::plan::shared::service_account;
use crate::request::SharedRequest;
use crate::source;
use crate::source::PathArgument;
use crate::topology;
use crate::topology::Node;
use crate::topology::Topology;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;

/// A group with what was noted of it.
pub(super) struct Shared {
    pub(super) group: Group,
    pub(super) progress: Option<Progress>,
    pub(super) notes: Vec<String>,
}

/// Reads every path. One that cannot be read is a refusal: a member that is not seen would be left behind.
pub(super) fn read(
    command: SharedCommand,
    request: &SharedRequest,
    options: &SharedOptions<'_>,
) -> Result<Shared, ApplyError> {
    let arguments: Vec<PathArgument> = request
        .paths
        .iter()
        .map(|named| PathArgument {
            name: named.name.clone(),
            path: named.path.clone(),
        })
        .collect();
    let trees = source::open(&arguments, source::Options::default())?;
    if let Some(tree) = trees.iter().find(|tree| tree.is_archived()) {
        return Err(ApplyError::Archived(tree.locate(Path::new("/"))));
    }
    let mut facts = facts::gather(&trees);
    if let Some(form) = request.signer_kid {
        facts.set_kid_form(form);
    }
    if let Some(broken) = facts.broken.first() {
        return Err(ApplyError::MemberUnread {
            path: broken.place.read_from.clone(),
            problem: broken.problem.clone(),
        });
    }
    let topology = topology::derive(&facts, options.inventory);
    let masters = match command {
        SharedCommand::RotateRegistryToken => None,
        _ => service_account::group(&topology, &takes_a_flag)?,
    };
    let registries = match command {
        SharedCommand::RotateServiceAccount => None,
        _ => registry::group(&topology, request)?,
    };
    let mut group = match (masters, registries) {
        (Some(_), Some(_)) => {
            let what = "the paths hold masters and registries, which share no key";
            return Err(SharedError::Mixed(what.to_owned()).into());
        }
        (Some(group), None) | (None, Some(group)) => group,
        (None, None) => return Err(SharedError::NoSigner.into()),
    };
    refuse_counted_names(&group, &topology)?;
    if let (GroupKind::ServiceAccount, Some(duration)) = (group.kind, request.token_lifetime) {
        for signer in group
            .members
            .iter_mut()
            .flat_map(|member| &mut member.signers)
        {
            signer.lifetime = Lifetime {
                duration,
                told_by: "--token-lifetime".to_owned(),
            };
        }
    }
    let dirs = state_dirs(&group);
    group.waiting = kept::waiting(&dirs)?;
    let (progress, notes) = kept::progress(&dirs);
    Ok(Shared {
        group,
        progress,
        notes,
    })
}

impl Shared {
    /// The `.hapki` of every tree, each once.
    pub(super) fn state_dirs(&self) -> Vec<PathBuf> {
        state_dirs(&self.group)
    }

    /// The kind of key that the first member signs with.
    pub(super) fn present_algorithm(&self) -> Option<KeyAlgorithm> {
        let signer = self
            .group
            .members
            .iter()
            .flat_map(|member| &member.signers)
            .next()?;
        let document = source::read_file(&signer.file.read_from).ok()?;
        let key = PrivateKey::from_bytes(&document.bytes).ok()?;
        Some(key.algorithm()).filter(|algorithm| *algorithm != KeyAlgorithm::Ed25519)
    }
}

/// Restarts are confirmed by name, at another run than the one that asked for them.
fn refuse_counted_names(group: &Group, topology: &Topology) -> Result<(), SharedError> {
    let of_several = group.members.iter().find_map(|member| {
        let second = member.signers.get(1)?;
        (group.kind != GroupKind::ServiceAccount).then_some((member, second))
    });
    if let Some((member, second)) = of_several {
        return Err(SharedError::SameName {
            path: second.file.read_from.display().to_string(),
            name: member.name.clone(),
        });
    }
    let is_member = |node: &&Node| group.members.iter().any(|member| member.name == node.name);
    let is_counted = |node: &&Node| node.names.iter().all(|claim| claim.value != node.name);
    let mut members = topology.nodes.iter().filter(is_member);
    let counted = members.find(|node| is_counted(node) && !node.names.is_empty());
    match counted.and_then(|node| Some((node, node.names.first()?))) {
        Some((node, strongest)) => Err(SharedError::SameName {
            path: node.pki_dir.display().to_string(),
            name: strongest.value.clone(),
        }),
        None => Ok(()),
    }
}

/// Whether a manifest is written in a way in which a flag can be added to kube-apiserver's.
fn takes_a_flag(path: &Path) -> bool {
    let document = source::read_file(path).ok();
    document.is_some_and(|document| {
        let text = std::str::from_utf8(&document.bytes).unwrap_or_default();
        manifest::add_flag(text, "kube-apiserver", "--service-account-key-file=").is_ok()
    })
}

fn state_dirs(group: &Group) -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = Vec::new();
    for member in &group.members {
        let dir = member.tree.join(OWN_DIR);
        if !dirs.contains(&dir) {
            dirs.push(dir);
        }
    }
    dirs
}
