//! The witness: thousands of cases that a seed value decides, judged by Go and by hapki; verdict and text must be alike.
//!
//! ```text
//! tests/peers/build.sh && cargo test --test witness -- --ignored --nocapture
//! ```
//!
//! `HAPKI_WITNESS_SEED` and `HAPKI_WITNESS_CASES` choose others than the usual cases. A case is the seed value and its
//! number: its keys differ from run to run, its question does not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test states its assumptions by failing"
)]
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "a test crate has no readers outside"
)]

mod ask;
mod case;
mod chains;
mod constraints;
mod der;
mod families;
mod forge;
mod handshake;
mod keys;
mod known;
mod malformed;
mod mutated;
mod names;
mod nginx;
mod odd_keys;
mod openssl;
mod openssl_families;
mod peer;
mod programs;
mod random;
mod tally;

use case::Answer;
use case::Case;
use families::FAMILIES;
use families::Make;
use families::World;
use known::Known;
use random::Random;
use tally::Tally;

const SEED: u64 = 20_260_601;
const CASES: usize = 20_000;
/// Of all cases, that must be accepted, and that must be refused, in per cent.
const LEAST_SHARE: usize = 25;
/// Of families.
const COUNT: usize = FAMILIES.len() + malformed::FAMILIES.len();

#[test]
#[ignore = "needs Go: tests/peers/build.sh"]
fn go_and_hapki_say_the_same() {
    let seed = setting("HAPKI_WITNESS_SEED", SEED);
    let count = setting("HAPKI_WITNESS_CASES", CASES as u64) as usize;
    let cases = generate(seed, count);
    let known = Known::read(include_str!("known.toml"));
    let mut tally = Tally::default();
    for (number, (case, go)) in cases.iter().zip(peer::go(&cases)).enumerate() {
        let family = family(number).0;
        let hapki = case.hapki();
        if go != hapki && !known.allows(family, &go, &hapki) {
            tally.differ.push(difference(number, case, &go, &hapki));
        }
        tally.count(family, go.is_none());
    }
    tally.close(&format!("seed {seed}, {count} cases"));
    judge(&tally, count, &known);
}

#[test]
fn every_family_is_reproducible_and_judged_without_a_panic() {
    let asked = || {
        let cases = generate(SEED, COUNT * 5);
        let answers = cases.iter().map(Case::hapki);
        answers.collect::<Vec<_>>()
    };
    assert_eq!(asked(), asked());
}

fn generate(seed: u64, count: usize) -> Vec<Case> {
    let world = World::new();
    (0..count)
        .map(|number| {
            let (_, make) = family(number);
            make(&mut Random::new(seed, number), &world)
        })
        .collect()
}

fn family(number: usize) -> (&'static str, Make) {
    let which = number % COUNT;
    *FAMILIES
        .get(which)
        .unwrap_or_else(|| &malformed::FAMILIES[which - FAMILIES.len()])
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |value| {
        let number = value.parse();
        number.unwrap_or_else(|_| panic!("{name}={value} is not a number"))
    })
}

fn difference(number: usize, case: &Case, go: &Answer, hapki: &Answer) -> String {
    let say = |answer: &Answer| answer.clone().unwrap_or_else(|| "(accepted)".to_owned());
    format!(
        "case {number}, {}, host {:?}\n  Go:    {}\n  hapki: {}\n  leaf:\n{}",
        family(number).0,
        case.host,
        say(go),
        say(hapki),
        pem::encode(&pem::Pem::new("CERTIFICATE", case.chain[0].clone()))
    )
}

/// Both answers are well represented, and what is known to differ still does.
fn judge(tally: &Tally, count: usize, known: &Known) {
    for (which, what) in ["accepted", "refused"].into_iter().enumerate() {
        let share = tally.total(which) * 100 / count.max(1);
        assert!(share >= LEAST_SHARE, "only {share} % are {what}");
    }
    let unmet = known.never_met();
    assert!(
        count < CASES || unmet.is_empty(),
        "known.toml holds what no case shows:\n{}",
        unmet.join("\n")
    );
}
