//! `--probe`: a registry that runs says itself whether it has read its files.

use crate::apply::ApplyError;
use crate::apply::shared::Probe;
use crate::apply::shared::SharedOptions;
use crate::apply::shared::contents;
use crate::apply::shared::read::Shared;
use crate::plan::shared::Stage;
use crate::plan::shared::TokenNames;
use crate::plan::shared::VerifierFile;
use crate::plan::shared::VerifierForm;
use crate::request::SharedRequest;

/// The request with every restart that a probe confirms: the process trusts each key of its files of which the private
/// half is at hand. One that still trusts a key which its files have lost cannot be told so, for nothing signs with it.
///
/// # Errors
/// A name is unknown, an answer says nothing, or the process does not trust a key of its files.
pub(super) fn told(
    state: &Shared,
    request: &SharedRequest,
    options: &SharedOptions<'_>,
) -> Result<SharedRequest, ApplyError> {
    let mut told = request.clone();
    let progress = state.progress.as_ref();
    let is_pruned = progress.is_some_and(|known| known.stage == Stage::Prune.name());
    let Some(ask) = options.probe.filter(|_| !is_pruned) else {
        return Ok(told);
    };
    for (name, url) in &request.probe {
        let unclear = |why: &str| ApplyError::Probe {
            name: name.clone(),
            url: url.clone(),
            why: why.to_owned(),
        };
        let (verifier, names) = verifier(state, name)
            .ok_or_else(|| unclear("no registry of that name is among the given paths"))?;
        let mut asked = 0;
        for trusted in &verifier.trusted {
            let Ok(key) = contents::search(state, &trusted.key) else {
                continue;
            };
            asked += 1;
            let key = &key;
            match ask(&Probe { url, key, names }) {
                Ok(true) => {}
                Ok(false) => {
                    return Err(unclear(
                        "it does not trust every key of its files, so it has not been restarted since they changed",
                    ));
                }
                Err(why) => return Err(unclear(&why)),
            }
        }
        if asked == 0 {
            return Err(unclear("no key of its files is at hand to ask it with"));
        }
        if !told.restarted.contains(name) {
            told.restarted.push(name.clone());
        }
    }
    Ok(told)
}

fn verifier<'s>(state: &'s Shared, name: &str) -> Option<(&'s VerifierFile, &'s TokenNames)> {
    let members = state.group.members.iter();
    let mut verifiers = members.flat_map(|member| &member.verifiers);
    let found = verifiers.find(|verifier| verifier.restart.name == name)?;
    match &found.form {
        VerifierForm::Bundle(files) => Some((found, files.asks.as_ref()?)),
        VerifierForm::Apiserver(_) => None,
    }
}
