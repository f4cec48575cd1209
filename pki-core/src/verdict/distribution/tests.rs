use time::Duration;
use time::macros::datetime;

use super::*;
use crate::x509::certificate::BasicConstraints;
use crate::x509::certificate::KeyUsage;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;
use crate::x509::name::DistinguishedName;
use crate::x509::template::Template;

const NOW: OffsetDateTime = datetime!(2026-11-23 13:45:00 UTC);
const SERVICE: &str = "harbor-registry";
const ISSUER: &str = "harbor-token-issuer";

/// A token server and its root, which carry no name as Harbor's do not.
struct Server {
    key: PrivateKey,
    root: Certificate,
}

impl Server {
    fn new(algorithm: KeyAlgorithm) -> Self {
        let key = PrivateKey::generate(algorithm).unwrap();
        let root = root(&key, datetime!(2036-01-01 0:00 UTC));
        Self { key, root }
    }

    fn kid(&self, release: Release) -> KeyRef {
        KeyRef::Kid(release.key_id(self.key.public_key()).unwrap())
    }
}

fn root(key: &PrivateKey, until: OffsetDateTime) -> Certificate {
    let template = Template {
        serial: vec![7],
        issuer: DistinguishedName::new("", &[]),
        subject: DistinguishedName::new("", &[]),
        not_before: datetime!(2024-01-01 0:00 UTC),
        not_after: until,
        public_key: key.public_key().clone(),
        basic_constraints: Some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        key_usage: KeyUsage::default(),
        extended_key_usage: Vec::new(),
        subject_alt_names: Vec::new(),
        subject_key_id: None,
        authority_key_id: None,
    };
    template.sign(key).unwrap()
}

/// What is asked, with Harbor's values for all that is not said.
struct Case<'a> {
    server: &'a Server,
    algorithm: &'a str,
    reference: KeyRef,
    issuer: &'a str,
    audience: Vec<String>,
    as_array: bool,
    expires: OffsetDateTime,
    not_before: OffsetDateTime,
    bundle: Vec<Certificate>,
    jwks: Vec<(String, PublicKey)>,
    algorithms: Option<Vec<String>>,
}

impl<'a> Case<'a> {
    fn new(server: &'a Server, release: Release) -> Self {
        let algorithm = Algorithm::of(server.key.public_key()).unwrap();
        Self {
            server,
            algorithm: algorithm.name(),
            reference: server.kid(release),
            issuer: ISSUER,
            audience: vec![SERVICE.to_owned()],
            as_array: false,
            expires: NOW + Duration::minutes(30),
            not_before: NOW,
            bundle: vec![server.root.clone()],
            jwks: Vec::new(),
            algorithms: None,
        }
    }

    fn judged(&self, release: Release) -> Result<(), Refusal> {
        let presented = Presented {
            key: self.server.key.public_key(),
            algorithm: self.algorithm,
            reference: &self.reference,
            issuer: self.issuer,
            audience: &self.audience,
            audience_as_array: self.as_array,
            expires: Some(self.expires),
            not_before: Some(self.not_before),
        };
        let verifier = Verifier {
            release,
            issuer: ISSUER,
            service: SERVICE,
            bundle: &self.bundle,
            jwks: &self.jwks,
            algorithms: self.algorithms.as_deref(),
        };
        accepts(&presented, &verifier, NOW)
    }

    #[track_caller]
    fn accepted(&self, release: Release) {
        assert_eq!(self.judged(release), Ok(()), "{release:?}");
    }

    #[track_caller]
    fn says(&self, release: Release, log: &str) {
        let refusal = self.judged(release).unwrap_err();
        assert_eq!(refusal.log.as_deref(), Some(log), "{release:?}");
        assert_eq!(refusal.context, "error authorizing context: invalid token");
        assert!(refusal.says_invalid_token);
    }
}

const BOTH: [Release; 2] = [Release::V2, Release::V3];

#[test]
fn each_release_knows_a_key_by_its_own_id_alone() {
    let server = Server::new(KeyAlgorithm::EcdsaP256);
    for release in BOTH {
        let mut case = Case::new(&server, release);
        case.accepted(release);
        let (other, says) = match release {
            Release::V2 => (Release::V3, "token signed by untrusted key with ID: \""),
            Release::V3 => (
                Release::V2,
                "failed to verify token: token signed by untrusted key with ID: \"",
            ),
        };
        let kid = other.key_id(server.key.public_key()).unwrap();
        case.reference = KeyRef::Kid(kid.clone());
        case.says(release, &format!("{says}{kid}\""));
        case.jwks = vec![(kid, server.key.public_key().clone())];
        assert_eq!(case.judged(release).is_ok(), release == Release::V3);
    }
}

#[test]
fn two_certificates_and_their_tokens() {
    let (old, new) = (
        Server::new(KeyAlgorithm::EcdsaP256),
        Server::new(KeyAlgorithm::EcdsaP384),
    );
    for release in BOTH {
        for server in [&old, &new] {
            for reference in [server.kid(release), KeyRef::X5c(vec![server.root.clone()])] {
                let mut case = Case::new(server, release);
                case.bundle = vec![old.root.clone(), new.root.clone()];
                case.reference = reference;
                case.accepted(release);
            }
        }
        let mut case = Case::new(&old, release);
        case.bundle = vec![new.root.clone()];
        assert!(case.judged(release).is_err());
    }
}

#[test]
fn a_known_id_over_another_key_s_signature() {
    let (signer, other) = (
        Server::new(KeyAlgorithm::EcdsaP256),
        Server::new(KeyAlgorithm::EcdsaP256),
    );
    let mut case = Case::new(&signer, Release::V2);
    case.bundle = vec![other.root.clone()];
    case.reference = other.kid(Release::V2);
    case.says(
        Release::V2,
        "unable to verify token signature: invalid signature",
    );
    case.reference = other.kid(Release::V3);
    assert_eq!(
        case.judged(Release::V3),
        Err(Refusal {
            log: None,
            context: "error authorizing context: go-jose/go-jose: error in cryptographic primitive"
                .to_owned(),
            says_invalid_token: false,
        })
    );
}

#[test]
fn harbor_1_stamps_rs256_on_what_an_ec_key_signs() {
    let server = Server::new(KeyAlgorithm::EcdsaP256);
    let mut case = Case::new(&server, Release::V2);
    case.algorithm = "RS256";
    case.says(
        Release::V2,
        "unable to verify token signature: unable to verify signature: EC Public Key with curve \"P-256\" does not support signature algorithm \"RS256\"",
    );
}

#[test]
fn a_token_that_names_no_key() {
    let server = Server::new(KeyAlgorithm::EcdsaP256);
    for (release, says) in [
        (Release::V2, "unable to get token signing key"),
        (Release::V3, "failed to verify token: invalid token"),
    ] {
        for reference in [KeyRef::None, KeyRef::Kid(String::new())] {
            let mut case = Case::new(&server, release);
            case.reference = reference;
            case.says(release, says);
        }
    }
}

#[test]
fn claims_are_judged_with_a_minute_s_leeway() {
    let server = Server::new(KeyAlgorithm::EcdsaP256);
    for release in BOTH {
        let mut case = Case::new(&server, release);
        case.expires = NOW - Duration::seconds(60);
        case.not_before = NOW + Duration::seconds(60);
        case.accepted(release);
        case.not_before = NOW + Duration::seconds(61);
        case.says(
            release,
            "token not to be used before 2026-11-23 13:45:01 +0000 UTC - currently ",
        );
        case.expires = NOW - Duration::seconds(61);
        case.says(
            release,
            "token not to be used after 2026-11-23 13:44:59 +0000 UTC - currently ",
        );
        case.audience = vec!["other".to_owned()];
        let audience = match release {
            Release::V2 => "\"other\"",
            Release::V3 => "[other]",
        };
        case.says(
            release,
            &format!("token intended for another audience: {audience}"),
        );
        case.issuer = "o\"ther";
        case.says(release, "token from untrusted issuer: \"o\\\"ther\"");
    }
}

/// 2 judges the claims before the key, 3 after it.
#[test]
fn of_two_faults_each_release_tells_its_own_first() {
    let server = Server::new(KeyAlgorithm::EcdsaP256);
    let mut case = Case::new(&server, Release::V2);
    case.reference = KeyRef::Kid("a".to_owned());
    case.issuer = "other";
    case.says(Release::V2, "token from untrusted issuer: \"other\"");
    case.says(
        Release::V3,
        "failed to verify token: token signed by untrusted key with ID: \"a\"",
    );
}

#[test]
fn a_list_of_audiences_is_nothing_for_2() {
    let server = Server::new(KeyAlgorithm::EcdsaP256);
    for release in BOTH {
        let mut case = Case::new(&server, release);
        case.as_array = true;
        case.audience = vec!["other".to_owned(), SERVICE.to_owned()];
        let judged = case.judged(release);
        match release {
            Release::V2 => {
                let refusal = judged.unwrap_err();
                assert_eq!(
                    refusal.log.as_deref(),
                    Some(
                        "error while unmarshalling raw token: json: cannot unmarshal array into Go struct field ClaimSet.aud of type string"
                    )
                );
                assert_eq!(
                    refusal.context,
                    "error authorizing context: malformed token"
                );
            }
            Release::V3 => assert_eq!(judged, Ok(())),
        }
    }
}

#[test]
fn an_expired_root_matters_to_chains_alone() {
    let mut server = Server::new(KeyAlgorithm::EcdsaP256);
    server.root = root(&server.key, datetime!(2026-05-14 0:00 UTC));
    for (release, prefix) in [
        (Release::V2, "unable to verify certificate chain: "),
        (Release::V3, "failed to verify token: "),
    ] {
        let mut case = Case::new(&server, release);
        case.accepted(release);
        case.reference = KeyRef::X5c(vec![server.root.clone()]);
        case.says(
            release,
            &format!(
                "{prefix}x509: certificate has expired or is not yet valid: current time 2026-11-23T13:45:00Z is after 2026-05-14T00:00:00Z"
            ),
        );
    }
}

#[test]
fn only_3_has_a_list_of_algorithms() {
    let server = Server::new(KeyAlgorithm::EcdsaP256);
    for release in BOTH {
        let mut case = Case::new(&server, release);
        case.algorithms = Some(vec!["RS256".to_owned()]);
        assert_eq!(case.judged(release).is_ok(), release == Release::V2);
        case.algorithms = Some(Vec::new());
        case.accepted(release);
    }
}

#[test]
fn what_a_bundle_must_hold_to_start_with() {
    let text = Server::new(KeyAlgorithm::EcdsaP256).root.to_pem();
    let ed25519 = Server::new(KeyAlgorithm::Ed25519).root.to_pem();
    let trusted = text.replace("CERTIFICATE", "TRUSTED CERTIFICATE");
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let none = "token auth requires at least one token signing ";
    let (none_2, none_3) = (format!("{none}root certificate"), format!("{none}key"));
    let malformed = "unable to parse token auth root certificate: x509: malformed certificate";
    let open = "unable to open token auth root certificate bundle file \"/etc/registry/root.crt\": open /etc/registry/root.crt: ";
    let (missing, forbidden) = (
        format!("{open}no such file or directory"),
        format!("{open}permission denied"),
    );
    type Content<'a> = Result<&'a [u8], Unreadable>;
    let rows: [(Content<'_>, [&str; 2]); 9] = [
        (Ok(text.as_bytes()), ["", ""]),
        (Ok(b""), [&none_2, &none_3]),
        (Ok(b"junk"), [&none_2, &none_3]),
        (Ok(trusted.as_bytes()), [&none_2, &none_3]),
        (Ok(broken.as_bytes()), [malformed, malformed]),
        (
            Ok(ed25519.as_bytes()),
            [
                "unable to get public key from token auth root certificate: public key type ed25519.PublicKey is not supported",
                "",
            ],
        ),
        (Err(Unreadable::Missing), [&missing, &missing]),
        (Err(Unreadable::Forbidden), [&forbidden, &forbidden]),
        (
            Err(Unreadable::Directory),
            ["unable to read token auth root certificate bundle file \"/etc/registry/root.crt\": read /etc/registry/root.crt: is a directory";
                2],
        ),
    ];
    for (content, says) in rows {
        for (release, says) in BOTH.into_iter().zip(says) {
            let bundle = Bundle {
                path: "/etc/registry/root.crt",
                content,
            };
            assert_eq!(started(release, Some(bundle), None), panic_of(says));
        }
    }
}

#[test]
fn what_the_other_options_must_be_to_start_with() {
    let jwks = |keys| {
        Some(Jwks {
            path: "/jwks.json",
            keys,
        })
    };
    let option = "token auth requires a valid option string: \"rootcertbundle\"";
    assert_eq!(started(Release::V2, None, jwks(Ok(1))), panic_of(option));
    assert_eq!(started(Release::V3, None, jwks(Ok(1))), Ok(()));
    let none = "token auth requires at least one token signing key";
    for nothing in [None, jwks(Ok(0))] {
        assert_eq!(started(Release::V3, None, nothing), panic_of(none));
    }
    let missing = jwks(Err(Unreadable::Missing));
    let text =
        "unable to open jwks file \"/jwks.json\": open /jwks.json: no such file or directory";
    assert_eq!(started(Release::V3, None, missing), panic_of(text));
    let start = Start {
        release: Release::V3,
        bundle: None,
        jwks: jwks(Ok(1)),
        algorithms: Some(&["RS256".to_owned(), "rs384".to_owned()]),
    };
    assert_eq!(
        starts(&start),
        panic_of("unsupported signing algorithm: rs384")
    );
    assert_eq!(
        missing_option("rootcertbundle"),
        panic_of(option).unwrap_err()
    );
}

fn started(
    release: Release,
    bundle: Option<Bundle<'_>>,
    jwks: Option<Jwks<'_>>,
) -> Result<(), String> {
    starts(&Start {
        release,
        bundle,
        jwks,
        algorithms: None,
    })
}

fn panic_of(says: &str) -> Result<(), String> {
    match says {
        "" => Ok(()),
        says => Err(format!(
            "panic: unable to configure authorization (token): {says}"
        )),
    }
}
