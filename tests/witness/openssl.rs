//! The same witness for OpenSSL: `openssl verify` and hapki, line for line.

use std::thread;

use pki_core::verdict::go;

use crate::ask::Ask;
use crate::case::Der;
use crate::families::FAMILIES;
use crate::families::World;
use crate::known::Known;
use crate::openssl_families;
use crate::random::Random;
use crate::setting;
use crate::tally::Tally;

const SEED: u64 = 20_260_601;
const CASES: usize = 1_500;

/// Signatures that OpenSSL takes and Go does not, or otherwise: hapki verifies what Go does.
const NOT_FOLLOWED: [&str; 2] = ["odd keys", "PSS parameters"];

#[test]
#[ignore = "needs openssl"]
fn openssl_and_hapki_say_the_same() {
    let seed = setting("HAPKI_WITNESS_SEED", SEED);
    let count = setting("HAPKI_WITNESS_OPENSSL_CASES", CASES as u64) as usize;
    let (_, asks) = generate(seed, count);
    let known = Known::read(include_str!("known_openssl.toml"));
    let answers = openssl(&asks);
    let mut tally = Tally::default();
    for (number, ((family, ask), said)) in asks.iter().zip(&answers).enumerate() {
        let hapki = ask.hapki();
        tally.count(family, said.is_empty());
        let text = |lines: &[String]| (!lines.is_empty()).then(|| lines.join("\n"));
        if *said != hapki && !known.allows(family, &text(said), &text(&hapki)) {
            tally.differ.push(format!(
                "case {number}, {family}, host {:?}, {:?}\n openssl: {said:#?}\n hapki: {hapki:#?}\n{}",
                ask.host,
                ask.settings,
                ask.chain.iter().chain(&ask.roots).map(|one| one.to_pem()).collect::<String>()
            ));
        }
    }
    tally.close(&format!("openssl, seed {seed}, {} cases", asks.len()));
    let unmet = known.never_met();
    assert!(
        count < CASES || unmet.is_empty(),
        "known_openssl.toml holds what no case shows:\n{}",
        unmet.join("\n")
    );
}

/// Families of the Go witness and those of OpenSSL's own, in turn, and the keys of them all.
pub fn generate(seed: u64, count: usize) -> (World, Vec<(&'static str, Ask)>) {
    let world = World::new();
    let own = openssl_families::Keys::new();
    let all = FAMILIES.len() + openssl_families::FAMILIES.len();
    let asks = (0..count)
        .flat_map(|number| {
            let mut random = Random::new(seed, number);
            let which = number % all;
            if let Some((family, make)) = FAMILIES.get(which) {
                if NOT_FOLLOWED.contains(family) {
                    return None;
                }
                let case = make(&mut random, &world);
                // What Go's parser refuses is no question for OpenSSL's.
                let ders = [&case.chain, &case.intermediates, &case.roots];
                let is_malformed = |der: &Der| go::parse_certificate(der).is_err();
                if ders.into_iter().flatten().any(is_malformed) {
                    return None;
                }
                return Ask::of(case).map(|ask| (*family, ask));
            }
            let (family, make) = openssl_families::FAMILIES[which - FAMILIES.len()];
            Some((family, make(&mut random, &world, &own)))
        })
        .collect();
    (world, asks)
}

fn openssl(asks: &[(&str, Ask)]) -> Vec<Vec<String>> {
    let half = asks.len().div_ceil(2).max(1);
    thread::scope(|scope| {
        let workers: Vec<_> = asks
            .chunks(half)
            .map(|asks| {
                scope.spawn(move || {
                    let directory = tempfile::tempdir().unwrap();
                    let answers = asks.iter().map(|(_, ask)| ask.openssl(directory.path()));
                    answers.collect::<Vec<_>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    })
}
