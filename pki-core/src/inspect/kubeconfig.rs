//! Kubeconfigs: clusters, users, contexts, with the certificates embedded in them.

use std::path::PathBuf;

use crate::facts::Broken;
use crate::facts::certificate_files::PemFile;
use crate::facts::kubeconfig;
use crate::facts::kubeconfig::Material;
use crate::inspect::CertificateItem;
use crate::inspect::KeyItem;
use crate::inspect::Problem;
use crate::inspect::SignedBy;
use crate::place::Place;

/// A kubeconfig.
#[derive(Clone, Debug)]
pub struct Kubeconfig {
    /// The file.
    pub place: Place,
    /// `current-context`, when it is set.
    pub current_context: Option<String>,
    /// In the order of the file.
    pub clusters: Vec<Cluster>,
    /// In the order of the file.
    pub users: Vec<User>,
    /// In the order of the file.
    pub contexts: Vec<Context>,
}

/// A server and whom to trust for it.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its name in this file.
    pub name: String,
    /// The URL that is dialled.
    pub server: String,
    /// The name that is verified in place of the URL's host.
    pub tls_server_name: Option<String>,
    /// Whether whatever the server shows is accepted.
    pub insecure_skip_tls_verify: bool,
    /// The file with the roots, when they are not embedded.
    pub authority_file: Option<PathBuf>,
    /// The embedded roots.
    pub authorities: Vec<CertificateItem>,
}

/// Who is calling.
#[derive(Clone, Debug)]
pub struct User {
    /// Its name in this file.
    pub name: String,
    /// The file with the client certificate, when it is not embedded.
    pub certificate_file: Option<PathBuf>,
    /// The file with the private key, when it is not embedded.
    pub key_file: Option<PathBuf>,
    /// The embedded client certificate and what follows it.
    pub certificates: Vec<CertificateItem>,
    /// The embedded private key, without its private half.
    pub keys: Vec<KeyItem>,
    /// By what else it identifies itself, never the thing itself: `a token`, `a password`.
    pub otherwise: Vec<&'static str>,
}

/// A user at a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Its name in this file.
    pub name: String,
    /// The name of a cluster.
    pub cluster: String,
    /// The name of a user.
    pub user: String,
    /// Whether it is the one that is used.
    pub current: bool,
}

/// Reads a kubeconfig with everything that is wrong inside it; `None` when the bytes are something else, `Err` when
/// they look like a kubeconfig and are none.
pub(super) fn read(
    bytes: &[u8],
    place: &Place,
) -> Option<Result<(Kubeconfig, Vec<Problem>), Problem>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let looks_like_one = text.contains("clusters:") || text.contains("\"clusters\"");
    if !looks_like_one {
        return None;
    }
    match kubeconfig::read(bytes, place) {
        Ok(read) => read.map(|read| Ok(convert(read))),
        Err(broken) => Some(Err(problem(&broken))),
    }
}

impl Kubeconfig {
    /// Every embedded certificate.
    pub fn certificates(&self) -> impl Iterator<Item = &CertificateItem> {
        let authorities = self
            .clusters
            .iter()
            .flat_map(|cluster| &cluster.authorities);
        authorities.chain(self.users.iter().flat_map(|user| &user.certificates))
    }

    pub(super) fn certificates_mut(&mut self) -> impl Iterator<Item = &mut CertificateItem> {
        let authorities = self
            .clusters
            .iter_mut()
            .flat_map(|cluster| &mut cluster.authorities);
        authorities.chain(
            self.users
                .iter_mut()
                .flat_map(|user| &mut user.certificates),
        )
    }

    /// Every embedded key.
    pub fn keys(&self) -> impl Iterator<Item = &KeyItem> {
        self.users.iter().flat_map(|user| &user.keys)
    }

    pub(super) fn keys_mut(&mut self) -> impl Iterator<Item = &mut KeyItem> {
        self.users.iter_mut().flat_map(|user| &mut user.keys)
    }
}

fn convert(read: kubeconfig::Kubeconfig) -> (Kubeconfig, Vec<Problem>) {
    let problems = read
        .embedded()
        .flat_map(|file| &file.broken)
        .map(problem)
        .collect();
    let current_context = read.current_context.map(|name| name.value);
    let kubeconfig = Kubeconfig {
        place: read.place,
        clusters: read.clusters.into_iter().map(cluster).collect(),
        users: read.users.into_iter().map(user).collect(),
        contexts: read
            .contexts
            .into_iter()
            .map(|context| Context {
                current: current_context.as_ref() == Some(&context.name),
                name: context.name,
                cluster: context.cluster,
                user: context.user,
            })
            .collect(),
        current_context,
    };
    (kubeconfig, problems)
}

fn cluster(read: kubeconfig::Cluster) -> Cluster {
    let (embedded, authority_file) = apart(read.authority);
    Cluster {
        name: read.name,
        server: read.server.map(|server| server.value).unwrap_or_default(),
        tls_server_name: read.tls_server_name.map(|name| name.value),
        insecure_skip_tls_verify: read.insecure.is_some(),
        authority_file,
        authorities: certificates(embedded),
    }
}

fn user(read: kubeconfig::User) -> User {
    let (certificate, certificate_file) = apart(read.certificate);
    let (key, key_file) = apart(read.key);
    User {
        name: read.name,
        certificate_file,
        key_file,
        certificates: certificates(certificate),
        keys: keys(key),
        otherwise: read.otherwise,
    }
}

fn apart(material: Option<Material>) -> (Option<PemFile>, Option<PathBuf>) {
    match material {
        Some(Material::Embedded(file)) => (Some(*file), None),
        Some(Material::File { path, .. }) => (None, Some(path)),
        None => (None, None),
    }
}

fn certificates(file: Option<PemFile>) -> Vec<CertificateItem> {
    let Some(file) = file else {
        return Vec::new();
    };
    let place = file.place;
    let certificates = file.certificates.into_iter();
    certificates
        .map(|(_, certificate)| CertificateItem {
            place: place.clone(),
            certificate,
            signed_by: SignedBy::NotGiven,
            keys: Vec::new(),
        })
        .collect()
}

fn keys(file: Option<PemFile>) -> Vec<KeyItem> {
    let Some(file) = file else {
        return Vec::new();
    };
    let place = file.place;
    let keys = file.keys.into_iter();
    keys.map(|(_, key)| KeyItem {
        place: place.clone(),
        form: None,
        private: true,
        key,
        belongs_to: Vec::new(),
    })
    .collect()
}

fn problem(broken: &Broken) -> Problem {
    Problem {
        place: broken.place.clone(),
        sentence: broken.problem.clone(),
    }
}
