//! Two masters on disk: keys and certificates forged anew, after kubeadm's table, and changed as the case says.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki_core::profile;
use pki_core::profile::Authority;
use pki_core::profile::KubernetesVersion;
use pki_core::profile::Output;
use pki_core::profile::Row;
use pki_core::profile::SanRule;
use pki_core::x509::certificate::BasicConstraints;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::certificate::ExtendedKeyUsage;
use pki_core::x509::certificate::KeyUsage;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::name::DistinguishedName;
use pki_core::x509::spki::PublicKey;
use pki_core::x509::template::Template;
use time::macros::datetime;

use crate::case::Case;
use crate::case::CertificateChange;
use crate::case::FurtherRoot;
use crate::harbor::disk;
use crate::registry;

pub(crate) const NODES: [(&str, &str); 2] =
    [("shaolin", "10.27.53.32"), ("wudang", "10.24.138.208")];

struct Pair {
    certificate: Certificate,
    key: PrivateKey,
}

/// Writes the trees of both nodes below `root`.
pub(crate) fn write(case: &Case, root: &Path) {
    if let Some(registry) = &case.registry {
        return registry::write(case, registry, root);
    }
    let mut authorities: BTreeMap<(String, &str), Pair> = BTreeMap::new();
    for authority in Authority::ALL {
        let of_authority =
            |change: &&CertificateChange| change.authority == Some(authority.to_string());
        let everywhere = case
            .certificate
            .iter()
            .find(|change| of_authority(change) && change.node.is_none());
        let pair = self_signed(case, authority, everywhere.map(|change| (change, None)));
        for (node, _) in NODES {
            let here =
                changes(case, node).find(|change| of_authority(change) && change.node.is_some());
            let own = match here {
                Some(change) => self_signed(case, authority, Some((change, Some(&pair.key)))),
                None => again(&pair),
            };
            authorities.insert((authority.to_string(), node), own);
        }
        authorities.insert(
            (authority.to_string(), "stranger"),
            self_signed(case, authority, None),
        );
    }
    let service_account = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    for (node, address) in NODES {
        let etc = root.join(node).join("etc/kubernetes");
        base(&root.join(node), node, address);
        for authority in Authority::ALL {
            let pair = &authorities[&(authority.to_string(), node)];
            put_pair(
                &etc.join("pki").join(authority.base()),
                &pair.certificate.to_pem(),
                pair.key.to_pem(),
            );
        }
        put(&etc.join("pki/sa.key"), service_account.to_pem(), 0o600);
        put(
            &etc.join("pki/sa.pub"),
            &service_account.public_key().to_pem(),
            0o600,
        );
        for row in profile::table().iter().filter(|row| row.by_kubeadm) {
            leaf(case, row, node, address, &authorities, &etc);
        }
    }
    for change in case
        .certificate
        .iter()
        .filter(|change| change.copy_of.is_some())
    {
        copy(change, root);
    }
    service_accounts(case, root);
    for further in &case.root {
        further_root(case, further, root);
    }
    for change in &case.file {
        if change.trusts_stranger {
            let stranger = &authorities[&(Authority::Cluster.to_string(), "stranger")];
            trust(change, root, &stranger.certificate.to_pem());
        }
        if change.with_stranger {
            let stranger = &authorities[&(Authority::Cluster.to_string(), "stranger")];
            let own = &authorities[&(Authority::Cluster.to_string(), change.node.as_str())];
            let both = own.certificate.to_pem() + &stranger.certificate.to_pem();
            if change.path.ends_with(".conf") {
                trust(change, root, &both);
            } else {
                put(&root.join(&change.node).join(&change.path), &both, 0o644);
            }
        }
        if let Some(trusted) = &change.trusts {
            let text = fs::read_to_string(root.join(&change.node).join(trusted)).unwrap();
            trust(change, root, &text);
        }
        change_file(change, root);
    }
}

fn further_root(case: &Case, further: &FurtherRoot, root: &Path) {
    let key = PrivateKey::generate(case.ca_key()).unwrap();
    let subject = Authority::Cluster.subject();
    let mut template = authority_template(subject.clone(), subject, key.public_key());
    template.not_before = further.not_before().unwrap_or(template.not_before);
    template.not_after = further.not_after().unwrap_or(template.not_after);
    let path = root.join(&further.node).join(&further.path);
    put(&path, &template.sign(&key).unwrap().to_pem(), 0o644);
}

fn service_accounts(case: &Case, root: &Path) {
    let mut pairs: BTreeMap<&str, PrivateKey> = BTreeMap::new();
    for change in &case.service_account {
        let pair = pairs
            .entry(&change.same)
            .or_insert_with(|| PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap());
        let both = || vec!["sa.key".to_owned(), "sa.pub".to_owned()];
        for file in change.files.clone().unwrap_or_else(both) {
            let path = root
                .join(&change.node)
                .join("etc/kubernetes/pki")
                .join(&file);
            if file.ends_with(".key") {
                put(&path, pair.to_pem(), 0o600);
            } else {
                put(&path, &pair.public_key().to_pem(), 0o600);
            }
        }
    }
}

fn changes<'a>(case: &'a Case, node: &'a str) -> impl Iterator<Item = &'a CertificateChange> {
    case.certificate
        .iter()
        .filter(move |change| change.node.as_deref().is_none_or(|named| named == node))
}

/// An authority of its kubeadm name. A change on one node keeps the key of the other, unless a stranger is asked for.
fn self_signed(
    case: &Case,
    authority: Authority,
    change: Option<(&CertificateChange, Option<&PrivateKey>)>,
) -> Pair {
    let kept = change
        .filter(|(change, _)| change.signed_by.as_deref() != Some("stranger"))
        .and_then(|(_, key)| key);
    let key = kept.map_or_else(
        || PrivateKey::generate(case.ca_key()).unwrap(),
        |key| PrivateKey::from_bytes(key.to_pem().as_bytes()).unwrap(),
    );
    let mut template =
        authority_template(authority.subject(), authority.subject(), key.public_key());
    template.subject_alt_names = vec![authority.common_name().parse().unwrap()];
    if let Some((change, _)) = change {
        apply(change, &mut template);
    }
    let certificate = template.sign(&key).unwrap();
    Pair { certificate, key }
}

fn authority_template(
    subject: DistinguishedName,
    issuer: DistinguishedName,
    key: &PublicKey,
) -> Template {
    let mut template = template(subject, issuer, key);
    template.not_after = datetime!(2036-01-01 0:00 UTC);
    template.basic_constraints = Some(BasicConstraints {
        ca: true,
        path_len: None,
    });
    template.key_usage = template.key_usage.union(KeyUsage::KEY_CERT_SIGN);
    template
}

fn again(pair: &Pair) -> Pair {
    Pair {
        certificate: pair.certificate.clone(),
        key: PrivateKey::from_bytes(pair.key.to_pem().as_bytes()).unwrap(),
    }
}

fn template(subject: DistinguishedName, issuer: DistinguishedName, key: &PublicKey) -> Template {
    Template {
        serial: key
            .key_bits()
            .iter()
            .skip(8)
            .take(8)
            .map(|byte| byte & 0x7f | 1)
            .collect(),
        issuer,
        subject,
        not_before: datetime!(2026-01-01 0:00 UTC),
        not_after: datetime!(2027-01-01 0:00 UTC),
        public_key: key.clone(),
        basic_constraints: Some(BasicConstraints {
            ca: false,
            path_len: None,
        }),
        key_usage: KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT),
        extended_key_usage: Vec::new(),
        subject_alt_names: Vec::new(),
        subject_key_id: None,
        authority_key_id: None,
    }
}

fn leaf(
    case: &Case,
    row: &Row,
    node: &str,
    address: &str,
    authorities: &BTreeMap<(String, &str), Pair>,
    etc: &Path,
) {
    let change = changes(case, node).find(|change| change.profile.as_deref() == Some(row.name));
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let signed_by = change.and_then(|change| change.signed_by.as_deref());
    let authority = row.authority.to_string();
    let signer = match signed_by {
        None | Some("other") => &authorities[&(authority, node)],
        Some("stranger") => &authorities[&(authority, "stranger")],
        Some(named) => &authorities[&(named.to_owned(), node)],
    };
    let below = change.is_some_and(|change| change.below_intermediate);
    let intermediate = below.then(|| intermediate(signer, &etc.join("pki/intermediate.crt")));
    let signer = intermediate.as_ref().unwrap_or(signer);
    let version = KubernetesVersion::new(1, 34);
    let issuer = match signed_by {
        Some("other") => DistinguishedName::new("other", &[]),
        _ => signer.certificate.subject().clone(),
    };
    let mut template = template(row.profile.subject(node, version), issuer, key.public_key());
    template.extended_key_usage = row.usages.to_vec();
    template.subject_alt_names = sans(row.sans, node, address)
        .iter()
        .map(|san| san.parse().unwrap())
        .collect();
    if let Some(change) = change {
        apply(change, &mut template);
    }
    let mut certificate = template.sign(&signer.key).unwrap();
    if let Some(change) = change {
        certificate = patched(change, certificate);
    }
    let mut named = None;
    if let Some((change, path)) =
        change.and_then(|change| Some((change, change.written_to.as_ref()?)))
    {
        let path = Path::new("/").join(path);
        let mut pair = certificate.to_pem() + key.to_pem();
        if let Some(renewed) = change.renewed() {
            let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
            template.public_key = key.public_key().clone();
            template.not_before = renewed;
            template.not_after = renewed + time::Duration::days(365);
            pair = template.sign(&signer.key).unwrap().to_pem() + key.to_pem();
        }
        let root = etc.parent().unwrap().parent().unwrap();
        put(&root.join(path.strip_prefix("/").unwrap()), &pair, 0o600);
        named = change.named.then_some(path);
    }
    let (certificate, key_pem) = (certificate.to_pem(), key.to_pem());
    match row.output {
        Output::Pair { base } => put_pair(&etc.join("pki").join(base), &certificate, key_pem),
        Output::Kubeconfig { file, .. } => {
            let roots = authorities[&(row.authority.to_string(), node)]
                .certificate
                .to_pem();
            let text = match named {
                Some(path) => naming(address, &roots, &path),
                None => kubeconfig(address, &roots, &certificate, key_pem),
            };
            put(&etc.join(file), &text, 0o600);
        }
    }
}

fn intermediate(above: &Pair, path: &Path) -> Pair {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let subject = DistinguishedName::new("intermediate", &[]);
    let issuer = above.certificate.subject().clone();
    let template = authority_template(subject, issuer, key.public_key());
    let certificate = template.sign(&above.key).unwrap();
    put(path, &certificate.to_pem(), 0o644);
    Pair { certificate, key }
}

fn sans(rule: SanRule, node: &str, address: &str) -> Vec<String> {
    let names: &[&str] = match rule {
        SanRule::Apiserver => &[
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
            node,
            "10.96.0.1",
            address,
        ],
        SanRule::Etcd => &["localhost", node, address, "127.0.0.1", "::1"],
        SanRule::Kubelet | SanRule::Registry => &[node, address],
        SanRule::None => &[],
    };
    names.iter().map(|&name| name.to_owned()).collect()
}

fn apply(change: &CertificateChange, template: &mut Template) {
    let organizations = change.organizations.clone();
    if change.common_name.is_some() || organizations.is_some() {
        let common_name = change
            .common_name
            .as_deref()
            .or(template.subject.common_name());
        let kept: Vec<String> = template
            .subject
            .organizations()
            .iter()
            .map(|&name| name.to_owned())
            .collect();
        let subject = DistinguishedName::new(
            common_name.unwrap_or_default(),
            &organizations.unwrap_or(kept),
        );
        template.subject = subject;
    }
    if let Some(sans) = &change.sans {
        template.subject_alt_names = sans.iter().map(|san| san.parse().unwrap()).collect();
    }
    if let Some(usages) = &change.usages {
        template.extended_key_usage = usages.iter().map(|usage| usage_named(usage)).collect();
    }
    if change.key_usage == Some(false) {
        template.key_usage = KeyUsage::default();
    }
    if let Some(ca) = change.ca {
        template.basic_constraints = Some(BasicConstraints { ca, path_len: None });
    }
    template.not_before = change.not_before().unwrap_or(template.not_before);
    template.not_after = change.not_after().unwrap_or(template.not_after);
    if change.key.as_deref() == Some("rsa-1024") {
        template.public_key = rsa_1024();
    }
}

fn usage_named(name: &str) -> ExtendedKeyUsage {
    match name {
        "serverAuth" => ExtendedKeyUsage::ServerAuth,
        "clientAuth" => ExtendedKeyUsage::ClientAuth,
        other => panic!("no usage {other}"),
    }
}

/// Changes that no signer would make are made in the bytes.
fn patched(change: &CertificateChange, certificate: Certificate) -> Certificate {
    let mut der = certificate.as_der().to_vec();
    if change.signature.as_deref() == Some("sha-1") {
        replace(
            &mut der,
            &[0x0d, 1, 1, 0x0b, 5, 0],
            &[0x0d, 1, 1, 0x05, 5, 0],
        );
    }
    if change.critical.as_deref() == Some("unknown") {
        replace(
            &mut der,
            &[6, 3, 0x55, 0x1d, 0x0f],
            &[6, 3, 0x55, 0x1d, 0x7f],
        );
    }
    Certificate::from_der(&der).unwrap()
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    for at in 0..=bytes.len() - from.len() {
        if &bytes[at..at + from.len()] == from {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
}

/// A public key with a modulus of 1024 bits; nobody knows its factors.
pub(crate) fn rsa_1024() -> PublicKey {
    let mut modulus = [0xc5_u8; 128];
    modulus[127] = 1;
    let mut key = vec![0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00];
    key.extend(modulus);
    key.extend([0x02, 0x03, 0x01, 0x00, 0x01]);
    let mut der = vec![0x30, 0x81, 0x9f, 0x30, 0x0d, 0x06, 0x09];
    der.extend([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0]);
    der.extend([0x03, 0x81, 0x8d, 0x00]);
    der.extend(key);
    PublicKey::from_der(&der).unwrap()
}

fn kubeconfig(address: &str, roots: &str, certificate: &str, key: &str) -> String {
    let (certificate, key) = (STANDARD.encode(certificate), STANDARD.encode(key));
    let user = format!("client-certificate-data: {certificate}\n    client-key-data: {key}");
    kubeconfig_of(address, roots, &user)
}

/// As kubeadm leaves a kubelet's.
fn naming(address: &str, roots: &str, path: &Path) -> String {
    let path = path.display();
    let user = format!("client-certificate: {path}\n    client-key: {path}");
    kubeconfig_of(address, roots, &user)
}

fn kubeconfig_of(address: &str, roots: &str, user: &str) -> String {
    let roots = STANDARD.encode(roots);
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    certificate-authority-data: {roots}\n    server: \
         https://{address}:6443\n  name: kubernetes\ncontexts:\n- context:\n    cluster: kubernetes\n    user: user\n  name: \
         user@kubernetes\ncurrent-context: user@kubernetes\nusers:\n- name: user\n  user:\n    {user}\n"
    )
}

fn base(root: &Path, node: &str, address: &str) {
    let members = NODES.map(|(node, address)| format!("{node}=https://{address}:2380"));
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/cases/base");
    copy_tree(&from, root, &|text| {
        text.replace("{{node}}", node)
            .replace("{{address}}", address)
            .replace("{{initial-cluster}}", &members.join(","))
    });
}

fn copy_tree(from: &Path, to: &Path, fill: &dyn Fn(&str) -> String) {
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy_tree(&from, &to, fill);
        } else {
            put(&to, &fill(&fs::read_to_string(&from).unwrap()), 0o644);
        }
    }
}

fn put_pair(base: &Path, certificate: &str, key: &str) {
    put(&base.with_extension("crt"), certificate, 0o644);
    put(&base.with_extension("key"), key, 0o600);
}

fn put(path: &Path, text: &str, mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// `copy-of`: the other node's files as they are.
fn copy(change: &CertificateChange, root: &Path) {
    let (to, from) = (
        change.node.as_deref().unwrap(),
        change.copy_of.as_deref().unwrap(),
    );
    let profile: profile::Profile = change.profile.as_deref().unwrap().parse().unwrap();
    let files = match profile.row().output {
        Output::Pair { base } => vec![format!("pki/{base}.crt"), format!("pki/{base}.key")],
        Output::Kubeconfig { file, .. } => vec![file.to_owned()],
    };
    for file in files {
        let file = Path::new("etc/kubernetes").join(file);
        fs::copy(root.join(from).join(&file), root.join(to).join(&file)).unwrap();
    }
}

fn trust(change: &crate::case::FileChange, root: &Path, roots: &str) {
    let path = root.join(&change.node).join(&change.path);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<String> = text
        .lines()
        .map(
            |line| match line.split_once("certificate-authority-data: ") {
                Some((indent, _)) => format!(
                    "{indent}certificate-authority-data: {}",
                    STANDARD.encode(roots)
                ),
                None => line.to_owned(),
            },
        )
        .collect();
    put(&path, &lines.join("\n"), 0o600);
}

pub(crate) fn change_file(change: &crate::case::FileChange, root: &Path) {
    let path = root.join(&change.node).join(&change.path);
    if change.remove {
        fs::remove_file(&path).unwrap();
        return;
    }
    let mode = fs::metadata(&path).map_or(0o644, |metadata| metadata.permissions().mode());
    let mut text = fs::read_to_string(&path).unwrap_or_default();
    if let Some(whole) = &change.text {
        text.clone_from(whole);
    }
    if let Some(from) = &change.copy {
        text = fs::read_to_string(root.join(&change.node).join(from)).unwrap();
    }
    if let (Some(from), Some(to)) = (&change.replace, &change.with) {
        assert!(
            text.contains(from.as_str()),
            "{} does not hold {from}",
            path.display()
        );
        text = text.replace(from.as_str(), to);
    }
    let of_node = |file: &String| fs::read_to_string(root.join(&change.node).join(file)).unwrap();
    let before: String = change.prepend.iter().map(of_node).collect();
    let after: String = change.append.iter().map(of_node).collect();
    text = format!("{before}{text}{after}");
    put(&path, &text, change.mode.unwrap_or(mode));
    if let Some(owner) = change.owner {
        disk::give(owner, &path);
    }
}
