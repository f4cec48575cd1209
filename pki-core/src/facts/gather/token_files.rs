//! The files of token pairs: signing keys, bundles, JSON web keys.

use std::path::Path;

use crate::facts::balancer::FileAt;
use crate::facts::certificate_files::Expected;
use crate::facts::gather::Gatherer;
use crate::facts::gather::malformed;
use crate::facts::token_parties::HarborRelease;
use crate::facts::token_parties::KeyRefusal;
use crate::facts::token_parties::SigningKeyFile;
use crate::place::Place;
use crate::source::Document;
use crate::token::jwk;
use crate::token::signing_key;
use crate::x509::key::KeyForm;
use crate::x509::key::PrivateKey;
use crate::x509::pem;

/// Who reads a signing key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Loader {
    Harbor(HarborRelease),
    /// Nobody knows what it is written with.
    TokenServer,
}

impl Gatherer<'_> {
    pub(super) fn token_key(&mut self, path: &Path, loader: Loader, told_at: Option<Place>) {
        if let Some(document) = self.read(path, told_at) {
            self.token_key_in(&document, loader);
        }
    }

    pub(super) fn token_key_in(&mut self, document: &Document, loader: Loader) {
        self.parse_pem(document, Expected::Anything, None);
        let Document {
            place,
            bytes,
            status,
        } = document;
        let (loaded, refused) = match loader {
            Loader::Harbor(release) => {
                let loaded = signing_key::libtrust(bytes).map_err(KeyRefusal::Libtrust);
                let signs = || signing_key::golang_jwt_rsa(bytes).map_err(KeyRefusal::GolangJwt);
                let loaded = loaded.and_then(|key| match release.is_at_least(2, 2) {
                    true => signs(),
                    false => Ok(key),
                });
                (loaded.as_ref().ok().cloned(), loaded.err())
            }
            Loader::TokenServer => match PrivateKey::from_bytes(bytes) {
                Ok(key) => (Some(key.public_key().clone()), None),
                Err(error) => (None, Some(KeyRefusal::Unreadable(error.to_string()))),
            },
        };
        let public = loaded.or_else(|| {
            let key = PrivateKey::from_bytes(bytes).ok()?;
            Some(key.public_key().clone())
        });
        let file = SigningKeyFile {
            place: place.clone(),
            status: *status,
            form: KeyForm::of(bytes),
            public,
            refused,
        };
        self.node.token_keys.insert(place.path.clone(), file);
    }

    pub(super) fn token_bundle(&mut self, file: &FileAt) {
        if let Some(document) = self.read(&file.path, Some(file.told_at.clone())) {
            self.parse_pem(&document, Expected::Anything, Some(file.told_at.clone()));
            self.token_bundle_in(&document);
        }
    }

    /// A certificate that `prepare` copies, and need not be there.
    pub(super) fn token_template(&mut self, path: &Path) {
        if let Some(document) = self.read(path, None) {
            self.parse_pem(&document, Expected::Anything, None);
            self.token_bundle_in(&document);
        }
    }

    /// A bundle may hold a key as well, so only its certificates are kept.
    fn token_bundle_in(&mut self, document: &Document) {
        let blocks = pem::blocks(&document.bytes);
        let certificates = blocks.iter().flatten();
        let certificates = certificates.filter(|block| block.label == "CERTIFICATE");
        let text = certificates
            .map(|block| pem::encode(&block.label, &block.der))
            .collect();
        let path = document.place.path.clone();
        self.node.token_bundles.insert(path, text);
    }

    pub(super) fn token_jwks(&mut self, file: &FileAt) {
        let Some(document) = self.read(&file.path, Some(file.told_at.clone())) else {
            return;
        };
        match jwk::set(&document.bytes) {
            Ok(keys) => {
                let path = document.place.path.clone();
                self.node.token_jwks.insert(path, keys);
            }
            Err(problem) => {
                let broken = malformed(document.place.clone(), &problem);
                self.node.broken.push(broken);
            }
        }
    }
}
