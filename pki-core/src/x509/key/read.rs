//! Reading private keys, and naming those that cannot be used.

use pkcs8::AlgorithmIdentifierRef;
use pkcs8::ObjectIdentifier;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::der;
use pkcs8::der::Decode;
use pkcs8::der::Reader;
use pkcs8::der::SliceReader;
use pkcs8::der::Tag;
use pkcs8::der::TagNumber;
use pkcs8::der::asn1::AnyRef;
use pkcs8::der::asn1::BitStringRef;
use pkcs8::der::asn1::OctetStringRef;
use zeroize::Zeroizing;

use crate::x509::crypto;
use crate::x509::der::integer::bit_length;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::KeyError;
use crate::x509::key::KeyMaterial;
use crate::x509::key::PrivateKey;
use crate::x509::key::material;
use crate::x509::key::material::RsaNumbers;
use crate::x509::pem;
use crate::x509::pem::PemBlock;
use crate::x509::pem::PemError;
use crate::x509::spki;
use crate::x509::spki::PublicKeyAlgorithm;

/// The first private key of a text or of DER bytes.
pub(super) fn private_key(bytes: &[u8]) -> Result<PrivateKey, KeyError> {
    if pem::is_pem(bytes) {
        from_blocks(bytes, &pem::blocks(bytes))
    } else {
        from_der(bytes)
    }
}

/// The first private key among the blocks of `text`.
pub(super) fn from_blocks(
    text: &[u8],
    blocks: &[Result<PemBlock, PemError>],
) -> Result<PrivateKey, KeyError> {
    let mut parameters: Option<&PemBlock> = None;
    let mut other: Option<String> = None;
    for block in blocks {
        let block = match block {
            Ok(block) => block,
            Err(error)
                if error
                    .label()
                    .is_some_and(|label| label.ends_with("PRIVATE KEY")) =>
            {
                return Err(damaged(error.to_string()));
            }
            Err(error) => {
                other.get_or_insert(error.to_string());
                continue;
            }
        };
        if block.label.ends_with("PRIVATE KEY") {
            return from_block(text, block, parameters);
        }
        if block.label == "EC PARAMETERS" {
            parameters = Some(block);
        } else {
            other.get_or_insert_with(|| describe(&block.label));
        }
    }
    let found = other.or(parameters.map(|_| "EC parameters alone".to_owned()));
    Err(KeyError::NotAKey {
        found: found.unwrap_or_else(|| PemError::Empty.to_string()),
    })
}

fn from_block(
    text: &[u8],
    block: &PemBlock,
    parameters: Option<&PemBlock>,
) -> Result<PrivateKey, KeyError> {
    let encrypted =
        |(key, value): &(String, String)| key == "Proc-Type" && value.contains("ENCRYPTED");
    if block.headers.iter().any(encrypted) {
        return Err(KeyError::Encrypted {
            form: "legacy PEM encryption".to_owned(),
        });
    }
    let mut begin = block.span.start;
    let form = match block.label.as_str() {
        "PRIVATE KEY" => Form::Pkcs8,
        "RSA PRIVATE KEY" => Form::Pkcs1,
        "EC PRIVATE KEY" => Form::Sec1,
        "ENCRYPTED PRIVATE KEY" => {
            return Err(KeyError::Encrypted {
                form: encryption(&block.der),
            });
        }
        "DSA PRIVATE KEY" => return Err(unsupported("a DSA key")),
        "OPENSSH PRIVATE KEY" => return Err(unsupported("a key in OpenSSH's own format")),
        label => return Err(unsupported(&format!("a `{label}` block"))),
    };
    check_label(form, block)?;
    let mut curve = None;
    if let Some(parameters) = parameters {
        curve = ObjectIdentifier::from_der(&parameters.der).ok();
        if form == Form::Sec1 && sec1_curve(&block.der).is_none() {
            begin = parameters.span.start;
        }
    }
    let pem = text.get(begin..block.span.end).unwrap_or_default();
    let pem = std::str::from_utf8(pem).map_err(|_| damaged("its text is not ASCII"))?;
    read(form, &block.der, curve, Zeroizing::new(pem.to_owned()))
}

fn from_der(bytes: &[u8]) -> Result<PrivateKey, KeyError> {
    let Some(form) = form_of(bytes) else {
        return Err(KeyError::NotAKey {
            found: describe_der(bytes),
        });
    };
    let pem = material::pem(form.label(), bytes).map_err(|error| damaged(error.0))?;
    read(form, bytes, None, pem)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Pkcs8,
    Pkcs1,
    Sec1,
}

impl Form {
    fn label(self) -> &'static str {
        match self {
            Self::Pkcs8 => "PRIVATE KEY",
            Self::Pkcs1 => "RSA PRIVATE KEY",
            Self::Sec1 => "EC PRIVATE KEY",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Pkcs8 => "PKCS#8",
            Self::Pkcs1 => "PKCS#1",
            Self::Sec1 => "SEC1",
        }
    }
}

/// Go's readers go by the label: `x509: failed to parse private key (use ParsePKCS1PrivateKey instead …)`.
fn check_label(form: Form, block: &PemBlock) -> Result<(), KeyError> {
    match form_of(&block.der) {
        Some(other) if other != form => Err(damaged(format!(
            "line {}: labelled `{}` but holds {}, whose label is `{}`",
            block.line,
            block.label,
            other.name(),
            other.label()
        ))),
        _ => Ok(()),
    }
}

/// Tells the three forms apart by what follows the version.
fn form_of(bytes: &[u8]) -> Option<Form> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let form = reader.sequence(|inner| {
        u8::decode(inner)?;
        let form = match Tag::peek(inner)? {
            Tag::Sequence => Some(Form::Pkcs8),
            Tag::Integer => Some(Form::Pkcs1),
            Tag::OctetString => Some(Form::Sec1),
            _ => None,
        };
        inner.drain(inner.remaining_len())?;
        Ok::<_, der::Error>(form)
    });
    form.ok().flatten()
}

fn read(
    form: Form,
    bytes: &[u8],
    curve: Option<ObjectIdentifier>,
    pem: Zeroizing<String>,
) -> Result<PrivateKey, KeyError> {
    let (algorithm, material) = match form {
        Form::Pkcs8 => pkcs8(bytes)?,
        Form::Pkcs1 => pkcs1(bytes)?,
        Form::Sec1 => sec1(bytes, curve)?,
    };
    PrivateKey::loaded(algorithm, material, pem)
}

fn pkcs8(bytes: &[u8]) -> Result<(KeyAlgorithm, KeyMaterial), KeyError> {
    let info =
        PrivateKeyInfoRef::try_from(bytes).map_err(|_| damaged("it is not whole PKCS#8 DER"))?;
    let inner = info.private_key.as_bytes();
    match info.algorithm.oid {
        spki::RSA => pkcs1(inner),
        spki::EC => match info.algorithm.parameters_oid() {
            Ok(curve) => sec1(inner, Some(curve)),
            Err(_) => Err(unsupported(
                "an EC key with its curve written out instead of named",
            )),
        },
        spki::ED25519 => <&OctetStringRef>::from_der(inner)
            .ok()
            .and_then(|seed| <[u8; 32]>::try_from(seed.as_bytes()).ok())
            .and_then(|seed| crypto::ed25519(Zeroizing::new(seed)))
            .map(|material| (KeyAlgorithm::Ed25519, material))
            .ok_or_else(|| damaged("an Ed25519 key has 32 bytes")),
        other => Err(unsupported(&kind(&other.to_string()))),
    }
}

fn pkcs1(bytes: &[u8]) -> Result<(KeyAlgorithm, KeyMaterial), KeyError> {
    let material = KeyMaterial::from_pkcs1(Zeroizing::new(bytes.to_vec()))
        .ok_or_else(|| damaged("it is not whole PKCS#1 DER"))?;
    let KeyMaterial::Rsa { numbers, .. } = &material else {
        return Err(damaged("it is not whole PKCS#1 DER"));
    };
    let algorithm = usable_rsa(numbers)?;
    Ok((algorithm, material))
}

/// The sizes and exponents that both providers sign with.
fn usable_rsa(numbers: &RsaNumbers) -> Result<KeyAlgorithm, KeyError> {
    if numbers.multi_prime {
        return Err(unsupported("an RSA key of more than two primes"));
    }
    let algorithm = match bit_length(&numbers.modulus) {
        2048 => KeyAlgorithm::Rsa2048,
        3072 => KeyAlgorithm::Rsa3072,
        4096 => KeyAlgorithm::Rsa4096,
        bits => return Err(unsupported(&format!("an RSA key of {bits} bits"))),
    };
    if bit_length(&numbers.exponent) > 33 {
        return Err(unsupported(
            "an RSA key with a public exponent of more than 33 bits",
        ));
    }
    let exponent = numbers
        .exponent
        .iter()
        .fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    if exponent < 65_537 {
        return Err(unsupported(&format!(
            "an RSA key with public exponent {exponent}"
        )));
    }
    Ok(algorithm)
}

fn sec1(
    bytes: &[u8],
    outer_curve: Option<ObjectIdentifier>,
) -> Result<(KeyAlgorithm, KeyMaterial), KeyError> {
    let parts = sec1_parts(bytes).map_err(|_| damaged("it is not whole SEC1 DER"))?;
    let curve = match parts.parameters {
        None => outer_curve.ok_or_else(|| damaged("an EC key that does not say its curve"))?,
        Some(parameters) => parameters
            .decode_as::<ObjectIdentifier>()
            .map_err(|_| unsupported("an EC key with its curve written out instead of named"))?,
    };
    let algorithm = match PublicKeyAlgorithm::of_curve(&curve) {
        PublicKeyAlgorithm::EcP256 => KeyAlgorithm::EcdsaP256,
        PublicKeyAlgorithm::EcP384 => KeyAlgorithm::EcdsaP384,
        PublicKeyAlgorithm::EcP224 => return Err(unsupported("an EC key on P-224")),
        PublicKeyAlgorithm::EcP521 => return Err(unsupported("an EC key on P-521")),
        _ => return Err(unsupported(&format!("an EC key on {}", curve_name(&curve)))),
    };
    let length = algorithm.bits() / 8;
    let short = length.checked_sub(parts.scalar.len());
    let short = short.ok_or_else(|| damaged("its number is longer than its curve"))?;
    // Old writers left leading zeros off.
    let mut scalar = Zeroizing::new(vec![0; short]);
    scalar.reserve_exact(length);
    scalar.extend_from_slice(parts.scalar);
    let point = match parts.point {
        None => {
            return Err(unsupported(
                "an EC key without its public half (`openssl ec` adds it)",
            ));
        }
        Some(point) if point.first() == Some(&4) => point.to_vec(),
        Some(_) => {
            return Err(unsupported(
                "an EC key with its public half compressed (`openssl ec -conv_form uncompressed` rewrites it)",
            ));
        }
    };
    Ok((algorithm, KeyMaterial::Ec { scalar, point }))
}

/// An `ECPrivateKey` (RFC 5915 section 3).
struct Sec1Parts<'a> {
    scalar: &'a [u8],
    parameters: Option<AnyRef<'a>>,
    point: Option<&'a [u8]>,
}

fn sec1_parts(bytes: &[u8]) -> der::Result<Sec1Parts<'_>> {
    let mut reader = SliceReader::new(bytes)?;
    let parts = reader.sequence(|inner| {
        u8::decode(inner)?;
        let scalar = <&OctetStringRef>::decode(inner)?.as_bytes();
        let (mut parameters, mut point) = (None, None);
        while !inner.is_finished() {
            let field = AnyRef::decode(inner)?;
            match field.header().tag() {
                Tag::ContextSpecific {
                    number: TagNumber(0),
                    ..
                } => {
                    parameters = Some(AnyRef::from_der(field.value())?);
                }
                Tag::ContextSpecific {
                    number: TagNumber(1),
                    ..
                } => {
                    point = BitStringRef::from_der(field.value())?.as_bytes();
                }
                _ => {}
            }
        }
        Ok::<_, der::Error>(Sec1Parts {
            scalar,
            parameters,
            point,
        })
    })?;
    reader.finish()?;
    Ok(parts)
}

fn sec1_curve(bytes: &[u8]) -> Option<AnyRef<'_>> {
    sec1_parts(bytes).ok()?.parameters
}

fn damaged(detail: impl Into<String>) -> KeyError {
    KeyError::Damaged {
        detail: detail.into(),
    }
}

fn unsupported(what: &str) -> KeyError {
    KeyError::Unsupported {
        what: what.to_owned(),
    }
}

/// What a block that is no private key is.
fn describe(label: &str) -> String {
    match label {
        "CERTIFICATE" | "TRUSTED CERTIFICATE" => "a certificate".to_owned(),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => "a public key".to_owned(),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => "a certificate request".to_owned(),
        other => format!("a `{other}` block"),
    }
}

fn describe_der(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "the file is empty".to_owned();
    }
    if crate::x509::certificate::Certificate::from_der(bytes).is_ok() {
        return "a certificate".to_owned();
    }
    if spki::PublicKey::from_der(bytes).is_ok() {
        return "a public key".to_owned();
    }
    PemError::Empty.to_string()
}

/// The scheme of an `EncryptedPrivateKeyInfo` (RFC 5958 section 3).
fn encryption(bytes: &[u8]) -> String {
    let oid = SliceReader::new(bytes).and_then(|mut reader| {
        reader.sequence(|inner| {
            let identifier = AlgorithmIdentifierRef::decode(inner)?;
            inner.drain(inner.remaining_len())?;
            Ok::<_, der::Error>(identifier.oid)
        })
    });
    match oid.map(|oid| oid.to_string()).as_deref() {
        Ok("1.2.840.113549.1.5.13") => "PKCS#8 PBES2".to_owned(),
        Ok(oid) if oid.starts_with("1.2.840.113549.1.5.") => "PKCS#8 PBES1".to_owned(),
        Ok(oid) if oid.starts_with("1.2.840.113549.1.12.1.") => {
            "PKCS#8 with a cipher of PKCS#12".to_owned()
        }
        _ => "PKCS#8".to_owned(),
    }
}

/// Keys that PKCS#8 may hold and hapki does not sign with.
fn kind(oid: &str) -> String {
    match oid {
        "1.2.840.10040.4.1" => "a DSA key".to_owned(),
        "1.2.840.113549.1.1.10" => "an RSA key bound to PSS".to_owned(),
        "1.3.101.110" => "an X25519 key".to_owned(),
        "1.3.101.111" => "an X448 key".to_owned(),
        "1.3.101.113" => "an Ed448 key".to_owned(),
        "1.2.840.113549.1.3.1" => "a Diffie-Hellman key".to_owned(),
        other => format!("a key of type {other}"),
    }
}

fn curve_name(curve: &ObjectIdentifier) -> String {
    match curve.to_string().as_str() {
        "1.3.132.0.10" => "secp256k1".to_owned(),
        other => format!("curve {other}"),
    }
}
