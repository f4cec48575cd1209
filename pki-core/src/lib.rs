//! Certificates and shared keys that agree: issue them, audit them, mend them.
//!
//! The crate reads what is on disk, derives every edge of trust from it, judges each edge as its real client
//! would, and issues what makes every edge hold. The rooms, in the order in which data flows:
//!
//! | room | holds |
//! | --- | --- |
//! | [`place`] | where something was read |
//! | [`x509`] | names, certificates, keys, PEM; the crypto provider seam |
//! | [`token`] | key ids as each token verifier computes them |
//! | [`inventory`] | the cluster as its owner describes it |
//! | [`profile`] | one table: which certificate has which subject, usages, names, signer and path |
//! | [`request`] | what someone wants done, as data |
//! | [`bundle`] | files to be |
//! | [`source`] | the only reader of directories |
//! | [`facts`] | what the files say, one file per format |
//! | [`topology`] | nodes, what they hold, who dials whom |
//! | [`verdict`] | the judges: would this client accept this chain |
//! | [`judge`] | every edge judged, once |
//! | [`finding`] | what is wrong, as inert data |
//! | [`checks`] | the rules |
//! | [`report`] | findings as text, JSON, SARIF, JUnit, metrics |
//! | [`audit`] | the paved path from directories to findings |
//! | [`discover`](mod@discover) | the inventory of a cluster that exists |
//! | [`explain`] | what a pasted line means, and where it comes from |
//! | [`inspect`] | what one file holds, for people |
//! | [`verify`] | one chain judged as a Go client would |
//! | [`plan`] | what to sign, with which names, and why |
//! | [`issue`] | signing steps carried out in memory |
//! | [`edit`] | files that people own, changed with everything else kept |
//! | [`probe`] | whether a registry that runs trusts a key (feature `probe`) |
//! | [`write`](mod@write) | the only writer of files |
//! | [`apply`] | the paved path from a request to files |
//!
//! The library asks no terminal, environment or clock: time, randomness and paths are arguments. `probe` alone dials.
#![cfg_attr(not(feature = "probe"), doc = "\n[`probe`]: crate")]

pub mod apply;
pub mod audit;
pub mod bundle;
pub mod checks;
pub mod discover;
pub mod edit;
pub mod explain;
pub mod facts;
pub mod finding;
pub mod inspect;
pub mod inventory;
pub mod issue;
pub mod judge;
pub mod place;
pub mod plan;
#[cfg(feature = "probe")]
pub mod probe;
pub mod profile;
pub mod report;
pub mod request;
pub mod source;
pub mod token;
pub mod topology;
pub mod verdict;
pub mod verify;
pub mod write;
pub mod x509;

/// The example of the README must compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
