//! Subtrees of addresses (`ipConstraints`).

use std::net::IpAddr;
use std::net::Ipv6Addr;

use crate::verdict::go::constraints::set::SubtreeSet;

/// The subtrees of either family. An IPv4 address that is written in sixteen bytes stands with IPv6.
#[derive(Debug)]
pub(super) struct AddressConstraints {
    v4: SubtreeSet<Network>,
    v6: SubtreeSet<Network>,
}

/// Address and mask, as `net.IPNet` has them: the address may have bits outside the mask.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Network {
    address: IpAddr,
    mask: IpAddr,
}

impl AddressConstraints {
    pub(super) fn new(list: Vec<(IpAddr, IpAddr)>) -> Self {
        let networks = list
            .into_iter()
            .map(|(address, mask)| Network { address, mask });
        let (v4, v6) = networks.partition(|network| network.address.is_ipv4());
        let set = |networks| SubtreeSet::new(networks, Network::cmp, Network::holds);
        Self {
            v4: set(v4),
            v6: set(v6),
        }
    }

    /// The subtree that holds `address`, as Go prints it.
    pub(super) fn query(&self, address: IpAddr) -> Option<String> {
        let set = if address.is_ipv4() {
            &self.v4
        } else {
            &self.v6
        };
        let found = set.search(
            |network| network.address.cmp(&address),
            |network| network.contains(address),
        );
        found.map(Network::text)
    }
}

impl Network {
    /// `IPNet.Contains`, and `networkNumberAndMask`: whatever can be IPv4 is compared as IPv4.
    fn contains(&self, address: IpAddr) -> bool {
        let (number, mask) = self.number_and_mask();
        match (number, mask, address.to_canonical()) {
            (IpAddr::V4(number), IpAddr::V4(mask), IpAddr::V4(address)) => {
                number & mask == address & mask
            }
            (IpAddr::V6(number), IpAddr::V6(mask), IpAddr::V6(address)) => {
                number & mask == address & mask
            }
            _ => false,
        }
    }

    /// `ipNetworkSubset`: whether the first and the last address of `other` are in this.
    fn holds(&self, other: &Self) -> bool {
        let last = match (other.address, other.mask) {
            (IpAddr::V4(address), IpAddr::V4(mask)) => IpAddr::V4(address | !mask),
            (IpAddr::V6(address), IpAddr::V6(mask)) => IpAddr::V6(address | !mask),
            // Address and mask were halves of one value.
            _ => return false,
        };
        self.contains(other.address) && self.contains(last)
    }

    fn number_and_mask(&self) -> (IpAddr, IpAddr) {
        match (self.address.to_canonical(), self.mask) {
            (number @ IpAddr::V4(_), IpAddr::V6(mask)) => (number, low_half(mask)),
            (number, mask) => (number, mask),
        }
    }

    /// `IPNet.String`; masks are prefixes, or the certificate would not have been parsed.
    fn text(&self) -> String {
        let (number, mask) = self.number_and_mask();
        let ones = match mask {
            IpAddr::V4(mask) => mask.to_bits().count_ones(),
            IpAddr::V6(mask) => mask.to_bits().count_ones(),
        };
        format!("{number}/{ones}")
    }
}

/// The last four bytes of a mask for IPv4 addresses in IPv6 form.
fn low_half(mask: Ipv6Addr) -> IpAddr {
    let [.., a, b, c, d] = mask.octets();
    IpAddr::from([a, b, c, d])
}
