//! The wordings that are known, as data: the most specific first, for the first one that is found counts.

mod go;
mod handshake;
mod identity;
mod openssl;
mod start;
mod token;

use crate::explain::kind::Kind;
use crate::explain::pattern;
use crate::explain::pattern::Found;

/// One wording.
#[derive(Clone, Copy, Debug)]
pub struct Recogniser {
    /// Its name, in JSON.
    pub id: &'static str,
    /// What a line with it is about.
    pub kind: Kind,
    /// The wording, with gaps: `, not {wanted}`. A gap without a name may be empty and is not kept.
    pub pattern: &'static str,
    /// A line that it is for.
    pub example: &'static str,
}

/// The first wording of the table that `text` has.
pub(super) fn recognise(text: &str) -> Option<(&'static Recogniser, Found)> {
    all().find_map(|recogniser| Some((recogniser, pattern::find(recogniser.pattern, text)?)))
}

/// Every wording, the most specific first.
pub fn all() -> impl Iterator<Item = &'static Recogniser> {
    [
        WRAPPED,
        start::TABLE,
        token::TABLE,
        go::TABLE,
        openssl::TABLE,
        identity::TABLE,
        handshake::TABLE,
    ]
    .into_iter()
    .flatten()
}

/// Two faults in one line, of which the first is the one that counts.
const WRAPPED: &[Recogniser] = &[wording(
    "apiserver-front-proxy-authority",
    Kind::FrontProxyMismatch,
    "while trying to verify candidate authority certificate \"{candidate}\"), verifying certificate SN={serial}, ",
    "[x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\" while trying to verify candidate authority certificate \"front-proxy-ca\"), verifying certificate SN=42, SKID=, AKID= failed: x509: certificate signed by unknown authority]",
)];

const fn wording(
    id: &'static str,
    kind: Kind,
    pattern: &'static str,
    example: &'static str,
) -> Recogniser {
    Recogniser {
        id,
        kind,
        pattern,
        example,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::explain::evidence::Field;

    #[test]
    fn every_wording_is_found_in_its_example_before_any_other() {
        for recogniser in all() {
            let (first, _) = recognise(recogniser.example)
                .unwrap_or_else(|| panic!("{}: not found in its example", recogniser.id));
            assert_eq!(first.id, recogniser.id, "{}", recogniser.example);
        }
    }

    #[test]
    fn ids_are_given_once_and_gaps_have_known_names() {
        let ids: BTreeSet<&str> = all().map(|recogniser| recogniser.id).collect();
        assert_eq!(ids.len(), all().count());
        for recogniser in all() {
            let gaps = recogniser.pattern.split('{').skip(1);
            for gap in gaps.filter_map(|gap| gap.split('}').next()) {
                let is_known = gap.is_empty() || Field::named(gap).is_some();
                assert!(is_known, "{}: {{{gap}}}", recogniser.id);
            }
        }
    }
}
