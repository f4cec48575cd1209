//! Files that a program copies for others to read, with what they were made from.

use std::path::Path;

use crate::facts::registry_site::ListenerMode;
use crate::place::Place;
use crate::topology::view::View;

/// A copy. Whether both are the same is for who compares what they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// What it was made from.
    pub original: Place,
    /// The copy.
    pub copy: Place,
    /// Where both are told of.
    pub told_at: Place,
}

/// What Harbor's `prepare` copied to where its nginx reads it.
pub(super) fn copies(view: &View<'_>) -> Vec<Copied> {
    let mut copies = Vec::new();
    for site in &view.facts.registries {
        let Some(source) = &site.source else {
            continue;
        };
        for listener in &site.listeners {
            let ListenerMode::Shows { pair, .. } = &listener.mode else {
                continue;
            };
            let place = |path: &Path| {
                let file = view.facts.files.get(path)?;
                Some(view.at(&file.place))
            };
            let ends = (
                place(&source.certificate.path),
                place(&pair.certificate.path),
            );
            if let (Some(original), Some(copy)) = ends
                && original.path != copy.path
            {
                let told_at = view.at(&source.certificate.told_at);
                copies.push(Copied {
                    original,
                    copy,
                    told_at,
                });
            }
        }
    }
    copies
}
