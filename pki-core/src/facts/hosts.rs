//! The hosts file (hosts(5)): which names a node knows by itself.

use std::net::IpAddr;
use std::sync::Arc;

use crate::place::Place;

/// A hosts file. Clones share its lines: a cluster's files may list every node on every node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// The file.
    pub place: Place,
    /// Its lines.
    pub entries: Arc<[HostsEntry]>,
}

/// One line of a hosts file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostsEntry {
    /// The address.
    pub address: IpAddr,
    /// The names, lower case.
    pub names: Vec<String>,
    /// The line, counted from 1.
    pub line: u32,
}

/// Reads a hosts file. A line that does not begin with an address is passed over, as the resolver does.
pub fn parse(bytes: &[u8], place: &Place) -> Hosts {
    let entries = String::from_utf8_lossy(bytes)
        .lines()
        .zip(1_u32..)
        .filter_map(|(line, number)| entry(line, number))
        .collect();
    Hosts {
        place: place.clone(),
        entries,
    }
}

fn entry(line: &str, number: u32) -> Option<HostsEntry> {
    let line = line.split('#').next().unwrap_or_default();
    let mut words = line.split_whitespace();
    let address = words.next()?.parse::<IpAddr>().ok()?.to_canonical();
    let names: Vec<String> = words.map(str::to_ascii_lowercase).collect();
    (!names.is_empty()).then_some(HostsEntry {
        address,
        names,
        line: number,
    })
}

impl Hosts {
    /// Where a line of this file stands.
    pub fn place_of(&self, entry: &HostsEntry) -> Place {
        self.place.at_line(entry.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_line_and_no_comment() {
        let place = Place::file("/etc/hosts");
        let text = b"# map\n\n127.0.0.1 localhost\r\n10.27.52.72\tKubernetes.default.svc lb # both\nnonsense here\n::ffff:10.0.0.1 a\n";
        let hosts = parse(text, &place);
        let entries = &hosts.entries;
        assert_eq!(entries.len(), 3);
        assert_eq!(entries[1].address, IpAddr::from([10, 27, 52, 72]));
        assert_eq!(entries[1].names, ["kubernetes.default.svc", "lb"]);
        assert_eq!(hosts.place_of(&entries[1]).line, Some(4));
        assert_eq!(entries[2].address, IpAddr::from([10, 0, 0, 1]));
    }
}
