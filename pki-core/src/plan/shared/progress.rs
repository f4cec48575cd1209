//! What files cannot tell of a rotation: `.hapki/rotation.json`, the same in every tree, without secrets.

use serde::Deserialize;
use serde::Serialize;
use time::OffsetDateTime;

/// How far a rotation is. `hapki.rotation/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// `hapki.rotation/v1`.
    pub schema: String,
    /// `unify`, `rotate service-account`, `rotate registry-token`.
    pub kind: String,
    /// SHA-256 of the chosen key's SubjectPublicKeyInfo, in hexadecimal.
    pub target: String,
    /// Whether the key was made for this rotation.
    pub generated: bool,
    /// The last stage that was carried out: `trust`, `sign`, `wait`, `prune`.
    pub stage: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub applied_at: OffsetDateTime,
    /// From when on nothing signs with another key.
    #[serde(with = "time::serde::rfc3339::option")]
    pub switched_at: Option<OffsetDateTime>,
    /// The longest lifetime of a token that another key has signed, in seconds.
    pub lifetime_seconds: i64,
    /// Everyone who takes part, by name: a run that is not given all of them would leave one behind.
    pub members: Vec<String>,
    /// What was restarted.
    pub restarted: Vec<Confirmation>,
}

/// A restart that was confirmed: the process runs with this state of its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// As in [`crate::plan::shared::Restart::name`].
    pub name: String,
    /// SHA-256 over the keys that its files held then, in hexadecimal.
    pub loaded: String,
}
