//! The families of cases, and the keys that they share.

use crate::case::Case;
use crate::chains;
use crate::constraints;
use crate::keys::Key;
use crate::names;
use crate::odd_keys;
use crate::random::Random;

/// Keys are made once a run: they are what forging costs.
pub struct World {
    pub keys: Vec<Key>,
    /// What hardly anybody has; see [`odd_keys`].
    pub odd: Vec<Key>,
}

impl World {
    pub fn new() -> Self {
        let mut keys = vec![Key::rsa(), Key::rsa(), Key::ed25519(), Key::ed25519()];
        keys.extend((0..4).map(|_| Key::ecdsa()));
        Self {
            keys,
            odd: odd_keys::keys(),
        }
    }

    pub fn any(&self, random: &mut Random) -> &Key {
        &self.keys[random.below(self.keys.len())]
    }

    /// Two keys that are not the same, of any kinds.
    pub fn two(&self, random: &mut Random) -> (&Key, &Key) {
        let first = random.below(self.keys.len());
        let other = (first + 1 + random.below(self.keys.len() - 1)) % self.keys.len();
        (&self.keys[first], &self.keys[other])
    }
}

pub type Make = fn(&mut Random, &World) -> Case;

pub const FAMILIES: &[(&str, Make)] = &[
    ("host names", names::hosts),
    ("wildcards", names::wildcards),
    ("odd hosts", names::odd_hosts),
    ("legacy common name", names::legacy_common_name),
    ("IP SANs", names::addresses),
    ("long SAN lists", names::long_lists),
    ("validity", chains::validity),
    ("path length", chains::path_length),
    ("CA flags", chains::ca_flags),
    ("extended key usage", chains::usages),
    ("unknown authority", chains::unknown_authority),
    ("cross-signed", chains::cross_signed),
    ("loops", chains::loops),
    ("key identifiers", chains::key_ids),
    ("weak algorithms", chains::weak_algorithms),
    ("critical extensions", chains::critical_extensions),
    ("signature limit", chains::signature_limit),
    ("trusted leafs", chains::trusted_leafs),
    ("several faults", chains::several_faults),
    ("constrained DNS names", constraints::dns),
    ("constrained addresses", constraints::addresses),
    ("constrained mailboxes", constraints::mailboxes),
    ("constrained URIs", constraints::uris),
    ("critical names", constraints::critical_names),
    ("policies", constraints::policies),
    ("several chains", constraints::several_chains),
    ("odd keys", chains::odd_keys),
    ("PSS parameters", chains::pss_parameters),
];
