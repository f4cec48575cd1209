use std::num::NonZeroUsize;
use std::path::Path;

use time::Duration;
use time::OffsetDateTime;
use time::macros::datetime;

use super::Authorities;
use super::Authority;
use super::AuthorityError;
use super::AuthorityFiles;
use super::FreshKeys;
use super::IssueError;
use super::Issued;
use super::KeySource;
use super::RandomSerials;
use super::SerialSource;
use super::Work;
use super::carry_out;
use crate::bundle::Existing;
use crate::plan::AuthorityStep;
use crate::plan::KubeconfigStep;
use crate::plan::PlannedSan;
use crate::plan::SanSource;
use crate::plan::ServiceAccountStep;
use crate::plan::SigningStep;
use crate::plan::StepKey;
use crate::plan::Target;
use crate::plan::Validity;
use crate::profile;
use crate::profile::KubernetesVersion;
use crate::profile::Profile;
use crate::x509::certificate::BasicConstraints;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::ExtendedKeyUsage;
use crate::x509::certificate::GeneralName;
use crate::x509::certificate::KeyUsage;
use crate::x509::csr::CertificationRequest;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;
use crate::x509::name::DistinguishedName;
use crate::x509::template::Template;

const NOW: OffsetDateTime = datetime!(2026-02-01 12:00 UTC);
const P256: KeyAlgorithm = KeyAlgorithm::EcdsaP256;

fn days(days: i64) -> Validity {
    Validity {
        not_before: NOW - Duration::minutes(5),
        not_after: NOW + Duration::days(days),
        cut_short_from: None,
    }
}

fn founding(key: KeyAlgorithm) -> AuthorityStep {
    AuthorityStep {
        authority: profile::Authority::Cluster,
        subject: profile::Authority::Cluster.subject(),
        sans: vec!["kubernetes".parse().unwrap()],
        key,
        validity: days(3650),
        certificates: vec!["a/ca.crt".into(), "b/ca.crt".into()],
        keys: vec!["a/ca.key".into()],
    }
}

fn step(profile: Profile, key: StepKey, target: Target) -> SigningStep {
    let names = ["wudang", "kubernetes", "10.96.0.1"];
    let sans = names.map(|name| PlannedSan {
        san: name.parse().unwrap(),
        from: SanSource::Profile,
    });
    SigningStep {
        profile,
        node: "wudang".into(),
        subject: profile.subject("wudang", KubernetesVersion::new(1, 34)),
        authority: profile::Authority::Cluster,
        usages: profile.row().usages.to_vec(),
        sans: sans.to_vec(),
        not_taken: Vec::new(),
        key,
        validity: days(365),
        target,
        existing: Existing::Refuse,
    }
}

fn pair() -> Target {
    Target::Pair {
        certificate: "a/apiserver.crt".into(),
        key: Some("a/apiserver.key".into()),
    }
}

fn keys() -> FreshKeys {
    FreshKeys {
        threads: NonZeroUsize::new(2).unwrap(),
    }
}

fn made(work: &Work<'_>, authorities: &Authorities) -> Result<Issued, IssueError> {
    carry_out(work, authorities, &mut keys(), &mut RandomSerials)
}

fn issued(authorities: &Authorities, steps: &[SigningStep]) -> Result<Issued, IssueError> {
    let work = Work {
        steps,
        ..Work::default()
    };
    made(&work, authorities)
}

/// A CA with the fields that a test wants to be wrong.
fn authority(change: impl FnOnce(&mut Template)) -> (Certificate, PrivateKey) {
    let key = PrivateKey::generate(P256).unwrap();
    let mut template = Template {
        serial: vec![1],
        issuer: profile::Authority::Cluster.subject(),
        subject: profile::Authority::Cluster.subject(),
        not_before: NOW - Duration::days(1),
        not_after: NOW + Duration::days(100),
        public_key: key.public_key().clone(),
        basic_constraints: Some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        key_usage: KeyUsage::KEY_CERT_SIGN,
        extended_key_usage: Vec::new(),
        subject_alt_names: Vec::new(),
        subject_key_id: Some(vec![7; 20]),
        authority_key_id: None,
    };
    change(&mut template);
    (template.sign(&key).unwrap(), key)
}

fn check(certificate: &[u8], key: Option<&[u8]>) -> Result<Authority, AuthorityError> {
    let files = AuthorityFiles {
        certificate_path: Path::new("pki/ca.crt"),
        certificate,
        key_path: Path::new("pki/ca.key"),
        key,
    };
    Authority::check(&files, NOW)
}

fn loaded(change: impl FnOnce(&mut Template)) -> Authorities {
    let (certificate, key) = authority(change);
    let authority = check(
        certificate.to_pem().as_bytes(),
        Some(key.to_pem().as_bytes()),
    )
    .unwrap();
    Authorities::from([(profile::Authority::Cluster, authority)])
}

fn refusal(certificate: &str, key: Option<&str>) -> String {
    let error = check(certificate.as_bytes(), key.map(str::as_bytes)).unwrap_err();
    assert!(!error.hint().is_empty());
    error.to_string()
}

#[test]
fn a_ca_and_a_leaf_are_what_kubeadm_makes() {
    let steps = [step(Profile::Apiserver, StepKey::Generate(P256), pair())];
    let service_account = ServiceAccountStep {
        key: P256,
        private: vec!["a/sa.key".into()],
        public: vec!["a/sa.pub".into()],
    };
    let authorities = [founding(P256)];
    let work = Work {
        authorities: &authorities,
        service_account: Some(&service_account),
        steps: &steps,
    };
    let issued = made(&work, &Authorities::new()).unwrap();

    let files: Vec<_> = issued
        .bundle
        .files
        .iter()
        .map(|file| (file.path.to_str().unwrap(), file.mode))
        .collect();
    let expected = [
        ("a/ca.key", 0o600),
        ("a/ca.crt", 0o644),
        ("b/ca.crt", 0o644),
        ("a/sa.key", 0o600),
        ("a/sa.pub", 0o600),
        ("a/apiserver.key", 0o600),
        ("a/apiserver.crt", 0o644),
    ];
    assert_eq!(files, expected);

    let ca = &issued.authorities[0].certificate;
    assert_eq!(ca.subject(), ca.issuer());
    assert!(ca.is_signed_by(ca.public_key()));
    assert_eq!(
        ca.extensions().subject_alt_names,
        Some(vec![GeneralName::Dns("kubernetes".into())])
    );
    assert!(
        ca.extensions()
            .key_usage
            .unwrap()
            .contains(KeyUsage::KEY_CERT_SIGN)
    );
    assert_eq!(ca.not_after(), NOW + Duration::days(3650));

    let leaf = &issued.records[0].certificate;
    assert!(leaf.is_signed_by(ca.public_key()));
    assert_eq!(leaf.issuer().as_der(), ca.subject().as_der());
    assert_eq!(leaf.not_before(), NOW - Duration::minutes(5));
    let extensions = leaf.extensions();
    assert_eq!(extensions.authority_key_id, ca.extensions().subject_key_id);
    assert_eq!(extensions.subject_key_id, None);
    assert_eq!(
        extensions.extended_key_usage.as_deref(),
        Some(Profile::Apiserver.row().usages)
    );
    let names = ["wudang", "kubernetes"].map(|name| GeneralName::Dns(name.into()));
    let address = GeneralName::Ip("10.96.0.1".parse().unwrap());
    assert_eq!(
        extensions.subject_alt_names,
        Some([names.to_vec(), vec![address]].concat())
    );

    let key = PrivateKey::from_bytes(&issued.bundle.files[5].contents).unwrap();
    assert_eq!(key.public_key(), leaf.public_key());
    let public = std::str::from_utf8(&issued.bundle.files[4].contents).unwrap();
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----\n"));
}

#[test]
fn only_rsa_keys_of_servers_may_encipher_keys() {
    let both = KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT);
    let server = [ExtendedKeyUsage::ServerAuth];
    let client = [ExtendedKeyUsage::ClientAuth];
    for (algorithm, usages, expected) in [
        (KeyAlgorithm::Rsa2048, &server, both),
        (KeyAlgorithm::Rsa2048, &client, KeyUsage::DIGITAL_SIGNATURE),
        (P256, &server, KeyUsage::DIGITAL_SIGNATURE),
        (KeyAlgorithm::Ed25519, &server, KeyUsage::DIGITAL_SIGNATURE),
    ] {
        let mut asked = step(Profile::Apiserver, StepKey::Generate(algorithm), pair());
        asked.usages = usages.to_vec();
        let issued = issued(&loaded(|_| ()), &[asked]).unwrap();
        assert_eq!(
            issued.records[0].certificate.extensions().key_usage,
            Some(expected),
            "{algorithm} {usages:?}"
        );
    }
}

#[test]
fn a_leaf_ends_with_its_ca_and_that_is_said() {
    let steps = [step(Profile::Apiserver, StepKey::Generate(P256), pair())];
    let issued = issued(&loaded(|_| ()), &steps).unwrap();
    let record = &issued.records[0];
    assert_eq!(record.certificate.not_after(), NOW + Duration::days(100));
    assert_eq!(record.cut_short_from, Some(NOW + Duration::days(365)));
}

#[test]
fn a_leaf_that_would_never_be_valid_is_refused_before_a_key_is_made() {
    struct NoKeys;
    impl KeySource for NoKeys {
        fn keys(
            &mut self,
            _: &[KeyAlgorithm],
        ) -> Result<Vec<PrivateKey>, crate::x509::key::KeyError> {
            panic!("asked for keys");
        }
    }
    let mut late = step(Profile::Apiserver, StepKey::Generate(P256), pair());
    late.validity.not_before = NOW + Duration::days(100);
    let steps = [late];
    let work = Work {
        steps: &steps,
        ..Work::default()
    };
    let error = carry_out(&work, &loaded(|_| ()), &mut NoKeys, &mut RandomSerials).unwrap_err();
    assert!(matches!(error, IssueError::NeverValid { .. }), "{error}");
}

#[test]
fn a_ca_without_key_identifier_gives_its_leaves_none() {
    let authorities = loaded(|template| template.subject_key_id = None);
    let steps = [step(Profile::Apiserver, StepKey::Generate(P256), pair())];
    let issued = issued(&authorities, &steps).unwrap();
    assert_eq!(
        issued.records[0].certificate.extensions().authority_key_id,
        None
    );
}

#[test]
fn a_ca_that_does_not_vouch_for_servers_is_refused() {
    let authorities = loaded(|ca| ca.extended_key_usage = vec![ExtendedKeyUsage::ClientAuth]);
    let steps = [step(Profile::Apiserver, StepKey::Generate(P256), pair())];
    let error = issued(&authorities, &steps).unwrap_err().to_string();
    let expected = "apiserver is for serverAuth, which the extended key usage of the CA in pki/ca.crt does not allow";
    assert_eq!(error, expected);
}

#[test]
fn a_kubeconfig_trusts_every_certificate_of_the_ca_file() {
    let (first, key) = authority(|_| ());
    let (second, _) = authority(|_| ());
    let text = format!("# first\n{}# second\n{}", first.to_pem(), second.to_pem());
    let both = check(text.as_bytes(), Some(key.to_pem().as_bytes())).unwrap();
    assert_eq!(
        both.notes(),
        ["pki/ca.crt holds 2 certificates; the first signs, as with kubeadm: CN=kubernetes"]
    );
    let pem = both.bundle_pem();
    assert_eq!(pem, first.to_pem() + &second.to_pem());

    let target = Target::Kubeconfig(KubeconfigStep {
        path: "admin.conf".into(),
        server: "https://10.24.138.208:6443".into(),
        cluster: "kubernetes".into(),
        user: "kubernetes-admin".into(),
    });
    let steps = [step(Profile::AdminConf, StepKey::Generate(P256), target)];
    let issued = issued(
        &Authorities::from([(profile::Authority::Cluster, both)]),
        &steps,
    )
    .unwrap();
    let [file] = issued.bundle.files.as_slice() else {
        panic!("one file")
    };
    assert_eq!(file.mode, 0o600);
    let text = std::str::from_utf8(&file.contents).unwrap();
    use base64::Engine;
    let data = base64::engine::general_purpose::STANDARD.encode(pem);
    assert!(text.contains(&format!("certificate-authority-data: {data}\n")));
}

#[test]
fn a_request_brings_its_key_and_nothing_else() {
    let key = PrivateKey::generate(P256).unwrap();
    let request = CertificationRequest {
        subject: DistinguishedName::new("someone", &["system:masters".into()]),
        public_key: key.public_key().clone(),
        sans: vec![
            GeneralName::Dns("Wudang".into()),
            GeneralName::Dns("evil.example".into()),
        ],
        other_extensions: vec!["2.5.29.19".into()],
    };
    let target = Target::Pair {
        certificate: "a/apiserver.crt".into(),
        key: None,
    };
    let steps = [step(
        Profile::Apiserver,
        StepKey::Request(Box::new(request)),
        target,
    )];
    let issued = issued(&loaded(|_| ()), &steps).unwrap();
    let record = &issued.records[0];
    assert_eq!(issued.bundle.files.len(), 1);
    assert_eq!(record.certificate.public_key(), key.public_key());
    assert_eq!(record.certificate.subject(), &steps[0].subject);
    let expected = [
        "the request asks for the subject CN=someone,O=system:masters; apiserver has CN=kube-apiserver",
        "the request asks for the DNS name evil.example; it is not among the names of apiserver for wudang",
        "the request asks for the extension 2.5.29.19; the profile decides the extensions",
    ];
    assert_eq!(record.not_given, expected);
}

#[test]
fn a_key_that_its_reader_refuses_is_refused_here() {
    let authorities = [founding(KeyAlgorithm::Ed25519)];
    let work = Work {
        authorities: &authorities,
        ..Work::default()
    };
    let error = made(&work, &Authorities::new()).unwrap_err();
    assert!(
        matches!(error, IssueError::ReaderRefuses { what: "a CA", .. }),
        "{error}"
    );
}

#[test]
fn what_is_no_ca_is_named() {
    let (ca, key) = authority(|_| ());
    let (_, other_key) = authority(|_| ());
    let key = Some(key.to_pem());

    let leaf = authority(|template| template.basic_constraints = None)
        .0
        .to_pem();
    assert_eq!(
        refusal(&leaf, key),
        "pki/ca.crt: CN=kubernetes is not a CA: it has no basic constraints"
    );
    let leaf = authority(|template| {
        template.basic_constraints = Some(BasicConstraints {
            ca: false,
            path_len: None,
        });
    });
    let expected = "pki/ca.crt: CN=kubernetes is not a CA: its basic constraints say CA:FALSE";
    assert_eq!(refusal(&leaf.0.to_pem(), key), expected);
    let useless = authority(|template| template.key_usage = KeyUsage::CRL_SIGN)
        .0
        .to_pem();
    assert_eq!(
        refusal(&useless, key),
        "pki/ca.crt: CN=kubernetes is not a CA: its key usage lacks keyCertSign"
    );
    let expired = authority(|template| template.not_after = NOW - Duration::seconds(1))
        .0
        .to_pem();
    let expected = "pki/ca.crt: the CA CN=kubernetes expired on 2026-02-01T11:59:59Z; it is now 2026-02-01T12:00:00Z";
    assert_eq!(refusal(&expired, key), expected);
    let early = authority(|template| template.not_before = NOW + Duration::seconds(1))
        .0
        .to_pem();
    let expected = "pki/ca.crt: the CA CN=kubernetes is valid from 2026-02-01T12:00:01Z on; it is now 2026-02-01T12:00:00Z";
    assert_eq!(refusal(&early, key), expected);

    assert_eq!(refusal("", key), "pki/ca.crt: the file is empty");
    let pem = ca.to_pem();
    let expected =
        "pki/ca.crt: line 1: `CERTIFICATE` begins but does not end; the file is cut short";
    assert_eq!(refusal(&pem[..pem.len() / 2], key), expected);
    let expected = "pki/ca.crt: not a certificate: no `CERTIFICATE` block in the file";
    assert_eq!(refusal(other_key.to_pem(), key), expected);
    assert_eq!(refusal("ca.key", key), "pki/ca.crt: no PEM block found");
}

#[test]
fn a_key_that_does_not_fit_is_named() {
    let (ca, key) = authority(|_| ());
    let (other, other_key) = authority(|_| ());
    let expected = "pki/ca.key does not exist, so nothing can be signed by the CA in pki/ca.crt (an external CA?)";
    assert_eq!(refusal(&ca.to_pem(), None), expected);
    let mismatch = refusal(&ca.to_pem(), Some(other_key.to_pem()));
    assert!(mismatch.starts_with(
        "pki/ca.key is not the key of pki/ca.crt: the certificate's public key is sha256:"
    ));
    let both = ca.to_pem() + &other.to_pem();
    assert!(
        refusal(&both, Some(other_key.to_pem()))
            .ends_with("; it is the key of certificate 2 in that file")
    );
    assert!(
        refusal(&ca.to_pem(), Some(&ca.to_pem())).starts_with("pki/ca.key: holds no private key")
    );
    assert!(
        check(ca.as_der(), Some(key.to_pem().as_bytes())).is_ok(),
        "DER"
    );
    assert!(
        check(
            ca.to_pem().replace('\n', "\r\n").as_bytes(),
            Some(key.to_pem().as_bytes())
        )
        .is_ok()
    );
}

#[test]
fn keys_made_side_by_side_come_in_the_order_asked_for() {
    let asked = [
        KeyAlgorithm::Rsa2048,
        P256,
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::Ed25519,
        KeyAlgorithm::Rsa2048,
    ];
    let made = keys().keys(&asked).unwrap();
    assert_eq!(
        made.iter().map(PrivateKey::algorithm).collect::<Vec<_>>(),
        asked
    );
    assert_ne!(made[0].public_key(), made[2].public_key());
}

#[test]
fn serial_numbers_have_sixteen_bytes_and_are_positive() {
    for _ in 0..64 {
        let serial = RandomSerials.serial().unwrap();
        assert_eq!(serial.len(), 16);
        assert!(serial[0] < 0x80);
        assert_ne!(serial, RandomSerials.serial().unwrap());
    }
}
