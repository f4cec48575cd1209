//! keepalived's configuration: which addresses a node takes over.
//!
//! Followed: `virtual_ipaddress` and `virtual_ipaddress_excluded` of every `vrrp_instance`, and includes. Source of the
//! grammar: keepalived.conf(5).

use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;

use crate::place::Place;

/// Where packages put it.
pub(super) const MAIN: &str = "/etc/keepalived/keepalived.conf";

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct Keepalived {
    /// Each address with its line.
    pub(super) addresses: Vec<(IpAddr, u32)>,
    /// What it includes, as absolute patterns, each with its line.
    pub(super) includes: Vec<(PathBuf, u32)>,
    /// What is not followed: line and the rest of a sentence.
    pub(super) not_followed: Vec<(u32, String)>,
}

/// Reads one file.
pub(super) fn parse(bytes: &[u8], place: &Place) -> Keepalived {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader {
        directory: place.path.parent().unwrap_or(Path::new("/")),
        found: Keepalived::default(),
        open: Vec::new(),
        words: Vec::new(),
        last: String::new(),
    };
    for (line, number) in text.lines().zip(1_u32..) {
        reader.line(line, number);
    }
    reader.found
}

struct Reader<'a> {
    directory: &'a Path,
    found: Keepalived,
    /// Names of the blocks that are open.
    open: Vec<String>,
    words: Vec<String>,
    /// What the last line began with: its brace may stand on the next one.
    last: String,
}

impl Reader<'_> {
    fn line(&mut self, line: &str, number: u32) {
        let words = words(line);
        if let Some(condition) = words.first().filter(|word| word.starts_with('@')) {
            let what = format!("has a line for {condition} alone, which is not followed");
            return self.not_followed(number, what);
        }
        for word in words {
            match word.as_str() {
                "{" => self.opened(number),
                "}" => {
                    self.ended(number);
                    self.open.pop();
                }
                _ => self.words.push(word),
            }
        }
        self.ended(number);
    }

    fn opened(&mut self, number: u32) {
        let words = std::mem::take(&mut self.words);
        let name = words.first().unwrap_or(&self.last).clone();
        if self.open.is_empty() && name.starts_with("virtual_server") {
            let what = format!(
                "has {}, which is not followed: who comes through it is not judged",
                words.join(" ")
            );
            self.not_followed(number, what);
        }
        self.open.push(name);
    }

    fn ended(&mut self, number: u32) {
        let words = std::mem::take(&mut self.words);
        let Some(first) = words.first() else { return };
        self.last.clone_from(first);
        if INCLUDES.contains(&first.as_str()) {
            return self.include(words.get(1).map_or("", String::as_str), number);
        }
        let holds_addresses =
            |block: &String| block == "virtual_ipaddress" || block == "virtual_ipaddress_excluded";
        if self.open.last().is_some_and(holds_addresses) {
            let address = first.split('/').next().unwrap_or_default();
            match address.parse::<IpAddr>() {
                Ok(address) => self.found.addresses.push((address.to_canonical(), number)),
                Err(_) => {
                    let what = format!("takes over {first}, and what that is is not followed");
                    self.not_followed(number, what);
                }
            }
        }
    }

    fn include(&mut self, pattern: &str, number: u32) {
        if self.open.is_empty() && !pattern.contains('$') {
            let pattern = self.directory.join(pattern);
            self.found.includes.push((pattern, number));
        } else {
            let what = format!("includes {pattern} in a block, which is not followed");
            self.not_followed(number, what);
        }
    }

    fn not_followed(&mut self, line: u32, what: String) {
        self.found.not_followed.push((line, what));
    }
}

/// Words and braces of a line up to its comment, which `#` or `!` begins.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            c if quoted => word.push(c),
            '#' | '!' => break,
            '{' | '}' => {
                words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
                words.push(c.to_string());
            }
            c if c.is_whitespace() => {
                words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            }
            c => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

const INCLUDES: &[&str] = &[
    "include", "includer", "includem", "includew", "includeb", "includea",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Keepalived {
        parse(text.as_bytes(), &Place::file(MAIN))
    }

    /// `keepalived -t -f` of 2.2.7 takes this file.
    #[test]
    fn addresses_of_every_instance() {
        let found = read(include_str!("../../../fixtures/balancers/keepalived.conf"));
        let addresses: Vec<(String, u32)> = found
            .addresses
            .iter()
            .map(|(address, line)| (address.to_string(), *line))
            .collect();
        assert_eq!(
            addresses,
            [
                ("10.27.52.100".to_owned(), 19),
                ("10.27.52.101".to_owned(), 22),
                ("fd00::100".to_owned(), 34)
            ]
        );
        assert_eq!(
            found.includes,
            [(PathBuf::from("/etc/keepalived/conf.d/*.conf"), 38)]
        );
        let lines: Vec<u32> = found.not_followed.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [40], "{:?}", found.not_followed);
    }

    #[test]
    fn what_is_not_followed_is_said() {
        let found = read(
            "vrrp_instance a {\n virtual_ipaddress { 10.0.0.1/24 dev eth0 }\n virtual_ipaddress\n {\n  $VIP\n  10.0.0.2 # x\n }\n include x.conf\n @hostA priority 1\n}\n}}}\n",
        );
        let lines: Vec<u32> = found.not_followed.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [5, 8, 9]);
        assert_eq!(found.addresses.len(), 2);
    }
}
