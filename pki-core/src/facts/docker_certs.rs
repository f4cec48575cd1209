//! docker's own configuration, /etc/docker/daemon.json: which registries it does not verify.

use serde::Deserialize;

use crate::facts::Broken;
use crate::facts::BrokenKind;
use crate::place::Place;

/// Reads `insecure-registries`: hosts with their ports, or networks. The line is where the text first stands.
pub(super) fn insecure_registries(
    bytes: &[u8],
    place: &Place,
) -> Result<Vec<(String, Place)>, Box<Broken>> {
    let daemon: Daemon = serde_json::from_slice(bytes).map_err(|error| {
        Box::new(Broken {
            place: place.at_line(u32::try_from(error.line()).unwrap_or(1).max(1)),
            kind: BrokenKind::Malformed,
            told_at: None,
            problem: "is not JSON of its kind; docker does not start with it".to_owned(),
        })
    })?;
    let text = String::from_utf8_lossy(bytes);
    let line = |entry: &str| {
        let quoted = format!("\"{entry}\"");
        let found = text
            .lines()
            .zip(1_u32..)
            .find(|(line, _)| line.contains(&quoted));
        found.map_or_else(|| place.clone(), |(_, number)| place.at_line(number))
    };
    let entries = daemon.insecure_registries.unwrap_or_default().into_iter();
    Ok(entries
        .map(|entry| {
            let told_at = line(&entry);
            // A scheme is cut off with a warning (registry/config.go, `loadInsecureRegistries`).
            let host = entry
                .split_once("://")
                .map_or(entry.as_str(), |(_, host)| host);
            (host.to_owned(), told_at)
        })
        .collect())
}

#[derive(Deserialize)]
struct Daemon {
    #[serde(default, rename = "insecure-registries")]
    insecure_registries: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_with_their_lines() {
        let text = b"{\n  \"log-driver\": \"json-file\",\n  \"insecure-registries\": [\n    \"hub:5000\",\n    \"10.0.0.0/8\"\n  ]\n}\n";
        let entries = insecure_registries(text, &Place::file("daemon.json")).unwrap();
        assert_eq!(entries[0].0, "hub:5000");
        assert_eq!(entries[1].1.line, Some(5));
        let broken = insecure_registries(
            b"{\n  \"insecure-registries\": [\"a\",]\n}",
            &Place::file("f"),
        );
        assert_eq!(broken.unwrap_err().place.line, Some(2));
    }
}
