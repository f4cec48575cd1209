//! What a case.toml may say.

use pki_core::inventory;
use pki_core::inventory::Ignore;
use pki_core::inventory::Inventory;
use pki_core::place::Place;
use pki_core::x509::key::KeyAlgorithm;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::registry::Registry;
use crate::registry::Tls;
use crate::registry::TokenKey;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Case {
    at: Option<String>,
    ca_key: Option<String>,
    ignores: Vec<String>,
    inventory: Option<String>,
    pub(crate) findings: Vec<String>,
    pub(crate) says: Option<String>,
    pub(crate) prints: Option<String>,
    pub(crate) server_says: Option<String>,
    pub(crate) masked: Option<Vec<String>>,
    pub(crate) remedy: Option<String>,
    /// How many edges the finding lists.
    pub(crate) edges: Option<usize>,
    pub(crate) certificate: Vec<CertificateChange>,
    pub(crate) file: Vec<FileChange>,
    pub(crate) service_account: Vec<ServiceAccountChange>,
    pub(crate) root: Vec<FurtherRoot>,
    /// Two registries in the place of the masters.
    pub(crate) registry: Option<Registry>,
    pub(crate) token_key: Vec<TokenKey>,
    pub(crate) tls: Vec<Tls>,
}

/// A self-signed authority of the cluster's name that has signed nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct FurtherRoot {
    pub(crate) node: String,
    pub(crate) path: String,
    not_before: Option<String>,
    not_after: Option<String>,
}

/// Another service-account pair.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ServiceAccountChange {
    pub(crate) node: String,
    /// Which files of the PKI directory get it: `sa.key`, `sa.pub` unless said.
    pub(crate) files: Option<Vec<String>>,
    /// Changes that name the same have the same pair.
    pub(crate) same: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct CertificateChange {
    pub(crate) node: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) authority: Option<String>,
    pub(crate) copy_of: Option<String>,
    pub(crate) common_name: Option<String>,
    pub(crate) organizations: Option<Vec<String>>,
    pub(crate) sans: Option<Vec<String>>,
    pub(crate) usages: Option<Vec<String>>,
    pub(crate) key_usage: Option<bool>,
    pub(crate) ca: Option<bool>,
    not_before: Option<String>,
    not_after: Option<String>,
    pub(crate) signed_by: Option<String>,
    /// The authority signs an intermediate, which signs it; the intermediate lies in pki/intermediate.crt.
    pub(crate) below_intermediate: bool,
    /// `sha-1`: the signature's algorithm is written as SHA-1 with RSA, which is refused before it is computed.
    pub(crate) signature: Option<String>,
    /// `unknown`: the key usage extension is given an identifier that nobody knows; it is critical.
    pub(crate) critical: Option<String>,
    /// A file that the pair is written to as well, below the node's root.
    pub(crate) written_to: Option<String>,
    /// What is written there is a later certificate, from this instant on.
    renewed: Option<String>,
    /// The kubeconfig names that file and embeds nothing.
    pub(crate) named: bool,
    /// `rsa-1024`: a public key of that size, whose private half nobody has.
    pub(crate) key: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct FileChange {
    pub(crate) node: String,
    pub(crate) path: String,
    pub(crate) replace: Option<String>,
    pub(crate) with: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) remove: bool,
    pub(crate) mode: Option<u32>,
    /// Who owns it; needs the rights of root.
    pub(crate) owner: Option<u32>,
    pub(crate) copy: Option<String>,
    /// Files of that node whose text is put before or after its own.
    pub(crate) prepend: Vec<String>,
    pub(crate) append: Vec<String>,
    /// `certificate-authority-data` of a kubeconfig gets that file.
    pub(crate) trusts: Option<String>,
    /// A kubeconfig is given the authority of another cluster.
    pub(crate) trusts_stranger: bool,
    /// A kubeconfig, or a file of authorities, is given that authority beside its own.
    pub(crate) with_stranger: bool,
}

impl Case {
    pub(crate) fn now(&self) -> OffsetDateTime {
        instant(self.at.as_deref().unwrap_or("2026-06-01T00:00:00Z"))
    }

    pub(crate) fn ca_key(&self) -> KeyAlgorithm {
        let name = self.ca_key.as_deref().unwrap_or("ecdsa-p256");
        name.parse().unwrap()
    }

    pub(crate) fn inventory(&self) -> Option<Inventory> {
        let text = self.inventory.as_deref()?;
        Some(inventory::parse(text, &Place::file("hapki.yaml")).unwrap())
    }

    pub(crate) fn ignores(&self) -> Vec<Ignore> {
        let ignore = |line: &String| {
            let mut words = line.split(' ').map(str::to_owned);
            Ignore {
                place: Place::file("hapki.yaml").at_line(1),
                rule: words.next().unwrap(),
                node: words.next(),
                path: None,
                reason: "as the case says".to_owned(),
            }
        };
        self.ignores.iter().map(ignore).collect()
    }
}

impl FurtherRoot {
    pub(crate) fn not_before(&self) -> Option<OffsetDateTime> {
        self.not_before.as_deref().map(instant)
    }

    pub(crate) fn not_after(&self) -> Option<OffsetDateTime> {
        self.not_after.as_deref().map(instant)
    }
}

impl CertificateChange {
    pub(crate) fn not_before(&self) -> Option<OffsetDateTime> {
        self.not_before.as_deref().map(instant)
    }

    pub(crate) fn not_after(&self) -> Option<OffsetDateTime> {
        self.not_after.as_deref().map(instant)
    }

    pub(crate) fn renewed(&self) -> Option<OffsetDateTime> {
        self.renewed.as_deref().map(instant)
    }
}

pub(crate) fn instant(text: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text, &Rfc3339).unwrap()
}
