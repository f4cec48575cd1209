//! What distribution 2.8, distribution 3.1 and kube-apiserver make of tokens and of key files, against what `token` and
//! `verdict` say of the same: each case is shown to the program itself, and its log is read line by line.

mod apiserver;
mod cases;
mod forge;
mod registry;
mod startup;

use std::path::Path;

use pki_core::token::key_id;
use pki_core::verdict::distribution::Release;
use time::OffsetDateTime;

use crate::kids::cases::Asked;
use crate::kids::forge::Forge;
use crate::kids::registry::Options;
use crate::kids::registry::Registry;
use crate::peers;

#[test]
#[ignore = "needs docker-registry and registry3: tests/peers/build.sh"]
fn registries_say_of_tokens_what_the_verdict_foretells() {
    let work = peers::scratch("kids-tokens");
    let forge = Forge::new(&work);
    let mut compared = Tally::default();
    for release in [Release::V2, Release::V3] {
        let mut registry = Registry::start(&work, release, "bundle", &forge.options(release));
        for asked in cases::all(&forge, release) {
            compared.one(&mut registry, &asked);
        }
        registry.assert_speaks_of_missing_tokens(&forge.good(release));
        println!("{release:?}: {compared:?}");
    }
    of_release_3_alone(&work, &forge, &mut compared);
    println!("compared: {compared:?}");
    assert_eq!((compared.accepted, compared.refused), (54, 134));
}

/// What 2 has no option for: keys under any name, keys without certificates, a list of algorithms.
fn of_release_3_alone(work: &Path, forge: &Forge, compared: &mut Tally) {
    let aliases = Options {
        jwks: forge.aliases(),
        ..forge.options(Release::V3)
    };
    let only_jwks = Options {
        bundle: None,
        jwks: forge.aliases(),
        ..Options::default()
    };
    let es256_alone = Options {
        algorithms: Some(vec!["ES256".to_owned()]),
        ..forge.options(Release::V3)
    };
    for (name, options) in [
        ("aliases", aliases),
        ("jwks", only_jwks),
        ("algorithms", es256_alone),
    ] {
        let mut registry = Registry::start(work, Release::V3, name, &options);
        for asked in cases::of_each_pair(forge) {
            compared.one(&mut registry, &asked);
        }
    }
}

/// A key whose first coordinate, and one whose second, begins with a zero.
#[test]
#[ignore = "needs docker-registry and registry3: tests/peers/build.sh"]
fn kids_of_short_coordinates_are_those_of_each_registry() {
    let work = peers::scratch("kids-short");
    let forge = Forge::new(&work);
    for pair in [&forge.short_x, &forge.short_y] {
        let padded = key_id::rfc7638(&pair.public).unwrap();
        assert_ne!(key_id::distribution3(&pair.public).unwrap(), padded);
    }
    for release in [Release::V2, Release::V3] {
        let mut registry = Registry::start(&work, release, "short", &forge.options(release));
        for pair in [&forge.short_x, &forge.short_y] {
            let kid = release.key_id(&pair.public).unwrap();
            assert_eq!(registry.ask(&forge.token_with_kid(pair, &kid)).status, 200);
            let padded = key_id::rfc7638(&pair.public).unwrap();
            let answer = registry.ask(&forge.token_with_kid(pair, &padded));
            assert_eq!(answer.status, 401);
            let says = format!("token signed by untrusted key with ID: \"{padded}\"");
            assert!(answer.says[0].ends_with(&says), "{answer:?}");
        }
    }
}

/// How many cases were compared.
#[derive(Debug, Default)]
struct Tally {
    accepted: usize,
    refused: usize,
}

impl Tally {
    /// Asks a registry and the verdict, and compares every line.
    fn one(&mut self, registry: &mut Registry, asked: &Asked) {
        let answer = registry.ask(&asked.token);
        let judged = registry.judge(asked, OffsetDateTime::now_utc());
        let case = format!(
            "{}: {}\n{answer:#?}\n{judged:#?}",
            registry.name, asked.what
        );
        match judged {
            Ok(()) => {
                self.accepted += 1;
                assert_eq!((answer.status, answer.says.len()), (200, 0), "{case}");
            }
            Err(refusal) => {
                self.refused += 1;
                assert_eq!(answer.status, 401, "{case}");
                assert_eq!(answer.context.as_ref(), Some(&refusal.context), "{case}");
                assert_eq!(
                    answer.challenge.contains("error=\"invalid_token\""),
                    refusal.says_invalid_token,
                    "{case}"
                );
                match (&refusal.log, answer.says.as_slice()) {
                    (None, []) => {}
                    (Some(log), [says]) if log.ends_with("currently ") => {
                        assert!(says.starts_with(log.as_str()), "{case}");
                    }
                    // The instant at which a chain is judged is the registry's own.
                    (Some(log), [says]) => assert_eq!(timeless(says), timeless(log), "{case}"),
                    _ => panic!("{case}"),
                }
            }
        }
    }
}

/// A line without the instant behind `current time`.
fn timeless(line: &str) -> String {
    match line.split_once("current time ") {
        None => line.to_owned(),
        Some((before, after)) => {
            let rest = after.split_once(' ').map_or("", |(_, rest)| rest);
            format!("{before}current time {rest}")
        }
    }
}
