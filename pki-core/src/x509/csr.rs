//! Certification requests (PKCS#10, RFC 2986).

use rcgen::CertificateParams;
use rcgen::DnType;

use crate::x509::certificate::GeneralName;
use crate::x509::crypto;
use crate::x509::crypto::VerifyError;
use crate::x509::der;
use crate::x509::der::INTEGER;
use crate::x509::der::SEQUENCE;
use crate::x509::der::SET;
use crate::x509::der::read::Bits;
use crate::x509::der::read::Reader;
use crate::x509::der::read::dotted;
use crate::x509::extensions;
use crate::x509::extensions::RawExtension;
use crate::x509::key::PrivateKey;
use crate::x509::name::DistinguishedName;
use crate::x509::pem;
use crate::x509::pem::PemError;
use crate::x509::san::SubjectAltName;
use crate::x509::spki::PublicKey;
use crate::x509::template;
use crate::x509::template::Capture;
use crate::x509::template::TemplateError;

/// A request, its own signature checked.
#[derive(Clone, Debug)]
pub struct CertificationRequest {
    /// The subject asked for.
    pub subject: DistinguishedName,
    /// The key to be certified.
    pub public_key: PublicKey,
    /// The subject alternative names asked for.
    pub sans: Vec<GeneralName>,
    /// Other extensions asked for, by dotted identifier.
    pub other_extensions: Vec<String>,
}

/// Why bytes are not a request that can be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The text around it is broken.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// There is no `CERTIFICATE REQUEST` block.
    #[error("holds no certificate request ({found})")]
    NotARequest {
        /// The label of what is there instead.
        found: String,
    },
    /// The DER inside is no request.
    #[error("not a certificate request: {0}")]
    Malformed(String),
    /// Its signature was not made with the key that it asks for: whoever sent it may not hold that key.
    #[error("the request does not prove that its sender holds the key: {0}")]
    NotProven(VerifyError),
}

impl CertificationRequest {
    /// Reads the first request of a PEM text, or the one of a DER file, and checks its signature.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RequestError> {
        if !pem::is_pem(bytes) {
            return Self::from_der(bytes);
        }
        let mut found = None;
        for block in pem::blocks(bytes) {
            let block = block?;
            if LABELS.contains(&block.label.as_str()) {
                return Self::from_der(&block.der);
            }
            found.get_or_insert(block.label);
        }
        Err(found.map_or(RequestError::Pem(PemError::Empty), |label| {
            RequestError::NotARequest {
                found: format!("a `{label}` block"),
            }
        }))
    }

    /// Reads one DER request with nothing after it, and checks its signature.
    pub fn from_der(der: &[u8]) -> Result<Self, RequestError> {
        let malformed = |what: &str| RequestError::Malformed(what.to_owned());
        let mut outer = Reader::new(der);
        let parts = outer.inside(SEQUENCE).and_then(Parts::read);
        let parts = parts.ok_or_else(|| malformed("the DER does not parse"))?;
        if !outer.is_empty() {
            let follow = outer.rest().len();
            return Err(malformed(&format!("{follow} bytes follow it")));
        }
        let public_key = PublicKey::from_der(parts.public_key)
            .map_err(|error| RequestError::Malformed(error.to_string()))?;
        let realigned = parts.signature.realigned();
        let signature = realigned.as_deref().unwrap_or(parts.signature.octets);
        crypto::verify(&public_key, parts.algorithm, parts.info, signature)
            .map_err(RequestError::NotProven)?;
        let mut read = Self {
            subject: DistinguishedName::read(parts.subject)
                .ok_or_else(|| malformed("its subject does not parse"))?,
            public_key,
            sans: Vec::new(),
            other_extensions: Vec::new(),
        };
        for extension in parts.extensions {
            match extensions::read([extension]).subject_alt_names {
                Some(names) => read.sans.extend(names),
                None => read.other_extensions.push(dotted(extension.oid)),
            }
        }
        Ok(read)
    }

    /// Makes a request for `subject` and `sans`, signed by `key`, as one PEM block.
    pub fn make(
        subject: &DistinguishedName,
        sans: &[SubjectAltName],
        key: &PrivateKey,
    ) -> Result<String, TemplateError> {
        let failed = |error: &dyn std::fmt::Display| TemplateError::Signing(error.to_string());
        let mut params = CertificateParams::default();
        // rcgen makes the names critical by this; its own words are replaced afterwards.
        params.distinguished_name = rcgen::DistinguishedName::new();
        if !subject.is_empty() {
            params.distinguished_name.push(DnType::CommonName, "");
        }
        params.subject_alt_names = template::sans(sans)?;
        let capture = Capture::new(key.algorithm());
        params
            .serialize_request(&capture)
            .map_err(|error| failed(&error))?;
        let info = spliced(&capture.written.into_inner(), subject, key.public_key())
            .ok_or_else(|| failed(&"the request that was written does not parse"))?;
        Ok(pem::encode(
            "CERTIFICATE REQUEST",
            &template::assemble(&info, key)?,
        ))
    }
}

/// The parts of a CertificationRequest (RFC 2986 section 4).
struct Parts<'a> {
    /// What is signed.
    info: &'a [u8],
    subject: &'a [u8],
    public_key: &'a [u8],
    extensions: Vec<RawExtension<'a>>,
    algorithm: &'a [u8],
    signature: Bits<'a>,
}

impl<'a> Parts<'a> {
    fn read(mut request: Reader<'a>) -> Option<Self> {
        let signed = request.element(SEQUENCE)?;
        let algorithm = request.element(SEQUENCE)?.whole;
        let signature = request.bit_string()?;
        let mut info = Reader::new(signed.contents);
        info.integer()?;
        let subject = info.element(SEQUENCE)?.whole;
        let public_key = info.element(SEQUENCE)?.whole;
        let extensions = match info.optional(ATTRIBUTES)? {
            Some(attributes) => requested_extensions(attributes)?,
            None => Vec::new(),
        };
        request.is_empty().then_some(Self {
            info: signed.whole,
            subject,
            public_key,
            extensions,
            algorithm,
            signature,
        })
    }
}

/// What every extensionRequest asks for (RFC 2985 section 5.4.2); other attributes are passed over.
fn requested_extensions(mut attributes: Reader<'_>) -> Option<Vec<RawExtension<'_>>> {
    let mut requested = Vec::new();
    while !attributes.is_empty() {
        let mut attribute = attributes.inside(SEQUENCE)?;
        let kind = attribute.oid()?;
        let mut values = attribute.inside(SET)?;
        while kind == EXTENSION_REQUEST && !values.is_empty() {
            requested.extend(extensions::list(values.inside(SEQUENCE)?)?);
        }
    }
    Some(requested)
}

/// The CertificationRequestInfo that rcgen wrote, with this subject and this key (RFC 2986 section 4.1).
fn spliced(written: &[u8], subject: &DistinguishedName, key: &PublicKey) -> Option<Vec<u8>> {
    let mut info = Reader::new(written).inside(SEQUENCE)?;
    let version = info.element(INTEGER)?.whole;
    info.element(SEQUENCE)?;
    info.element(SEQUENCE)?;
    let parts = [version, subject.as_der(), key.as_der(), info.rest()];
    Some(der::element(SEQUENCE, &parts))
}

/// attributes of a CertificationRequestInfo.
const ATTRIBUTES: u8 = 0xa0;
/// The contents of pkcs-9-at-extensionRequest, 1.2.840.113549.1.9.14.
const EXTENSION_REQUEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e";
const LABELS: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::key::KeyAlgorithm;

    fn made(key: &PrivateKey) -> String {
        let subject = DistinguishedName::new("kube-apiserver", &["a".to_owned(), "b".to_owned()]);
        let sans = ["wudang", "10.24.138.208"].map(|san| san.parse().unwrap());
        CertificationRequest::make(&subject, &sans, key).unwrap()
    }

    #[test]
    fn what_is_made_is_read_back() {
        for algorithm in [
            KeyAlgorithm::EcdsaP256,
            KeyAlgorithm::EcdsaP384,
            KeyAlgorithm::Ed25519,
            KeyAlgorithm::Rsa2048,
        ] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let read = CertificationRequest::from_bytes(made(&key).as_bytes()).unwrap();
            assert_eq!(read.subject.to_string(), "CN=kube-apiserver,O=b,O=a");
            assert_eq!(&read.public_key, key.public_key());
            assert_eq!(
                read.sans,
                [
                    GeneralName::Dns("wudang".to_owned()),
                    GeneralName::Ip("10.24.138.208".parse().unwrap())
                ]
            );
            assert_eq!(read.other_extensions, [""; 0]);
        }
    }

    #[test]
    fn a_request_without_names_has_no_extension() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let text =
            CertificationRequest::make(&DistinguishedName::new("a", &[]), &[], &key).unwrap();
        let read = CertificationRequest::from_bytes(text.as_bytes()).unwrap();
        assert_eq!((read.sans, read.other_extensions), (Vec::new(), Vec::new()));
    }

    #[test]
    fn of_the_attributes_only_requested_extensions_are_told() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let subject = DistinguishedName::new("wudang", &[]);
        let sequence = |parts: &[&[u8]]| der::element(SEQUENCE, parts);
        let attribute = |kind: &[u8], value: &[u8]| {
            let kind = der::element(der::OBJECT_IDENTIFIER, &[kind]);
            sequence(&[&kind, &der::element(SET, &[value])])
        };
        let usage = der::element(der::OBJECT_IDENTIFIER, &[&[0x55, 0x1d, 15]]);
        let usage = sequence(&[
            &usage,
            &der::element(der::OCTET_STRING, &[&[3, 2, 7, 0x80]]),
        ]);
        // challengePassword, 1.2.840.113549.1.9.7.
        let password = attribute(
            b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07",
            &der::element(der::UTF8_STRING, &[b"x"]),
        );
        let sound = attribute(EXTENSION_REQUEST, &sequence(&[&usage]));
        let broken = attribute(EXTENSION_REQUEST, &usage);
        for (requested, expected) in [
            (&sound, Ok(vec!["2.5.29.15".to_owned()])),
            (
                &broken,
                Err(RequestError::Malformed("the DER does not parse".to_owned())),
            ),
        ] {
            let attributes = der::element(ATTRIBUTES, &[&password, requested]);
            let (subject, public_key) = (subject.as_der(), key.public_key().as_der());
            let info = sequence(&[&[2, 1, 0], subject, public_key, &attributes]);
            let request = template::assemble(&info, &key).unwrap();
            let read = CertificationRequest::from_bytes(&request);
            assert_eq!(read.map(|read| read.other_extensions), expected);
        }
    }

    #[test]
    fn a_request_for_a_key_that_did_not_sign_it_is_refused() {
        let [one, other] = [(); 2].map(|()| PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap());
        let mut der = pem::blocks(made(&one).as_bytes()).remove(0).unwrap().der;
        let at = der
            .windows(65)
            .position(|window| window == one.public_key().key_bits())
            .unwrap();
        der[at..at + 65].copy_from_slice(other.public_key().key_bits());
        let refused = CertificationRequest::from_bytes(&der).unwrap_err();
        assert_eq!(refused, RequestError::NotProven(VerifyError::Mismatch));
    }

    #[test]
    fn what_is_no_request_is_named() {
        let text = pem::encode("CERTIFICATE", &[0x30, 0]);
        let refused = CertificationRequest::from_bytes(text.as_bytes()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "holds no certificate request (a `CERTIFICATE` block)"
        );
        let refused = CertificationRequest::from_bytes(b"").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "not a certificate request: the DER does not parse"
        );
    }
}
