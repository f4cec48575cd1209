//! The order in which pairs are made one and replaced, by hand: what the load sees of it, without hapki.

use std::fs;
use std::thread;
use std::time::Duration;

use crate::registry_tokens::issuer;
use crate::registry_tokens::load::Load;
use crate::registry_tokens::outcome;
use crate::registry_tokens::site::Balance;
use crate::registry_tokens::site::Kind;
use crate::registry_tokens::site::LIFETIME;
use crate::registry_tokens::site::Site;

/// Both keys are trusted before one of them signs alone, and for as long as tokens of the other live.
pub fn unified_and_rotated(kind: Kind) {
    let mut site = Site::start("by-hand", kind, Balance::RoundRobin);
    let load = Load::start(&site, "separate pairs");
    thread::sleep(Duration::from_secs(1));
    let roots = [0, 1].map(|at| fs::read_to_string(site.directory(at).join("root.crt")).unwrap());
    let keys = [0, 1].map(|at| fs::read(site.key_file(at)).unwrap());
    let sets = [vec![0, 1], vec![0], vec![1]].map(|keys| {
        let keys: Vec<_> = keys
            .iter()
            .map(|at| issuer::read_key(&site.key_file(*at)))
            .collect();
        let named: Vec<_> = keys.iter().map(|key| (kind.kid, key)).collect();
        issuer::key_set(&named)
    });
    let trust = |site: &mut Site, roots: &str, keys: &str| {
        for at in [0, 1] {
            fs::write(site.directory(at).join("root.crt"), roots).unwrap();
            if kind.jwks {
                fs::write(site.directory(at).join("jwks.json"), keys).unwrap();
            }
            site.restart(at);
        }
    };
    for (verb, chosen) in [("unify", 0), ("rotate", 1)] {
        load.phase(&format!("{verb}: trust"));
        trust(&mut site, &roots.concat(), &sets[0]);
        load.phase(&format!("{verb}: sign"));
        for at in [0, 1] {
            fs::write(site.key_file(at), &keys[chosen]).unwrap();
        }
        thread::sleep(LIFETIME);
        load.phase(&format!("{verb}: prune"));
        trust(&mut site, &roots[chosen], &sets[chosen + 1]);
        outcome::all_is_well(&site);
    }
    outcome::judge(&load.stop());
}
