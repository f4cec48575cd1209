//! Tokens of registries: signed by Harbor or a token server, verified by distribution, notary or Harbor 2's core.

use std::path::Path;
use std::path::PathBuf;

use crate::facts::balancer::FileAt;
use crate::facts::registry::Told;
use crate::facts::registry_site::RegistrySite;
use crate::facts::token_parties;
use crate::facts::token_parties::DistributionRelease;
use crate::facts::token_parties::HarborRelease;
use crate::facts::token_parties::Setting;
use crate::inventory;
use crate::inventory::Inventory;
use crate::inventory::RegistryKind;
use crate::place::Place;
use crate::topology::connect::Connector;
use crate::topology::edge::CarriedToken;
use crate::topology::edge::Circumstances;
use crate::topology::edge::Edge;
use crate::topology::edge::EdgeKind;
use crate::topology::edge::RegistryToken;
use crate::topology::edge::Shown;
use crate::topology::edge::Trust;
use crate::topology::tokens::CertificateFile;
use crate::topology::tokens::Distribution;
use crate::topology::tokens::JwksFile;
use crate::topology::tokens::SignerKind;
use crate::topology::tokens::SigningKey;
use crate::topology::tokens::Templates;
use crate::topology::tokens::TokenSigner;
use crate::topology::tokens::TokenVerifier;
use crate::topology::tokens::VerifierKind;
use crate::topology::url;
use crate::topology::view::View;
use crate::x509::certificate::Certificate;

impl Connector<'_> {
    /// Every signer of a registry's tokens against every verifier of the same registry.
    pub(super) fn registry_tokens(&mut self, inventory: Option<&Inventory>) {
        let mut registries = Registries::default();
        for view in self.views {
            for site in &view.facts.registries {
                let owned = self.owned(view, site, inventory);
                let registry = registries.of(view, site, owned);
                let first = self.token_verifiers.len();
                self.site_parties(view, site, registry);
                let release = owned.and_then(|owned| distribution(owned.version.as_deref()?));
                for verifier in self.token_verifiers.iter_mut().skip(first) {
                    if let VerifierKind::Distribution(told) = &mut verifier.kind {
                        told.release = told.release.or(release);
                    }
                }
            }
        }
        for view in self.views {
            for server in &view.facts.token_servers {
                for registry in registries.plain() {
                    let signer = server_of(view, server, registry);
                    self.token_signers.push(signer);
                }
            }
        }
        self.find_chains();
        for signer in 0..self.token_signers.len() {
            for verifier in 0..self.token_verifiers.len() {
                self.registry_token(RegistryToken { signer, verifier });
            }
        }
        self.say_who_signs_unseen();
    }

    /// The inventory's word on a registry.
    fn owned<'i>(
        &self,
        view: &View<'_>,
        site: &RegistrySite,
        inventory: Option<&'i Inventory>,
    ) -> Option<&'i inventory::Registry> {
        let all = inventory?.registries.iter();
        let mut owned = all.filter(|owned| owned.kind == site.kind);
        owned.find(|owned| self.is_instance(owned, view))
    }

    fn site_parties(&mut self, view: &View<'_>, site: &RegistrySite, registry: usize) {
        let position = self.token_signers.len();
        if let (Some(told), Some(release)) = (&site.signer, site.release) {
            self.token_signers
                .push(harbor(view, site, told, (release, registry)));
            if told.verifies {
                self.token_verifiers.push(TokenVerifier {
                    component: view.component(told.component),
                    container: told.container.clone(),
                    host: host(site),
                    registry,
                    kind: VerifierKind::HarborCore {
                        signer: position,
                        release,
                    },
                    told_at: view.at(&site.place),
                });
            }
        }
        for told in site.verifier.iter().chain(&site.notary) {
            let host = host(site);
            let verifier = verifier(view, told, (registry, host));
            self.token_verifiers.push(verifier);
        }
    }

    /// For who sends certificates in place of an id: those of the key itself, wherever they lie.
    fn find_chains(&mut self) {
        let bundles: Vec<Certificate> = self
            .token_verifiers
            .iter()
            .filter_map(|verifier| verifier.distribution()?.bundle.as_ref())
            .flat_map(|bundle| bundle.certificates.iter().cloned())
            .collect();
        for signer in &mut self.token_signers {
            let Some(public) = signer
                .key
                .public
                .as_ref()
                .filter(|_| signer.chain.is_empty())
            else {
                continue;
            };
            let mut own = bundles.iter().filter(|held| held.public_key() == public);
            signer.chain = own.next().into_iter().cloned().collect();
        }
    }

    fn registry_token(&mut self, token: RegistryToken) {
        let (Some(signer), Some(verifier)) = (
            self.token_signers.get(token.signer),
            self.token_verifiers.get(token.verifier),
        ) else {
            return;
        };
        if signer.registry != verifier.registry {
            return;
        }
        let file = match &verifier.kind {
            VerifierKind::HarborCore { signer, .. } => {
                let own = self.token_signers.get(*signer);
                own.map(|own| own.key.place.clone())
            }
            VerifierKind::Distribution(told) => {
                let bundle = told.bundle.as_ref().map(|file| file.place.clone());
                bundle.or_else(|| told.jwks.as_ref().map(|file| file.place.clone()))
            }
            VerifierKind::Apiserver(_) => None,
        };
        let edge = Edge {
            id: format!("e{}", self.edges.len() + 1),
            kind: EdgeKind::Token,
            client: signer.component.clone(),
            server: verifier.component.clone(),
            dials: None,
            name: None,
            asks_for: None,
            unverified: None,
            via: None,
            told_at: signer.told_at.clone(),
            shown: Shown {
                place: signer.key.place.clone(),
                chain: signer.chain.clone(),
            },
            trusts: Trust {
                place: file.unwrap_or_else(|| verifier.told_at.clone()),
                roots: Vec::new(),
            },
            client_shows: None,
            source: None,
            token: Some(CarriedToken::Registry(token)),
            allowed_names: None,
            client_takes: None,
            circumstances: Circumstances::default(),
        };
        self.edges.push(edge);
    }

    fn say_who_signs_unseen(&mut self) {
        let unseen: Vec<(TokenVerifier, Option<Told>)> = self
            .token_verifiers
            .iter()
            .filter(|verifier| {
                if let VerifierKind::Apiserver(_) = verifier.kind {
                    return false;
                }
                let mut signers = self.token_signers.iter();
                !signers.any(|signer| signer.registry == verifier.registry)
            })
            .map(|verifier| {
                let realm = verifier.distribution().and_then(|told| told.realm.clone());
                (verifier.clone(), realm)
            })
            .collect();
        for (verifier, realm) in unseen {
            let why = "who signs its tokens is not among these files; give the token server's key as NAME=KEY.pem";
            self.unjudged(
                verifier.component,
                realm.map(|told| told.value).unwrap_or_default(),
                verifier.told_at,
                why.to_owned(),
            );
        }
    }
}

/// Which instances are one registry: by the inventory, because they were given together, by the name that clients are told,
/// else by what tokens say. Names that are addresses tell nothing of it, for each instance has its own.
#[derive(Default)]
struct Registries(Vec<(RegistryKind, String)>);

impl Registries {
    fn of(
        &mut self,
        view: &View<'_>,
        site: &RegistrySite,
        owned: Option<&inventory::Registry>,
    ) -> usize {
        let is_given = view
            .facts
            .given_dir
            .as_ref()
            .is_some_and(|given| given.path != Path::new("/"));
        let told = match (owned, site.kind) {
            (Some(owned), _) => format!("{}:{}", owned.name, owned.port),
            (None, RegistryKind::Harbor) if is_given => String::new(),
            (None, RegistryKind::Harbor) => public_name(site).unwrap_or_default(),
            (None, RegistryKind::Registry) => said_by_tokens(site),
        };
        let known = (site.kind, told.to_ascii_lowercase());
        let position = self.0.iter().position(|other| *other == known);
        position.unwrap_or_else(|| {
            self.0.push(known);
            self.0.len() - 1
        })
    }

    /// Those without Harbor, each once.
    fn plain(&self) -> impl Iterator<Item = usize> {
        let all = self.0.iter().enumerate();
        all.filter(|(_, (kind, _))| *kind == RegistryKind::Registry)
            .map(|(position, _)| position)
    }
}

/// `2.8.2`, `3.1.1`.
fn distribution(version: &str) -> Option<DistributionRelease> {
    let major = version.trim_start_matches('v').split('.').next()?;
    match major.parse::<u16>().ok()? {
        3.. => Some(DistributionRelease::V3),
        _ => Some(DistributionRelease::V2),
    }
}

fn host(site: &RegistrySite) -> Option<String> {
    let url = &site.public_url.as_ref()?.value;
    let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    host.split('/').next().map(str::to_owned)
}

fn public_name(site: &RegistrySite) -> Option<String> {
    let endpoint = url::parse(&site.public_url.as_ref()?.value)?;
    let is_name = endpoint.address().is_none();
    is_name.then(|| url::host_and_port(&endpoint.host, endpoint.port))
}

fn said_by_tokens(site: &RegistrySite) -> String {
    let said = |told: &Option<Told>| told.as_ref().map_or("", |told| &told.value).to_owned();
    let verifier = site.verifier.as_ref();
    verifier.map_or_else(String::new, |told| {
        format!("{}\n{}", said(&told.issuer), said(&told.service))
    })
}

fn harbor(
    view: &View<'_>,
    site: &RegistrySite,
    told: &token_parties::TokenSigner,
    (release, registry): (HarborRelease, usize),
) -> TokenSigner {
    TokenSigner {
        issuer: Some(setting(view, &told.issuer)),
        service: Some(setting(view, &told.service)),
        kind: SignerKind::Harbor(release),
        told_at: view.at(&site.place),
        ..signer(view, told, registry, &site.place)
    }
}

fn server_of(view: &View<'_>, told: &token_parties::TokenSigner, registry: usize) -> TokenSigner {
    signer(view, told, registry, &told.key.told_at)
}

fn signer(
    view: &View<'_>,
    told: &token_parties::TokenSigner,
    registry: usize,
    configuration: &Place,
) -> TokenSigner {
    let own = view.facts.file(&told.key.path);
    let certificates = own.map(|file| file.chain()).unwrap_or_default();
    TokenSigner {
        component: view.component(told.component),
        container: told.container.clone(),
        registry,
        kind: SignerKind::TokenServer,
        told_at: view.at(&told.key.told_at),
        key: signing_key(view, &told.key.path),
        kid: told.kid,
        issuer: None,
        service: None,
        lifetime: Some(setting(view, &told.lifetime)),
        mount: told.mount,
        runs_as: told.runs_as,
        templates: told.templates.as_ref().map(|templates| Templates {
            key: signing_key(view, &templates.key),
            root: certificates_in(view, &templates.root),
            customize_crt: setting(view, &templates.customize_crt),
            configuration: view.at(configuration),
        }),
        root: told.root.as_ref().map(|file| file_of(view, file)),
        chain: certificates,
        copies: told.copies.iter().map(|file| file_of(view, file)).collect(),
        robots_are_tokens: told.robots_are_tokens,
    }
}

fn verifier(
    view: &View<'_>,
    told: &token_parties::TokenVerifier,
    (registry, host): (usize, Option<String>),
) -> TokenVerifier {
    TokenVerifier {
        component: view.component(told.component),
        container: told.container.clone(),
        host,
        registry,
        told_at: view.at(&told.place),
        kind: VerifierKind::Distribution(Box::new(Distribution {
            release: told.release,
            bundle: told.bundle.as_ref().map(|file| file_of(view, file)),
            bundle_in_container: told.bundle_in_container.clone(),
            jwks: told.jwks.as_ref().map(|file| {
                let keys = view.facts.token_jwks.get(&file.path);
                JwksFile {
                    place: view.path(&file.path),
                    is_there: keys.is_some(),
                    keys: keys.cloned().unwrap_or_default(),
                }
            }),
            issuer: told.issuer.as_ref().map(|told| told_by(view, told)),
            service: told.service.as_ref().map(|told| told_by(view, told)),
            realm: told.realm.as_ref().map(|told| told_by(view, told)),
            algorithms: told.algorithms.clone(),
            drain_timeout: told.drain_timeout.as_ref().map(|told| told_by(view, told)),
            mount: told.mount,
            runs_as: told.runs_as,
        })),
    }
}

fn setting<T: Clone>(view: &View<'_>, setting: &Setting<T>) -> Setting<T> {
    Setting {
        value: setting.value.clone(),
        told_at: setting.told_at.as_ref().map(|place| view.at(place)),
    }
}

fn told_by(view: &View<'_>, told: &Told) -> Told {
    Told {
        value: told.value.clone(),
        place: view.at(&told.place),
    }
}

fn signing_key(view: &View<'_>, path: &Path) -> SigningKey {
    let file = view.facts.token_keys.get(path);
    SigningKey {
        place: view.path(path),
        status: file.map(|file| file.status).unwrap_or_default(),
        is_there: file.is_some(),
        public: file.and_then(|file| file.public.clone()),
        form: file.and_then(|file| file.form.clone()),
        refused: file.and_then(|file| file.refused.clone()),
    }
}

fn file_of(view: &View<'_>, file: &FileAt) -> CertificateFile {
    certificates_in(view, &file.path)
}

fn certificates_in(view: &View<'_>, path: &PathBuf) -> CertificateFile {
    let file = view.facts.file(path);
    CertificateFile {
        place: view.path(path),
        status: file.map(|file| file.status).unwrap_or_default(),
        is_there: file.is_some(),
        certificates: file.map(|file| file.chain()).unwrap_or_default(),
        pem: view
            .facts
            .token_bundles
            .get(path)
            .cloned()
            .unwrap_or_default(),
    }
}
