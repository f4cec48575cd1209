//! The rules: one file each, listed in [`RULES`]. A rule reads the judged graph and says what is wrong; it never sees a file.
//!
//! An id is forever: it names the page in docs/rules and the cases in fixtures/cases, and users' ignores rely on it.

mod asked;
mod group;
mod remedy;
mod roles;
mod slot;
mod tokens;

mod backend_missing;
mod bundle_order;
mod bypasses_load_balancer;
mod ca_data_differs;
mod client_auth_missing;
mod common_name_only;
mod copy_stale;
mod drain_timeout_missing;
mod embedded_certificate_stale;
mod etcd_name_not_allowed;
mod expired;
mod expires_soon;
mod file_missing;
mod file_unreadable;
mod front_proxy_mismatch;
mod ignore_unmatched;
mod inventory_differs;
mod key_format;
mod key_id_unknown;
mod key_mismatch;
mod key_missing;
mod key_permissions;
mod key_shared_by_nodes;
mod kubelet_certificate_not_rotating;
mod leaf_is_ca;
mod malformed_common_name;
mod missing_intermediate;
mod name_mismatch;
mod name_unresolvable;
mod node_identity_mismatch;
mod not_followed;
mod not_yet_valid;
mod organization_unexpected;
mod outlives_issuer;
mod prepare_would_undo;
mod public_default_key;
mod requestheader_name_not_allowed;
mod restart_pending;
mod same_name_other_ca;
mod server_auth_missing;
mod service_account_key_differs;
mod shared_ca_differs;
mod single_master_endpoint;
mod stale_trust;
mod tls_terminated_at_balancer;
mod token_issuer_mismatch;
mod token_key_differs;
mod token_lifetime_short;
mod token_root_mismatch;
mod unhandled_critical_extension;
mod unknown_authority;
mod usage_absent;
mod verification_disabled;
mod weak_key;
mod weak_signature;
mod wrong_advertise_address;

use std::cmp::Reverse;

use time::Duration;

use crate::finding::Finding;
use crate::finding::Ignored;
use crate::inventory::Ignore;
use crate::judge::Judged;

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name, forever.
    pub id: &'static str,
    /// What it finds, in one sentence.
    pub summary: &'static str,
    /// Everything that it finds in a judged graph.
    pub check: fn(&Judged, &Settings) -> Vec<Finding>,
}

/// What a user can set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Certificates that expire within this time are reported.
    pub expires_within: Duration,
    /// Findings that their owner has decided to live with.
    pub ignores: Vec<Ignore>,
}

/// What the rules found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// To be reported: the worst first, causes before what follows from them.
    pub findings: Vec<Finding>,
    /// Set aside by an ignore.
    pub ignored: Vec<Ignored>,
}

/// Every rule, in the order in which its findings are listed where nothing else decides.
pub static RULES: &[Rule] = &[
    file_missing::RULE,
    file_unreadable::RULE,
    key_missing::RULE,
    key_mismatch::RULE,
    bundle_order::RULE,
    shared_ca_differs::RULE,
    service_account_key_differs::RULE,
    public_default_key::RULE,
    token_issuer_mismatch::RULE,
    front_proxy_mismatch::RULE,
    requestheader_name_not_allowed::RULE,
    etcd_name_not_allowed::RULE,
    embedded_certificate_stale::RULE,
    expired::RULE,
    not_yet_valid::RULE,
    name_mismatch::RULE,
    common_name_only::RULE,
    same_name_other_ca::RULE,
    unknown_authority::RULE,
    missing_intermediate::RULE,
    weak_signature::RULE,
    server_auth_missing::RULE,
    client_auth_missing::RULE,
    unhandled_critical_extension::RULE,
    token_root_mismatch::RULE,
    token_key_differs::RULE,
    key_format::RULE,
    key_id_unknown::RULE,
    node_identity_mismatch::RULE,
    organization_unexpected::RULE,
    malformed_common_name::RULE,
    wrong_advertise_address::RULE,
    inventory_differs::RULE,
    tls_terminated_at_balancer::RULE,
    bypasses_load_balancer::RULE,
    backend_missing::RULE,
    single_master_endpoint::RULE,
    name_unresolvable::RULE,
    leaf_is_ca::RULE,
    weak_key::RULE,
    key_permissions::RULE,
    key_shared_by_nodes::RULE,
    kubelet_certificate_not_rotating::RULE,
    ca_data_differs::RULE,
    expires_soon::RULE,
    outlives_issuer::RULE,
    usage_absent::RULE,
    stale_trust::RULE,
    prepare_would_undo::RULE,
    restart_pending::RULE,
    copy_stale::RULE,
    token_lifetime_short::RULE,
    drain_timeout_missing::RULE,
    verification_disabled::RULE,
    not_followed::RULE,
    ignore_unmatched::RULE,
];

impl Default for Settings {
    /// Thirty days: a monthly look is enough to renew in time.
    fn default() -> Self {
        Self {
            expires_within: Duration::days(30),
            ignores: Vec::new(),
        }
    }
}

/// Runs every rule and sets aside what an ignore matches.
pub fn run(judged: &Judged, settings: &Settings) -> Outcome {
    let mut outcome = Outcome::default();
    for finding in RULES.iter().flat_map(|rule| (rule.check)(judged, settings)) {
        let ignore = settings
            .ignores
            .iter()
            .find(|ignore| is_ignored(ignore, &finding));
        match ignore {
            Some(ignore) => outcome.ignored.push(Ignored {
                finding,
                reason: ignore.reason.clone(),
            }),
            None => outcome.findings.push(finding),
        }
    }
    // Stable: findings of one severity keep the order of the rules.
    outcome
        .findings
        .sort_by_key(|finding| (Reverse(finding.severity), finding.caused_by.is_some()));
    outcome
}

fn is_ignored(ignore: &Ignore, finding: &Finding) -> bool {
    ignore.rule == finding.rule
        && ignore
            .node
            .as_ref()
            .is_none_or(|node| *node == finding.place.node)
        && ignore
            .path
            .as_ref()
            .is_none_or(|path| *path == finding.place.path)
}
