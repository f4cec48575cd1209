//! key-mismatch: a certificate and the key beside it do not belong together; the component that loads them does not start.

use crate::checks::Rule;
use crate::checks::Settings;
use crate::checks::bundle_order;
use crate::checks::group;
use crate::checks::remedy;
use crate::checks::roles;
use crate::checks::slot;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::judge::FaultKind;
use crate::judge::Judged;
use crate::judge::KEY_MISMATCH;
use crate::topology::Role;

pub(super) const RULE: Rule = Rule {
    id: "key-mismatch",
    summary: "a certificate and its key file do not belong together",
    check,
};

fn check(judged: &Judged, _: &Settings) -> Vec<Finding> {
    let topology = &judged.topology;
    let groups = group::refused(judged, FaultKind::KeyMismatch);
    let told = slot::told(judged);
    let misplaced = bundle_order::misplaced(judged);
    let mut findings: Vec<Finding> = Vec::new();
    for pair in &topology.pairs {
        let holding = judged
            .holdings_in(&pair.certificate)
            .find(|holding| holding.index == 0 && holding.place.is_at(&pair.certificate));
        let mut keys = judged.keys_in(&pair.key);
        let key = keys.find(|key| key.place.is_at(&pair.key));
        let (Some(holding), Some(key)) = (holding, key) else {
            continue;
        };
        let belongs = key
            .key
            .as_ref()
            .map_or(true, |key| key == holding.certificate.public_key());
        if belongs
            || told
                .iter()
                .any(|place| place.is_same_file(&pair.certificate))
            || misplaced.iter().any(|misplaced| misplaced.pair == pair)
            || findings
                .iter()
                .any(|finding| finding.place.is_at(&pair.certificate))
        {
            continue;
        }
        let mut message = format!(
            "{} and the key in {} do not belong together; {} does not start with them",
            roles::name_of(judged, &pair.certificate),
            pair.key.path.display(),
            pair.user,
        );
        if holding.role == Some(Role::Balancer) {
            message.push_str(roles::NOT_ISSUED);
        }
        let mut finding = Finding::new(RULE.id, Severity::Error, pair.certificate.clone(), message)
            .related_to(pair.key.clone(), "the key");
        finding.says = Some(KEY_MISMATCH.to_owned());
        finding.remedy = remedy::reissue(judged, &pair.certificate);
        finding.edges = groups
            .iter()
            .filter(|group| group.place.is_at(&pair.certificate))
            .flat_map(|group| &group.edges)
            .map(|(edge, _)| edge.id.clone())
            .collect();
        findings.push(finding);
    }
    findings
}
