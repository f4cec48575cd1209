//! A planned name and the reason for it.

use std::fmt;
use std::path::PathBuf;

use crate::place::Place;
use crate::x509::san::SubjectAltName;

/// One name of a certificate to be, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedSan {
    /// The name.
    pub san: SubjectAltName,
    /// The first source that gave it.
    pub from: SanSource,
}

/// A name that was seen and is not put into the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTaken {
    /// The name as it was seen.
    pub name: String,
    /// Where.
    pub place: Place,
    /// Why it is left out: `only shaolin's certificate holds it`.
    pub why: String,
}

/// Where a name came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SanSource {
    /// The command line: `--dns`, `--ip`, `--node`.
    Option(&'static str),
    /// Every certificate of its profile carries it (the four kubernetes names, localhost).
    Profile,
    /// A file said it; `what` is the flag, key or field.
    File {
        /// The file.
        place: Place,
        /// `--service-cluster-ip-range`, `certSANs`, `server`.
        what: String,
    },
    /// The apiserver certificates of these other masters share it.
    Peers(Vec<String>),
    /// The request that is signed asks for it.
    Request(PathBuf),
    /// The machine's resolver was asked (`--resolve`).
    Resolver,
    /// kubeadm's default, for no file says otherwise; holds what was assumed: `serviceSubnet 10.96.0.0/12`.
    Default(String),
}

impl fmt::Display for SanSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(option) => f.write_str(option),
            Self::Profile => f.write_str("always in a certificate of this kind"),
            Self::File { place, what } => write!(f, "{what} in {place}"),
            Self::Peers(nodes) => write!(
                f,
                "shared by the apiserver certificates of {}",
                nodes.join(", ")
            ),
            Self::Request(path) => write!(f, "asked for in {}", path.display()),
            Self::Resolver => f.write_str("the resolver of this machine (--resolve)"),
            Self::Default(what) => write!(f, "kubeadm's default ({what})"),
        }
    }
}
