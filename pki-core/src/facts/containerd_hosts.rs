//! containerd's view of registries: hosts.toml of a host's directory (core/remotes/docker/config/hosts.go), and what the
//! older config.toml says in `registry.mirrors` and `registry.configs` (pkg/cri, `registryHosts`).

use std::path::Path;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use crate::facts::Broken;
use crate::facts::BrokenKind;
use crate::facts::balancer::FileAt;
use crate::facts::balancer::Termination;
use crate::facts::registry_client::RegistryClient;
use crate::place::Place;

/// What config.toml says.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// Where directories of hosts are looked for; empty where nothing is told.
    pub(super) directories: Vec<PathBuf>,
    /// What the older tables say; they count only where no directory is told.
    pub(super) clients: Vec<RegistryClient>,
    /// Its `version`, 1 unless told.
    pub(super) version: i64,
}

/// The host that a directory is for: `HOST_PORT_` and `HOST:PORT` with a port, anything else as it is.
pub(super) fn host_of(directory: &str) -> String {
    let with_port = directory
        .strip_suffix('_')
        .and_then(|rest| rest.rsplit_once('_'))
        .filter(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    with_port.map_or_else(
        || directory.to_owned(),
        |(host, port)| format!("{host}:{port}"),
    )
}

/// Reads one hosts.toml: every host that is tried for `namespace`, the server last. Relative paths begin at the file's
/// directory.
pub(super) fn parse(
    bytes: &[u8],
    place: &Place,
    namespace: &str,
) -> Result<Vec<RegistryClient>, Box<Broken>> {
    let text = text(bytes, place)?;
    let document = document(&text, place)?;
    let reader = Reader {
        text: &text,
        place,
        base: place.path.parent().unwrap_or(Path::new("/")),
    };
    let mut hosts: Vec<(usize, RegistryClient)> = Vec::new();
    if let Some(tables) = document.get("host").and_then(table) {
        for (url, value) in tables {
            let Some(settings) = value.get_ref().as_table() else {
                continue;
            };
            let client = reader.host(namespace, Some(url.get_ref()), url.span().start, settings)?;
            hosts.push((url.span().start, client));
        }
    }
    // The file's order is the order in which they are tried; the table's is the alphabet's.
    hosts.sort_by_key(|(position, _)| *position);
    let mut clients: Vec<RegistryClient> = hosts.into_iter().map(|(_, client)| client).collect();
    let server = document.get("server");
    let url = server.and_then(|value| value.get_ref().as_str());
    let position = server.map_or(0, |value| value.span().start);
    clients.push(reader.host(
        namespace,
        url.filter(|url| !url.is_empty()),
        position,
        &document,
    )?);
    Ok(clients)
}

/// Reads config.toml.
pub(super) fn parse_config(bytes: &[u8], place: &Place) -> Result<Config, Box<Broken>> {
    let text = text(bytes, place)?;
    let document = document(&text, place)?;
    let mut config = Config {
        version: document
            .get("version")
            .and_then(|value| value.get_ref().as_integer()?.as_str().parse().ok())
            .unwrap_or(1),
        ..Config::default()
    };
    let plugins = document.get("plugins").and_then(table);
    let registries = [
        "io.containerd.grpc.v1.cri",
        "io.containerd.cri.v1.images",
        "cri",
    ]
    .into_iter()
    .filter_map(|plugin| {
        let plugin = plugins?.get(plugin).and_then(table)?;
        plugin.get("registry").and_then(table)
    });
    let reader = Reader {
        text: &text,
        place,
        base: place.path.parent().unwrap_or(Path::new("/")),
    };
    for registry in registries {
        let path = registry
            .get("config_path")
            .and_then(string)
            .unwrap_or_default();
        let directories = path.split(':').filter(|path| !path.is_empty());
        config.directories.extend(directories.map(PathBuf::from));
        config.clients.extend(reader.older(registry));
    }
    Ok(config)
}

struct Reader<'a> {
    text: &'a str,
    place: &'a Place,
    base: &'a Path,
}

impl Reader<'_> {
    fn host(
        &self,
        namespace: &str,
        url: Option<&str>,
        position: usize,
        settings: &DeTable<'_>,
    ) -> Result<RegistryClient, Box<Broken>> {
        let mut client = RegistryClient::new(namespace, self.at(position));
        client.url = url.map(|url| {
            // parseHostConfig: whatever does not begin with http is https.
            if url.starts_with("http") {
                url.to_owned()
            } else {
                format!("https://{url}")
            }
        });
        if let Some(value) = settings.get("ca") {
            client.roots = self.files(value, "ca")?;
        }
        if let Some(value) = settings.get("client") {
            client.shows = self.pairs(value)?;
        }
        let skips = settings.get("skip_verify");
        client.unverified = skips
            .filter(|value| value.get_ref().as_bool() == Some(true))
            .map(|value| self.at(value.span().start));
        Ok(client)
    }

    /// One path or several.
    fn files(&self, value: &Spanned<DeValue<'_>>, key: &str) -> Result<Vec<FileAt>, Box<Broken>> {
        let values = match value.get_ref() {
            DeValue::Array(values) => values.iter().collect(),
            _ => vec![value],
        };
        let files = values.into_iter().map(|value| {
            let path = value.get_ref().as_str();
            path.map(|path| self.file(path, value.span().start))
                .ok_or_else(|| {
                    self.broken(
                        value.span().start,
                        format!("says something else than paths as `{key}`"),
                    )
                })
        });
        files.collect()
    }

    /// One file, several, or several pairs.
    fn pairs(&self, value: &Spanned<DeValue<'_>>) -> Result<Vec<Termination>, Box<Broken>> {
        let values = match value.get_ref() {
            DeValue::Array(values) => values.iter().collect(),
            _ => vec![value],
        };
        let mut pairs = Vec::new();
        for value in values {
            let mut files = self.files(value, "client")?.into_iter();
            let (certificate, key) = (files.next(), files.next());
            match certificate {
                Some(certificate) if files.next().is_none() => {
                    pairs.push(Termination { certificate, key });
                }
                _ => {
                    let what = "says something else than a certificate and its key as `client`";
                    return Err(self.broken(value.span().start, what.to_owned()));
                }
            }
        }
        Ok(pairs)
    }

    /// `registry.mirrors."HOST".endpoint` and `registry.configs."HOST:PORT".tls`.
    fn older(&self, registry: &DeTable<'_>) -> Vec<RegistryClient> {
        let mut clients = Vec::new();
        let mut done: Vec<String> = Vec::new();
        for (host, mirror) in registry
            .get("mirrors")
            .and_then(table)
            .into_iter()
            .flatten()
        {
            let endpoints = mirror.get_ref().get("endpoint");
            for endpoint in endpoints
                .and_then(|value| value.get_ref().as_array())
                .into_iter()
                .flatten()
            {
                let Some(url) = endpoint.get_ref().as_str() else {
                    continue;
                };
                let at = url.split_once("://").map_or(url, |(_, rest)| rest);
                let at = at.split('/').next().unwrap_or_default();
                let namespace = if host.get_ref() == "*" {
                    "_default"
                } else {
                    host.get_ref()
                };
                let mut client = RegistryClient::new(namespace, self.at(endpoint.span().start));
                client.url = Some(url.to_owned());
                self.tls(registry, at, &mut client);
                done.push(at.to_owned());
                clients.push(client);
            }
        }
        for (host, _) in registry
            .get("configs")
            .and_then(table)
            .into_iter()
            .flatten()
        {
            let host_name: &str = host.get_ref();
            if !done.iter().any(|known| known == host_name) {
                let mut client = RegistryClient::new(host_name, self.at(host.span().start));
                self.tls(registry, host_name, &mut client);
                clients.push(client);
            }
        }
        clients
    }

    fn tls(&self, registry: &DeTable<'_>, host: &str, client: &mut RegistryClient) {
        let settings = registry
            .get("configs")
            .and_then(table)
            .and_then(|configs| configs.get(host).and_then(table))
            .and_then(|config| config.get("tls").and_then(table));
        let Some(settings) = settings else { return };
        let file = |key: &str| {
            let value = settings.get(key)?;
            let path = value.get_ref().as_str().filter(|path| !path.is_empty())?;
            Some(self.file(path, value.span().start))
        };
        client.roots.extend(file("ca_file"));
        if let Some(certificate) = file("cert_file") {
            let key = file("key_file");
            client.shows.push(Termination { certificate, key });
        }
        let skips = settings.get("insecure_skip_verify");
        client.unverified = skips
            .filter(|value| value.get_ref().as_bool() == Some(true))
            .map(|value| self.at(value.span().start));
    }

    fn file(&self, path: &str, position: usize) -> FileAt {
        FileAt {
            path: self.base.join(path),
            told_at: self.at(position),
        }
    }

    fn at(&self, position: usize) -> Place {
        self.place.at_line(line(self.text, position))
    }

    fn broken(&self, position: usize, problem: String) -> Box<Broken> {
        malformed(self.at(position), problem)
    }
}

fn text(bytes: &[u8], place: &Place) -> Result<String, Box<Broken>> {
    let text = std::str::from_utf8(bytes);
    text.map(str::to_owned)
        .map_err(|_| malformed(place.clone(), "is not TOML: it is no text".to_owned()))
}

fn document<'t>(text: &'t str, place: &Place) -> Result<DeTable<'t>, Box<Broken>> {
    let parsed = DeTable::parse(text).map(Spanned::into_inner);
    parsed.map_err(|error| {
        let position = error.span().map_or(0, |span| span.start);
        let what = error.message().lines().next().unwrap_or_default();
        malformed(
            place.at_line(line(text, position)),
            format!("is not TOML, and containerd passes over it: {what}"),
        )
    })
}

fn table<'v, 't>(value: &'v Spanned<DeValue<'t>>) -> Option<&'v DeTable<'t>> {
    value.get_ref().as_table()
}

fn string<'v>(value: &'v Spanned<DeValue<'_>>) -> Option<&'v str> {
    value.get_ref().as_str()
}

fn line(text: &str, position: usize) -> u32 {
    let before = text.get(..position).unwrap_or_default();
    let lines = before.bytes().filter(|byte| *byte == b'\n').count();
    u32::try_from(lines).unwrap_or(u32::MAX - 1) + 1
}

fn malformed(place: Place, problem: String) -> Box<Broken> {
    Box::new(Broken {
        place,
        kind: BrokenKind::Malformed,
        told_at: None,
        problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> Vec<RegistryClient> {
        let place = Place::file("/etc/containerd/certs.d/hub_5000_/hosts.toml");
        parse(text.as_bytes(), &place, "hub:5000").unwrap()
    }

    #[test]
    fn directories_name_their_hosts() {
        for (directory, host) in [
            ("hub_5000_", "hub:5000"),
            ("hub:5000", "hub:5000"),
            ("hub", "hub"),
            ("a_b", "a_b"),
            ("_default", "_default"),
        ] {
            assert_eq!(host_of(directory), host);
        }
    }

    #[test]
    fn hosts_in_their_order_and_the_server_last() {
        let clients = hosts(
            "server = \"https://hub:5000\"\nca = \"own.crt\"\n\n[host.\"https://z:8443\"]\n  capabilities = [\"pull\"]\n  ca = [\"/a.crt\", \"b/c.crt\"]\n  client = [[\"c.crt\", \"c.key\"], \"both.pem\"]\n\n[host.\"http://a\"]\n  skip_verify = true\n",
        );
        let urls: Vec<String> = clients.iter().map(|client| client.dials("")).collect();
        assert_eq!(urls, ["https://z:8443", "http://a", "https://hub:5000"]);
        assert_eq!(clients[0].told_at.line, Some(4));
        let roots: Vec<_> = clients[0]
            .roots
            .iter()
            .map(|file| file.path.clone())
            .collect();
        let directory = Path::new("/etc/containerd/certs.d/hub_5000_");
        assert_eq!(roots, [PathBuf::from("/a.crt"), directory.join("b/c.crt")]);
        assert_eq!(
            clients[0].shows[0].key.as_ref().unwrap().path,
            directory.join("c.key")
        );
        assert!(clients[0].shows[1].key.is_none());
        assert_eq!(clients[1].unverified.as_ref().unwrap().line, Some(10));
        assert_eq!(clients[2].roots[0].path, directory.join("own.crt"));
    }

    #[test]
    fn without_a_server_the_registry_itself_is_dialled() {
        let clients = hosts("ca = \"ca.crt\"\n");
        assert_eq!(clients.len(), 1);
        assert_eq!(clients[0].dials(""), "https://hub:5000");
    }

    #[test]
    fn what_is_no_toml_is_said_with_its_line() {
        let place = Place::file("/f");
        assert_eq!(
            parse(b"server = \"a\"\nca = [", &place, "a")
                .unwrap_err()
                .place
                .line,
            Some(2)
        );
        assert_eq!(
            parse(b"ca = 5\n", &place, "a").unwrap_err().place.line,
            Some(1)
        );
        assert!(parse(b"client = [[\"a\", \"b\", \"c\"]]\n", &place, "a").is_err());
    }

    #[test]
    fn the_older_tables() {
        let text = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  [plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"hub\"]\n    endpoint = [\"https://10.0.0.1:5000\"]\n  [plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"10.0.0.1:5000\".tls]\n    ca_file = \"/ca.crt\"\n    insecure_skip_verify = true\n  [plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"alone:5000\".tls]\n    cert_file = \"/c.crt\"\n    key_file = \"/c.key\"\n";
        let config =
            parse_config(text.as_bytes(), &Place::file("/etc/containerd/config.toml")).unwrap();
        assert_eq!((config.version, config.directories.len()), (2, 0));
        let [mirror, alone] = config.clients.as_slice() else {
            panic!("{:?}", config.clients)
        };
        assert_eq!(mirror.dials(""), "https://10.0.0.1:5000");
        assert_eq!(mirror.host.as_deref(), Some("hub"));
        assert_eq!(mirror.unverified.as_ref().unwrap().line, Some(7));
        assert_eq!(alone.dials(""), "https://alone:5000");
        assert_eq!(alone.shows.len(), 1);
        let text = "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/etc/containerd/certs.d:/etc/docker/certs.d'\n";
        let config = parse_config(text.as_bytes(), &Place::file("/f")).unwrap();
        assert_eq!(config.directories.len(), 2);
    }
}
