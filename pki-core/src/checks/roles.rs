//! Certificates that components use, each once.

use std::collections::HashMap;
use std::fmt;

use crate::checks::bundle_order;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::Judged;
use crate::place::Place;
use crate::profile::Profile;
use crate::topology::Edge;
use crate::topology::Role;
use crate::x509::certificate::Certificate;
use crate::x509::certificate::ExtendedKeyUsage;

/// A certificate in use: what it is for, and every place that holds a copy.
pub(super) struct InUse<'a> {
    /// The certificate.
    pub(super) certificate: &'a Certificate,
    /// What for.
    pub(super) role: Role,
    /// Where; the first is the one to look at.
    pub(super) places: Vec<&'a Place>,
}

/// Every certificate with a role that some component is led to, each once however many files hold it.
pub(super) fn in_use(judged: &Judged) -> Vec<InUse<'_>> {
    // What stands first there is not what the component is meant to show.
    let misplaced = bundle_order::misplaced(judged);
    let mut all: Vec<InUse<'_>> = Vec::new();
    let mut known: HashMap<(Role, &[u8]), usize> = HashMap::new();
    for holding in judged
        .topology
        .holdings
        .iter()
        .filter(|holding| holding.used)
    {
        let Some(role) = holding.role else { continue };
        if misplaced
            .iter()
            .any(|misplaced| misplaced.pair.certificate.is_same_file(&holding.place))
        {
            continue;
        }
        let index = *known
            .entry((role, holding.certificate.as_der()))
            .or_insert(all.len());
        match all.get_mut(index) {
            Some(known) => known.places.push(&holding.place),
            None => all.push(InUse {
                certificate: &holding.certificate,
                role,
                places: vec![&holding.place],
            }),
        }
    }
    all
}

/// Leaf certificates alone, with their profiles.
pub(super) fn leaves(judged: &Judged) -> impl Iterator<Item = (InUse<'_>, Profile)> {
    in_use(judged)
        .into_iter()
        .filter_map(|used| match used.role {
            Role::Profile(profile) => Some((used, profile)),
            Role::Authority(_) | Role::Balancer => None,
        })
}

impl InUse<'_> {
    /// A finding at the first place, the other copies related.
    pub(super) fn finding(
        &self,
        rule: &'static str,
        severity: Severity,
        message: impl Into<String>,
    ) -> Finding {
        let first = self.places.first().map(|place| (*place).clone());
        let mut message = message.into();
        if self.role == Role::Balancer {
            message.push_str(NOT_ISSUED);
        }
        let finding = Finding::new(rule, severity, first.unwrap_or_default(), message);
        self.places.iter().skip(1).fold(finding, |finding, place| {
            finding.related_to((*place).clone(), "a copy of it")
        })
    }

    /// Whether one of its copies is at `place`.
    pub(super) fn is_at(&self, place: &Place) -> bool {
        self.places.iter().any(|own| own.is_at(place))
    }

    /// The node it is first seen on.
    pub(super) fn node(&self) -> &str {
        self.places.first().map_or("", |place| place.node.as_str())
    }
}

impl fmt::Display for InUse<'_> {
    /// `the certificate apiserver of wudang`, `the authority ca`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role {
            Role::Authority(authority) => write!(f, "the authority {authority}"),
            Role::Profile(profile) => write!(f, "{}", certificate_of(profile, self.node())),
            Role::Balancer => {
                let path = self.places.first().map(|place| place.path.display());
                write!(f, "the balancer's certificate")?;
                path.map_or(Ok(()), |path| write!(f, " in {path}"))
            }
        }
    }
}

/// How messages name a leaf: `the certificate apiserver of wudang`, `the client certificate in scheduler.conf of wudang`.
pub(super) fn certificate_of(profile: Profile, node: &str) -> String {
    let of = if node.is_empty() {
        String::new()
    } else {
        format!(" of {node}")
    };
    if profile.to_string().ends_with(".conf") {
        format!("the client certificate in {profile}{of}")
    } else {
        format!("the certificate {profile}{of}")
    }
}

/// How messages name what lies at a place: by its profile where it has one, by its file otherwise.
pub(super) fn name_of(judged: &Judged, place: &Place) -> String {
    let profile = crate::checks::remedy::profile_at(judged, place);
    profile.map_or_else(
        || format!("the certificate in {}", place.path.display()),
        |profile| certificate_of(profile, &place.node),
    )
}

/// Edges on which `certificate` is shown, by either end.
pub(super) fn edges_showing<'a>(
    judged: &'a Judged,
    certificate: &'a Certificate,
) -> impl Iterator<Item = &'a Edge> {
    judged.topology.edges.iter().filter(move |edge| {
        let by_client = edge.client_shows.as_ref().map(|(shown, _)| shown);
        [Some(&edge.shown), by_client]
            .into_iter()
            .flatten()
            .any(|shown| shown.chain.first() == Some(certificate))
    })
}

/// Whether the certificate allows `usage`: absent extended key usages allow everything, to Go as to OpenSSL.
pub(super) fn allows(certificate: &Certificate, usage: &ExtendedKeyUsage) -> bool {
    let usages = certificate
        .extensions()
        .extended_key_usage
        .as_deref()
        .unwrap_or_default();
    usages.is_empty() || usages.contains(&ExtendedKeyUsage::Any) || usages.contains(usage)
}

/// Why a finding about a balancer's certificate has no remedy.
pub(super) const NOT_ISSUED: &str = "; hapki does not issue it, whoever did has to";
