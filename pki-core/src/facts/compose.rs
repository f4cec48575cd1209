//! docker-compose.yml, as far as registries need it: which images run, on which ports of the machine they are reached, and
//! where their paths lie on it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_saphyr::Spanned;

use crate::facts::Broken;
use crate::facts::token_parties::Mount;
use crate::facts::token_parties::Owner;
use crate::facts::yaml;
use crate::facts::yaml::Text;
use crate::place::Place;

/// One composition.
#[derive(Clone, Debug)]
pub(super) struct Compose {
    pub(super) services: Vec<Service>,
}

/// One service of it.
#[derive(Clone, Debug)]
pub(super) struct Service {
    /// Its key in `services`.
    pub(super) name: String,
    pub(super) image: Option<Text>,
    pub(super) published: Vec<Published>,
    pub(super) environment: BTreeMap<String, Text>,
    pub(super) command: Vec<String>,
    /// Whether it has the machine's own network, so that every port is published as it is.
    pub(super) on_host_network: bool,
    user: String,
    mounts: Vec<(PathBuf, PathBuf)>,
}

/// A port of the machine that leads into a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Published {
    pub(super) address: Option<IpAddr>,
    pub(super) on_machine: u16,
    pub(super) in_container: u16,
    pub(super) line: u32,
}

/// Reads one; relative sources of mounts begin at its directory.
pub(super) fn parse(bytes: &[u8], place: &Place) -> Result<Compose, Box<Broken>> {
    let file: File = yaml::first(bytes, place)?;
    let directory = place.path.parent().unwrap_or(Path::new("/"));
    let services = file.services.unwrap_or_default().into_iter();
    Ok(Compose {
        services: services
            .filter_map(|(name, raw)| Some(service(name, raw?, directory)))
            .collect(),
    })
}

impl Service {
    /// The image's name without registry, path and tag: `harbor-ui` of `vmware/harbor-ui:v1.1.0`.
    pub(super) fn program(&self) -> &str {
        let image = self.image.as_ref().map_or("", |text| text.value.as_str());
        let image = image.split('@').next().unwrap_or_default();
        let last = image.rsplit('/').next().unwrap_or_default();
        last.split(':').next().unwrap_or_default()
    }

    /// The image's tag.
    pub(super) fn tag(&self) -> Option<Text> {
        let image = self.image.as_ref()?;
        let name = image.value.split('@').next()?.rsplit('/').next()?;
        let (_, tag) = name.split_once(':')?;
        Some(Text {
            value: tag.to_owned(),
            line: image.line,
        })
    }

    /// Where a path in the container lies on the machine; `None` where no mount leads there.
    pub(super) fn on_node(&self, path: &Path) -> Option<PathBuf> {
        let mounts = self.mounts.iter().filter_map(|(source, target)| {
            let rest = path.strip_prefix(target).ok()?;
            Some((target.as_os_str().len(), source, rest))
        });
        let (_, source, rest) = mounts.max_by_key(|(length, ..)| *length)?;
        Some(if rest.as_os_str().is_empty() {
            source.clone()
        } else {
            source.join(rest)
        })
    }

    /// Whether the mount that leads to `path` is of that file alone, or of a directory above it.
    pub(super) fn mount_of(&self, path: &Path) -> Option<Mount> {
        let mounts = self.mounts.iter().map(|(_, target)| target);
        let deepest = mounts
            .filter(|target| path.starts_with(target))
            .max_by_key(|target| target.as_os_str().len())?;
        Some(if deepest == path {
            Mount::File
        } else {
            Mount::Directory
        })
    }

    /// Who it runs as, where that is told in numbers.
    pub(super) fn owner(&self) -> Option<Owner> {
        let (user, group) = match self.user.split_once(':') {
            Some((user, group)) => (user, group),
            None => (self.user.as_str(), "0"),
        };
        Some((user.parse().ok()?, group.parse().ok()?))
    }

    /// Whether a mount leads to `path` or above it.
    pub(super) fn mounts(&self, path: &str) -> bool {
        self.on_node(Path::new(path)).is_some()
    }
}

fn service(name: String, raw: RawService, directory: &Path) -> Service {
    let mounts = raw.volumes.unwrap_or_default().into_iter().flatten();
    Service {
        name,
        image: raw.image.map(Text::from),
        published: raw
            .ports
            .unwrap_or_default()
            .iter()
            .filter_map(published)
            .collect(),
        environment: raw.environment.unwrap_or_default().0,
        command: raw.command.unwrap_or_default().0,
        user: raw.user.map(|user| user.0).unwrap_or_default(),
        on_host_network: raw.network_mode.as_deref() == Some("host"),
        mounts: mounts
            .filter_map(|mount| {
                // A source without a slash is a volume that docker keeps.
                let is_path = mount.source.starts_with(['/', '.']);
                let source: PathBuf = directory.join(&mount.source).components().collect();
                is_path.then(|| (source, mount.target.components().collect()))
            })
            .collect(),
    }
}

/// `8060:443`, `127.0.0.1:5000:5000/tcp`, or the long form. A port that docker chooses, and a range, lead nowhere.
fn published(raw: &Spanned<Port>) -> Option<Published> {
    let line = u32::try_from(raw.referenced.line()).unwrap_or(1);
    let text = raw.value.0.as_str();
    if text.ends_with("/udp") {
        return None;
    }
    let text = text.strip_suffix("/tcp").unwrap_or(text);
    let (before, in_container) = text.rsplit_once(':')?;
    let (address, on_machine) = match before.rsplit_once(':') {
        Some((address, port)) => (Some(address), port),
        None => (None, before),
    };
    let address = address.map(|text| text.trim_matches(['[', ']']));
    Some(Published {
        address: address
            .and_then(|text| text.parse::<IpAddr>().ok())
            .filter(|address| !address.is_unspecified()),
        on_machine: on_machine.parse().ok()?,
        in_container: in_container.parse().ok()?,
        line,
    })
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    services: Option<BTreeMap<String, Option<RawService>>>,
}

#[derive(Deserialize)]
struct RawService {
    #[serde(default)]
    image: Option<Spanned<String>>,
    #[serde(default)]
    ports: Option<Vec<Spanned<Port>>>,
    #[serde(default)]
    volumes: Option<Vec<Option<RawMount>>>,
    #[serde(default)]
    environment: Option<Environment>,
    #[serde(default)]
    command: Option<Words>,
    #[serde(default)]
    network_mode: Option<String>,
    #[serde(default)]
    user: Option<Scalar>,
}

/// As the short form has it: `[address:]machine:container`.
struct Port(String);

struct RawMount {
    source: String,
    target: PathBuf,
}

/// A mapping, or a list of `NAME=VALUE`.
#[derive(Default)]
struct Environment(BTreeMap<String, Text>);

/// A list, or a line that is split at blanks.
#[derive(Default)]
struct Words(Vec<String>);

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Port;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a port")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Port, E> {
                Ok(Port(text.to_owned()))
            }
            fn visit_u64<E: serde::de::Error>(self, port: u64) -> Result<Port, E> {
                Ok(Port(port.to_string()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Port, A::Error> {
                let mut fields: BTreeMap<String, String> = BTreeMap::new();
                while let Some(key) = map.next_key::<String>()? {
                    fields.insert(key, map.next_value::<Scalar>()?.0);
                }
                let of = |key: &str| fields.get(key).map_or("", String::as_str);
                let address = match of("host_ip") {
                    "" => String::new(),
                    address => format!("{address}:"),
                };
                let protocol = match of("protocol") {
                    "udp" => "/udp",
                    _ => "",
                };
                Ok(Port(format!(
                    "{address}{}:{}{protocol}",
                    of("published"),
                    of("target")
                )))
            }
        }
        deserializer.deserialize_any(Reading)
    }
}

impl<'de> Deserialize<'de> for RawMount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = RawMount;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mount")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RawMount, E> {
                let mut parts = text.split(':');
                let source = parts.next().unwrap_or_default().to_owned();
                let target = parts.next().unwrap_or_default();
                Ok(RawMount {
                    // Without a colon it is a volume of docker's own.
                    source: if target.is_empty() {
                        String::new()
                    } else {
                        source
                    },
                    target: target.into(),
                })
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawMount, A::Error> {
                let (mut source, mut target) = (String::new(), String::new());
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "source" | "src" => source = map.next_value::<Scalar>()?.0,
                        "target" | "dst" | "destination" => target = map.next_value::<Scalar>()?.0,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(RawMount {
                    source,
                    target: target.into(),
                })
            }
        }
        deserializer.deserialize_any(Reading)
    }
}

impl<'de> Deserialize<'de> for Environment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Environment;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("variables")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Environment, A::Error> {
                let mut variables = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    let value = map.next_value::<Spanned<Scalar>>()?;
                    variables.insert(name, value.into());
                }
                Ok(Environment(variables))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Environment, A::Error> {
                let mut variables = BTreeMap::new();
                while let Some(entry) = list.next_element::<Spanned<Scalar>>()? {
                    let entry = Text::from(entry);
                    if let Some((name, value)) = entry.value.split_once('=') {
                        let text = Text {
                            value: value.to_owned(),
                            line: entry.line,
                        };
                        variables.insert(name.to_owned(), text);
                    }
                }
                Ok(Environment(variables))
            }
        }
        deserializer.deserialize_any(Reading)
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Words;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a command")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Words, E> {
                Ok(Words(text.split_whitespace().map(str::to_owned).collect()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = list.next_element::<Scalar>()? {
                    words.push(word.0);
                }
                Ok(Words(words))
            }
        }
        deserializer.deserialize_any(Reading)
    }
}

/// Any scalar as the text that it stands for; anything else is empty.
pub(super) struct Scalar(pub(super) String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a scalar")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(text.to_owned()))
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }
            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }
            fn visit_bool<E: serde::de::Error>(self, truth: bool) -> Result<Scalar, E> {
                Ok(Scalar(truth.to_string()))
            }
            fn visit_unit<E: serde::de::Error>(self) -> Result<Scalar, E> {
                Ok(Scalar(String::new()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar(String::new()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar(String::new()))
            }
        }
        deserializer.deserialize_any(Reading)
    }
}

impl From<Spanned<Scalar>> for Text {
    fn from(spanned: Spanned<Scalar>) -> Self {
        Self {
            line: u32::try_from(spanned.referenced.line()).unwrap_or(1),
            value: spanned.value.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version: '2'\nservices:\n  registry:\n    image: hub:5000/library/registry:2.6.0\n    volumes:\n      - ./config:/etc/registry/:z\n      - data:/var\n      - {type: bind, source: /srv/tls, target: /tls}\n    ports:\n      - 8060:443\n      - \"127.0.0.1:5001:5001/tcp\"\n      - 5000\n      - target: 8443\n        published: 443\n      - 53:53/udp\n    environment:\n      REGISTRY_HTTP_ADDR: 0.0.0.0:5001\n      DEBUG: true\n  log:\n    environment:\n      - A=b\n    command: serve /x\n";

    #[test]
    fn images_ports_and_mounts() {
        let compose = parse(TEXT.as_bytes(), &Place::file("/opt/r/docker-compose.yml")).unwrap();
        let registry = compose
            .services
            .iter()
            .find(|s| s.program() == "registry")
            .unwrap();
        assert_eq!(registry.tag().unwrap().value, "2.6.0");
        let ports: Vec<_> = registry
            .published
            .iter()
            .map(|p| (p.on_machine, p.in_container, p.line))
            .collect();
        assert_eq!(ports, [(8060, 443, 10), (5001, 5001, 11), (443, 8443, 13)]);
        assert_eq!(
            registry.published[1].address,
            Some(IpAddr::from([127, 0, 0, 1]))
        );
        let on_node = |path: &str| registry.on_node(Path::new(path));
        assert_eq!(
            on_node("/etc/registry/config.yml"),
            Some("/opt/r/config/config.yml".into())
        );
        assert_eq!(on_node("/tls/a"), Some("/srv/tls/a".into()));
        assert_eq!(on_node("/var/a"), None);
        let mount = |path: &str| registry.mount_of(Path::new(path));
        assert_eq!(mount("/tls"), Some(Mount::File));
        assert_eq!(mount("/tls/a"), Some(Mount::Directory));
        assert_eq!((mount("/var/a"), registry.owner()), (None, None));
        let address = &registry.environment["REGISTRY_HTTP_ADDR"];
        assert_eq!((address.value.as_str(), address.line), ("0.0.0.0:5001", 17));
        let log = compose.services.iter().find(|s| s.image.is_none()).unwrap();
        assert_eq!(log.environment["A"].value, "b");
        assert_eq!(log.command, ["serve", "/x"]);
    }
}
