//! Keys, roots and tokens of every kind that a registry may meet. What hapki does not sign with, OpenSSL does.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use pki_core::token::jwt;
use pki_core::token::jwt::Claims;
use pki_core::token::jwt::KeyRef;
use pki_core::token::key_id;
use pki_core::verdict::distribution::Release;
use pki_core::x509::certificate;
use pki_core::x509::certificate::BasicConstraints;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::certificate::KeyUsage;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::name::DistinguishedName;
use pki_core::x509::spki::PublicKey;
use pki_core::x509::template::Template;
use serde_json::Value;
use serde_json::json;
use time::Duration;
use time::OffsetDateTime;

use crate::kids::registry::Options;
use crate::peers;

pub const ISSUER: &str = "harbor-token-issuer";
pub const SERVICE: &str = "harbor-registry";

/// A signer's key and its root, which has no name as Harbor's has none.
pub struct Pair {
    pub public: PublicKey,
    pub root: Certificate,
    /// Where OpenSSL finds the key.
    file: PathBuf,
    /// None of P-521, which hapki does not sign with.
    private: Option<PrivateKey>,
}

pub struct Forge {
    pub rsa: Pair,
    pub rsa_4096: Pair,
    pub p256: Pair,
    pub p384: Pair,
    pub p521: Pair,
    pub ed25519: Pair,
    pub short_x: Pair,
    pub short_y: Pair,
    /// Their roots are out of their time.
    pub expired: Pair,
    pub future: Pair,
    /// In no bundle.
    pub stranger: Pair,
    pub rsa_stranger: Pair,
    /// Certified by `p256`, and in no bundle.
    pub below: Pair,
    work: PathBuf,
}

impl Forge {
    pub fn new(work: &Path) -> Self {
        let p256 = pair(work, "p256", generated());
        let mut below = pair(work, "below", generated());
        let mut template = template(&below.public, VALID);
        template.basic_constraints = None;
        template.subject = DistinguishedName::new("below", &[]);
        below.root = template.sign(p256.private.as_ref().unwrap()).unwrap();
        Self {
            rsa: pair(work, "rsa", rsa(work, 2048)),
            rsa_4096: pair(work, "rsa-4096", rsa(work, 4096)),
            p384: pair(
                work,
                "p384",
                PrivateKey::generate(KeyAlgorithm::EcdsaP384).unwrap(),
            ),
            p521: by_openssl(work),
            ed25519: pair(
                work,
                "ed25519",
                PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap(),
            ),
            short_x: pair(work, "short-x", short(1)),
            short_y: pair(work, "short-y", short(33)),
            expired: out_of_time(work, "expired", (-20, -10)),
            future: out_of_time(work, "future", (10, 20)),
            stranger: pair(work, "stranger", generated()),
            rsa_stranger: pair(work, "rsa-stranger", rsa(work, 2048)),
            below,
            p256,
            work: work.to_owned(),
        }
    }

    /// Everything that a registry of this release starts with.
    pub fn options(&self, release: Release) -> Options {
        let all = [
            &self.rsa,
            &self.rsa_4096,
            &self.p256,
            &self.p384,
            &self.p521,
            &self.short_x,
            &self.short_y,
            &self.expired,
            &self.future,
            // The same certificate twice is as good as once.
            &self.rsa,
        ];
        let mut roots: Vec<Certificate> = all.map(|pair| pair.root.clone()).to_vec();
        if release == Release::V3 {
            roots.push(self.ed25519.root.clone());
        }
        Options {
            bundle: Some(roots),
            ..Options::default()
        }
    }

    /// Keys by the ids that libtrust gives them, and one by a name of its own.
    pub fn aliases(&self) -> Vec<(String, PublicKey)> {
        let libtrust = [&self.rsa, &self.p256].map(|pair| {
            let kid = key_id::libtrust(&pair.public);
            (kid, pair.public.clone())
        });
        let mut keys = libtrust.to_vec();
        keys.push(("any name".to_owned(), self.stranger.public.clone()));
        keys
    }

    /// The claims of a token that is good now.
    pub fn claims(&self) -> Claims {
        let now = OffsetDateTime::now_utc();
        Claims {
            issuer: ISSUER.to_owned(),
            subject: "admin".to_owned(),
            audience: vec![SERVICE.to_owned()],
            expires: Some(now + Duration::minutes(30)),
            not_before: Some(now),
            issued_at: Some(now),
            id: "abcdefghijklmnop".to_owned(),
            ..Claims::default()
        }
    }

    pub fn good(&self, release: Release) -> String {
        let kid = release.key_id(&self.rsa.public).unwrap();
        self.token_with_kid(&self.rsa, &kid)
    }

    pub fn token_with_kid(&self, pair: &Pair, kid: &str) -> String {
        self.token(pair, &KeyRef::Kid(kid.to_owned()), &self.claims())
    }

    /// Signed with the algorithm that goes with the key.
    pub fn token(&self, pair: &Pair, reference: &KeyRef, claims: &Claims) -> String {
        match &pair.private {
            Some(key) => jwt::sign(key, reference, claims).unwrap(),
            None => self.signed_by_openssl(pair, "ES512", reference, claims),
        }
    }

    /// Signed by OpenSSL, with `algorithm` in the header; what is no algorithm of OpenSSL's is signed with SHA-256.
    pub fn signed_by_openssl(
        &self,
        pair: &Pair,
        algorithm: &str,
        reference: &KeyRef,
        claims: &Claims,
    ) -> String {
        let mut header = json!({ "typ": "JWT", "alg": algorithm });
        if let KeyRef::Kid(kid) = reference {
            header["kid"] = kid.as_str().into();
        }
        // The library alone writes claims: they are taken out of a token of another key.
        let any = PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let any = jwt::sign(&any, &KeyRef::None, claims).unwrap();
        let payload = any.split('.').nth(1).unwrap();
        let signed = format!("{}.{payload}", encoded(&header));
        let input = self.work.join("signed");
        fs::write(&input, &signed).unwrap();
        let output = self.work.join("signature");
        let hash = match algorithm.get(2..) {
            Some("384") => "-sha384",
            Some("512") => "-sha512",
            _ => "-sha256",
        };
        let mut sign = peers::peer("openssl", ["dgst", hash, "-sign"]);
        sign.arg(&pair.file);
        if algorithm.starts_with("PS") {
            sign.args(["-sigopt", "rsa_padding_mode:pss"]);
            sign.args(["-sigopt", "rsa_pss_saltlen:digest"]);
        }
        peers::must(sign.arg("-out").arg(&output).arg(&input));
        let mut signature = fs::read(&output).unwrap();
        if algorithm == "ES512" {
            signature = fixed_width(&signature, 66);
        }
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

fn encoded(json: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json.to_string())
}

fn generated() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

/// A P-256 key whose point has a zero at this place.
pub fn short(at: usize) -> PrivateKey {
    loop {
        let key = generated();
        if key.public_key().key_bits()[at] == 0 {
            return key;
        }
    }
}

/// OpenSSL is quicker at it than a debug build.
pub fn rsa(work: &Path, bits: u32) -> PrivateKey {
    let file = work.join("generated.pem");
    let mut generate = peers::peer("openssl", ["genrsa", "-traditional", "-out"]);
    peers::must(generate.arg(&file).arg(bits.to_string()));
    PrivateKey::from_bytes(&fs::read(file).unwrap()).unwrap()
}

fn pair(work: &Path, name: &str, key: PrivateKey) -> Pair {
    let file = work.join(format!("{name}.pem"));
    fs::write(&file, key.to_pem()).unwrap();
    Pair {
        public: key.public_key().clone(),
        root: root(&key),
        file,
        private: Some(key),
    }
}

fn out_of_time(work: &Path, name: &str, days: (i64, i64)) -> Pair {
    let pair = pair(work, name, generated());
    let key = pair.private.as_ref().unwrap();
    let root = template(&pair.public, days).sign(key).unwrap();
    Pair { root, ..pair }
}

fn by_openssl(work: &Path) -> Pair {
    let (file, root) = (work.join("p521.pem"), work.join("p521.crt"));
    let mut generate = peers::peer("openssl", ["ecparam", "-name", "secp521r1", "-genkey"]);
    peers::must(generate.args(["-noout", "-out"]).arg(&file));
    let mut certify = peers::peer("openssl", ["req", "-new", "-x509", "-subj", "/", "-key"]);
    certify.arg(&file).args(["-days", "30", "-out"]);
    peers::must(certify.arg(&root));
    let root = certificate::read(&fs::read(root).unwrap()).remove(0);
    let root = root.certificate.unwrap();
    Pair {
        public: root.public_key().clone(),
        root,
        file,
        private: None,
    }
}

/// A root that is valid.
pub fn root(key: &PrivateKey) -> Certificate {
    template(key.public_key(), VALID).sign(key).unwrap()
}

/// Valid from so many days on to so many.
fn template(key: &PublicKey, days: (i64, i64)) -> Template {
    let now = OffsetDateTime::now_utc();
    Template {
        serial: vec![1, key.key_bits()[8], key.key_bits()[9]],
        issuer: DistinguishedName::new("", &[]),
        subject: DistinguishedName::new("", &[]),
        not_before: now + Duration::days(days.0),
        not_after: now + Duration::days(days.1),
        public_key: key.clone(),
        basic_constraints: Some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        key_usage: KeyUsage::default(),
        extended_key_usage: Vec::new(),
        subject_alt_names: Vec::new(),
        subject_key_id: Some(key.key_bits()[5..25].to_vec()),
        authority_key_id: None,
    }
}

/// `r` and `s` of a signature in DER, one after the other.
fn fixed_width(der: &[u8], width: usize) -> Vec<u8> {
    let mut rest = match der[1] {
        0x81 => &der[3..],
        _ => &der[2..],
    };
    let mut out = Vec::new();
    for _ in 0..2 {
        let (number, behind) = rest[2..].split_at(rest[1].into());
        let start = number.iter().take_while(|byte| **byte == 0).count();
        out.resize(out.len() + width - (number.len() - start), 0);
        out.extend_from_slice(&number[start..]);
        rest = behind;
    }
    out
}

const VALID: (i64, i64) = (-1, 30);
