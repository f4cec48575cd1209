//! A registry as it is installed on a node: where it listens, what it shows there, and by which URL it says to be reached.

use std::net::IpAddr;

use crate::facts::balancer::FileAt;
use crate::facts::balancer::NotUnderstood;
use crate::facts::balancer::Termination;
use crate::facts::registry::Told;
use crate::facts::token_parties::HarborRelease;
use crate::facts::token_parties::TokenSigner;
use crate::facts::token_parties::TokenVerifier;
use crate::inventory::RegistryKind;
use crate::place::Place;

/// One installation.
#[derive(Clone, Debug)]
pub struct RegistrySite {
    /// Which software.
    pub kind: RegistryKind,
    /// Its configuration.
    pub place: Place,
    /// The tag of its image: `v1.1.0`.
    pub version: Option<String>,
    /// Harbor's release, by that tag, else by what its files look like.
    pub release: Option<HarborRelease>,
    /// What signs its tokens.
    pub signer: Option<TokenSigner>,
    /// What it verifies tokens with.
    pub verifier: Option<TokenVerifier>,
    /// What notary beside it verifies tokens with.
    pub notary: Option<TokenVerifier>,
    /// Where clients reach it.
    pub listeners: Vec<RegistryListener>,
    /// The URL that it tells clients: Harbor's hostname or `external_url`, a registry's `http.host`.
    pub public_url: Option<Told>,
    /// Where it sends clients for a token.
    pub realm: Option<Told>,
    /// What `prepare` copies to where Harbor's nginx reads it; what is installed has to be put here.
    pub source: Option<Termination>,
    /// What could not be understood or is not judged.
    pub not_understood: Vec<NotUnderstood>,
}

/// One address and port of the machine.
#[derive(Clone, Debug)]
pub struct RegistryListener {
    /// The line that says so.
    pub place: Place,
    /// The address; `None` is every address of the machine.
    pub address: Option<IpAddr>,
    /// The port.
    pub port: u16,
    /// What it does with TLS.
    pub mode: ListenerMode,
}

/// What a registry does with TLS.
#[derive(Clone, Debug)]
pub enum ListenerMode {
    /// Speaks HTTP without it.
    Plain,
    /// Shows a certificate.
    Shows {
        /// The certificate and its key.
        pair: Box<Termination>,
        /// Whom it demands a certificate of.
        client_cas: Vec<FileAt>,
    },
    /// Shows one that is not among its files, and why.
    Elsewhere(String),
}

impl RegistrySite {
    /// Every certificate with its key that it shows, or that is copied to be shown.
    pub fn pairs(&self) -> impl Iterator<Item = &Termination> {
        let shown = self
            .listeners
            .iter()
            .filter_map(|listener| match &listener.mode {
                ListenerMode::Shows { pair, .. } => Some(&**pair),
                ListenerMode::Plain | ListenerMode::Elsewhere(_) => None,
            });
        self.source.iter().chain(shown)
    }

    /// Every file of roots.
    pub fn client_cas(&self) -> impl Iterator<Item = &FileAt> {
        self.listeners
            .iter()
            .flat_map(|listener| match &listener.mode {
                ListenerMode::Shows { client_cas, .. } => client_cas.as_slice(),
                ListenerMode::Plain | ListenerMode::Elsewhere(_) => &[],
            })
    }
}
