//! Whether an apiserver accepts a service-account token, as `verdict` has it.

use crate::judge::Fault;
use crate::judge::FaultKind;
use crate::judge::Side;
use crate::topology::Token;
use crate::verdict::service_account;
use crate::verdict::service_account::Presented;
use crate::verdict::service_account::Refusal;
use crate::verdict::service_account::Verifier;
use crate::x509::spki::PublicKey;

pub(super) fn faults(token: &Token) -> Vec<Fault> {
    let presented = Presented {
        key: &token.signer.key,
        kid: Some(&token.signer.kid),
        issuer: token.issuer.as_deref(),
    };
    let keys: Vec<PublicKey> = token
        .verifiers
        .iter()
        .map(|verifier| verifier.key.clone())
        .collect();
    let verifier = Verifier {
        issuers: &token.issuers,
        keys: &keys,
    };
    service_account::refusals(&presented, &verifier)
        .into_iter()
        .map(|refusal| {
            let kind = match refusal {
                Refusal::Issuer => FaultKind::ServiceAccountIssuer,
                Refusal::UnknownKey | Refusal::Signature => FaultKind::ServiceAccountKey,
            };
            Fault::new(kind, Side::Server, refusal.to_string())
        })
        .collect()
}
