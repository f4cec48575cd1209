//! Who signs the tokens of a registry and who verifies them: Harbor's pair, `auth.token` of distribution, a token server's
//! key by itself.

use std::path::Path;
use std::path::PathBuf;

use time::Duration;

use crate::facts::balancer::FileAt;
use crate::facts::compose::Service;
use crate::facts::gather::Gatherer;
use crate::facts::gather::harbor::Installed;
use crate::facts::gather::token_files::Loader;
use crate::facts::registry::RegistryConfig;
use crate::facts::registry::Told;
use crate::facts::token_parties::DistributionRelease;
use crate::facts::token_parties::HarborRelease;
use crate::facts::token_parties::Owner;
use crate::facts::token_parties::Setting;
use crate::facts::token_parties::Templates;
use crate::facts::token_parties::TokenSigner;
use crate::facts::token_parties::TokenVerifier;
use crate::place::Place;
use crate::source::Document;
use crate::token::key_id::KidForm;

impl Gatherer<'_> {
    /// What signs the tokens of a Harbor: ui up to 1.6, core from 1.7 on.
    pub(super) fn harbor_signer(&mut self, installed: &Installed<'_>) -> TokenSigner {
        let release = installed.release;
        let service = installed.signing_service();
        let in_container = installed.key_in_container();
        let key = FileAt {
            path: installed.key(),
            told_at: installed.told_at().clone(),
        };
        self.token_key(
            &key.path,
            Loader::Harbor(release),
            Some(key.told_at.clone()),
        );
        let templates =
            (!release.is_at_least(1, 8)).then(|| self.templates(installed, installed.signing()));
        let notary = installed.config().join("notary").join(ROOT);
        let copies = if release.is_at_least(1, 8) || !self.is_file(&notary) {
            Vec::new()
        } else {
            vec![FileAt {
                path: notary,
                told_at: installed.told_at().clone(),
            }]
        };
        for copy in &copies {
            self.token_bundle(copy);
        }
        let root = FileAt {
            path: installed.root(),
            told_at: installed.told_at().clone(),
        };
        // Nothing but `prepare` looks for it in Harbor 2.
        if release.major >= 2 {
            self.token_template(&root.path);
        }
        TokenSigner {
            component: if release.major < 2 {
                "harbor-ui"
            } else {
                "harbor-core"
            },
            container: service.map(|service| service.name.clone()),
            mount: service.and_then(|service| service.mount_of(&in_container)),
            kid: KidForm::Libtrust,
            issuer: Setting::default_is(HARBOR_ISSUER.to_owned()),
            service: Setting::default_is(HARBOR_SERVICE.to_owned()),
            lifetime: lifetime(installed.harbor.token_expiration.as_ref()),
            runs_as: Some(owner(release)),
            templates,
            root: Some(root),
            copies,
            robots_are_tokens: release.is_at_least(1, 8) && !release.is_at_least(2, 2),
            verifies: release.major >= 2,
            key,
        }
    }

    /// What `prepare` would put in the pair's place.
    fn templates(&mut self, installed: &Installed<'_>, name: &str) -> Templates {
        let directory = installed.directory.join("common/templates");
        let key = directory.join(name).join(PRIVATE_KEY);
        let root = directory.join("registry").join(ROOT);
        self.token_key(&key, Loader::Harbor(installed.release), None);
        self.token_template(&root);
        let told = installed.harbor.customize_crt.as_ref();
        Templates {
            key,
            root,
            customize_crt: Setting {
                value: told.is_none_or(|told| told.value.eq_ignore_ascii_case("on")),
                told_at: told.map(|told| told.place.clone()),
            },
        }
    }

    /// What Harbor's registry verifies with: nothing where it takes passwords, as in Harbor 2.
    pub(super) fn harbor_verifier(
        &mut self,
        installed: &Installed<'_>,
        config: Option<&RegistryConfig>,
    ) -> Option<TokenVerifier> {
        let token = config?.token.as_ref()?;
        let service = installed.service("registry", "registry");
        let in_container = token.bundle.as_ref().map(|told| PathBuf::from(&told.value));
        let mounted = in_container
            .as_ref()
            .and_then(|path| service?.on_node(path));
        let mut verifier = self.verifier(config?, service)?;
        if let (Some(bundle), None) = (&mut verifier.bundle, &mounted) {
            bundle.path = installed.root();
        }
        verifier.runs_as = verifier.runs_as.or(Some(owner(installed.release)));
        verifier.release = verifier.release.or(Some(DistributionRelease::V2));
        self.read_verifier(&verifier);
        Some(verifier)
    }

    /// What notary beside a Harbor verifies tokens with; it has distribution's code.
    pub(super) fn notary(&mut self, installed: &Installed<'_>) -> Option<TokenVerifier> {
        let service = installed.service("notary-server-photon", "notary-server");
        let older = installed.config().join("notary").join(ROOT);
        let is_older = !installed.release.is_at_least(1, 8);
        let in_container =
            PathBuf::from(if is_older { "/config" } else { "/etc/notary" }).join(ROOT);
        let path = if is_older {
            self.is_file(&older).then_some(older)?
        } else {
            service?.on_node(&in_container)?
        };
        let told = |value: &str| {
            Some(Told {
                value: value.to_owned(),
                place: installed.told_at().clone(),
            })
        };
        let verifier = TokenVerifier {
            component: "notary-server",
            container: Some("notary-server".to_owned()),
            place: installed.told_at().clone(),
            release: Some(DistributionRelease::V2),
            bundle: Some(FileAt {
                path,
                told_at: installed.told_at().clone(),
            }),
            jwks: None,
            realm: None,
            issuer: told(HARBOR_ISSUER),
            service: told(NOTARY_SERVICE),
            algorithms: None,
            drain_timeout: None,
            mount: service.and_then(|service| service.mount_of(&in_container)),
            bundle_in_container: Some(in_container),
            runs_as: Some(owner(installed.release)),
        };
        self.read_verifier(&verifier);
        Some(verifier)
    }

    /// What a registry without Harbor verifies with.
    pub(super) fn plain_verifier(
        &mut self,
        config: &RegistryConfig,
        service: Option<&Service>,
    ) -> Option<TokenVerifier> {
        let verifier = self.verifier(config, service)?;
        self.read_verifier(&verifier);
        Some(verifier)
    }

    fn verifier(
        &self,
        config: &RegistryConfig,
        service: Option<&Service>,
    ) -> Option<TokenVerifier> {
        let token = config.token.as_ref()?;
        let file = |told: &Told| FileAt {
            path: in_container(service, Path::new(&told.value), &config.place),
            told_at: told.place.clone(),
        };
        let bundle_in_container = token.bundle.as_ref().map(|told| PathBuf::from(&told.value));
        let algorithms = token.algorithms.iter().map(|told| told.value.clone());
        let algorithms: Vec<String> = algorithms.collect();
        Some(TokenVerifier {
            component: "registry",
            container: service.map(|service| service.name.clone()),
            place: config.place.clone(),
            release: release(config, service),
            bundle: token.bundle.as_ref().map(file),
            jwks: token.jwks.as_ref().map(file),
            realm: token.realm.clone().filter(|_| !token.redirects()),
            issuer: token.issuer.clone(),
            service: token.service.clone(),
            algorithms: (!algorithms.is_empty()).then_some(algorithms),
            drain_timeout: config.drain_timeout.clone(),
            mount: bundle_in_container
                .as_ref()
                .and_then(|path| service?.mount_of(path)),
            bundle_in_container,
            runs_as: service.and_then(Service::owner),
        })
    }

    fn read_verifier(&mut self, verifier: &TokenVerifier) {
        if let Some(bundle) = &verifier.bundle {
            self.token_bundle(bundle);
        }
        if let Some(jwks) = &verifier.jwks {
            self.token_jwks(jwks);
        }
    }

    /// A key that was given with a name stands for the token server of that name.
    pub(super) fn token_server(&mut self, document: &Document) {
        self.token_key_in(document, Loader::TokenServer);
        let place = document.place.clone();
        self.node.token_servers.push(TokenSigner {
            component: "token-server",
            container: None,
            key: FileAt {
                path: place.path.clone(),
                told_at: place,
            },
            kid: KidForm::Libtrust,
            issuer: Setting::default_is(String::new()),
            service: Setting::default_is(String::new()),
            lifetime: lifetime(None),
            mount: None,
            runs_as: None,
            templates: None,
            root: None,
            copies: Vec::new(),
            robots_are_tokens: false,
            verifies: false,
        });
    }

    pub(super) fn is_file(&mut self, path: &Path) -> bool {
        let entries = path.parent().map(|directory| self.reader.list(directory));
        let mut entries = entries.into_iter().flatten().flatten();
        entries.any(|entry| entry.path == path && !entry.is_directory)
    }
}

/// The path on the machine; without a container it is the machine's own, and one that is relative begins at the
/// configuration, for nobody knows where the registry was started.
fn in_container(service: Option<&Service>, path: &Path, config: &Place) -> PathBuf {
    let mounted = service.and_then(|service| service.on_node(path));
    mounted.unwrap_or_else(|| match config.path.parent() {
        Some(directory) if path.is_relative() => directory.join(path),
        _ => path.to_path_buf(),
    })
}

/// Which code a registry is, by the tag of its image, by settings that only 3 has, by where 3's image has its
/// configuration.
fn release(config: &RegistryConfig, service: Option<&Service>) -> Option<DistributionRelease> {
    let tag = service.and_then(Service::tag);
    let major = tag.and_then(|tag| {
        let number = tag.value.trim_start_matches('v').split(['.', '-']).next()?;
        number.parse::<u16>().ok()
    });
    let token = config.token.as_ref();
    let is_newer = token.is_some_and(|token| {
        token.jwks.is_some() || !token.algorithms.is_empty() || token.bundle.is_none()
    });
    match major {
        Some(3..) => Some(DistributionRelease::V3),
        Some(_) => Some(DistributionRelease::V2),
        None if is_newer || config.place.path.starts_with("/etc/distribution") => {
            Some(DistributionRelease::V3)
        }
        None => config
            .place
            .path
            .starts_with("/etc/docker/registry")
            .then_some(DistributionRelease::V2),
    }
}

fn lifetime(minutes: Option<&Told>) -> Setting<Duration> {
    let told = minutes.and_then(|told| Some((told.value.parse::<i64>().ok()?, &told.place)));
    match told {
        Some((minutes, place)) => Setting {
            value: Duration::minutes(minutes.clamp(-MOST_MINUTES, MOST_MINUTES)),
            told_at: Some(place.clone()),
        },
        None => Setting::default_is(HARBOR_LIFETIME),
    }
}

/// Whom Harbor's containers run as.
fn owner(release: HarborRelease) -> Owner {
    if release.is_at_least(1, 6) {
        (10000, 10000)
    } else {
        (0, 0)
    }
}

const PRIVATE_KEY: &str = "private_key.pem";
const ROOT: &str = "root.crt";
/// src/ui/service/token/authutils.go, `issuer`.
const HARBOR_ISSUER: &str = "harbor-token-issuer";
const HARBOR_SERVICE: &str = "harbor-registry";
const NOTARY_SERVICE: &str = "harbor-notary";
/// `token_expiration` where nothing is told.
const HARBOR_LIFETIME: Duration = Duration::minutes(30);
/// A hundred years: what is longer cannot be added to a date.
const MOST_MINUTES: i64 = 100 * 365 * 24 * 60;
