//! Any bytes as what someone pasted.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki_core::explain;
use pki_core::report;
use pki_core::report::explain::Explained;
use pki_core::report::plain::Style;

fuzz_target!(|pasted: &[u8]| {
    let explanation = explain::explain(pasted);
    let told: usize = explanation.faults.iter().map(|fault| fault.count).sum();
    let lines = pasted.split(|byte| b"\r\n".contains(byte)).count();
    assert!(
        told + explanation.unknown.len() <= lines,
        "more is told of than was pasted"
    );
    let explained: Vec<Explained<'_>> = explanation
        .faults
        .iter()
        .map(|fault| Explained { fault, here: None })
        .collect();
    let human = report::explain::human(&explanation, &explained, 100, Style::default());
    assert!(
        human.chars().all(|c| c == '\n' || !c.is_control()),
        "a report must not carry escape sequences: {human:?}"
    );
    report::explain::json(&explanation, &explained);
});
