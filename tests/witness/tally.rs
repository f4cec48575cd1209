//! What came out of a run: how many were accepted and refused in each family, and where the two sides differ.

use std::collections::BTreeMap;

#[derive(Default)]
pub struct Tally {
    /// Accepted and refused, by family.
    families: BTreeMap<&'static str, [usize; 2]>,
    pub differ: Vec<String>,
}

impl Tally {
    pub fn count(&mut self, family: &'static str, accepted: bool) {
        self.families.entry(family).or_default()[usize::from(!accepted)] += 1;
    }

    /// How many were accepted (0) or refused (1) in all.
    pub fn total(&self, which: usize) -> usize {
        self.families.values().map(|counts| counts[which]).sum()
    }

    /// Prints the table and fails where anything differs. `run` says whose it is.
    #[track_caller]
    pub fn close(&self, run: &str) {
        println!("{run}, {} families", self.families.len());
        for (family, [accepted, refused]) in &self.families {
            println!("{family:24} {accepted:6} accepted {refused:6} refused");
        }
        let [accepted, refused] = [self.total(0), self.total(1)];
        let differ = self.differ.len();
        println!(
            "{:24} {accepted:6} accepted {refused:6} refused, {differ} differ",
            "all"
        );
        let shown = &self.differ[..differ.min(SHOWN)];
        assert!(shown.is_empty(), "{differ} differ:\n{}", shown.join("\n"));
    }
}

const SHOWN: usize = 12;
