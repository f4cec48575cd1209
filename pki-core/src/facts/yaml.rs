//! YAML as Kubernetes reads it: the first document of a stream, a later key winning over an earlier one, and limits
//! that no honest file reaches.

use serde::de::DeserializeOwned;
use serde_saphyr::DuplicateKeyPolicy;
use serde_saphyr::Error;
use serde_saphyr::Location;
use serde_saphyr::MergeKeyPolicy;
use serde_saphyr::Options;
use serde_saphyr::Spanned;

use crate::facts::Broken;
use crate::facts::BrokenKind;
use crate::place::Place;

/// A text and the line it stands on, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub value: String,
    /// The line.
    pub line: u32,
}

/// Reads the first document of `bytes`.
///
/// # Errors
/// Says where and what is wrong, and quotes nothing of the text, for it may hold a key.
pub(super) fn first<T: DeserializeOwned>(bytes: &[u8], place: &Place) -> Result<T, Box<Broken>> {
    // Remembering keys costs as much as reading does. Hardly a file has one twice, which serde's structs refuse by
    // themselves, or merges one mapping into another.
    let merges = std::str::from_utf8(bytes).is_ok_and(|text| text.contains("<<"));
    let options = if merges {
        options(DuplicateKeyPolicy::Error)
    } else {
        serde_saphyr::options! {
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
            merge_keys: MergeKeyPolicy::AsOrdinary,
            with_snippet: false,
        }
    };
    match serde_saphyr::from_slice_with_options::<T>(bytes, options) {
        Ok(value) => Ok(value),
        Err(_) => again(bytes, place),
    }
}

/// Reads every document of `bytes`; one that is empty is `None` where `T` is an option.
///
/// # Errors
/// As [`first`].
pub(super) fn all<T: DeserializeOwned>(bytes: &[u8], place: &Place) -> Result<Vec<T>, Box<Broken>> {
    let options = options(DuplicateKeyPolicy::LastWins);
    serde_saphyr::from_slice_multiple_with_options::<T>(bytes, options)
        .map_err(|error| broken(&error, place))
}

fn again<T: DeserializeOwned>(bytes: &[u8], place: &Place) -> Result<T, Box<Broken>> {
    let options = options(DuplicateKeyPolicy::LastWins);
    match serde_saphyr::from_slice_with_options::<T>(bytes, options) {
        Ok(value) => Ok(value),
        Err(error) if matches!(error.without_snippet(), Error::MultipleDocuments { .. }) => {
            first_of_several(bytes, place)
        }
        Err(error) => Err(broken(&error, place)),
    }
}

fn first_of_several<T: DeserializeOwned>(bytes: &[u8], place: &Place) -> Result<T, Box<Broken>> {
    let options = options(DuplicateKeyPolicy::LastWins);
    let documents = serde_saphyr::from_slice_multiple_with_options::<T>(bytes, options);
    documents
        .map_err(|error| broken(&error, place))?
        .into_iter()
        .next()
        .ok_or_else(|| malformed(place.clone(), "is empty".to_owned()))
}

impl From<Spanned<String>> for Text {
    fn from(spanned: Spanned<String>) -> Self {
        Self {
            line: line(spanned.referenced).unwrap_or(1),
            value: spanned.value,
        }
    }
}

fn options(duplicate_keys: DuplicateKeyPolicy) -> Options {
    serde_saphyr::options! {
        duplicate_keys: duplicate_keys,
        with_snippet: false,
    }
}

fn broken(error: &Error, place: &Place) -> Box<Broken> {
    let error = error.without_snippet();
    let location = error.location();
    let text = error.to_string();
    let sentence = text.lines().next().unwrap_or_default();
    let what = if matches!(error, Error::Budget { .. }) {
        "it holds more, or repeats itself more often, than such a file does"
    } else {
        // serde quotes the value that it did not expect; the line is in the place.
        let end = ["\"", "`", " at line ", " (defined at"]
            .iter()
            .filter_map(|cut| sentence.find(cut))
            .min();
        let sentence = sentence.get(..end.unwrap_or(sentence.len()));
        sentence
            .unwrap_or_default()
            .trim_end_matches(|c: char| c.is_whitespace() || c == ':' || c == ',')
    };
    let place = Place {
        line: location.and_then(line),
        ..place.clone()
    };
    malformed(place, format!("is not valid YAML of its kind: {what}"))
}

fn malformed(place: Place, problem: String) -> Box<Broken> {
    Box::new(Broken {
        place,
        kind: BrokenKind::Malformed,
        told_at: None,
        problem,
    })
}

fn line(location: Location) -> Option<u32> {
    u32::try_from(location.line()).ok().filter(|line| *line > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Sample {
        #[serde(default)]
        a: Option<Spanned<String>>,
        #[serde(default, rename = "list")]
        _list: Option<Vec<String>>,
    }

    #[test]
    fn the_first_document_and_the_last_key_count() {
        let place = Place::file("f");
        let sample: Sample = first(b"a: x\na: y\n---\na: z\n", &place).unwrap();
        let text = Text::from(sample.a.unwrap());
        assert_eq!((text.value.as_str(), text.line), ("y", 2));
    }

    #[test]
    fn keys_twice_and_merged_count_wherever_they_stand() {
        #[derive(Debug, Deserialize)]
        struct Outer {
            inner: Sample,
        }
        for (text, expected) in [
            ("x: {a: 1}\nx: 2\ninner: {a: u, a: v}\n", ("v", 3)),
            ("x: &x {a: u}\ninner: {<<: *x}\n", ("u", 2)),
            ("x: &x {a: u}\ninner: {<<: *x, a: v}\n", ("v", 2)),
            ("inner: {a: u}\ninner: {a: v}\n", ("v", 2)),
        ] {
            let outer: Outer = first(text.as_bytes(), &Place::file("f")).unwrap();
            let text = Text::from(outer.inner.a.unwrap());
            assert_eq!((text.value.as_str(), text.line), expected);
        }
    }

    #[test]
    fn an_error_has_its_line_and_quotes_no_value() {
        let place = Place::file("f");
        let broken = first::<Sample>(b"a: x\nlist: SECRETKEY\n", &place).unwrap_err();
        assert_eq!(broken.place.line, Some(2));
        assert!(!broken.problem.contains("SECRET"), "{}", broken.problem);
        let broken = first::<Sample>(b"a: x\n\tb: [SECRETKEY\n", &place).unwrap_err();
        assert!(!broken.problem.contains("SECRET"), "{}", broken.problem);
    }

    #[test]
    fn a_bomb_of_aliases_is_refused_soon() {
        let mut text = String::from("a: &a [x,x,x,x,x,x,x,x,x,x]\n");
        for (new, old) in ('b'..='l').zip('a'..='k') {
            text += &format!(
                "{new}: &{new} [{}]\n",
                vec![format!("*{old}"); 10].join(",")
            );
        }
        assert!(first::<Sample>(text.as_bytes(), &Place::file("f")).is_err());
    }
}
