//! Which of several levels' directives counts.

use std::collections::BTreeMap;

use crate::facts::nginx::Line;

/// Settings by level, the outermost first; an inner one replaces an outer one.
pub(super) struct Scope<'a> {
    pub(super) levels: Vec<Vec<Line<'a>>>,
}

impl<'a> Scope<'a> {
    /// The innermost line of that name.
    pub(super) fn get(&self, name: &str) -> Option<Line<'a>> {
        let levels = self.levels.iter().rev();
        levels
            .filter_map(|lines| lines.iter().find(|line| line.directive.name == name))
            .next()
            .copied()
    }

    /// Likewise, but not of the section: what there stands for all servers is another directive.
    pub(super) fn own(&self, name: &str) -> Option<Line<'a>> {
        let levels = self.levels.iter().skip(1).rev();
        levels
            .filter_map(|lines| lines.iter().find(|line| line.directive.name == name))
            .next()
            .copied()
    }

    pub(super) fn words(&self, name: &str) -> Vec<String> {
        self.get(name)
            .map(|line| line.directive.args.clone())
            .unwrap_or_default()
    }

    pub(super) fn word(&self, name: &str) -> Option<String> {
        self.get(name)?.directive.args.first().cloned()
    }

    pub(super) fn is_on(&self, name: &str) -> bool {
        self.word(name).is_some_and(|word| word == "on")
    }
}

/// Puts in what `set` says; a variable that nothing sets stays.
pub(super) fn substituted(text: &str, scope: &Scope<'_>) -> String {
    let mut values: BTreeMap<&str, &str> = BTreeMap::new();
    for line in scope.levels.iter().skip(1).flatten() {
        if let ("set", [name, value]) =
            (line.directive.name.as_str(), line.directive.args.as_slice())
        {
            values.insert(name, value);
        }
    }
    let mut text = text.to_owned();
    // The longest first, for one name may begin another.
    let mut values: Vec<(&str, &str)> = values.into_iter().collect();
    values.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, value) in values {
        if name.len() > 1 && !value.contains('$') {
            text = text.replace(name, value);
        }
    }
    text
}
