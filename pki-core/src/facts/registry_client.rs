//! What container runtimes were told about registries, whichever program it is: whom they trust there and what they show.

use std::path::Path;
use std::path::PathBuf;

use crate::facts::balancer::FileAt;
use crate::facts::balancer::NotUnderstood;
use crate::facts::balancer::Termination;
use crate::place::Place;

/// One container runtime of a node.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// `docker`, `containerd` or `cri-o`.
    pub program: &'static str,
    /// Where it is configured.
    pub place: Place,
    /// What it was told about single registries.
    pub clients: Vec<RegistryClient>,
    /// `insecure-registries`: hosts with their ports, or networks, whose certificates it does not verify.
    pub insecure: Vec<(String, Place)>,
    /// What could not be understood, each with its line.
    pub not_understood: Vec<NotUnderstood>,
}

/// What a runtime was told about one registry.
#[derive(Clone, Debug)]
pub struct RegistryClient {
    /// `host[:port]`, as image references begin; `None` stands for every registry without an entry of its own.
    pub host: Option<String>,
    /// The URL that is dialled for it; `None` where that is the registry's own.
    pub url: Option<String>,
    /// Where it was told to.
    pub told_at: Place,
    /// Roots that are added to the machine's own.
    pub roots: Vec<FileAt>,
    /// What it shows.
    pub shows: Vec<Termination>,
    /// Where it was told not to verify.
    pub unverified: Option<Place>,
    /// What keeps it from dialling: the file, and what it says.
    pub refuses: Option<(Place, String)>,
}

/// How a program takes a `.cert` that has no `.key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoneCertificate {
    /// It refuses to dial (moby, registry/registry.go, `loadTLSConfig`; containers/image, pkg/tlsclientconfig).
    Refused,
    /// It looks for the key in the same file (containerd, core/remotes/docker/config/hosts.go, `loadCertFiles`).
    HoldsItsKey,
}

/// A directory of docker's layout: `*.crt` are roots, `*.cert` and `*.key` what is shown. `files` is sorted, as the
/// programs read it.
pub(super) fn of_directory(
    host: &str,
    directory: &Place,
    files: &[PathBuf],
    lone: LoneCertificate,
) -> RegistryClient {
    let mut client = RegistryClient::new(host, directory.clone());
    let at = |path: &Path| FileAt {
        path: path.to_path_buf(),
        told_at: directory.clone(),
    };
    for path in files {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("crt") => client.roots.push(at(path)),
            Some("cert") => {
                let key = path.with_extension("key");
                let is_there = files.contains(&key);
                if !is_there && lone == LoneCertificate::Refused {
                    client.refuse(directory, path, |name| {
                        format!(
                            "missing key {} for client certificate {name}. CA certificates must use the extension .crt",
                            name_of(&key)
                        )
                    });
                }
                client.shows.push(Termination {
                    certificate: at(path),
                    key: (is_there || lone == LoneCertificate::Refused).then(|| at(&key)),
                });
            }
            Some("key") if lone == LoneCertificate::Refused => {
                let certificate = path.with_extension("cert");
                if !files.contains(&certificate) {
                    client.refuse(directory, path, |name| {
                        format!(
                            "missing client certificate {} for key {name}",
                            name_of(&certificate)
                        )
                    });
                }
            }
            _ => {}
        }
    }
    client
}

impl Runtime {
    /// One that was told nothing.
    pub fn new(program: &'static str, place: Place) -> Self {
        Self {
            program,
            place,
            clients: Vec::new(),
            insecure: Vec::new(),
            not_understood: Vec::new(),
        }
    }

    /// Every certificate, key and root file that it was told to use.
    pub fn files(&self) -> impl Iterator<Item = &FileAt> {
        self.clients.iter().flat_map(|client| {
            let pairs = client.shows.iter();
            let pairs = pairs.flat_map(|pair| std::iter::once(&pair.certificate).chain(&pair.key));
            client.roots.iter().chain(pairs)
        })
    }
}

impl RegistryClient {
    pub(super) fn new(host: &str, told_at: Place) -> Self {
        Self {
            host: (host != DEFAULT).then(|| host.to_owned()),
            url: None,
            told_at,
            roots: Vec::new(),
            shows: Vec::new(),
            unverified: None,
            refuses: None,
        }
    }

    /// What it dials to reach `host`.
    pub fn dials(&self, host: &str) -> String {
        let own = || format!("https://{}", self.host.as_deref().unwrap_or(host));
        self.url.clone().unwrap_or_else(own)
    }

    fn refuse(&mut self, directory: &Place, path: &Path, says: impl FnOnce(&str) -> String) {
        if self.refuses.is_none() {
            let name = name_of(path);
            let place = Place {
                path: path.to_path_buf(),
                read_from: directory.read_from.join(&name),
                ..directory.clone()
            };
            self.refuses = Some((place, says(&name)));
        }
    }
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The directory of containerd that stands for every registry without one of its own.
const DEFAULT: &str = "_default";

#[cfg(test)]
mod tests {
    use super::*;

    fn client(files: &[&str], lone: LoneCertificate) -> RegistryClient {
        let directory = Place::file("/etc/docker/certs.d/hub:5000");
        let files: Vec<PathBuf> = files.iter().map(|f| directory.path.join(f)).collect();
        of_directory("hub:5000", &directory, &files, lone)
    }

    #[test]
    fn what_each_ending_means() {
        let client = client(
            &["ca.crt", "client.cert", "client.key", "notes.txt", "x.pem"],
            LoneCertificate::Refused,
        );
        assert_eq!(client.dials("other"), "https://hub:5000");
        assert_eq!(client.roots.len(), 1);
        assert!(client.shows[0].key.is_some());
        assert_eq!(client.refuses, None);
    }

    #[test]
    fn a_ca_with_the_wrong_ending_keeps_docker_from_dialling() {
        let refused = client(&["ca.cert"], LoneCertificate::Refused);
        let (place, says) = refused.refuses.unwrap();
        assert_eq!(
            place.path,
            Path::new("/etc/docker/certs.d/hub:5000/ca.cert")
        );
        assert_eq!(
            says,
            "missing key ca.key for client certificate ca.cert. CA certificates must use the extension .crt"
        );
        let (_, says) = client(&["a.key"], LoneCertificate::Refused)
            .refuses
            .unwrap();
        assert_eq!(says, "missing client certificate a.cert for key a.key");
        let taken = client(&["ca.cert"], LoneCertificate::HoldsItsKey);
        assert!(taken.refuses.is_none() && taken.shows[0].key.is_none());
    }
}
