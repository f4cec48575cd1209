//! Registries on a node: where they are looked for, and the registry of CNCF distribution.

use std::path::Path;
use std::path::PathBuf;

use crate::facts::balancer;
use crate::facts::balancer::FileAt;
use crate::facts::balancer::NotUnderstood;
use crate::facts::balancer::Termination;
use crate::facts::certificate_files::Expected;
use crate::facts::compose;
use crate::facts::compose::Compose;
use crate::facts::compose::Service;
use crate::facts::gather::Gatherer;
use crate::facts::registry;
use crate::facts::registry::RegistryConfig;
use crate::facts::registry::Told;
use crate::facts::registry_site::ListenerMode;
use crate::facts::registry_site::RegistryListener;
use crate::facts::registry_site::RegistrySite;
use crate::inventory::RegistryKind;
use crate::place::Place;
use crate::source::Document;

/// A composition and where it was read.
pub(super) type Composed = Option<(Compose, Place)>;

impl Gatherer<'_> {
    /// What lies at the usual places of a node's root.
    pub(super) fn registries(&mut self) {
        for directory in USUAL_DIRECTORIES {
            self.registry_directory(Path::new(directory));
        }
    }

    /// A Harbor or registry directory, or a configuration file.
    pub(super) fn registry_at(&mut self, path: &Path) {
        let before = self.node.registries.len();
        let is_directory = self.reader.list(path).is_ok();
        if is_directory {
            self.registry_directory(path);
        } else if path.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            HARBOR_FILES.contains(&&*name) || COMPOSE_FILES.contains(&&*name)
        }) {
            self.registry_directory(path.parent().unwrap_or(Path::new("/")));
        } else {
            self.registry_file(path);
        }
        if self.node.registries.len() == before {
            let what = "holds neither a Harbor nor a registry";
            self.node
                .broken
                .push(super::malformed(self.tree.place(path), what));
        }
    }

    /// A registry's own configuration by itself. Whether it was one.
    pub(super) fn registry_document(&mut self, document: &Document) -> bool {
        let Ok(Some(config)) = registry::parse(&document.bytes, &document.place) else {
            return false;
        };
        self.distribution(config, None, None);
        true
    }

    fn registry_file(&mut self, path: &Path) {
        if let Some(config) = self.registry_config(path) {
            self.distribution(config, None, None);
        }
    }

    fn registry_directory(&mut self, directory: &Path) {
        let names: Vec<PathBuf> = match self.reader.list(directory) {
            Ok(entries) => entries.into_iter().map(|entry| entry.path).collect(),
            Err(problem) => return self.complain(directory, &problem, None),
        };
        let first = |known: &[&str]| {
            let mut known = known.iter().map(|name| directory.join(name));
            known.find(|path| names.contains(path))
        };
        let composed = first(COMPOSE_FILES).and_then(|path| self.composed(&path));
        if let Some(path) = first(HARBOR_FILES) {
            return self.harbor(&path, &composed);
        }
        let Some((compose, place)) = &composed else {
            if let Some(path) = first(&["config.yml"]) {
                self.registry_file(&path);
            }
            return;
        };
        for service in &compose.services {
            if ["registry", "distribution"].contains(&service.program()) {
                let config = self.config_of(service).unwrap_or_else(|| RegistryConfig {
                    place: place.clone(),
                    ..RegistryConfig::default()
                });
                self.distribution(config, Some(service), Some(place));
            }
        }
    }

    fn composed(&mut self, path: &Path) -> Composed {
        let document = self.read(path, None)?;
        match compose::parse(&document.bytes, &document.place) {
            Ok(compose) => Some((compose, document.place.clone())),
            Err(broken) => {
                self.node.broken.push(*broken);
                None
            }
        }
    }

    pub(super) fn registry_config(&mut self, path: &Path) -> Option<RegistryConfig> {
        let document = self.read(path, None)?;
        match registry::parse(&document.bytes, &document.place) {
            Ok(config) => config,
            Err(broken) => {
                self.node.broken.push(*broken);
                None
            }
        }
    }

    /// The file that the container of a registry reads, where it is mounted: the command's last word, else the image's.
    fn config_of(&mut self, service: &Service) -> Option<RegistryConfig> {
        let told = service.command.iter().filter(|word| word.starts_with('/'));
        let told = told.map(String::as_str).next_back();
        let paths = told.into_iter().chain(IMAGE_CONFIGS.iter().copied());
        let mut paths = paths.filter_map(|path| service.on_node(Path::new(path)));
        let path = paths.next()?;
        self.registry_config(&path)
    }

    fn distribution(
        &mut self,
        mut config: RegistryConfig,
        service: Option<&Service>,
        compose: Option<&Place>,
    ) {
        if let (Some(service), Some(compose)) = (service, compose) {
            config.override_by(&service.environment, compose);
        }
        let on_node = |told: &Told| FileAt {
            path: in_container(service, Path::new(&told.value)),
            told_at: told.place.clone(),
        };
        let mode = match (&config.certificate, &config.letsencrypt) {
            (Some(certificate), _) => ListenerMode::Shows {
                pair: Box::new(Termination {
                    certificate: on_node(certificate),
                    key: config.key.as_ref().map(on_node),
                }),
                client_cas: config.client_cas.iter().map(on_node).collect(),
            },
            (None, Some(_)) => {
                ListenerMode::Elsewhere("its certificates come from Let's Encrypt".to_owned())
            }
            (None, None) => ListenerMode::Plain,
        };
        let mut not_understood = Vec::new();
        let listeners = match listening(&config) {
            Ok((address, port, place)) => match service {
                Some(service) => published(service, compose.unwrap_or(&config.place), port, &mode),
                None => vec![RegistryListener {
                    place,
                    address,
                    port,
                    mode,
                }],
            },
            Err(problem) => {
                not_understood.push(problem);
                Vec::new()
            }
        };
        let verifier = self.plain_verifier(&config, service);
        self.site(RegistrySite {
            kind: RegistryKind::Registry,
            place: config.place,
            version: service.and_then(Service::tag).map(|tag| tag.value),
            release: None,
            signer: None,
            realm: verifier
                .as_ref()
                .and_then(|verifier| verifier.realm.clone()),
            verifier,
            notary: None,
            listeners,
            public_url: config.host,
            source: None,
            not_understood,
        });
    }

    pub(super) fn site(&mut self, site: RegistrySite) {
        for pair in site.pairs() {
            for file in std::iter::once(&pair.certificate).chain(&pair.key) {
                self.pem(&file.path, Expected::Anything, Some(file.told_at.clone()));
            }
            // Where Harbor's manual has its owner make them.
            for name in ["ca.crt", "ca.key"] {
                let beside = pair.certificate.path.with_file_name(name);
                self.pem(&beside, Expected::Anything, None);
            }
        }
        for file in site.client_cas() {
            self.pem(
                &file.path,
                Expected::Certificates,
                Some(file.told_at.clone()),
            );
        }
        self.node.registries.push(site);
    }
}

/// Where the machine publishes a port of a container.
pub(super) fn published(
    service: &Service,
    compose: &Place,
    port: u16,
    mode: &ListenerMode,
) -> Vec<RegistryListener> {
    if service.on_host_network {
        return vec![RegistryListener {
            place: compose.clone(),
            address: None,
            port,
            mode: mode.clone(),
        }];
    }
    let published = service
        .published
        .iter()
        .filter(|known| known.in_container == port);
    published
        .map(|known| RegistryListener {
            place: compose.at_line(known.line),
            address: known.address,
            port: known.on_machine,
            mode: mode.clone(),
        })
        .collect()
}

/// The address, the port and the line of `http.addr`.
fn listening(
    config: &RegistryConfig,
) -> Result<(Option<std::net::IpAddr>, u16, Place), NotUnderstood> {
    let Some(told) = &config.address else {
        return Ok((None, DEFAULT_PORT, config.place.clone()));
    };
    let found = balancer::host_and_port(&told.value)
        .and_then(|(host, port)| Some((balancer::listening_address(host).ok()?, port?)));
    let Some((address, port)) = found else {
        return Err(NotUnderstood {
            place: told.place.clone(),
            what: format!(
                "listens on `{}`, which is not one address and port",
                told.value
            ),
        });
    };
    Ok((address, port, told.place.clone()))
}

fn in_container(service: Option<&Service>, path: &Path) -> PathBuf {
    let mounted = service.and_then(|service| service.on_node(path));
    mounted.unwrap_or_else(|| Path::new("/").join(path))
}

const HARBOR_FILES: &[&str] = &["harbor.yml", "harbor.cfg"];
const COMPOSE_FILES: &[&str] = &[
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.yaml",
    "compose.yml",
];
/// Where the images of distribution 2 and 3 look for it.
const IMAGE_CONFIGS: &[&str] = &[
    "/etc/docker/registry/config.yml",
    "/etc/distribution/config.yml",
];
/// What the images of distribution listen on where nothing is told.
const DEFAULT_PORT: u16 = 5000;
/// Where packages and installers put a registry or a Harbor.
const USUAL_DIRECTORIES: &[&str] = &[
    "/etc/docker/registry",
    "/etc/distribution",
    "/opt/harbor",
    "/usr/local/harbor",
    "/srv/harbor",
    "/data/harbor",
    "/root/harbor",
    "/opt/registry",
    "/srv/registry",
];
