//! The service-account keys of each master, with everything that whoever replaces them has to know.

use std::path::Path;
use std::path::PathBuf;

use crate::facts::process::Process;
use crate::place::Place;
use crate::topology::connect::service_account::public_keys;
use crate::topology::view::Told;
use crate::topology::view::View;
use crate::x509::spki::PublicKey;

/// One master: what signs its service-account tokens and what verifies them.
#[derive(Clone, Debug)]
pub struct ServiceAccounts {
    /// The node.
    pub node: String,
    /// Its /etc/kubernetes.
    pub kubernetes_dir: Place,
    /// Private keys, one entry a file.
    pub signers: Vec<ServiceAccountSigner>,
    /// What its kube-apiserver verifies with; `None` where it runs none.
    pub verifier: Option<ServiceAccountVerifier>,
}

/// A private key that service-account tokens are signed with.
#[derive(Clone, Debug)]
pub struct ServiceAccountSigner {
    /// The file.
    pub file: Place,
    /// Its public half, or why it cannot be used.
    pub key: Result<PublicKey, String>,
    /// Permission bits, where the source has them.
    pub mode: Option<u32>,
    /// Who reads it: kube-apiserver, kube-controller-manager.
    pub readers: Vec<Reader>,
}

/// A program that reads a file when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// `kube-apiserver`.
    pub program: &'static str,
    /// Its manifest, or the unit that starts it; `None` where no file tells of it.
    pub declared: Option<Place>,
    /// Whether that is a static pod's manifest.
    pub is_pod: bool,
}

/// What a kube-apiserver verifies service-account tokens with.
#[derive(Clone, Debug)]
pub struct ServiceAccountVerifier {
    /// Who reads the files.
    pub reader: Reader,
    /// Every `--service-account-key-file`, read or not; where no manifest or unit tells, sa.pub by kubeadm's layout.
    pub files: Vec<PublicKeysFile>,
    /// sa.pub beside the signing key, told or not.
    pub own: PublicKeysFile,
    /// sa-next.pub beside it: a place for keys that are trusted for a while.
    pub next: PublicKeysFile,
    /// Whether the program would see `next` where it lies.
    pub sees_next: bool,
    /// `--service-account-max-token-expiration`, as it is written.
    pub longest: Option<(String, Place)>,
}

/// A file of public keys.
#[derive(Clone, Debug)]
pub struct PublicKeysFile {
    /// The file.
    pub place: Place,
    /// The path as the program has it.
    pub path_there: PathBuf,
    /// Whether it could be read.
    pub is_there: bool,
    /// Permission bits, where the source has them.
    pub mode: Option<u32>,
    /// The keys in it that Kubernetes reads.
    pub keys: Vec<PublicKey>,
}

/// Every master among the machines.
pub(super) fn of(views: &[View<'_>]) -> Vec<ServiceAccounts> {
    let masters = views.iter().map(|view| {
        let signers = signers(view);
        ServiceAccounts {
            node: view.name.clone(),
            kubernetes_dir: view.at(&view.facts.kubernetes_dir),
            verifier: verifier(view, &signers),
            signers,
        }
    });
    masters
        .filter(|master| master.verifier.is_some() || !master.signers.is_empty())
        .collect()
}

fn signers(view: &View<'_>) -> Vec<ServiceAccountSigner> {
    let mut signers: Vec<ServiceAccountSigner> = Vec::new();
    for (program, flag) in SIGNING_FLAGS {
        let Some(Told { file, .. }) = view.told(program, flag, PRIVATE) else {
            continue;
        };
        let reader = reader(view, program);
        let known = signers.iter_mut();
        if let Some(signer) = known.into_iter().find(|known| known.file.path == file.path) {
            signer.readers.push(reader);
            continue;
        }
        let pem = view.facts.file(&file.path);
        let key = pem
            .and_then(|pem| pem.keys.first())
            .map(|(_, key)| key.clone().map_err(|error| error.to_string()));
        signers.push(ServiceAccountSigner {
            key: key.unwrap_or_else(|| Err("holds no private key".to_owned())),
            mode: pem.and_then(|pem| pem.status.mode),
            readers: vec![reader],
            file,
        });
    }
    signers
}

fn verifier(view: &View<'_>, signers: &[ServiceAccountSigner]) -> Option<ServiceAccountVerifier> {
    let process = view.facts.process(APISERVER);
    let files = match process {
        Some(process) => told(view, process),
        None => {
            let layout = view.by_layout(PUBLIC)?;
            vec![file(view, None, &layout.path.clone())]
        }
    };
    let of_pair = files.iter().find(|file| {
        let name = file.place.path.file_name();
        name.is_some_and(|name| name == PUBLIC)
    });
    let own_path = of_pair
        .map(|file| file.path_there.clone())
        .or_else(|| {
            files
                .first()
                .map(|file| file.path_there.with_file_name(PUBLIC))
        })
        .or_else(|| Some(signers.first()?.file.path.with_file_name(PUBLIC)))?;
    let own = file(view, process, &own_path);
    let next = file(view, process, &own_path.with_file_name(NEXT));
    let is_beside = next.place.path == own.place.path.with_file_name(NEXT);
    // A mount of sa.pub by itself shows nothing beside it.
    let is_alone = process.is_some_and(|process| {
        process.is_mounted(&own.path_there, true) && !process.is_mounted(&next.path_there, false)
    });
    let longest = process.and_then(|process| {
        let flag = process.flag(LONGEST)?;
        Some((flag.value.clone(), view.at(&process.place_of(flag))))
    });
    Some(ServiceAccountVerifier {
        reader: reader(view, APISERVER),
        files,
        own,
        next,
        sees_next: is_beside && !is_alone,
        longest,
    })
}

fn told(view: &View<'_>, process: &Process) -> Vec<PublicKeysFile> {
    let flags = process.flags.iter();
    flags
        .filter(|flag| flag.name == KEY_FILE && !flag.value.is_empty())
        .map(|flag| file(view, Some(process), Path::new(&flag.value)))
        .collect()
}

fn file(view: &View<'_>, process: Option<&Process>, path: &Path) -> PublicKeysFile {
    let on_node = match (process, path.to_str()) {
        (Some(process), Some(path)) => process.on_node(path),
        _ => path.to_path_buf(),
    };
    let pem = view.facts.file(&on_node);
    PublicKeysFile {
        place: view.path(&on_node),
        path_there: path.to_path_buf(),
        is_there: pem.is_some(),
        mode: pem.and_then(|pem| pem.status.mode),
        keys: pem
            .map(|pem| public_keys(pem).cloned().collect())
            .unwrap_or_default(),
    }
}

fn reader(view: &View<'_>, program: &'static str) -> Reader {
    let process = view.facts.process(program);
    Reader {
        program,
        declared: process.map(|process| view.at(&process.place)),
        is_pod: process.is_some_and(|process| process.is_pod),
    }
}

const APISERVER: &str = "kube-apiserver";
/// What signs: tokens that are asked for, and tokens that lie in Secrets.
const SIGNING_FLAGS: [(&str, &str); 2] = [
    (APISERVER, "service-account-signing-key-file"),
    (
        "kube-controller-manager",
        "service-account-private-key-file",
    ),
];
const KEY_FILE: &str = "service-account-key-file";
const LONGEST: &str = "service-account-max-token-expiration";
const PRIVATE: &str = "sa.key";
const PUBLIC: &str = "sa.pub";
/// kubeadm has no such file, and passes it by.
const NEXT: &str = "sa-next.pub";
