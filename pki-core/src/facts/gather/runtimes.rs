//! Container runtimes on a node: docker, containerd, and those that read /etc/containers (CRI-O, podman, skopeo).

use std::path::Path;
use std::path::PathBuf;

use crate::facts::balancer::FileAt;
use crate::facts::balancer::NotUnderstood;
use crate::facts::certificate_files;
use crate::facts::certificate_files::Expected;
use crate::facts::containerd_hosts;
use crate::facts::docker_certs;
use crate::facts::gather::Gatherer;
use crate::facts::registry_client;
use crate::facts::registry_client::LoneCertificate;
use crate::facts::registry_client::RegistryClient;
use crate::facts::registry_client::Runtime;
use crate::place::FileStatus;

impl Gatherer<'_> {
    /// What is told at the usual places. None of it need be there.
    pub(super) fn runtimes(&mut self) {
        let runtimes = [self.docker(), self.containerd(), self.cri_o()];
        for runtime in runtimes.into_iter().flatten() {
            let files: Vec<FileAt> = runtime.files().cloned().collect();
            for file in files {
                self.pem(&file.path, Expected::Anything, Some(file.told_at));
            }
            self.node.runtimes.push(runtime);
        }
    }

    /// The roots that every program on the machine trusts, where a tree holds them (crypto/x509, root_linux.go).
    pub(super) fn system_roots(&mut self) {
        for path in SYSTEM_ROOTS {
            if let Ok(document) = self.reader.read(Path::new(path)) {
                let place = document.place.clone();
                let roots = certificate_files::parse(
                    &document.bytes,
                    &place,
                    FileStatus::default(),
                    Expected::Anything,
                    self.cache,
                );
                self.node.system_roots = Some(roots);
                return;
            }
        }
        for path in self.files_in(Path::new(LOCAL_ROOTS)) {
            let Ok(document) = self.reader.read(&path) else {
                continue;
            };
            let place = self.tree.place(Path::new(LOCAL_ROOTS));
            let local = certificate_files::parse(
                &document.bytes,
                &place,
                FileStatus::default(),
                Expected::Anything,
                self.cache,
            );
            let roots = self.node.system_roots.get_or_insert_with(|| {
                certificate_files::parse(
                    b"",
                    &place,
                    FileStatus::default(),
                    Expected::Anything,
                    self.cache,
                )
            });
            roots.certificates.extend(local.certificates);
        }
    }

    fn docker(&mut self) -> Option<Runtime> {
        let directories = self.directories_in(DOCKER_CERTS);
        let daemon = self.read(Path::new(DOCKER_DAEMON), None);
        if directories.is_empty() && daemon.is_none() {
            return None;
        }
        let mut docker = Runtime::new("docker", self.tree.place(Path::new(DOCKER_CERTS)));
        if let Some(daemon) = daemon {
            docker.place = daemon.place.clone();
            match docker_certs::insecure_registries(&daemon.bytes, &daemon.place) {
                Ok(entries) => docker.insecure = entries,
                Err(broken) => self.node.broken.push(*broken),
            }
        }
        docker.clients = self.certs_directories(&directories, LoneCertificate::Refused);
        Some(docker)
    }

    fn cri_o(&mut self) -> Option<Runtime> {
        let directories = self.directories_in(CONTAINERS_CERTS);
        if directories.is_empty() {
            return None;
        }
        let mut runtime = Runtime::new("cri-o", self.tree.place(Path::new(CONTAINERS_CERTS)));
        runtime.clients = self.certs_directories(&directories, LoneCertificate::Refused);
        Some(runtime)
    }

    fn containerd(&mut self) -> Option<Runtime> {
        let mut config = None;
        let mut place = self.tree.place(Path::new(CONTAINERD_CERTS));
        if let Some(document) = self.read(Path::new(CONTAINERD_CONFIG), None) {
            place = document.place.clone();
            match containerd_hosts::parse_config(&document.bytes, &document.place) {
                Ok(read) => config = Some(read),
                Err(broken) => self.node.broken.push(*broken),
            }
        }
        let mut runtime = Runtime::new("containerd", place);
        let told = config
            .as_ref()
            .map_or(&[][..], |config| &config.directories);
        let roots = match told {
            [] => vec![PathBuf::from(CONTAINERD_CERTS)],
            told => told.to_vec(),
        };
        for root in &roots {
            for directory in self.directories_in(&root.to_string_lossy()) {
                runtime.clients.extend(self.hosts_directory(&directory));
            }
        }
        if let Some(config) = config {
            let is_unused = config.directories.is_empty() && config.version < READS_CERTS_SINCE;
            if is_unused && !runtime.clients.is_empty() {
                runtime.not_understood.push(NotUnderstood {
                    place: runtime.place.clone(),
                    what: format!(
                        "names no config_path, so that what the kubelet has pulled passes {CONTAINERD_CERTS} by; ctr and nerdctl can read it"
                    ),
                });
            }
            if config.directories.is_empty() {
                runtime.clients.extend(config.clients);
            }
        } else if runtime.clients.is_empty() {
            return None;
        }
        Some(runtime)
    }

    /// A host of containerd: hosts.toml, else docker's layout.
    fn hosts_directory(&mut self, directory: &Path) -> Vec<RegistryClient> {
        let name = directory.file_name().unwrap_or_default().to_string_lossy();
        let host = containerd_hosts::host_of(&name);
        if let Some(document) = self.read(&directory.join("hosts.toml"), None)
            && !document.bytes.is_empty()
        {
            match containerd_hosts::parse(&document.bytes, &document.place, &host) {
                Ok(clients) => return clients,
                Err(broken) => self.node.broken.push(*broken),
            }
        }
        let files = self.files_in(directory);
        let place = self.tree.place(directory);
        vec![registry_client::of_directory(
            &host,
            &place,
            &files,
            LoneCertificate::HoldsItsKey,
        )]
    }

    fn certs_directories(
        &mut self,
        directories: &[PathBuf],
        lone: LoneCertificate,
    ) -> Vec<RegistryClient> {
        let mut clients = Vec::new();
        for directory in directories {
            let host = directory.file_name().unwrap_or_default().to_string_lossy();
            let files = self.files_in(directory);
            let place = self.tree.place(directory);
            clients.push(registry_client::of_directory(&host, &place, &files, lone));
        }
        clients
    }

    fn directories_in(&mut self, directory: &str) -> Vec<PathBuf> {
        let entries = match self.reader.list(Path::new(directory)) {
            Ok(entries) => entries,
            Err(problem) => {
                self.complain(Path::new(directory), &problem, None);
                return Vec::new();
            }
        };
        let directories = entries.into_iter().filter(|entry| entry.is_directory);
        directories.map(|entry| entry.path).collect()
    }
}

const DOCKER_CERTS: &str = "/etc/docker/certs.d";
const DOCKER_DAEMON: &str = "/etc/docker/daemon.json";
/// containers-certs.d(5); what lies in docker's directory is read there too.
const CONTAINERS_CERTS: &str = "/etc/containers/certs.d";
const CONTAINERD_CERTS: &str = "/etc/containerd/certs.d";
const CONTAINERD_CONFIG: &str = "/etc/containerd/config.toml";
/// With version 3, containerd 2, `config_path` has a default.
const READS_CERTS_SINCE: i64 = 3;
/// The first that is there counts (crypto/x509, root_linux.go).
const SYSTEM_ROOTS: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// What update-ca-certificates adds to them.
const LOCAL_ROOTS: &str = "/usr/local/share/ca-certificates";
