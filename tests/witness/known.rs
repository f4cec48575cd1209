//! Differences from Go that are known, each with its reason: `known.toml`.

use std::cell::Cell;

use serde::Deserialize;

use crate::case::Answer;

#[derive(Deserialize)]
pub struct Known {
    #[serde(default)]
    difference: Vec<Difference>,
}

#[derive(Deserialize)]
struct Difference {
    family: String,
    /// Part of Go's text.
    go: String,
    /// Part of hapki's text.
    hapki: String,
    reason: String,
    #[serde(skip)]
    met: Cell<bool>,
}

impl Known {
    pub fn read(text: &str) -> Self {
        toml::from_str(text).expect("known.toml can be read")
    }

    /// Whether the two answers may differ so. A verdict never may.
    pub fn allows(&self, family: &str, go: &Answer, hapki: &Answer) -> bool {
        let (Some(go), Some(hapki)) = (go, hapki) else {
            return false;
        };
        let known = self.difference.iter().find(|known| {
            let of_family = known.family == family || known.family == "any";
            of_family && go.contains(&known.go) && hapki.contains(&known.hapki)
        });
        if let Some(known) = known {
            known.met.set(true);
        }
        known.is_some()
    }

    /// Differences that no case showed: the two agree by now, and the entry must go.
    pub fn never_met(&self) -> Vec<String> {
        let unmet = self.difference.iter().filter(|known| !known.met.get());
        unmet
            .map(|known| format!("{}: {}", known.family, known.reason))
            .collect()
    }
}

#[test]
fn only_a_known_difference_of_text_passes_and_it_must_be_met() {
    let known = Known::read(
        "[[difference]]\nfamily = \"hosts\"\ngo = \"one\"\nhapki = \"two\"\nreason = \"because\"\n",
    );
    let say = |text: &str| Some(text.to_owned());
    assert!(!known.allows("hosts", &say("one"), &say("three")));
    assert!(!known.allows("dates", &say("one"), &say("two")));
    assert!(!known.allows("hosts", &None, &say("two")));
    assert_eq!(known.never_met(), ["hosts: because"]);
    assert!(known.allows("hosts", &say("one"), &say("two")));
    assert!(known.never_met().is_empty());
}
