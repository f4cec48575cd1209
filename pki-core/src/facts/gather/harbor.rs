//! Harbor: its own configuration, what its composition publishes, and what its nginx was told.

use std::path::Path;
use std::path::PathBuf;

use crate::facts::balancer;
use crate::facts::balancer::FileAt;
use crate::facts::balancer::NotUnderstood;
use crate::facts::balancer::Termination;
use crate::facts::certificate_files::Expected;
use crate::facts::compose::Service;
use crate::facts::gather::Gatherer;
use crate::facts::gather::registries;
use crate::facts::gather::registries::Composed;
use crate::facts::harbor;
use crate::facts::harbor::Harbor;
use crate::facts::registry::RegistryConfig;
use crate::facts::registry::Told;
use crate::facts::registry_site::ListenerMode;
use crate::facts::registry_site::RegistryListener;
use crate::facts::registry_site::RegistrySite;
use crate::facts::token_parties::HarborRelease;
use crate::facts::token_parties::TokenSigner;
use crate::facts::token_parties::TokenVerifier;
use crate::facts::yaml::Text;
use crate::inventory::RegistryKind;
use crate::place::Place;

impl Gatherer<'_> {
    pub(super) fn harbor(&mut self, path: &Path, composed: &Composed) {
        let Some(document) = self.read(path, None) else {
            return;
        };
        let is_older = path.extension().is_some_and(|extension| extension == "cfg");
        let parsed = if is_older {
            Ok(harbor::parse_cfg(&document.bytes, &document.place))
        } else {
            harbor::parse_yml(&document.bytes, &document.place)
        };
        let harbor = match parsed {
            Ok(harbor) => harbor,
            Err(broken) => return self.node.broken.push(*broken),
        };
        let directory = path.parent().unwrap_or(Path::new("/"));
        let services = || composed.iter().flat_map(|(compose, _)| &compose.services);
        let proxy = services().find(|service| service.mounts(NGINX_MAIN));
        let version = services()
            .find(|service| service.program().starts_with("harbor-"))
            .and_then(Service::tag);
        let source = harbor.certificate.as_ref().filter(|_| harbor.tls);
        let source = source.map(|certificate| Termination {
            certificate: file_at(certificate),
            key: harbor.key.as_ref().map(file_at),
        });
        let layout = Layout {
            directory,
            proxy,
            compose: composed.as_ref().map(|(_, place)| place),
            harbor: &harbor,
        };
        let mut listeners = self.behind_nginx(&layout);
        if listeners.is_empty() {
            listeners = layout.as_configured(source.as_ref());
        }
        for listener in &mut listeners {
            self.copied(listener, source.as_ref());
        }
        let (mut config, release) = self.registry_beside(directory, &harbor, version.as_ref());
        let installed = Installed {
            directory,
            composed,
            harbor: &harbor,
            release,
        };
        if let (Some(config), Some(service)) =
            (&mut config, installed.service("registry", "registry"))
        {
            config.override_by(&service.environment, installed.told_at());
        }
        let parties = self.parties(&installed, config.as_ref());
        let unmade = parties.is_none().then(|| installed.has_no_pair());
        let (signer, verifier, notary) = parties.unwrap_or_default();
        let token = config.and_then(|config| config.token);
        let realm = token.and_then(|token| token.realm).or_else(|| {
            let mut url = harbor.public_url()?;
            url.value.push_str("/service/token");
            Some(url)
        });
        let internal = harbor.internal_tls.as_ref().map(|place| NotUnderstood {
            place: place.clone(),
            what: "turns on TLS between Harbor's own containers, which is not judged".to_owned(),
        });
        self.site(RegistrySite {
            kind: RegistryKind::Harbor,
            place: harbor.place.clone(),
            version: version.map(|tag| tag.value),
            release: Some(release),
            signer,
            verifier,
            notary,
            listeners,
            public_url: harbor.public_url(),
            realm,
            source,
            not_understood: internal.into_iter().chain(unmade).collect(),
        });
    }

    /// Who signs tokens and who verifies them; `None` where nothing of the pair is among the files.
    fn parties(
        &mut self,
        installed: &Installed<'_>,
        config: Option<&RegistryConfig>,
    ) -> Option<Parties> {
        if !self.is_file(&installed.key()) && !self.is_file(&installed.root()) {
            return None;
        }
        let signer = self.harbor_signer(installed);
        let verifier = self.harbor_verifier(installed, config);
        Some((Some(signer), verifier, self.notary(installed)))
    }

    /// The configuration of Harbor's registry, and Harbor's release: by the tag of its images, by what harbor.yml was
    /// written for, else by what there is.
    fn registry_beside(
        &mut self,
        directory: &Path,
        harbor: &Harbor,
        tag: Option<&Text>,
    ) -> (Option<RegistryConfig>, HarborRelease) {
        let config = directory.join("common/config");
        let registry = self.registry_config(&config.join("registry/config.yml"));
        let told = tag.map(|tag| tag.value.as_str());
        let written = harbor.version.as_ref().map(|told| told.value.as_str());
        let parsed = told
            .into_iter()
            .chain(written)
            .find_map(|text| text.parse().ok());
        let is_older = harbor
            .place
            .path
            .extension()
            .is_some_and(|name| name == "cfg");
        let takes_tokens = registry
            .as_ref()
            .is_some_and(|config| config.token.is_some());
        let release = parsed.unwrap_or_else(|| {
            let has_core = self.reader.list(&config.join("core")).is_ok();
            match (is_older, has_core) {
                (true, true) => HarborRelease::new(1, 7),
                (true, false) => HarborRelease::new(1, 1),
                (false, _) if takes_tokens => HarborRelease::new(1, 10),
                (false, _) => HarborRelease::new(2, 2),
            }
        });
        (registry, release)
    }

    /// What Harbor's own nginx was told, by the ports that its container publishes.
    fn behind_nginx(&mut self, layout: &Layout<'_>) -> Vec<RegistryListener> {
        let main = layout.on_node(Path::new(NGINX_MAIN));
        let Some(document) = self.read(&main, None) else {
            return Vec::new();
        };
        let on_node = |path: &Path| layout.on_node(path);
        let Some(nginx) = self.nginx_configuration(&document, &on_node) else {
            return Vec::new();
        };
        let mut listeners = Vec::new();
        for listener in nginx.listeners {
            let mode = match listener.mode {
                balancer::Mode::Terminates(pair) => {
                    let file = |file: FileAt| FileAt {
                        path: layout.on_node(&layout.in_container(&file.path)),
                        ..file
                    };
                    ListenerMode::Shows {
                        pair: Box::new(Termination {
                            certificate: file(pair.certificate),
                            key: pair.key.map(file),
                        }),
                        client_cas: Vec::new(),
                    }
                }
                balancer::Mode::PassThrough | balancer::Mode::Plain => ListenerMode::Plain,
            };
            match (layout.proxy, layout.compose) {
                (Some(proxy), Some(compose)) => {
                    listeners.extend(registries::published(proxy, compose, listener.port, &mode));
                }
                _ => listeners.extend(layout.at_configured_port(mode)),
            }
        }
        listeners
    }

    /// Before `prepare` has run, what it will copy stands for the copy.
    fn copied(&mut self, listener: &mut RegistryListener, source: Option<&Termination>) {
        let (ListenerMode::Shows { pair, .. }, Some(source)) = (&mut listener.mode, source) else {
            return;
        };
        self.pem(&pair.certificate.path, Expected::Anything, None);
        if self.node.files.contains_key(&pair.certificate.path) {
            return;
        }
        let is_unreadable = |path: &Path| {
            let mut broken = self.node.broken.iter();
            broken.any(|broken| broken.place.path == path)
        };
        if !is_unreadable(&pair.certificate.path) {
            **pair = source.clone();
        }
    }
}

/// The signer, the registry, notary.
type Parties = (
    Option<TokenSigner>,
    Option<TokenVerifier>,
    Option<TokenVerifier>,
);

/// What is installed in one directory.
pub(super) struct Installed<'a> {
    pub(super) directory: &'a Path,
    pub(super) composed: &'a Composed,
    pub(super) harbor: &'a Harbor,
    pub(super) release: HarborRelease,
}

impl Installed<'_> {
    /// A container by its image, else by its name.
    pub(super) fn service(&self, program: &str, name: &str) -> Option<&Service> {
        let services = || {
            self.composed
                .iter()
                .flat_map(|(compose, _)| &compose.services)
        };
        let by_image = services().find(|service| service.program() == program);
        by_image.or_else(|| services().find(|service| service.name == name))
    }

    fn has_no_pair(&self) -> NotUnderstood {
        NotUnderstood {
            place: self.harbor.place.clone(),
            what: format!(
                "signs tokens with a pair that is not among these files: neither {} nor {} is there. Give the machine's \
                 root directory, unless ./prepare has not run yet",
                self.key().display(),
                self.root().display()
            ),
        }
    }

    /// Where the mounts are told, else Harbor's configuration.
    pub(super) fn told_at(&self) -> &Place {
        self.composed
            .as_ref()
            .map_or(&self.harbor.place, |(_, place)| place)
    }

    /// The container that signs, by its name in the composition.
    pub(super) fn signing(&self) -> &'static str {
        if self.release.is_at_least(1, 7) {
            "core"
        } else {
            "ui"
        }
    }

    /// What signs, where the composition has it.
    pub(super) fn signing_service(&self) -> Option<&Service> {
        let name = self.signing();
        self.service(&format!("harbor-{name}"), name)
    }

    /// The path of the private key in its container.
    pub(super) fn key_in_container(&self) -> PathBuf {
        let service = self.signing_service();
        let variable = service.and_then(|service| service.environment.get(KEY_VARIABLE));
        match variable {
            Some(told) => PathBuf::from(&told.value),
            None => Path::new("/etc").join(self.signing()).join(PRIVATE_KEY),
        }
    }

    /// The private key of the pair.
    pub(super) fn key(&self) -> PathBuf {
        let service = self.signing_service();
        let mounted = service.and_then(|service| service.on_node(&self.key_in_container()));
        mounted.unwrap_or_else(|| {
            if self.release.is_at_least(1, 8) {
                self.data().join("secret/core").join(PRIVATE_KEY)
            } else {
                self.config().join(self.signing()).join(PRIVATE_KEY)
            }
        })
    }

    /// The certificate of the pair.
    pub(super) fn root(&self) -> PathBuf {
        if self.release.is_at_least(1, 8) {
            self.data().join("secret/registry/root.crt")
        } else {
            self.config().join("registry/root.crt")
        }
    }

    /// Where `prepare` writes what containers read.
    pub(super) fn config(&self) -> PathBuf {
        self.directory.join("common/config")
    }

    /// `data_volume`.
    pub(super) fn data(&self) -> PathBuf {
        let told = self.harbor.data_volume.as_ref();
        PathBuf::from(told.map_or("/data", |told| told.value.as_str()))
    }
}

/// Where the files of a Harbor lie.
struct Layout<'a> {
    directory: &'a Path,
    proxy: Option<&'a Service>,
    compose: Option<&'a Place>,
    harbor: &'a Harbor,
}

impl Layout<'_> {
    /// The path on the machine of one in nginx's container.
    fn on_node(&self, path: &Path) -> PathBuf {
        if let Some(found) = self.proxy.and_then(|proxy| proxy.on_node(path)) {
            return found;
        }
        if let Ok(rest) = path.strip_prefix("/etc/nginx") {
            return self.directory.join("common/config/nginx").join(rest);
        }
        if let Ok(rest) = path.strip_prefix("/etc/cert") {
            let data = self.harbor.data_volume.as_ref();
            let data = data.map_or("/data", |told| told.value.as_str());
            return Path::new(data).join("secret/cert").join(rest);
        }
        path.to_path_buf()
    }

    /// The reader of nginx takes a relative path from where the file lies on the machine.
    fn in_container(&self, path: &Path) -> PathBuf {
        let main = self.on_node(Path::new(NGINX_MAIN));
        let rest = main
            .parent()
            .and_then(|directory| path.strip_prefix(directory).ok());
        rest.map_or_else(
            || path.to_path_buf(),
            |rest| Path::new("/etc/nginx").join(rest),
        )
    }

    fn as_configured(&self, source: Option<&Termination>) -> Vec<RegistryListener> {
        let mode = source.map_or(ListenerMode::Plain, |pair| ListenerMode::Shows {
            pair: Box::new(pair.clone()),
            client_cas: Vec::new(),
        });
        self.at_configured_port(mode).into_iter().collect()
    }

    /// The port of Harbor's own configuration; in harbor.cfg it stands in the hostname.
    fn at_configured_port(&self, mode: ListenerMode) -> Option<RegistryListener> {
        let is_tls = !matches!(mode, ListenerMode::Plain);
        if is_tls != self.harbor.tls {
            return None;
        }
        let in_hostname = self.harbor.hostname.as_ref().and_then(|told| {
            let (_, port) = told.value.rsplit_once(':')?;
            port.parse().ok()
        });
        Some(RegistryListener {
            place: self.harbor.place.clone(),
            address: None,
            port: in_hostname.unwrap_or(self.harbor.port),
            mode,
        })
    }
}

fn file_at(told: &Told) -> FileAt {
    FileAt {
        path: PathBuf::from(&told.value),
        told_at: told.place.clone(),
    }
}

const PRIVATE_KEY: &str = "private_key.pem";
/// src/core/config, `TOKEN_PRIVATE_KEY_PATH`.
const KEY_VARIABLE: &str = "TOKEN_PRIVATE_KEY_PATH";
const NGINX_MAIN: &str = "/etc/nginx/nginx.conf";
