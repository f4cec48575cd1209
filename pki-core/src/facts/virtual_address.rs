//! Addresses that move between nodes: keepalived's and kube-vip's.

use std::net::IpAddr;

use crate::place::Place;

/// An address that this node takes when it is its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualAddress {
    /// `keepalived` or `kube-vip`.
    pub program: &'static str,
    /// The address.
    pub address: IpAddr,
    /// The line.
    pub place: Place,
    /// Where the program itself sends what arrives there on to every apiserver of the cluster.
    pub balances: Option<Balances>,
}

/// Ports of a virtual address whose owner passes connections on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balances {
    /// On which it takes them.
    pub listen: u16,
    /// To which it sends them.
    pub port: u16,
}
