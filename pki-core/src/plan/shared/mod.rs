//! Shared keys: what signs tokens on several machines, what verifies them, and the next stage that makes one key of
//! many, or one of another, without a token being refused.
//!
//! `trust`: every verifier learns every key in use and the chosen one. `sign`: every signer takes the chosen key.
//! `wait`: tokens of the others run out. `prune`: verifiers forget the others. One stage a run; which one is reached
//! is read from the files, and from [`Progress`] what files cannot tell.

mod certificates;
mod changes;
mod choose;
mod error;
mod group;
mod progress;
pub mod registry;
mod remarks;
pub mod service_account;
mod stage;
mod state;
mod step;

pub use crate::plan::shared::certificates::subject as root_subject;
pub use crate::plan::shared::choose::name_of as key_name;
pub use crate::plan::shared::error::SharedError;
pub use crate::plan::shared::group::ApiserverFiles;
pub use crate::plan::shared::group::BundleFiles;
pub use crate::plan::shared::group::Durable;
pub use crate::plan::shared::group::Group;
pub use crate::plan::shared::group::GroupKind;
pub use crate::plan::shared::group::Jwks;
pub use crate::plan::shared::group::KeysFile;
pub use crate::plan::shared::group::Lifetime;
pub use crate::plan::shared::group::Member;
pub use crate::plan::shared::group::Mount;
pub use crate::plan::shared::group::Reading;
pub use crate::plan::shared::group::Restart;
pub use crate::plan::shared::group::SharedFile;
pub use crate::plan::shared::group::SignerFile;
pub use crate::plan::shared::group::TokenNames;
pub use crate::plan::shared::group::TrustedKey;
pub use crate::plan::shared::group::VerifierFile;
pub use crate::plan::shared::group::VerifierForm;
pub use crate::plan::shared::group::Waiting;
pub use crate::plan::shared::progress::Confirmation;
pub use crate::plan::shared::progress::Progress;
pub use crate::plan::shared::stage::next;
pub use crate::plan::shared::stage::whole_second;
pub use crate::plan::shared::state::fingerprint;
pub use crate::plan::shared::state::ids;
pub use crate::plan::shared::step::Blocked;
pub use crate::plan::shared::step::Chosen;
pub use crate::plan::shared::step::Content;
pub use crate::plan::shared::step::Edit;
pub use crate::plan::shared::step::KeyRef;
pub use crate::plan::shared::step::Operation;
pub use crate::plan::shared::step::ProgressAfter;
pub use crate::plan::shared::step::Removal;
pub use crate::plan::shared::step::SharedPlan;
pub use crate::plan::shared::step::Stage;
pub use crate::plan::shared::step::Trusting;
pub use crate::plan::shared::step::Write;

#[cfg(test)]
mod tests;
