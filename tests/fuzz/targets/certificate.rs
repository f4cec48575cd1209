//! Any bytes as a certificate: read, judged as leaf, intermediate and root, and reported.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pki_core::inspect;
use pki_core::inspect::Input;
use pki_core::place::Place;
use pki_core::report;
use pki_core::verdict::go;
use pki_core::verdict::go::Purpose;
use pki_core::verdict::go::Question;
use pki_core::verdict::signatures::Signatures;
use pki_core::x509::certificate::Certificate;
use time::OffsetDateTime;
use time::macros::datetime;

fuzz_target!(|der: &[u8]| {
    let read = Certificate::from_der(der);
    if let Err(error) = &read {
        assert!(
            go::parse_certificate(der).is_err(),
            "{error}, which Go takes"
        );
    }
    if let Ok(certificate) = &read {
        assert_eq!(certificate.as_der(), der);
        judge(certificate);
    }
    let place = Place::file("fuzzed.crt");
    let inspection = inspect::inspect(&[Input {
        place,
        bytes: Ok(der.to_vec().into()),
    }]);
    let human = report::inspect::human(&inspection, NOW);
    assert!(
        human.chars().all(|c| c == '\n' || !c.is_control()),
        "a report must not carry escape sequences: {human:?}"
    );
    report::inspect::json(&inspection, NOW);
});

/// Trusted, as its own issuer, and beside itself: whatever is asked has an answer, and the same one each time.
fn judge(certificate: &Certificate) {
    let only = std::slice::from_ref(certificate);
    for (intermediates, roots) in [(&[][..], only), (only, &[][..]), (only, only), (&[], &[])] {
        let question = Question {
            leaf: certificate,
            intermediates,
            roots,
            name: Some("kubernetes.default.svc"),
            purpose: Purpose::Server,
            now: NOW,
        };
        let answer = || {
            let refusal = go::verify(&question, &mut Signatures::default()).err();
            refusal.map(|refusal| refusal.text())
        };
        let first = answer();
        assert_eq!(first, answer());
        let all = go::refusals(&question, &mut Signatures::default());
        assert_eq!(all.first().map(|refusal| refusal.text()), first);
    }
}

const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);
