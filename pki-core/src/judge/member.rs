//! Whom of those that it trusts an etcd member takes.

use crate::judge::Fault;
use crate::judge::FaultKind;
use crate::judge::Side;
use crate::topology::AllowedNames;
use crate::topology::Edge;
use crate::verdict::go;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::GeneralName;

/// By their names, as the handshake ends (client/pkg/transport/listener.go, `baseConfig`).
pub(super) fn takes_not(
    allowed: Option<&AllowedNames>,
    leaf: &Certificate,
    by: Side,
) -> Option<Fault> {
    let allowed = allowed?;
    let common_name = leaf.subject().common_name().unwrap_or_default();
    let is_allowed = allowed.names.iter().any(|name| {
        if allowed.are_hosts {
            go::verify_hostname(leaf, name).is_ok()
        } else {
            name == common_name
        }
    });
    let fault = || Fault::new(FaultKind::NotTaken, by, NOT_TAKEN).about(leaf);
    (!is_allowed).then(fault)
}

/// By the address that a peer comes from, after the handshake (client/pkg/transport/listener_tls.go, `checkCertSAN`): a
/// certificate without any names may come from anywhere.
pub(super) fn comes_from_elsewhere(edge: &Edge, leaf: &Certificate) -> Option<Fault> {
    let source = edge.source.as_ref()?;
    let names = leaf.extensions().subject_alt_names.as_deref()?;
    let host = source.address.to_string();
    let dns: Vec<&str> = names
        .iter()
        .filter_map(|name| match name {
            GeneralName::Dns(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let has_addresses = names.iter().any(|name| matches!(name, GeneralName::Ip(_)));
    let mut text = String::new();
    if has_addresses {
        text = go::verify_hostname(leaf, &host).err()?.to_string();
    }
    if !dns.is_empty() {
        let is_elsewhere = |name: &&str| source.elsewhere.iter().any(|known| known == name);
        if !dns.iter().all(is_elsewhere) {
            return None;
        }
        let quoted: Vec<String> = dns.iter().map(|name| format!("{name:?}")).collect();
        text = format!(
            "tls: {host:?} does not match any of DNSNames [{}]",
            quoted.join(" ")
        );
    }
    (!text.is_empty()).then(|| Fault::new(FaultKind::SourceAddress, Side::Server, text).about(leaf))
}

/// client/pkg/transport/listener.go.
const NOT_TAKEN: &str = "client certificate authentication failed";
