//! Makes the keys and certificates of the report's cluster, and does to its files what was done by hand.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki_core::bundle::Bundle;
use pki_core::bundle::BundleFile;
use pki_core::bundle::Existing;
use pki_core::issue::KeySource;
use pki_core::issue::RandomSerials;
use pki_core::issue::SerialSource;
use pki_core::profile::Authority;
use pki_core::profile::KubernetesVersion;
use pki_core::profile::Profile;
use pki_core::x509::certificate::BasicConstraints;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::certificate::ExtendedKeyUsage;
use pki_core::x509::certificate::KeyUsage;
use pki_core::x509::crypto;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::name::DistinguishedName;
use pki_core::x509::san::SubjectAltName;
use pki_core::x509::template::Template;
use time::Duration;
use time::OffsetDateTime;

use crate::demo::edits::Edit;
use crate::demo::seed;
use crate::issue::fresh_keys;

/// Every file of the demo, below `directory`, after the edits `names`.
pub(super) fn cluster(
    directory: &Path,
    names: &[&str],
    algorithm: KeyAlgorithm,
    now: OffsetDateTime,
) -> Result<Bundle, String> {
    let edits = seed::edits(names)?;
    let mut forge = Forge::new(directory, algorithm, keys_of(&edits), now)?;
    forge.shared_by_all()?;
    forge.first_apiserver()?;
    for node in seed::NODES {
        forge.client_pair(
            node,
            Profile::ApiserverKubeletClient,
            "apiserver-kubelet-client",
            Authority::Cluster,
        )?;
        forge.client_pair(
            node,
            Profile::FrontProxyClient,
            "front-proxy-client",
            Authority::FrontProxy,
        )?;
    }
    for (path, text) in seed::FILES {
        forge.seed_file(path, text)?;
    }
    for edit in edits {
        forge.edit(edit)?;
    }
    Ok(forge.bundle)
}

/// How many keys it takes: 2 CAs, the service-account key, shaolin's serving key, 2 client keys for each node, one for each
/// kubeconfig and one for each certificate made by hand.
fn keys_of(edits: &[Edit<'_>]) -> usize {
    let kubeconfigs = seed::FILES
        .iter()
        .filter(|(path, _)| kubeconfig_user(path).is_some());
    let by_hand = edits
        .iter()
        .filter(|edit| matches!(edit, Edit::ByHand { .. }));
    2 + 1 + 1 + 2 * seed::NODES.len() + kubeconfigs.count() + by_hand.count()
}

struct Forge<'a> {
    directory: &'a Path,
    now: OffsetDateTime,
    /// Made in advance by all processors; one key costs about a tenth of a second.
    keys: Vec<PrivateKey>,
    cluster: Pair,
    front_proxy: Pair,
    bundle: Bundle,
}

struct Pair {
    certificate: Certificate,
    key: PrivateKey,
}

/// What a leaf says beside its dates, serial number and key.
struct Leaf {
    subject: DistinguishedName,
    key_usage: KeyUsage,
    extended_key_usage: Vec<ExtendedKeyUsage>,
    names: Vec<SubjectAltName>,
    names_its_issuer: bool,
}

impl<'a> Forge<'a> {
    fn new(
        directory: &'a Path,
        algorithm: KeyAlgorithm,
        keys: usize,
        now: OffsetDateTime,
    ) -> Result<Self, String> {
        let mut keys = fresh_keys()
            .keys(&vec![algorithm; keys])
            .map_err(|error| error.to_string())?;
        Ok(Self {
            cluster: authority(Authority::Cluster, take(&mut keys)?, now)?,
            front_proxy: authority(Authority::FrontProxy, take(&mut keys)?, now)?,
            directory,
            now,
            keys,
            bundle: Bundle::default(),
        })
    }

    /// shaolin's CAs and service-account pair, which the other masters were given.
    fn shared_by_all(&mut self) -> Result<(), String> {
        let service_account = take(&mut self.keys)?;
        for node in seed::NODES {
            let cluster = (
                self.cluster.certificate.to_pem(),
                self.cluster.key.to_pem().to_owned(),
            );
            let front_proxy = (
                self.front_proxy.certificate.to_pem(),
                self.front_proxy.key.to_pem().to_owned(),
            );
            self.pair(node, "ca", cluster);
            self.pair(node, "front-proxy-ca", front_proxy);
            self.pki(
                node,
                "sa.key",
                0o600,
                "key",
                service_account.to_pem().to_owned(),
            );
            self.pki(
                node,
                "sa.pub",
                0o600,
                "key",
                service_account.public_key().to_pem(),
            );
        }
        Ok(())
    }

    /// The serving pair that kubeadm made.
    fn first_apiserver(&mut self) -> Result<(), String> {
        let leaf = Leaf {
            subject: DistinguishedName::new("kube-apiserver", &[]),
            key_usage: KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT),
            extended_key_usage: vec![ExtendedKeyUsage::ServerAuth],
            names: apiserver_names("shaolin", "10.27.53.32")?,
            names_its_issuer: true,
        };
        let pair = self.issue(leaf, Authority::Cluster)?;
        self.pair("shaolin", "apiserver", pair);
        Ok(())
    }

    fn edit(&mut self, edit: Edit<'_>) -> Result<(), String> {
        match edit {
            Edit::Add(path) => self.seed_file(path, seed::text_of(path)?)?,
            Edit::Copy { from, to } => {
                let original = self.made(from)?.clone();
                self.bundle.files.push(BundleFile {
                    path: self.directory.join(to),
                    ..original
                });
            }
            Edit::Replace { file, from, with } => {
                self.change(file, |text| {
                    text.contains(from).then(|| text.replace(from, with))
                })?;
            }
            Edit::Append { file, line } => {
                self.change(file, |text| Some(format!("{text}{line}\n")))?;
            }
            Edit::ByHand {
                node,
                address,
                key,
                certificate,
            } => {
                let (by_hand, its_key) = self.by_hand(node, address)?;
                self.file(key, 0o600, "key", its_key);
                self.file(certificate, 0o644, "certificate", by_hand);
            }
        }
        Ok(())
    }

    /// As openssl made it: a comma in its name, no usages, no key identifiers.
    fn by_hand(&mut self, node: &str, address: &str) -> Result<(String, String), String> {
        let leaf = Leaf {
            subject: DistinguishedName::new("kube-apiserver,", &[]),
            key_usage: KeyUsage::default(),
            extended_key_usage: Vec::new(),
            names: apiserver_names(node, address)?,
            names_its_issuer: false,
        };
        self.issue(leaf, Authority::Cluster)
    }

    fn made(&mut self, path: &str) -> Result<&mut BundleFile, String> {
        let whole = self.directory.join(path);
        let mut files = self.bundle.files.iter_mut();
        files
            .find(|file| file.path == whole)
            .ok_or_else(|| format!("{path} is not there to be edited"))
    }

    /// A file as text, changed; `None` where there is nothing to change.
    fn change(
        &mut self,
        path: &str,
        changed: impl Fn(&str) -> Option<String>,
    ) -> Result<(), String> {
        let file = self.made(path)?;
        let text = std::str::from_utf8(&file.contents).map_err(|error| error.to_string())?;
        let text = changed(text).ok_or_else(|| format!("nothing to replace in {path}"))?;
        file.contents = text.into_bytes().into();
        Ok(())
    }

    fn client_pair(
        &mut self,
        node: &str,
        profile: Profile,
        base: &str,
        authority: Authority,
    ) -> Result<(), String> {
        let pair = self.issue(client(profile, node), authority)?;
        self.pair(node, base, pair);
        Ok(())
    }

    /// A file of the fixture; a kubeconfig's placeholders are filled with a client pair made for it.
    fn seed_file(&mut self, path: &str, text: &str) -> Result<(), String> {
        let (mode, what, contents) = match kubeconfig_user(path) {
            Some((node, profile)) => {
                let (certificate, key) = self.issue(client(profile, node), Authority::Cluster)?;
                let filled = text
                    .replace(
                        "{{certificate-authority}}",
                        &STANDARD.encode(self.cluster.certificate.to_pem()),
                    )
                    .replace("{{client-certificate}}", &STANDARD.encode(certificate))
                    .replace("{{client-key}}", &STANDARD.encode(key));
                (0o600, "kubeconfig", filled)
            }
            None => (0o644, "configuration", text.to_owned()),
        };
        self.file(path, mode, what, contents);
        Ok(())
    }

    /// Certificate and key as PEM.
    fn issue(&mut self, leaf: Leaf, authority: Authority) -> Result<(String, String), String> {
        let key = take(&mut self.keys)?;
        let issuer = match authority {
            Authority::FrontProxy => &self.front_proxy,
            Authority::Cluster | Authority::Etcd => &self.cluster,
        };
        let issuer_key_id = issuer.certificate.extensions().subject_key_id.clone();
        let template = Template {
            serial: RandomSerials.serial().map_err(|error| error.to_string())?,
            issuer: issuer.certificate.subject().clone(),
            subject: leaf.subject,
            not_before: self.now - BACKDATE,
            not_after: self.now + Duration::days(365),
            public_key: key.public_key().clone(),
            basic_constraints: leaf.names_its_issuer.then_some(BasicConstraints {
                ca: false,
                path_len: None,
            }),
            key_usage: leaf.key_usage,
            extended_key_usage: leaf.extended_key_usage,
            subject_alt_names: leaf.names,
            subject_key_id: None,
            authority_key_id: issuer_key_id.filter(|_| leaf.names_its_issuer),
        };
        let certificate = template
            .sign(&issuer.key)
            .map_err(|error| error.to_string())?;
        Ok((certificate.to_pem(), key.to_pem().to_owned()))
    }

    /// A key before its certificate, the order in which they are written.
    fn pair(&mut self, node: &str, base: &str, (certificate, key): (String, String)) {
        self.pki(node, &format!("{base}.key"), 0o600, "key", key);
        self.pki(
            node,
            &format!("{base}.crt"),
            0o644,
            "certificate",
            certificate,
        );
    }

    fn pki(&mut self, node: &str, name: &str, mode: u32, what: &'static str, contents: String) {
        self.file(
            &format!("{node}/etc/kubernetes/pki/{name}"),
            mode,
            what,
            contents,
        );
    }

    fn file(&mut self, path: &str, mode: u32, what: &'static str, contents: String) {
        let path = self.directory.join(path);
        let contents = contents.into_bytes();
        let file = BundleFile::new(path, mode, what, Existing::Refuse, contents);
        self.bundle.files.push(file);
    }
}

fn authority(authority: Authority, key: PrivateKey, now: OffsetDateTime) -> Result<Pair, String> {
    let name = authority.subject();
    let key_id = crypto::sha1(key.public_key().key_bits()).to_vec();
    let template = Template {
        serial: RandomSerials.serial().map_err(|error| error.to_string())?,
        issuer: name.clone(),
        subject: name,
        not_before: now - BACKDATE,
        not_after: now + Duration::days(3650),
        public_key: key.public_key().clone(),
        basic_constraints: Some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        key_usage: KeyUsage::DIGITAL_SIGNATURE
            .union(KeyUsage::KEY_ENCIPHERMENT)
            .union(KeyUsage::KEY_CERT_SIGN),
        extended_key_usage: Vec::new(),
        subject_alt_names: Vec::new(),
        subject_key_id: Some(key_id),
        authority_key_id: None,
    };
    let certificate = template.sign(&key).map_err(|error| error.to_string())?;
    Ok(Pair { certificate, key })
}

fn client(profile: Profile, node: &str) -> Leaf {
    Leaf {
        subject: profile.subject(node, VERSION),
        key_usage: KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT),
        extended_key_usage: vec![ExtendedKeyUsage::ClientAuth],
        names: Vec::new(),
        names_its_issuer: true,
    }
}

/// The names of the report's certificates, in their order.
fn apiserver_names(node: &str, address: &str) -> Result<Vec<SubjectAltName>, String> {
    [
        node,
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "10.96.0.1",
        address,
    ]
    .iter()
    .map(|name| name.parse().map_err(|error| format!("{error}")))
    .collect()
}

/// Whose kubeconfig a file of the fixture is.
fn kubeconfig_user(path: &str) -> Option<(&str, Profile)> {
    let (node, file) = path.split_once("/etc/kubernetes/")?;
    let profile = match file {
        "admin.conf" => Profile::AdminConf,
        "controller-manager.conf" => Profile::ControllerManagerConf,
        "scheduler.conf" => Profile::SchedulerConf,
        "kubelet.conf" => Profile::KubeletConf,
        _ => return None,
    };
    Some((node, profile))
}

fn take(keys: &mut Vec<PrivateKey>) -> Result<PrivateKey, String> {
    keys.pop()
        .ok_or_else(|| "the demo made too few keys".to_owned())
}

/// As kubeadm backdates, for clocks that differ.
const BACKDATE: Duration = Duration::minutes(5);

/// The report's Kubernetes.
const VERSION: KubernetesVersion = KubernetesVersion::new(1, 6);
