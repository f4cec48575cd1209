//! Certification requests (PKCS#10, RFC 2986).

use pkcs8::der;
use pkcs8::der::Reader;
use pkcs8::der::SliceReader;
use rcgen::CertificateParams;
use rcgen::DnType;
use x509_parser::asn1_rs::Any;
use x509_parser::asn1_rs::FromDer;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;

use crate::x509::certificate::GeneralName;
use crate::x509::crypto;
use crate::x509::crypto::VerifyError;
use crate::x509::der as write;
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
        let (rest, request) = X509CertificationRequest::from_der(der)
            .map_err(|_| malformed("the DER does not parse"))?;
        if !rest.is_empty() {
            return Err(RequestError::Malformed(format!(
                "{} bytes follow it",
                rest.len()
            )));
        }
        let info = &request.certification_request_info;
        let public_key = PublicKey::from_der(info.subject_pki.raw)
            .map_err(|error| RequestError::Malformed(error.to_string()))?;
        let algorithm = algorithm(der).ok_or_else(|| malformed("the DER does not parse"))?;
        crypto::verify(
            &public_key,
            algorithm,
            info.raw,
            &request.signature_value.data,
        )
        .map_err(RequestError::NotProven)?;
        let mut read = Self {
            subject: DistinguishedName::read(info.subject.as_raw())
                .ok_or_else(|| malformed("its subject does not parse"))?,
            public_key,
            sans: Vec::new(),
            other_extensions: Vec::new(),
        };
        for attribute in info.iter_attributes() {
            if let ParsedCriAttribute::ExtensionRequest(requested) = attribute.parsed_attribute() {
                for extension in &requested.extensions {
                    let raw = RawExtension {
                        oid: extension.oid.as_bytes(),
                        critical: extension.critical,
                        value: extension.value,
                    };
                    match extensions::read([raw]).subject_alt_names {
                        Some(names) => read.sans.extend(names),
                        None => read.other_extensions.push(extension.oid.to_id_string()),
                    }
                }
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
            .map_err(|error| failed(&error))?;
        Ok(pem::encode(
            "CERTIFICATE REQUEST",
            &template::assemble(&info, key)?,
        ))
    }
}

/// The CertificationRequestInfo that rcgen wrote, with this subject and this key (RFC 2986 section 4.1).
fn spliced(written: &[u8], subject: &DistinguishedName, key: &PublicKey) -> der::Result<Vec<u8>> {
    let mut reader = SliceReader::new(written)?;
    reader.sequence(|info| {
        let version = info.tlv_bytes()?;
        let _subject = info.tlv_bytes()?;
        let _key = info.tlv_bytes()?;
        let attributes = info.read_slice(info.remaining_len())?;
        Ok(write::element(
            write::SEQUENCE,
            &[version, subject.as_der(), key.as_der(), attributes],
        ))
    })
}

/// The AlgorithmIdentifier between the signed part and the signature.
fn algorithm(der: &[u8]) -> Option<&[u8]> {
    let (_, outer) = Any::from_der(der).ok()?;
    let (after_info, _) = Any::from_der(outer.data).ok()?;
    let (after_algorithm, _) = Any::from_der(after_info).ok()?;
    after_info.get(..after_info.len() - after_algorithm.len())
}

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
