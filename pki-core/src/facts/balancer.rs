//! What a balancer was told, whichever program it is: where it listens and where it sends what arrives there.

use std::net::IpAddr;
use std::path::PathBuf;

use crate::place::Place;

/// One balancer's configuration.
#[derive(Clone, Debug, Default)]
pub struct Balancer {
    /// `nginx` or `haproxy`.
    pub program: &'static str,
    /// Its main configuration file.
    pub place: Place,
    /// Every address and port on which it takes connections and passes them on.
    pub listeners: Vec<Listener>,
    /// What could not be understood, each with its line.
    pub not_understood: Vec<NotUnderstood>,
}

/// One address and port, with where it leads for some of the names that are asked for there.
#[derive(Clone, Debug, Default)]
pub struct Listener {
    /// The line that opens it.
    pub place: Place,
    /// The address; `None` is every address of the machine.
    pub address: Option<IpAddr>,
    /// The port.
    pub port: u16,
    /// Names for which it is; empty is any.
    pub names: Vec<String>,
    /// Whether it takes what no other one on this address and port is named for.
    pub is_default: bool,
    /// What it does with TLS.
    pub mode: Mode,
    /// Where it sends what arrives.
    pub backends: Vec<Backend>,
    /// How it speaks to them when it terminates.
    pub upstream: Upstream,
}

/// What a listener does with TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Passes every byte on, so that client and backend shake hands with each other.
    #[default]
    PassThrough,
    /// Ends it, and shows a certificate of its own.
    Terminates(Box<Termination>),
    /// Speaks HTTP without it.
    Plain,
}

/// TLS that ends at the balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Termination {
    /// The certificate's file, with the line that names it.
    pub certificate: FileAt,
    /// The key's file; the certificate's own where a program keeps both in one.
    pub key: Option<FileAt>,
}

/// How a balancer that terminates TLS speaks to its backends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upstream {
    /// Whether it speaks TLS.
    pub tls: bool,
    /// The line that makes it verify what they show.
    pub verifies: Option<Place>,
    /// The roots it trusts for that.
    pub roots: Option<FileAt>,
    /// The name it looks for; `None` where it looks for none.
    pub name: Option<String>,
    /// How many certificates may stand between the leaf and a root.
    pub depth: Option<usize>,
    /// The certificate it shows.
    pub shows: Option<Termination>,
}

/// One server that a balancer sends to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// The line.
    pub place: Place,
    /// Its name or address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// A file that a line names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileAt {
    /// The path on the node.
    pub path: PathBuf,
    /// The line that names it.
    pub told_at: Place,
}

/// A line that says something which hapki does not follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotUnderstood {
    /// Where.
    pub place: Place,
    /// The rest of a sentence about it.
    pub what: String,
}

impl Balancer {
    /// Every certificate, key and root file that a listener which passes something on uses.
    pub fn files(&self) -> impl Iterator<Item = &FileAt> {
        let pairs = self.pairs();
        let pairs = pairs.flat_map(|ends| std::iter::once(&ends.certificate).chain(&ends.key));
        let roots = self
            .listeners
            .iter()
            .filter_map(|listener| listener.upstream.roots.as_ref());
        pairs.chain(roots)
    }

    /// Every certificate that it shows, with its key.
    pub fn pairs(&self) -> impl Iterator<Item = &Termination> {
        self.listeners.iter().flat_map(|listener| {
            listener
                .terminates()
                .into_iter()
                .chain(&listener.upstream.shows)
        })
    }
}

impl Listener {
    /// The certificate that it shows, where it ends TLS.
    pub fn terminates(&self) -> Option<&Termination> {
        match &self.mode {
            Mode::Terminates(termination) => Some(termination),
            Mode::PassThrough | Mode::Plain => None,
        }
    }
}

/// `host:port`, `[v6]:port`, or either without a port; `None` where the port is none.
pub(super) fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        None => match text.split_once(':') {
            Some((_, rest)) if rest.contains(':') => (text, None),
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    match port {
        None => Some((host, None)),
        Some(port) => Some((host, Some(port.parse().ok()?))),
    }
}

/// The address that something listens on: `*` and an empty one are all of them, and so are 0.0.0.0 and ::.
pub(super) fn listening_address(host: &str) -> Result<Option<IpAddr>, String> {
    if host.is_empty() || host == "*" {
        return Ok(None);
    }
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(Some(IpAddr::from([127, 0, 0, 1])));
    }
    let address: IpAddr = host
        .parse()
        .map_err(|_| format!("{host} is no address, and what it means is not in this file"))?;
    let address = address.to_canonical();
    Ok((!address.is_unspecified()).then_some(address))
}
