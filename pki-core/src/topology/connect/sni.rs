//! Which certificate an apiserver shows to whom: it may have some for certain names
//! (k8s.io/apiserver/pkg/server/dynamiccertificates, `BuildNamedCertificates` and `GetConfigForClient`; crypto/tls,
//! `getCertificate`).

use std::net::IpAddr;

use crate::topology::connect::Server;
use crate::topology::edge::Shown;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::GeneralName;

/// A certificate for some names.
#[derive(Clone)]
pub(super) struct Named {
    /// As the flag tells them; empty where the certificate's own count.
    pub(super) names: Vec<String>,
    pub(super) shown: Shown,
}

/// What `server` shows to who asks for `name`.
pub(super) fn shown(server: &Server, name: &str) -> Shown {
    if server.named.is_empty() {
        return server.shown.clone();
    }
    let chosen = match name.parse::<IpAddr>() {
        // No client asks for an address, so the one that it came to counts.
        Ok(address) => {
            let at = if address.is_loopback() {
                Some(address)
            } else {
                server.address.or(Some(address))
            };
            at.and_then(|at| mapped(&server.named, &at.to_canonical().to_string()))
        }
        Err(_) => by_name(server, &name.trim_end_matches('.').to_ascii_lowercase()),
    };
    chosen.unwrap_or(&server.shown).clone()
}

/// The name itself, then with `*` for its first label, then the first certificate that carries it.
fn by_name<'s>(server: &'s Server, name: &str) -> Option<&'s Shown> {
    let wildcard = name.split_once('.').map(|(_, rest)| format!("*.{rest}"));
    mapped(&server.named, name)
        .or_else(|| mapped(&server.named, wildcard.as_deref()?))
        .or_else(|| {
            let own = std::iter::once(&server.shown);
            own.chain(server.named.iter().map(|named| &named.shown))
                .find(|shown| shown.chain.first().is_some_and(|leaf| carries(leaf, name)))
        })
}

/// Names that a flag tells count before those of certificates, and of several flags the first.
fn mapped<'s>(named: &'s [Named], name: &str) -> Option<&'s Shown> {
    let told = named
        .iter()
        .find(|one| one.names.iter().any(|known| known == name));
    let own = || {
        named.iter().find(|one| {
            let leaf = one.shown.chain.first();
            one.names.is_empty() && leaf.is_some_and(|leaf| is_an_own_name(leaf, name))
        })
    };
    told.or_else(own).map(|one| &one.shown)
}

fn is_an_own_name(leaf: &Certificate, name: &str) -> bool {
    leaf.subject().common_name() == Some(name) || dns_names(leaf).any(|known| known == name)
}

fn carries(leaf: &Certificate, name: &str) -> bool {
    let rest = name.split_once('.').map(|(_, rest)| rest);
    dns_names(leaf).any(|known| {
        let known = known.to_ascii_lowercase();
        known == name
            || known
                .strip_prefix("*.")
                .is_some_and(|known| Some(known) == rest)
    })
}

fn dns_names(leaf: &Certificate) -> impl Iterator<Item = &str> {
    let names = leaf.extensions().subject_alt_names.iter().flatten();
    names.filter_map(|name| match name {
        GeneralName::Dns(name) => Some(name.as_str()),
        _ => None,
    })
}
