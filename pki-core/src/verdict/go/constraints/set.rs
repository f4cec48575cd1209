//! `nameConstraintsSet`: subtrees sorted and pruned, so that a name is matched in logarithmic time.

use std::cmp::Ordering;

/// Subtrees of which none holds another that follows it.
#[derive(Debug)]
pub(super) struct SubtreeSet<T>(Vec<T>);

impl<T> SubtreeSet<T> {
    /// `sortAndPrune`. Go's sort keeps the order of equal subtrees (one domain in two cases) up to twelve of them;
    /// this one always does.
    pub(super) fn new(
        mut subtrees: Vec<T>,
        compare: impl FnMut(&T, &T) -> Ordering,
        mut holds: impl FnMut(&T, &T) -> bool,
    ) -> Self {
        subtrees.sort_by(compare);
        let mut kept: Vec<T> = Vec::with_capacity(subtrees.len());
        for subtree in subtrees {
            if kept.last().is_none_or(|last| !holds(last, &subtree)) {
                kept.push(subtree);
            }
        }
        Self(kept)
    }

    /// `search`: the subtree equal to the name, or else the one that sorts before it if that one holds it.
    pub(super) fn search(
        &self,
        mut compare: impl FnMut(&T) -> Ordering,
        mut holds: impl FnMut(&T) -> bool,
    ) -> Option<&T> {
        let at = self.0.partition_point(|subtree| compare(subtree).is_lt());
        if let Some(equal) = self.0.get(at).filter(|subtree| compare(subtree).is_eq()) {
            return Some(equal);
        }
        self.0
            .get(at.saturating_sub(1))
            .filter(|subtree| holds(subtree))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten thousand names against ten thousand subtrees: a name costs what the depth of a search costs.
    #[test]
    fn a_name_is_matched_in_logarithmic_time() {
        let mut compared = 0_usize;
        let all: Vec<u32> = (0..10_000).map(|n| n * 7_919 % 10_007).collect();
        let set = SubtreeSet::new(
            all,
            |one, other| {
                compared += 1;
                one.cmp(other)
            },
            |_, _| false,
        );
        for name in 0..10_000_u32 {
            let count = |subtree: &u32| {
                compared += 1;
                subtree.cmp(&name)
            };
            assert!(
                set.search(count, |_| false)
                    .is_none_or(|found| *found == name)
            );
        }
        assert!(compared < 20_000 * 18, "{compared} comparisons");
    }
}
