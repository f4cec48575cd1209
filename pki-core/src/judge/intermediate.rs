//! Whether a chain that nobody vouches for lacks but an intermediate.

use crate::judge::files::Files;
use crate::verdict::go;
use crate::verdict::go::Refusal;
use crate::verdict::signatures::Signatures;
use crate::x509::certificate::Certificate;

/// The intermediate that the shown chain lacks, where those that lie in the files would complete it.
pub(super) fn missing<'f>(
    files: &'f Files<'_>,
    question: &go::Question<'_>,
    signatures: &mut Signatures,
) -> Option<&'f Certificate> {
    let shown = std::iter::once(question.leaf).chain(question.intermediates);
    let next = files.intermediates.iter().find(|authority| {
        !question.intermediates.contains(authority)
            && shown
                .clone()
                .any(|below| below.issuer() == authority.subject())
    })?;
    let intermediates = [question.intermediates, &files.intermediates].concat();
    let completed = go::Question {
        intermediates: &intermediates,
        ..*question
    };
    let still_unknown = go::refusals(&completed, signatures)
        .iter()
        .any(|refusal| matches!(refusal, Refusal::UnknownAuthority { .. }));
    (!still_unknown).then_some(next)
}
