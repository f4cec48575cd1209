//! Whether a front proxy is believed (k8s.io/apiserver/pkg/authentication/request/x509, `Verifier`): its certificate is
//! verified as a client's, then its common name is looked up.

use time::OffsetDateTime;

use crate::judge::Fault;
use crate::judge::FaultKind;
use crate::judge::Side;
use crate::judge::cannot_load;
use crate::judge::cannot_trust;
use crate::judge::files::Files;
use crate::judge::refused;
use crate::judge::unusable;
use crate::topology::Edge;
use crate::verdict::go;
use crate::verdict::signatures::Signatures;

pub(super) fn faults(
    files: &Files<'_>,
    edge: &Edge,
    now: OffsetDateTime,
    signatures: &mut Signatures,
) -> Vec<Fault> {
    let (shown, trusts) = (&edge.shown, &edge.trusts);
    let mut faults: Vec<Fault> = cannot_load(files, shown, Side::Client, signatures)
        .into_iter()
        .chain(cannot_trust(files, trusts, Side::Server))
        .collect();
    let Some(leaf) = shown.chain.first() else {
        return faults;
    };
    let question = go::Question {
        leaf,
        intermediates: shown.chain.get(1..).unwrap_or_default(),
        roots: &trusts.roots,
        name: None,
        purpose: go::Purpose::Client,
        now,
    };
    faults.extend(unusable(shown, Side::Server, signatures));
    faults.extend(
        refused(files, &question, Side::Server, signatures)
            .into_iter()
            .map(as_mismatch),
    );
    let name = leaf.subject().common_name().unwrap_or_default();
    if let Some(allowed) = &edge.allowed_names
        && !allowed.names.iter().any(|known| known == name)
    {
        let text = format!("x509: subject with cn={name} is not in the allowed list");
        faults.push(Fault::new(FaultKind::NameNotAllowed, Side::Server, text).about(leaf));
    }
    faults
}

fn as_mismatch(fault: Fault) -> Fault {
    let kind = match fault.kind {
        FaultKind::UnknownAuthority | FaultKind::SameNameOtherCa => FaultKind::FrontProxyMismatch,
        kind => kind,
    };
    Fault { kind, ..fault }
}
