//! Certificates signed anew, as nobody should: the key stays, one thing in the certificate is another.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki_core::profile::Authority;
use pki_core::profile::Output;
use pki_core::profile::Profile;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::certificate::ExtendedKeyUsage;
use pki_core::x509::certificate::GeneralName;
use pki_core::x509::certificate::KeyUsage;
use pki_core::x509::crypto;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::name::DistinguishedName;
use pki_core::x509::san::SubjectAltName;
use pki_core::x509::template::Template;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::faults::trees;
use crate::faults::trees::PKI;
use crate::faults::trees::Trees;

/// Who signs a leaf.
#[derive(Clone, Copy)]
pub enum Signer {
    /// The authority that the profile asks for.
    Own,
    /// An authority of another cluster, whose name is the same.
    Stranger,
    /// An authority of another cluster, with this name.
    Named(&'static str),
    /// The own authority, which writes its name in UTF-8 where the certificate of the authority has it in ASCII.
    OwnInUtf8,
}

/// A certificate with its key.
struct Pair {
    certificate: Certificate,
    key: PrivateKey,
}

impl Trees {
    /// Signs a leaf anew, with its own key and by its own authority.
    pub fn sign(&self, node: &str, profile: &str, change: impl FnOnce(&mut Template)) {
        self.sign_by(Signer::Own, node, profile, change);
    }

    /// Signs a leaf anew, with its own key.
    pub fn sign_by(
        &self,
        signer: Signer,
        node: &str,
        profile: &str,
        change: impl FnOnce(&mut Template),
    ) {
        let leaf = Leaf::of(profile);
        let mut template = template_of(&leaf.read(self, node));
        let own = self.authority(node, leaf.authority);
        let (issuer, key) = match signer {
            Signer::Own => (own.certificate.subject().clone(), own.key),
            Signer::Stranger => (own.certificate.subject().clone(), like(&own.key)),
            Signer::Named(name) => (DistinguishedName::new(name, &[]), like(&own.key)),
            Signer::OwnInUtf8 => {
                let name = own.certificate.subject().common_name().unwrap_or_default();
                (in_utf8(name), own.key)
            }
        };
        template.issuer = issuer;
        if matches!(signer, Signer::Stranger | Signer::Named(_)) {
            template.authority_key_id = None;
        }
        change(&mut template);
        leaf.write(self, node, &template.sign(&key).unwrap());
    }

    /// Signs a leaf anew that has its node's address as a DNS name, which no signer of ours would write.
    pub fn sign_with_address_as_dns_name(&self, node: &str, profile: &str) {
        let leaf = Leaf::of(profile);
        let mut template = template_of(&leaf.read(self, node));
        let address = self.filled(&format!("{{{node}}}"));
        let instead = "x".repeat(address.len());
        for san in &mut template.subject_alt_names {
            if san.to_string() == address {
                *san = instead.parse().unwrap();
            }
        }
        let own = self.authority(node, leaf.authority);
        let signed = template.sign(&own.key).unwrap();
        let mut tbs = signed.tbs().to_vec();
        let [at] = positions(&tbs, instead.as_bytes())[..] else {
            panic!("{profile} has not {address} once");
        };
        tbs[at..at + address.len()].copy_from_slice(address.as_bytes());
        let signature = crypto::sign(&own.key, &tbs).unwrap();
        let algorithm = algorithm_of(&signed);
        let bits = element(BIT_STRING, &[&[0], &signature]);
        let der = element(SEQUENCE, &[&tbs, &algorithm, &bits]);
        leaf.write(self, node, &Certificate::from_vec(der).unwrap());
    }

    /// Marks a leaf as signed with SHA-1, which is refused before the signature is computed. Its authority has an RSA key.
    pub fn mark_sha1(&self, node: &str, profile: &str) {
        let leaf = Leaf::of(profile);
        let mut der = leaf.read(self, node).as_der().to_vec();
        let places = positions(&der, SHA256_WITH_RSA);
        assert_eq!(places.len(), 2, "{profile} is not signed by an RSA key");
        for place in places {
            der[place..place + SHA1_WITH_RSA.len()].copy_from_slice(SHA1_WITH_RSA);
        }
        leaf.write(self, node, &Certificate::from_der(&der).unwrap());
    }

    /// Gives a leaf's key file the key of a stranger.
    pub fn replace_key(&self, node: &str, base: &str) {
        let file = self.pki(node, &format!("{base}.key"));
        let own = PrivateKey::from_bytes(&fs::read(&file).unwrap()).unwrap();
        trees::put(&file, like(&own).to_pem(), 0o600);
    }

    /// Gives a kubeconfig the key of a stranger.
    pub fn replace_embedded_key(&self, node: &str, file: &str) {
        let path = format!("/etc/kubernetes/{file}");
        let own = embedded(self, node, file, "client-key-data: ");
        let key = PrivateKey::from_bytes(&STANDARD.decode(&own).unwrap()).unwrap();
        self.edit(node, &path, &own, &STANDARD.encode(like(&key).to_pem()));
    }

    /// Replaces an authority on some nodes by one with a key of its own, and the same name unless changed.
    pub fn found_anew(&self, nodes: &[&str], authority: Authority) {
        let own = self.authority(nodes[0], authority);
        let key = like(&own.key);
        let mut template = template_of(&own.certificate);
        template.public_key = key.public_key().clone();
        template.subject_key_id = None;
        template.authority_key_id = None;
        let certificate = template.sign(&key).unwrap().to_pem();
        for node in nodes {
            let [crt, file] = authority_files(self, node, authority);
            trees::put(&crt, &certificate, 0o644);
            trees::put(&file, key.to_pem(), 0o600);
        }
    }

    /// Signs an authority anew on all nodes, with its own key, and embeds it in the kubeconfigs.
    pub fn sign_authority(&self, authority: Authority, change: impl FnOnce(&mut Template)) {
        let (first, _) = self.nodes[0];
        let own = self.authority(first, authority);
        let mut template = template_of(&own.certificate);
        change(&mut template);
        let certificate = template.sign(&own.key).unwrap().to_pem();
        for (node, _) in self.nodes {
            let [crt, _] = authority_files(self, node, authority);
            let before = trees::read(&crt);
            trees::put(&crt, &certificate, 0o644);
            self.trust(node, &before, &certificate);
        }
    }

    /// What a node's kubeconfigs trust: `before` becomes `after`.
    fn trust(&self, node: &str, before: &str, after: &str) {
        let directory = "/etc/kubernetes";
        for entry in fs::read_dir(self.file(node, directory)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".conf") {
                let [before, after] = [before, after].map(|pem| STANDARD.encode(pem));
                self.edit(node, &format!("{directory}/{name}"), &before, &after);
            }
        }
    }

    /// A kubeconfig that trusts another cluster's authority, whose name is the same.
    pub fn trust_stranger(&self, node: &str, file: &str) {
        let own = self.authority(node, Authority::Cluster);
        let key = like(&own.key);
        let mut template = template_of(&own.certificate);
        template.public_key = key.public_key().clone();
        let stranger = template.sign(&key).unwrap().to_pem();
        let path = format!("/etc/kubernetes/{file}");
        let before = trees::read(&self.pki(node, "ca.crt"));
        self.edit(
            node,
            &path,
            &STANDARD.encode(before),
            &STANDARD.encode(stranger),
        );
    }

    /// A kubeconfig with `insecure-skip-tls-verify`, instead of its authority or beside it.
    pub fn skip_verification(&self, node: &str, file: &str, beside: bool) {
        let roots = STANDARD.encode(trees::read(&self.pki(node, "ca.crt")));
        let roots = format!("    certificate-authority-data: {roots}\n");
        let kept = if beside { roots.as_str() } else { "" };
        let instead = format!("    insecure-skip-tls-verify: true\n{kept}");
        self.edit(node, &format!("/etc/kubernetes/{file}"), &roots, &instead);
    }

    /// Another service-account pair's half in the place of a file: `sa.key`, `sa.pub`.
    pub fn replace_service_account(&self, node: &str, files: &[&str]) {
        let own = fs::read(self.pki(node, "sa.key")).unwrap();
        let key = like(&PrivateKey::from_bytes(&own).unwrap());
        for file in files {
            let path = self.pki(node, file);
            match file.ends_with(".pub") {
                true => trees::put(&path, &key.public_key().to_pem(), 0o600),
                false => trees::put(&path, key.to_pem(), 0o600),
            }
        }
    }

    /// A second generation of the cluster's authority, in one file with the first and before it, on every node: the
    /// leaf of one profile is signed by the new one.
    pub fn rotate_with_a_bundle(&self, node: &str, profile: &str) {
        let (first, _) = self.nodes[0];
        let old = self.authority(first, Authority::Cluster);
        let key = like(&old.key);
        let mut template = template_of(&old.certificate);
        template.public_key = key.public_key().clone();
        template.subject_key_id = None;
        template.authority_key_id = None;
        let new = template.sign(&key).unwrap();
        let leaf = Leaf::of(profile);
        let mut template = template_of(&leaf.read(self, node));
        template.authority_key_id = None;
        leaf.write(self, node, &template.sign(&key).unwrap());
        for (node, _) in self.nodes {
            let [crt, file] = authority_files(self, node, Authority::Cluster);
            let before = trees::read(&crt);
            let bundle = format!("{}{before}", new.to_pem());
            trees::put(&crt, &bundle, 0o644);
            trees::put(&file, key.to_pem(), 0o600);
            self.trust(node, &before, &bundle);
        }
    }

    fn authority(&self, node: &str, authority: Authority) -> Pair {
        let [crt, key] = authority_files(self, node, authority);
        Pair {
            certificate: certificate(trees::read(&crt).as_bytes()),
            key: PrivateKey::from_bytes(&fs::read(key).unwrap()).unwrap(),
        }
    }
}

/// Where the certificate of a profile stands.
struct Leaf {
    authority: Authority,
    output: Output,
}

impl Leaf {
    fn of(profile: &str) -> Self {
        let profile: Profile = profile.parse().unwrap();
        let row = profile.row();
        Self {
            authority: row.authority,
            output: row.output,
        }
    }

    fn read(&self, trees: &Trees, node: &str) -> Certificate {
        match self.output {
            Output::Pair { base } => {
                certificate(&fs::read(trees.pki(node, &format!("{base}.crt"))).unwrap())
            }
            Output::Kubeconfig { file, .. } => {
                let encoded = client_certificate(trees, node, file);
                certificate(&STANDARD.decode(encoded).unwrap())
            }
        }
    }

    fn write(&self, trees: &Trees, node: &str, leaf: &Certificate) {
        match self.output {
            Output::Pair { base } => {
                trees.rewrite(node, &format!("{PKI}/{base}.crt"), &leaf.to_pem());
            }
            Output::Kubeconfig { file, .. } => {
                let before = client_certificate(trees, node, file);
                let path = format!("/etc/kubernetes/{file}");
                trees.edit(node, &path, &before, &STANDARD.encode(leaf.to_pem()));
            }
        }
    }
}

fn client_certificate(trees: &Trees, node: &str, file: &str) -> String {
    embedded(trees, node, file, "client-certificate-data: ")
}

fn embedded(trees: &Trees, node: &str, file: &str, field: &str) -> String {
    let text = trees::read(&trees.file(node, &format!("/etc/kubernetes/{file}")));
    let mut lines = text.lines().map(str::trim);
    let data = lines.find_map(|line| line.strip_prefix(field));
    data.unwrap_or_else(|| panic!("{file} has no {field}"))
        .to_owned()
}

fn authority_files(trees: &Trees, node: &str, authority: Authority) -> [PathBuf; 2] {
    let base = authority.base();
    ["crt", "key"].map(|ending| trees.pki(node, &format!("{base}.{ending}")))
}

/// The first certificate of a file.
fn certificate(pem: &[u8]) -> Certificate {
    let entries = pki_core::x509::certificate::read(pem);
    let first = entries.into_iter().next().unwrap();
    first.certificate.unwrap()
}

/// A fresh key of the same kind.
fn like(key: &PrivateKey) -> PrivateKey {
    PrivateKey::generate(key.algorithm()).unwrap()
}

/// Everything that a certificate says.
fn template_of(certificate: &Certificate) -> Template {
    let extensions = certificate.extensions();
    let sans = extensions.subject_alt_names.iter().flatten();
    Template {
        serial: certificate.serial().to_vec(),
        issuer: certificate.issuer().clone(),
        subject: certificate.subject().clone(),
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        public_key: certificate.public_key().clone(),
        basic_constraints: extensions.basic_constraints,
        key_usage: extensions.key_usage.unwrap_or_default(),
        extended_key_usage: extensions.extended_key_usage.clone().unwrap_or_default(),
        subject_alt_names: sans.map(san).collect(),
        subject_key_id: extensions.subject_key_id.clone(),
        authority_key_id: extensions.authority_key_id.clone(),
    }
}

fn san(name: &GeneralName) -> SubjectAltName {
    match name {
        GeneralName::Dns(name) => name.parse().unwrap(),
        GeneralName::Ip(address) => SubjectAltName::Ip(*address),
        other => panic!("no certificate here carries {other:?}"),
    }
}

fn in_utf8(common_name: &str) -> DistinguishedName {
    let value = element(UTF8_STRING, &[common_name.as_bytes()]);
    let attribute = element(SEQUENCE, &[COMMON_NAME, &value]);
    let der = element(SEQUENCE, &[&element(SET, &[&attribute])]);
    DistinguishedName::from_der(&der).unwrap()
}

/// The AlgorithmIdentifier that stands between what is signed and the signature.
fn algorithm_of(certificate: &Certificate) -> Vec<u8> {
    let der = certificate.as_der();
    let [at] = positions(der, certificate.tbs())[..] else {
        panic!("what is signed is not there once");
    };
    let rest = &der[at + certificate.tbs().len()..];
    rest[..2 + usize::from(rest[1])].to_vec()
}

/// One element of DER: tag, length, contents (X.690 section 10.1).
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = u16::try_from(contents.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let mut der = match length {
        0..=0x7f => vec![tag, low],
        0x80..=0xff => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    der.extend(contents);
    der
}

/// Takes names away.
pub fn without(names: &[&str]) -> impl FnOnce(&mut Template) {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    move |template| {
        template
            .subject_alt_names
            .retain(|san| !names.contains(&san.to_string()));
    }
}

/// Nothing but these names.
pub fn names(names: &[&str]) -> impl FnOnce(&mut Template) {
    let names: Vec<SubjectAltName> = names.iter().map(|name| name.parse().unwrap()).collect();
    move |template| template.subject_alt_names = names
}

pub fn common_name(name: &'static str) -> impl FnOnce(&mut Template) {
    move |template| {
        let organizations = template.subject.organizations();
        let organizations: Vec<String> = organizations.iter().map(|&o| o.to_owned()).collect();
        template.subject = DistinguishedName::new(name, &organizations);
    }
}

/// Changes nothing.
pub fn as_it_is(_: &mut Template) {}

pub fn without_usages(template: &mut Template) {
    template.extended_key_usage = Vec::new();
    template.key_usage = KeyUsage::default();
}

pub fn usages(usages: &'static [ExtendedKeyUsage]) -> impl FnOnce(&mut Template) {
    move |template| template.extended_key_usage = usages.to_vec()
}

/// Ends before anyone looks at it.
pub fn expired(template: &mut Template) {
    (template.not_before, template.not_after) = (at("2024-03-01T08:00:00Z"), at(EXPIRED_AT));
}

/// Begins after everyone has looked at it.
pub fn not_yet_valid(template: &mut Template) {
    (template.not_before, template.not_after) = (at(VALID_FROM), at("2036-01-01T00:00:00Z"));
}

fn at(text: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text, &Rfc3339).unwrap()
}

fn positions(bytes: &[u8], of: &[u8]) -> Vec<usize> {
    let windows = bytes.windows(of.len()).enumerate();
    windows
        .filter(|(_, window)| *window == of)
        .map(|(at, _)| at)
        .collect()
}

pub const EXPIRED_AT: &str = "2025-03-01T08:00:00Z";
pub const VALID_FROM: &str = "2035-01-01T00:00:00Z";

const BIT_STRING: u8 = 0x03;
const UTF8_STRING: u8 = 0x0c;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// id-at-commonName.
const COMMON_NAME: &[u8] = &[6, 3, 0x55, 4, 3];

/// The ends of sha256WithRSAEncryption and sha1WithRSAEncryption (RFC 4055 section 5), with their NULL.
const SHA256_WITH_RSA: &[u8] = &[0x0d, 1, 1, 0x0b, 5, 0];
const SHA1_WITH_RSA: &[u8] = &[0x0d, 1, 1, 0x05, 5, 0];
