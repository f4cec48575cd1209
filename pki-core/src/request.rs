//! What someone wants done, as data. A request prints itself as the command line that asks for it, so that a remedy
//! in a report can be pasted.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::profile::Profile;
use crate::x509::san::DnsName;

/// Something hapki can be asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `hapki issue`.
    Issue(IssueRequest),
}

/// `hapki issue PROFILE… --node NAME`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IssueRequest {
    /// What to issue.
    pub profiles: Vec<Profile>,
    /// The node it is for.
    pub node: String,
    /// `--dns`: names added to what is derived.
    pub dns: Vec<DnsName>,
    /// `--ip`: addresses added to what is derived.
    pub ip: Vec<IpAddr>,
    /// `--only-given`: nothing is derived.
    pub only_given: bool,
    /// `--pki-dir`, where it is not the default.
    pub pki_dir: Option<PathBuf>,
    /// `--ca-cert`.
    pub ca_cert: Option<PathBuf>,
    /// `--ca-key`.
    pub ca_key: Option<PathBuf>,
    /// `--install`: write where the node's own manifest points.
    pub install: bool,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issue(request) => request.fmt(f),
        }
    }
}

impl fmt::Display for IssueRequest {
    /// Arguments are quoted for a POSIX shell where they need it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
