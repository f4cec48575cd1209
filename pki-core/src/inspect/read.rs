//! Bytes to items: PEM blocks, DER, or a kubeconfig's YAML.

use crate::inspect::CertificateItem;
use crate::inspect::Input;
use crate::inspect::InspectedFile;
use crate::inspect::Item;
use crate::inspect::KeyItem;
use crate::inspect::Problem;
use crate::inspect::RequestItem;
use crate::inspect::SignedBy;
use crate::inspect::kubeconfig;
use crate::place::Place;
use crate::x509::certificate::Certificate;
use crate::x509::csr::CertificationRequest;
use crate::x509::key::KeyError;
use crate::x509::key::PrivateKey;
use crate::x509::pem;
use crate::x509::pem::PemBlock;
use crate::x509::pem::PemError;
use crate::x509::spki::PublicKey;

/// Everything that one input holds.
pub(super) fn file(input: &Input) -> InspectedFile {
    let mut file = InspectedFile::new(&input.place);
    match &input.bytes {
        Ok(bytes) => contents(&mut file, bytes),
        Err(sentence) => file.problem(&input.place, sentence.clone()),
    }
    file
}

impl InspectedFile {
    fn new(place: &Place) -> Self {
        Self {
            place: place.clone(),
            items: Vec::new(),
            order: None,
            problems: Vec::new(),
        }
    }

    fn problem(&mut self, place: &Place, sentence: String) {
        self.problems.push(Problem {
            place: place.clone(),
            sentence,
        });
    }
}

fn contents(file: &mut InspectedFile, bytes: &[u8]) {
    let place = file.place.clone();
    if bytes.iter().all(u8::is_ascii_whitespace) {
        file.problem(&place, "the file is empty".to_owned());
    } else if pem::is_pem(bytes) {
        pem_blocks(file, bytes, &place);
    } else if let Some(item) = der(bytes, &place) {
        file.items.push(item);
    } else if let Some(read) = kubeconfig::read(bytes, &place) {
        match read {
            Ok((kubeconfig, problems)) => {
                file.items.push(Item::Kubeconfig(Box::new(kubeconfig)));
                file.problems.extend(problems);
            }
            Err(problem) => file.problems.push(problem),
        }
    } else {
        file.problem(
            &place,
            "holds no PEM block, is no DER certificate, key or request, and is no kubeconfig"
                .to_owned(),
        );
    }
}

/// Every block of a PEM text, at its line.
fn pem_blocks(file: &mut InspectedFile, bytes: &[u8], place: &Place) {
    for block in pem::blocks(bytes) {
        let read = match &block {
            Ok(block) => item(block, bytes, &place.at_line(block.line)),
            Err(error) => Err(without_line(error)),
        };
        let line = block.map_or_else(|error| error.line(), |block| Some(block.line));
        match read {
            Ok(item) => file.items.extend(item),
            Err(sentence) => file.problem(
                &Place {
                    line,
                    ..place.clone()
                },
                sentence,
            ),
        }
    }
}

/// The sentence alone: a problem has its line apart.
fn without_line(error: &PemError) -> String {
    let sentence = error.to_string();
    match error.line().map(|line| format!("line {line}: ")) {
        Some(prefix) => sentence
            .strip_prefix(&prefix)
            .unwrap_or(&sentence)
            .to_owned(),
        None => sentence,
    }
}

fn item(block: &PemBlock, text: &[u8], place: &Place) -> Result<Option<Item>, String> {
    let item = match block.label.as_str() {
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
            let certificate =
                Certificate::from_der(&block.der).map_err(|error| error.to_string())?;
            certificate_item(certificate, place)
        }
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
            let request =
                CertificationRequest::from_der(&block.der).map_err(|error| error.to_string())?;
            request_item(request, place)
        }
        "PUBLIC KEY" => {
            let key = PublicKey::from_der(&block.der).map_err(|error| error.to_string())?;
            key_item(Some("SubjectPublicKeyInfo"), false, Ok(key), place)
        }
        // Names a curve for the key that follows it; the key says it again.
        "EC PARAMETERS" => return Ok(None),
        "RSA PRIVATE KEY" => private("PKCS#1", block, text, place),
        "EC PRIVATE KEY" => private("SEC1", block, text, place),
        "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => private("PKCS#8", block, text, place),
        label if label.ends_with("PRIVATE KEY") => {
            private("another form than hapki knows", block, text, place)
        }
        label => Item::Other {
            place: place.clone(),
            label: label.to_owned(),
        },
    };
    Ok(Some(item))
}

fn private(form: &'static str, block: &PemBlock, text: &[u8], place: &Place) -> Item {
    let key = PrivateKey::from_bytes(from_line(text, block.line));
    key_item(
        Some(form),
        true,
        key.map(|key| key.public_key().clone()),
        place,
    )
}

/// The text from `line` on: the first key in it is the one that begins there.
fn from_line(text: &[u8], line: u32) -> &[u8] {
    let before = text.split_inclusive(|byte| *byte == b'\n');
    let skipped: usize = before.zip(1..line).map(|(line, _)| line.len()).sum();
    text.get(skipped..).unwrap_or_default()
}

/// The one item that DER bytes are.
fn der(bytes: &[u8], place: &Place) -> Option<Item> {
    if let Ok(certificate) = Certificate::from_der(bytes) {
        return Some(certificate_item(certificate, place));
    }
    if let Ok(request) = CertificationRequest::from_der(bytes) {
        return Some(request_item(request, place));
    }
    if let Ok(key) = PublicKey::from_der(bytes) {
        return Some(key_item(
            Some("SubjectPublicKeyInfo"),
            false,
            Ok(key),
            place,
        ));
    }
    match PrivateKey::from_bytes(bytes) {
        Ok(key) => Some(key_item(None, true, Ok(key.public_key().clone()), place)),
        Err(error @ (KeyError::Encrypted { .. } | KeyError::Unsupported { .. })) => {
            Some(key_item(None, true, Err(error), place))
        }
        Err(KeyError::NotAKey { .. } | KeyError::Damaged { .. }) => None,
    }
}

fn certificate_item(certificate: Certificate, place: &Place) -> Item {
    Item::Certificate(CertificateItem {
        place: place.clone(),
        certificate,
        signed_by: SignedBy::NotGiven,
        keys: Vec::new(),
    })
}

fn request_item(request: CertificationRequest, place: &Place) -> Item {
    Item::Request(RequestItem {
        place: place.clone(),
        request,
        keys: Vec::new(),
    })
}

fn key_item(
    form: Option<&'static str>,
    private: bool,
    key: Result<PublicKey, KeyError>,
    place: &Place,
) -> Item {
    Item::Key(KeyItem {
        place: place.clone(),
        form,
        private,
        key,
        belongs_to: Vec::new(),
    })
}
