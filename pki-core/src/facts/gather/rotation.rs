//! A change of shared keys that is under way: what `hapki unify` and `hapki rotate` noted of it in `.hapki` of a tree.

use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;

use crate::facts::gather::Gatherer;
use crate::facts::rotation::Rotation;
use crate::place::KUBERNETES_DIR;
use crate::place::OWN_DIR;

impl Gatherer<'_> {
    /// Reads the first that is there; what is damaged says nothing.
    pub(super) fn rotation(&mut self) {
        let given = self.node.given_dir.as_ref();
        let given = given.map(|place| place.path.clone());
        let sites = self.node.registries.iter();
        let sites: Vec<PathBuf> = sites
            .filter_map(|site| site.place.path.parent().map(Path::to_path_buf))
            .collect();
        let usual = [PathBuf::from("/"), PathBuf::from(KUBERNETES_DIR)];
        for directory in given.into_iter().chain(usual).chain(sites) {
            let path = directory.join(OWN_DIR).join("rotation.json");
            let Ok(document) = self.reader.read(&path) else {
                continue;
            };
            let Ok(noted) = serde_json::from_slice::<Noted>(&document.bytes) else {
                continue;
            };
            self.node.rotations.push(Rotation {
                place: document.place.clone(),
                kind: noted.kind,
                stage: noted.stage,
            });
            return;
        }
    }
}

#[derive(Deserialize)]
struct Noted {
    kind: String,
    stage: String,
}
