//! The field report's cluster as a directory, with keys made here.

use crate::facts;
use crate::source;
use crate::source::Options;
use crate::source::PathArgument;
use crate::topology::Topology;
use crate::topology::derive;
use crate::x509::certificate::BasicConstraints;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::KeyUsage;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;
use crate::x509::name::DistinguishedName;
use crate::x509::template::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use time::macros::datetime;

use self::edits::Edit;

#[path = "../../../../pki-cli/src/demo/edits.rs"]
mod edits;

/// Of fixtures/seed/kubernetes/steps: every mistake at once.
const STEPS: [&str; 7] = [
    "1-manifest-copied",
    "2-kubelet-dials-itself",
    "4-installed-on-emei",
    "5-manifests-copied",
    "6-balancer-by-address",
    "6-name-in-hosts",
    "7-kube-proxy",
];

/// Every master has admin.conf, and the balancer's is where the balancer is.
const FURTHER_COPIES: [(&str, &str); 3] = [
    (
        "wudang/etc/kubernetes/admin-lb.conf",
        "emei/etc/kubernetes/admin-lb.conf",
    ),
    (
        "shaolin/etc/kubernetes/admin.conf",
        "wudang/etc/kubernetes/admin.conf",
    ),
    (
        "shaolin/etc/kubernetes/admin.conf",
        "emei/etc/kubernetes/admin.conf",
    ),
];

pub(super) struct Pair {
    pub(super) certificate: Certificate,
    pub(super) key: PrivateKey,
}

pub(super) fn make(common_name: &str, sans: &[&str], issuer: Option<&Pair>) -> Pair {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let subject = DistinguishedName::new(common_name, &[]);
    let template = Template {
        serial: vec![1],
        issuer: issuer.map_or_else(|| subject.clone(), |ca| ca.certificate.subject().clone()),
        subject,
        not_before: datetime!(2025-01-01 00:00 UTC),
        not_after: datetime!(2035-01-01 00:00 UTC),
        public_key: key.public_key().clone(),
        basic_constraints: issuer.is_none().then_some(BasicConstraints {
            ca: true,
            path_len: None,
        }),
        key_usage: KeyUsage::DIGITAL_SIGNATURE,
        extended_key_usage: Vec::new(),
        subject_alt_names: sans.iter().map(|san| san.parse().unwrap()).collect(),
        subject_key_id: None,
        authority_key_id: None,
    };
    let certificate = template.sign(issuer.map_or(&key, |ca| &ca.key)).unwrap();
    Pair { certificate, key }
}

pub(super) struct Cluster {
    pub(super) directory: tempfile::TempDir,
    pub(super) ca: Pair,
}

impl Cluster {
    /// The three masters as the report had them before anything was mended: shaolin's serving certificate everywhere
    /// but on emei.
    pub(super) fn seed() -> Self {
        let cluster = Self {
            directory: tempfile::tempdir().unwrap(),
            ca: make("kubernetes", &[], None),
        };
        let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/seed/kubernetes");
        let shaolin = make(
            "kube-apiserver",
            &["shaolin", "10.96.0.1", "10.27.53.32"],
            Some(&cluster.ca),
        );
        for node in ["shaolin", "wudang", "emei"] {
            cluster.copy(&seed.join(node), &cluster.root(node), node);
            cluster.pem(node, "ca.crt", &cluster.ca.certificate.to_pem());
            cluster.pem(node, "ca.key", cluster.ca.key.to_pem());
            cluster.pair(node, "apiserver", &shaolin);
            let front_proxy = make("front-proxy-ca", &[], None);
            cluster.pem(
                node,
                "front-proxy-ca.crt",
                &front_proxy.certificate.to_pem(),
            );
            cluster.pair(
                node,
                "apiserver-kubelet-client",
                &make("kubelet-client", &[], Some(&cluster.ca)),
            );
            let sa = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
            cluster.pem(node, "sa.key", sa.to_pem());
            cluster.pem(node, "sa.pub", &sa.public_key().to_pem());
        }
        let emei = make(
            "kube-apiserver",
            &["emei", "10.96.0.1", "10.27.52.72"],
            Some(&cluster.ca),
        );
        cluster.pair("emei", "apiserver-emei", &emei);
        for step in STEPS {
            let text = fs::read_to_string(seed.join("steps").join(step)).unwrap();
            for edit in edits::parse(&text).unwrap() {
                cluster.done_by_hand(&seed, edit);
            }
        }
        for (from, to) in FURTHER_COPIES {
            let [from, to] = [from, to].map(|path| cluster.directory.path().join(path));
            fs::copy(from, to).unwrap();
        }
        fs::remove_file(cluster.file("wudang", "etc/kubernetes/admin-lb.conf")).unwrap();
        cluster
    }

    /// To the files of the nodes: keys and certificates are there already.
    fn done_by_hand(&self, seed: &Path, edit: Edit<'_>) {
        let at = |path: &str| self.directory.path().join(path);
        match edit {
            Edit::Add(file) => {
                fs::create_dir_all(at(file).parent().unwrap()).unwrap();
                fs::copy(seed.join("steps").join(file), at(file)).unwrap();
            }
            Edit::Copy { from, to } if !from.contains("/pki/") => {
                fs::create_dir_all(at(to).parent().unwrap()).unwrap();
                fs::copy(at(from), at(to)).unwrap();
            }
            Edit::Replace { file, from, with } if at(file).exists() => {
                self.edit("", file, from, with);
            }
            Edit::Append { file, line } => {
                let text = fs::read_to_string(at(file)).unwrap();
                fs::write(at(file), format!("{text}{line}\n")).unwrap();
            }
            Edit::Copy { .. } | Edit::Replace { .. } | Edit::ByHand { .. } => {}
        }
    }

    pub(super) fn root(&self, node: &str) -> PathBuf {
        self.directory.path().join(node)
    }

    pub(super) fn file(&self, node: &str, path: &str) -> PathBuf {
        self.root(node).join(path)
    }

    pub(super) fn pem(&self, node: &str, name: &str, text: &str) {
        let path = self.root(node).join("etc/kubernetes/pki").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn pair(&self, node: &str, base: &str, pair: &Pair) {
        self.pem(node, &format!("{base}.crt"), &pair.certificate.to_pem());
        self.pem(node, &format!("{base}.key"), pair.key.to_pem());
    }

    pub(super) fn copy(&self, from: &Path, to: &Path, node: &str) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let from = entry.unwrap().path();
            let to = to.join(from.file_name().unwrap());
            if from.is_dir() {
                self.copy(&from, &to, node);
                continue;
            }
            let client = make(&format!("system:node:{node}"), &[], Some(&self.ca));
            let text = fs::read_to_string(&from).unwrap();
            let text = text
                .replace(
                    "{{certificate-authority}}",
                    &STANDARD.encode(self.ca.certificate.to_pem()),
                )
                .replace(
                    "{{client-certificate}}",
                    &STANDARD.encode(client.certificate.to_pem()),
                )
                .replace("{{client-key}}", &STANDARD.encode(client.key.to_pem()));
            fs::write(to, text).unwrap();
        }
    }

    pub(super) fn edit(&self, node: &str, path: &str, from: &str, to: &str) {
        let path = self.file(node, path);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} in {}", path.display());
        fs::write(path, text.replace(from, to)).unwrap();
    }

    pub(super) fn read(&self) -> Topology {
        read(&[self.directory.path().to_path_buf()], true)
    }
}

pub(super) fn read(paths: &[PathBuf], siblings: bool) -> Topology {
    let arguments: Vec<PathArgument> = paths.iter().cloned().map(PathArgument::from).collect();
    let trees = source::open(&arguments, Options { siblings }).unwrap();
    derive(&facts::gather(&trees), None)
}
