mod tokens;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use time::OffsetDateTime;
use time::macros::datetime;

use super::*;
use crate::judge::judge;
use crate::topology::Topology;
use crate::verdict::go::Hint;
use crate::verdict::go::HintReason;
use crate::verdict::go::Refusal;
use crate::verdict::go::SignatureFailure;
use crate::verdict::openssl::ErrorCode;
use crate::x509::certificate::BasicConstraints;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::KeyUsage;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;
use crate::x509::name::DistinguishedName;
use crate::x509::template::Template;

/// The one fault of a text.
#[track_caller]
fn one(text: &str) -> Fault {
    let explanation = explain(text.as_bytes());
    match explanation.faults.as_slice() {
        [fault] => fault.clone(),
        faults => panic!("{} faults in {text:?}: {faults:#?}", faults.len()),
    }
}

/// A line of fixtures/explain, and what is to be understood.
struct Real {
    about: String,
    expected: Vec<String>,
    line: String,
}

fn real_lines() -> Vec<Real> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/explain");
    let files = fs::read_dir(directory).unwrap();
    let texts = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"));
    let mut real = Vec::new();
    for text in texts.map(|path| fs::read_to_string(path).unwrap()) {
        for block in text.split("\n\n").filter(|block| !block.trim().is_empty()) {
            let (about, rest) = block.trim().split_once('\n').unwrap();
            let (expected, line): (Vec<&str>, Vec<&str>) =
                rest.lines().partition(|line| line.starts_with("= "));
            real.push(Real {
                about: about.to_owned(),
                expected: expected.iter().map(|line| line[2..].to_owned()).collect(),
                line: line.join("\n"),
            });
        }
    }
    real
}

#[test]
fn real_lines_are_understood() {
    let real = real_lines();
    assert!(real.len() > 140, "{} lines", real.len());
    for Real {
        about,
        expected,
        line,
    } in real
    {
        let fault = one(&line);
        let mut understood = vec![fault.kind.id().to_owned()];
        understood.extend(fault.program.map(|program| format!("by {program}")));
        understood.extend(
            fault
                .side
                .map(|side| format!("side {side:?}").to_lowercase()),
        );
        let evidence = fault.evidence.fields().map(|(field, text)| match field {
            Field::Presented => format!("presented: {}", fault.evidence.presented().join(", ")),
            _ => format!("{}: {text}", field.name()),
        });
        let mut evidence: Vec<String> = evidence.collect();
        evidence.sort();
        understood.extend(evidence);
        let (head, mut told): (Vec<_>, Vec<_>) =
            expected.into_iter().enumerate().partition(|(at, text)| {
                *at == 0 || text.starts_with("by ") || text.starts_with("side ")
            });
        told.sort_by(|one, two| one.1.cmp(&two.1));
        let expected: Vec<String> = head.into_iter().chain(told).map(|(_, text)| text).collect();
        assert_eq!(understood, expected, "{about}\n{line}");
    }
}

const NOW: OffsetDateTime = datetime!(2026-06-01 12:34:56 UTC);

fn certificate() -> Certificate {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let name = DistinguishedName::new("kubernetes", &[]);
    Template {
        serial: vec![1, 2, 3],
        issuer: name.clone(),
        subject: name,
        not_before: datetime!(2025-01-01 0:00 UTC),
        not_after: datetime!(2026-01-01 0:00 UTC),
        public_key: key.public_key().clone(),
        basic_constraints: Some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        key_usage: KeyUsage::KEY_CERT_SIGN,
        extended_key_usage: Vec::new(),
        subject_alt_names: Vec::new(),
        subject_key_id: None,
        authority_key_id: None,
    }
    .sign(&key)
    .unwrap()
}

/// What each refusal of Go is understood as. The match has no arm for others: who adds a refusal adds its wording.
fn kind_of(refusal: &Refusal) -> Kind {
    match refusal {
        Refusal::Malformed { .. } => Kind::CertificateMalformed,
        Refusal::UnhandledCriticalExtension { .. } => Kind::UnhandledCriticalExtension,
        Refusal::NotYetValid { .. } => Kind::NotYetValid,
        Refusal::Expired { .. } => Kind::Expired,
        Refusal::Hostname(hostname) if hostname.legacy_common_name => Kind::CommonNameOnly,
        Refusal::Hostname(hostname) => match (hostname.presented.is_empty(), hostname.is_ip) {
            (false, _) => Kind::NameMismatch,
            (true, true) => Kind::NoAddresses,
            (true, false) => Kind::NoNames,
        },
        Refusal::UnknownAuthority { hint: None, .. } => Kind::UnknownAuthority,
        Refusal::UnknownAuthority {
            hint: Some(hint), ..
        } => match &hint.why {
            HintReason::Candidate(_) => Kind::UnknownAuthority,
            HintReason::Signature(failure) => match failure {
                SignatureFailure::MayNotSign => Kind::NotAnAuthority,
                SignatureFailure::Insecure(_) | SignatureFailure::Unimplemented => {
                    Kind::WeakSignature
                }
                SignatureFailure::ShortKey(_) => Kind::WeakKey,
                SignatureFailure::BadKey(_) => Kind::UnknownAuthority,
                SignatureFailure::OtherKind { .. } | SignatureFailure::Mismatch(_) => {
                    Kind::SameNameOtherCa
                }
            },
        },
        Refusal::IssuerNameMismatch => Kind::UnknownAuthority,
        Refusal::NotAuthorizedToSign { .. } | Refusal::TooManyIntermediates { .. } => {
            Kind::NotAnAuthority
        }
        Refusal::IncompatibleUsage => Kind::ServerAuthMissing,
        Refusal::ConstrainedName { .. } => Kind::NameNotPermitted,
        Refusal::NoValidChains { usages: 0, .. } => Kind::UnknownAuthority,
        Refusal::NoValidChains { .. } => Kind::ServerAuthMissing,
        Refusal::SignatureLimit => Kind::ChainTooCostly,
    }
}

fn refusals() -> Vec<Refusal> {
    let certificate = certificate();
    let hostname = |wanted: &str, presented: &[String], is_ip, legacy_common_name| {
        Refusal::Hostname(crate::verdict::go::HostnameRefusal {
            wanted: wanted.to_owned(),
            presented: presented.to_vec(),
            is_ip,
            legacy_common_name,
        })
    };
    let many: Vec<String> = (0..120).map(|number| format!("n{number}")).collect();
    let few = ["10.96.0.1".to_owned(), "::1".to_owned()];
    let now = NOW;
    let expired = Refusal::Expired {
        certificate: certificate.clone(),
        now,
    };
    let mut refusals = vec![
        expired,
        Refusal::UnhandledCriticalExtension {
            certificate: certificate.clone(),
        },
        Refusal::NotYetValid {
            certificate: certificate.clone(),
            now: datetime!(2024-01-01 0:00 UTC),
        },
        hostname("10.24.138.208", &few, true, false),
        hostname("10.24.138.208", &[], true, false),
        hostname("fd00::1", &many, true, false),
        hostname("lb.wulin.internal", &many, false, false),
        hostname("lb.wulin.internal", &many[..3], false, false),
        hostname("lb.wulin.internal", &[], false, false),
        hostname("kube-apiserver", &[], false, true),
        Refusal::UnknownAuthority {
            certificate: certificate.clone(),
            hint: None,
        },
        Refusal::IssuerNameMismatch,
        Refusal::NotAuthorizedToSign {
            certificate: certificate.clone(),
        },
        Refusal::TooManyIntermediates {
            certificate: certificate.clone(),
        },
        Refusal::IncompatibleUsage,
        Refusal::ConstrainedName {
            certificate: certificate.clone(),
            detail: "DNS name \"x.example.com\" is not permitted by any constraint".to_owned(),
        },
        Refusal::NoValidChains {
            usages: 1,
            policies: 0,
        },
        Refusal::NoValidChains {
            usages: 0,
            policies: 2,
        },
        Refusal::SignatureLimit,
    ];
    refusals.extend(hinted(&certificate));
    refusals.extend(PARSER.iter().map(|&text| Refusal::Malformed {
        certificate: certificate.clone(),
        refusal: text.into(),
    }));
    refusals
}

/// One of each kind of text that Go's parser has.
const PARSER: &[&str] = &[
    "x509: malformed certificate",
    "x509: trailing data",
    "x509: negative serial number",
    "x509: invalid RDNSequence: invalid attribute value: unsupported string type: 28",
    "x509: unsupported time format",
    "x509: inner and outer signature algorithm identifiers don't match",
    "x509: certificate contains duplicate extension with OID \"2.5.29.17\"",
    "x509: authority key identifier incorrectly marked critical",
    "x509: SAN dNSName is malformed",
    "x509: cannot parse URI \"http://wudang./\": invalid domain",
    "x509: cannot parse IP address of length 5",
    "x509: empty name constraints extension",
    "x509: failed to parse dnsName constraint \"wudang.\"",
    "x509: IP constraint contained invalid mask ff00ff00",
    "x509: RSA key missing NULL parameters",
    "x509: RSA modulus is not a positive number",
    "x509: RSA public exponent is not a positive number",
    "x509: unsupported elliptic curve",
    "x509: Ed25519 key encoded with illegal parameters",
    "x509: wrong Ed25519 public key size",
    "x509: zero or negative DSA parameter",
    "ecdsa: invalid uncompressed public key",
    "invalid P256 point encoding",
    "invalid P384Element encoding",
    "P256 point not on curve",
];

/// Every hint that Go gives with an unknown authority.
fn hinted(certificate: &Certificate) -> Vec<Refusal> {
    let hints = [
        HintReason::Signature(SignatureFailure::MayNotSign),
        HintReason::Signature(SignatureFailure::Insecure(
            crate::x509::signature::SignatureAlgorithm::Other("1.2.3".to_owned()),
        )),
        HintReason::Signature(SignatureFailure::Unimplemented),
        HintReason::Signature(SignatureFailure::OtherKind {
            specified: "ECDSA",
            have: "*rsa.PublicKey",
        }),
        HintReason::Signature(SignatureFailure::ShortKey(512)),
        HintReason::Signature(SignatureFailure::Mismatch("crypto/rsa: verification error")),
        HintReason::Signature(SignatureFailure::Mismatch(
            "x509: ECDSA verification failure",
        )),
        HintReason::Signature(SignatureFailure::Mismatch(
            "x509: Ed25519 verification failure",
        )),
        HintReason::Candidate(Box::new(Refusal::IncompatibleUsage)),
    ];
    let hinted = hints.into_iter().map(|why| Refusal::UnknownAuthority {
        certificate: certificate.clone(),
        hint: Some(Hint {
            why,
            candidate: certificate.clone(),
        }),
    });
    hinted.collect()
}

#[test]
fn what_the_verdict_says_is_understood_as_it_was_meant() {
    for refusal in refusals() {
        let text = refusal.text();
        let kind = kind_of(&refusal);
        let fault = one(&text);
        assert_eq!(fault.kind, kind, "{text}");
        if let Refusal::Hostname(hostname) = &refusal
            && !hostname.legacy_common_name
        {
            let wanted = fault.evidence.get(Field::Wanted);
            assert_eq!(wanted, Some(hostname.wanted.as_str()), "{text}");
            if hostname.presented.len() < 100 {
                assert_eq!(fault.evidence.presented(), hostname.presented, "{text}");
            }
        }
        // In a log of zap or klog quotes are escaped, once or twice.
        for depth in 1..=2 {
            let mut logged = text.clone();
            for _ in 0..depth {
                logged = logged.replace('\\', "\\\\").replace('"', "\\\"");
            }
            let logged = format!("{{\"level\":\"warn\",\"error\":\"{logged}\"}}");
            assert_eq!(one(&logged).kind, kind, "{logged}");
            assert_eq!(one(&logged).evidence, fault.evidence, "{logged}");
        }
    }
}

/// The texts of Go's parser are many, and stand as literals in the files that follow it.
#[test]
fn what_the_parser_says_is_understood() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/verdict/go/parse");
    let (mut count, mut drifted) = (0, Vec::new());
    for file in fs::read_dir(directory).unwrap() {
        let source = fs::read_to_string(file.unwrap().path()).unwrap();
        for after in source.split("\"x509: ").skip(1) {
            let literal = after.split('"').next().unwrap();
            let text = format!("x509: {literal}").replace("{}", "x");
            let kinds = explain(text.as_bytes())
                .faults
                .into_iter()
                .map(|fault| fault.kind);
            if !kinds.eq([Kind::CertificateMalformed]) {
                drifted.push(text);
            }
            count += 1;
        }
    }
    assert_eq!(drifted, Vec::<String>::new());
    assert!(count > 60, "{count} literals found: are they still there?");
}

#[test]
fn what_openssl_says_is_understood_in_every_client() {
    for &code in ErrorCode::ALL {
        let (number, text) = (code.number(), code.text());
        let lines = [
            format!(
                "upstream SSL certificate verify error: ({number}:{text}) while SSL handshaking to upstream"
            ),
            format!("verify error:num={number}:{text}"),
            format!("error {number} at 0 depth lookup: {text}"),
            format!("curl: (60) SSL certificate problem: {text}"),
            format!("Verify return code: {number} ({text})"),
        ];
        let kinds: Vec<Kind> = lines.iter().map(|line| one(line).kind).collect();
        assert!(
            kinds.iter().all(|kind| *kind == kinds[0]),
            "{text}: {kinds:?}"
        );
    }
}

#[test]
fn a_line_is_understood_however_it_was_broken_and_quoted() {
    let line = "E1123 20:15:01.104503    1207 reflector.go:205] \"Failed to watch\" err=\"failed to list *v1.Node: Get \
                \\\"https://10.24.138.208:6443/api/v1/nodes?limit=500\\\": tls: failed to verify certificate: x509: \
                certificate is valid for 10.96.0.1, 10.27.53.32, not 10.24.138.208\"";
    let whole = one(line);
    for width in 40..line.len() {
        let characters: Vec<char> = line.chars().collect();
        let broken: Vec<String> = characters.chunks(width).map(String::from_iter).collect();
        let fault = one(&broken.join("\n"));
        assert_eq!(fault.kind, whole.kind, "{width}");
        assert_eq!(fault.evidence, whole.evidence, "{width}");
    }
    let mailed = "Get https://10.24.138.208:6443/api: x509: certificate is valid\n  for 10.96.0.1, 10.27.53.32,\n  not 10.24.138.208";
    assert_eq!(one(mailed).evidence, whole.evidence);
    for quoted in [
        "\u{1b}[31m“x509: certificate is valid for 10.96.0.1, 10.27.53.32, not 10.24.138.208”\u{1b}[0m",
        "> `x509: certificate is valid for 10.96.0.1, 10.27.53.32, not 10.24.138.208`.",
        "'x509: certificate is valid for 10.96.0.1, 10.27.53.32, not 10.24.138.208'\r",
    ] {
        assert_eq!(one(quoted).evidence, whole.evidence, "{quoted}");
    }
}

#[test]
fn two_lines_are_not_made_one() {
    let text = "The connection to the server 10.24.138.208:6443 was refused - did you specify the right host or port?\n\
                x509: certificate is valid for 10.96.0.1, 10.27.53.32, not 10.24.138.208\nexit status 1";
    let explanation = explain(text.as_bytes());
    assert_eq!(explanation.faults.len(), 2);
    let wanted = explanation.faults[1].evidence.get(Field::Wanted);
    assert_eq!(wanted, Some("10.24.138.208"));
    assert_eq!(explanation.unknown, ["exit status 1"]);
}

#[test]
fn a_log_is_counted_and_the_clock_does_not_tell_faults_apart() {
    let mut log = String::new();
    for second in 10..60 {
        log += &format!(
            "http: TLS handshake error from 10.0.0.1:40{second}: x509: certificate has expired or is not yet valid: current \
             time 2026-11-23T20:53:{second}Z is after 2026-03-01T08:00:00Z\nnothing of interest\n"
        );
    }
    log += "x509: certificate signed by unknown authority\n";
    let explanation = explain(log.as_bytes());
    let counts: Vec<usize> = explanation.faults.iter().map(|fault| fault.count).collect();
    assert_eq!(counts, [50, 1]);
    assert_eq!(explanation.unknown.len(), 50);
}

#[test]
fn in_an_empty_cluster_nothing_is_found() {
    let judged = judge(Topology::default(), NOW);
    let audit = crate::audit::Audit {
        judged,
        findings: Vec::new(),
        ignored: Vec::new(),
    };
    for recogniser in table::all() {
        assert!(locate(&one(recogniser.example), &audit).is_empty());
    }
}

/// What makes a matcher work hardest: every literal of every wording, over and over.
#[test]
fn a_long_line_takes_no_longer_than_its_length_asks() {
    let begun = std::time::Instant::now();
    for piece in [
        "x509: certificate is valid for ",
        "(possibly because of \"",
        "\\\\\\\"",
        "https://",
        "lookup a on ",
        "\u{1b}]",
    ] {
        explain(piece.repeat((1 << 20) / piece.len()).as_bytes());
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        explain(&bytes);
    }

    #[test]
    fn any_mixture_of_wordings_is_read(
        pieces in proptest::collection::vec((0_usize..400, 0_usize..300, any::<bool>()), 0..6)
    ) {
        let all: Vec<&str> = table::all().map(|recogniser| recogniser.example).collect();
        let mut text = String::new();
        for (which, at, line_break) in pieces {
            let example = all[which % all.len()];
            text.extend(example.chars().skip(at));
            text.push(if line_break { '\n' } else { ' ' });
        }
        explain(text.as_bytes());
    }
}
