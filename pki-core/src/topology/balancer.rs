//! Balancers: what stands between clients and the apiservers.

use std::net::IpAddr;

use crate::place::Place;
use crate::topology::edge::Component;
use crate::topology::edge::Shown;
use crate::x509::san::SubjectAltName;

/// One address and port of a balancer.
#[derive(Clone, Debug)]
pub struct Balancer {
    /// What edges through it say: `nginx@emei:8443`.
    pub label: String,
    /// `nginx@emei`; `load-balancer@emei` where only the inventory tells of it.
    pub component: Component,
    /// The line that makes it listen.
    pub place: Place,
    /// The node it runs on; `None` for an address of its own, which no node has.
    pub node: Option<String>,
    /// The address it listens on; `None` is every address of its node.
    pub address: Option<IpAddr>,
    /// The port.
    pub port: u16,
    /// Names that the inventory says it is dialled by.
    pub dialled_by: Vec<SubjectAltName>,
    /// What it does with TLS.
    pub mode: BalancerMode,
    /// Where it sends what arrives.
    pub backends: Vec<BalancedTo>,
}

/// An address that a node takes when it is its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualAddress {
    /// The address.
    pub address: IpAddr,
    /// What takes it over: `keepalived@emei`.
    pub component: Component,
    /// The line.
    pub place: Place,
    /// Whether apiservers are reached by it, so that clients see their certificates.
    pub leads_to_apiservers: bool,
}

/// What a balancer does with TLS.
#[derive(Clone, Debug)]
pub enum BalancerMode {
    /// Passes it through: clients see each backend's own certificate.
    PassThrough,
    /// Ends it.
    Terminates {
        /// What it shows; `None` where only the inventory tells of it.
        shows: Option<Shown>,
        /// Whether it shows a certificate of its own to its backends, so that all who come are one user there.
        has_identity: bool,
    },
    /// Speaks HTTP without it.
    Plain,
}

/// One backend.
#[derive(Clone, Debug)]
pub struct BalancedTo {
    /// The line.
    pub place: Place,
    /// As the line has it: `10.27.53.32:6443`.
    pub address: String,
    /// The apiserver there; `None` where it leads elsewhere or nobody knows.
    pub server: Option<Component>,
    /// Apiservers that are reached through a further balancer there.
    pub further: Vec<Component>,
    /// The node that has the address, where it is known but nothing there takes the connection, and why.
    pub nothing_there: Option<(String, String)>,
}

impl Balancer {
    /// Whether it ends TLS.
    pub fn terminates(&self) -> bool {
        matches!(self.mode, BalancerMode::Terminates { .. })
    }

    /// Every apiserver that it leads to, through further balancers as well; one that several backends lead to several times.
    pub fn apiservers(&self) -> impl Iterator<Item = &Component> {
        let backends = self.backends.iter();
        backends.flat_map(|backend| backend.server.iter().chain(&backend.further))
    }

    /// Whether it leads to an apiserver.
    pub fn leads_to_apiservers(&self) -> bool {
        self.apiservers().next().is_some()
    }
}
