//! The patterns of `include`: `*`, `?` and `[…]` within one name, as glob(3) has them.

/// Whether `name` fits `pattern`. A name that begins with a dot fits only a pattern that does too.
pub(in crate::facts) fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    fits(&pattern, &name)
}

/// Goes back to the last `*` only, which is enough and takes no more steps than the product of both lengths.
fn fits(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&c) = name.get(n) {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
        } else if let Some(length) = one(pattern.get(p..).unwrap_or_default(), c) {
            p += length;
            n += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (p, n) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|&c| c == '*'))
}

/// How many characters of the pattern stand for `c`; `None` where they stand for another.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['[', rest @ ..] => match rest.iter().skip(1).position(|&c| c == ']') {
            Some(end) => {
                let set = rest.get(..=end).unwrap_or_default();
                let (negated, set) = match set {
                    ['!' | '^', set @ ..] => (true, set),
                    set => (false, set),
                };
                (in_set(set, c) != negated).then_some(end + 3)
            }
            None => (c == '[').then_some(1),
        },
        [literal, ..] => (*literal == c).then_some(1),
        [] => None,
    }
}

fn in_set(set: &[char], c: char) -> bool {
    match set {
        [from, '-', to, rest @ ..] => (*from <= c && c <= *to) || in_set(rest, c),
        [one, rest @ ..] => *one == c || in_set(rest, c),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("*.conf", "lb.conf", true),
            ("*.conf", "lb.conf.bak", false),
            ("*.conf", ".hidden.conf", false),
            ("*", "default", true),
            ("a*b*c", "axxbxbxc", true),
            ("a*b*c", "axxbxbx", false),
            ("0?-lb.conf", "01-lb.conf", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[!a-c]x", "dx", true),
            ("plain", "plain", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
