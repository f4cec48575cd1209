//! Kubeconfigs: which server is dialled, what is trusted, what is shown. Embedded data wins over a file, as in client-go
//! (tools/clientcmd/client_config.go).

use std::path::Path;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;
use zeroize::Zeroize;
use zeroize::Zeroizing;

use crate::facts::Broken;
use crate::facts::BrokenKind;
use crate::facts::certificate_files;
use crate::facts::certificate_files::Cache;
use crate::facts::certificate_files::Expected;
use crate::facts::certificate_files::PemFile;
use crate::facts::yaml;
use crate::facts::yaml::Text;
use crate::place::FileStatus;
use crate::place::Place;

/// One kubeconfig.
#[derive(Clone, Debug)]
pub struct Kubeconfig {
    /// The file.
    pub place: Place,
    /// Permission bits, where the source has them.
    pub mode: Option<u32>,
    /// `current-context`, where there is one that is not empty.
    pub current_context: Option<Text>,
    /// The contexts.
    pub contexts: Vec<Context>,
    /// The clusters.
    pub clusters: Vec<Cluster>,
    /// The users.
    pub users: Vec<User>,
}

/// One context.
#[derive(Clone, Debug)]
pub struct Context {
    /// Its name.
    pub name: String,
    /// The cluster it names.
    pub cluster: String,
    /// The user it names.
    pub user: String,
}

/// One cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// The URL that is dialled, without what it may hold of secrets.
    pub server: Option<Text>,
    /// What the certificate has to carry in place of the URL's host.
    pub tls_server_name: Option<Text>,
    /// The line of `insecure-skip-tls-verify: true`.
    pub insecure: Option<u32>,
    /// Whether it is dialled through a proxy.
    pub proxied: bool,
    /// The roots; without them the machine's own count.
    pub authority: Option<Material>,
}

/// One user.
#[derive(Clone, Debug)]
pub struct User {
    /// Its name.
    pub name: String,
    /// The certificate that is shown.
    pub certificate: Option<Material>,
    /// Its key.
    pub key: Option<Material>,
    /// By what else it identifies itself, never the thing itself: `a token`, `a password`.
    pub otherwise: Vec<&'static str>,
}

/// Certificates or a key: embedded, or in a file.
#[derive(Clone, Debug)]
pub enum Material {
    /// Embedded; the place is the line of the data.
    Embedded(Box<PemFile>),
    /// In a file.
    File {
        /// The path on the node; a relative one is taken from the directory of the kubeconfig.
        path: PathBuf,
        /// The line that names it.
        line: u32,
    },
}

/// Reads one kubeconfig that is looked at by itself: `None` where the text is something else.
///
/// # Errors
/// Where it stops being YAML, or a kubeconfig's.
pub fn read(bytes: &[u8], place: &Place) -> Result<Option<Kubeconfig>, Box<Broken>> {
    parse(bytes, place, None, &mut Cache::default())
}

/// Reads one kubeconfig: `None` where the text is something else.
pub(super) fn parse(
    bytes: &[u8],
    place: &Place,
    mode: Option<u32>,
    cache: &mut Cache,
) -> Result<Option<Kubeconfig>, Box<Broken>> {
    let config: Config = yaml::first(bytes, place)?;
    let (Some(clusters), Some(contexts)) = (config.clusters, config.contexts) else {
        return Ok(None);
    };
    let mut reader = Reader { place, mode, cache };
    Ok(Some(Kubeconfig {
        place: place.clone(),
        mode,
        current_context: config.current_context.map(Text::from).filter(not_empty),
        contexts: contexts.into_iter().map(Context::from).collect(),
        clusters: clusters
            .into_iter()
            .map(|named| reader.cluster(named))
            .collect(),
        users: config
            .users
            .unwrap_or_default()
            .into_iter()
            .map(|named| reader.user(named))
            .collect(),
    }))
}

impl Kubeconfig {
    /// The cluster and the user of the current context.
    ///
    /// # Errors
    /// Says why there is none.
    pub fn current(&self) -> Result<(&Cluster, Option<&User>), String> {
        let Some(current) = &self.current_context else {
            return Err("the kubeconfig names no current context".to_owned());
        };
        let context = self
            .contexts
            .iter()
            .find(|context| context.name == current.value)
            .ok_or_else(|| {
                format!(
                    "its current context `{}` is not among its contexts",
                    current.value
                )
            })?;
        let cluster = self
            .clusters
            .iter()
            .find(|cluster| cluster.name == context.cluster)
            .ok_or_else(|| {
                format!(
                    "its current context names a cluster `{}` that it does not hold",
                    context.cluster
                )
            })?;
        Ok((
            cluster,
            self.users.iter().find(|user| user.name == context.user),
        ))
    }

    /// Everything that is embedded.
    pub fn embedded(&self) -> impl Iterator<Item = &PemFile> {
        self.material().filter_map(|material| match material {
            Material::Embedded(file) => Some(&**file),
            Material::File { .. } => None,
        })
    }

    /// Every file that is named, with the line that names it.
    pub fn files(&self) -> impl Iterator<Item = (&Path, u32)> {
        self.material().filter_map(|material| match material {
            Material::Embedded(_) => None,
            Material::File { path, line } => Some((path.as_path(), *line)),
        })
    }

    fn material(&self) -> impl Iterator<Item = &Material> {
        let users = self
            .users
            .iter()
            .flat_map(|user| [&user.certificate, &user.key]);
        self.clusters
            .iter()
            .map(|cluster| &cluster.authority)
            .chain(users)
            .flatten()
    }
}

struct Reader<'a> {
    place: &'a Place,
    mode: Option<u32>,
    cache: &'a mut Cache,
}

impl Reader<'_> {
    fn cluster(&mut self, named: NamedCluster) -> Cluster {
        let cluster = named.cluster.unwrap_or_default();
        let authority = self.material(
            cluster.certificate_authority_data,
            cluster.certificate_authority,
            ("certificate-authority-data", Expected::Certificates),
        );
        Cluster {
            name: named.name.unwrap_or_default(),
            server: cluster
                .server
                .map(Text::from)
                .map(without_secrets)
                .filter(not_empty),
            tls_server_name: cluster.tls_server_name.map(Text::from).filter(not_empty),
            insecure: cluster
                .insecure_skip_tls_verify
                .map(Text::from)
                .filter(|text| text.value.eq_ignore_ascii_case("true"))
                .map(|text| text.line),
            proxied: cluster.proxy_url.is_some_and(|url| !url.is_empty()),
            authority,
        }
    }

    fn user(&mut self, named: NamedUser) -> User {
        let user = named.user.unwrap_or_default();
        User {
            otherwise: user.otherwise(),
            name: named.name.unwrap_or_default(),
            certificate: self.material(
                user.client_certificate_data,
                user.client_certificate,
                ("client-certificate-data", Expected::Certificates),
            ),
            key: self.material(
                user.client_key_data,
                user.client_key,
                ("client-key-data", Expected::Key),
            ),
        }
    }

    fn material(
        &mut self,
        data: Option<Spanned<String>>,
        file: Option<Spanned<String>>,
        (field, expected): (&str, Expected),
    ) -> Option<Material> {
        if let Some(data) = data.map(Text::from).filter(not_empty) {
            return Some(Material::Embedded(Box::new(
                self.embedded(data, field, expected),
            )));
        }
        let file = file.map(Text::from).filter(not_empty)?;
        let directory = self.place.path.parent().unwrap_or(Path::new("/"));
        Some(Material::File {
            path: directory.join(&file.value),
            line: file.line,
        })
    }

    fn embedded(&mut self, mut data: Text, field: &str, expected: Expected) -> PemFile {
        let place = self.place.at_line(data.line);
        let mut decoded = STANDARD.decode(&data.value);
        // Go's decoder passes over line ends inside base64.
        if decoded.is_err() && data.value.contains(['\r', '\n']) {
            data.value.retain(|c| !matches!(c, '\r' | '\n'));
            decoded = STANDARD.decode(&data.value);
        }
        let decoded = decoded.map(Zeroizing::new);
        data.value.zeroize();
        match decoded {
            Ok(bytes) => {
                let mut file = certificate_files::parse(
                    &bytes,
                    &place,
                    FileStatus::of_mode(self.mode),
                    expected,
                    self.cache,
                );
                for broken in &mut file.broken {
                    broken.problem = format!("{field}: {}", broken.problem);
                }
                file
            }
            Err(_) => PemFile {
                broken: vec![Broken {
                    place: place.clone(),
                    kind: BrokenKind::Malformed,
                    told_at: None,
                    problem: format!("{field} is not valid base64"),
                }],
                place,
                status: FileStatus::of_mode(self.mode),
                ..PemFile::default()
            },
        }
    }
}

impl From<NamedContext> for Context {
    fn from(named: NamedContext) -> Self {
        let context = named.context.unwrap_or_default();
        Self {
            name: named.name.unwrap_or_default(),
            cluster: context.cluster.unwrap_or_default(),
            user: context.user.unwrap_or_default(),
        }
    }
}

/// A URL is shown, so its password goes, as net/http leaves it out of its errors (client.go, stripPassword), and its
/// query and fragment, which client-go does not send either (rest/client.go, NewRESTClient).
fn without_secrets(mut url: Text) -> Text {
    let end = url.value.find(['?', '#']).unwrap_or(url.value.len());
    url.value.truncate(end);
    let start = url.value.find("://").map_or(0, |at| at + "://".len());
    let rest = url.value.get(start..).unwrap_or_default();
    let authority = rest.split('/').next().unwrap_or_default();
    let password = authority
        .rsplit_once('@')
        .and_then(|(user, _)| user.split_once(':'));
    if let Some((user, password)) = password {
        let from = start + user.len() + 1;
        url.value.replace_range(from..from + password.len(), "***");
    }
    url
}

fn not_empty(text: &Text) -> bool {
    !text.value.is_empty()
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Config {
    #[serde(default)]
    current_context: Option<Spanned<String>>,
    #[serde(default)]
    clusters: Option<Vec<NamedCluster>>,
    #[serde(default)]
    contexts: Option<Vec<NamedContext>>,
    #[serde(default)]
    users: Option<Vec<NamedUser>>,
}

#[derive(Deserialize)]
struct NamedCluster {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    cluster: Option<ClusterFields>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ClusterFields {
    #[serde(default)]
    server: Option<Spanned<String>>,
    #[serde(default)]
    tls_server_name: Option<Spanned<String>>,
    #[serde(default)]
    insecure_skip_tls_verify: Option<Spanned<String>>,
    #[serde(default)]
    proxy_url: Option<String>,
    #[serde(default)]
    certificate_authority: Option<Spanned<String>>,
    #[serde(default)]
    certificate_authority_data: Option<Spanned<String>>,
}

#[derive(Deserialize)]
struct NamedContext {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    context: Option<ContextFields>,
}

#[derive(Default, Deserialize)]
struct ContextFields {
    #[serde(default)]
    cluster: Option<String>,
    #[serde(default)]
    user: Option<String>,
}

#[derive(Deserialize)]
struct NamedUser {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    user: Option<UserFields>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct UserFields {
    #[serde(default)]
    client_certificate: Option<Spanned<String>>,
    #[serde(default)]
    client_certificate_data: Option<Spanned<String>>,
    #[serde(default)]
    client_key: Option<Spanned<String>>,
    #[serde(default)]
    client_key_data: Option<Spanned<String>>,
    // Secrets are passed over as they are read: that they are there is all that is kept.
    #[serde(default)]
    token: Option<IgnoredAny>,
    #[serde(default, rename = "tokenFile")]
    token_file: Option<IgnoredAny>,
    #[serde(default)]
    password: Option<IgnoredAny>,
    #[serde(default)]
    exec: Option<IgnoredAny>,
    #[serde(default)]
    auth_provider: Option<IgnoredAny>,
}

impl UserFields {
    fn otherwise(&self) -> Vec<&'static str> {
        [
            (&self.token, "a token"),
            (&self.token_file, "a token file"),
            (&self.password, "a password"),
            (&self.exec, "a command"),
            (&self.auth_provider, "an auth provider"),
        ]
        .into_iter()
        .filter_map(|(field, what)| field.is_some().then_some(what))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_keeps_no_secret() {
        for (written, kept) in [
            ("https://10.0.0.1:6443", "https://10.0.0.1:6443"),
            ("https://[fd00::1]:6443/a", "https://[fd00::1]:6443/a"),
            ("https://admin@h:1", "https://admin@h:1"),
            (
                "https://admin:s3:c@ret@h:1/x?t=s3cret#f",
                "https://admin:***@h:1/x",
            ),
            ("admin:s3cret@h", "admin:***@h"),
            ("https://h/?token=s3cret", "https://h/"),
        ] {
            let line = 1;
            let value = written.to_owned();
            assert_eq!(without_secrets(Text { value, line }).value, kept);
        }
    }
}
