//! etcd's configuration file (`--config-file`): the same settings as its flags have, under nearly the same names
//! (server/embed/config.go, `configYAML`).

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_saphyr::Spanned;

use crate::facts::Broken;
use crate::facts::process::Flag;
use crate::facts::yaml;
use crate::facts::yaml::Text;
use crate::place::Place;

/// Reads the file as the flags that say the same; `file` is its number among the files of the process.
pub(super) fn parse(bytes: &[u8], place: &Place, file: usize) -> Result<Vec<Flag>, Box<Broken>> {
    let config: Config = yaml::first(bytes, place)?;
    let plain = [
        ("name", config.name),
        ("listen-client-urls", config.listen_client_urls),
        ("listen-peer-urls", config.listen_peer_urls),
        ("advertise-client-urls", config.advertise_client_urls),
        (
            "initial-advertise-peer-urls",
            config.initial_advertise_peer_urls,
        ),
        ("initial-cluster", config.initial_cluster),
    ];
    let mut flags: Vec<(String, Text)> = plain
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Text::from(value?))))
        .collect();
    for (prefix, security) in [
        ("", config.client_transport_security),
        ("peer-", config.peer_transport_security),
    ] {
        let security = security.unwrap_or_default();
        let allowed = if prefix.is_empty() {
            "client-cert-"
        } else {
            "peer-cert-"
        };
        let plain = [
            ("cert-file", security.cert_file),
            ("key-file", security.key_file),
            ("client-cert-file", security.client_cert_file),
            ("client-key-file", security.client_key_file),
            ("client-cert-auth", security.client_cert_auth),
            ("trusted-ca-file", security.trusted_ca_file),
            ("auto-tls", security.auto_tls),
            (
                "skip-client-san-verification",
                security.skip_client_san_verification,
            ),
        ];
        flags.extend(
            plain
                .into_iter()
                .filter_map(|(name, value)| Some((format!("{prefix}{name}"), Text::from(value?)))),
        );
        let lists = [
            ("allowed-cn", security.allowed_cn),
            ("allowed-hostname", security.allowed_hostname),
        ];
        flags.extend(
            lists
                .into_iter()
                .filter_map(|(name, value)| Some((format!("{allowed}{name}"), joined(value?)))),
        );
    }
    Ok(flags
        .into_iter()
        .map(|(name, text)| Flag {
            name,
            value: text.value,
            line: text.line,
            file,
        })
        .collect())
}

fn joined(value: Spanned<OneOrSeveral>) -> Text {
    let line = u32::try_from(value.referenced.line()).unwrap_or(1);
    Text {
        line,
        value: value.value.0.join(","),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Config {
    #[serde(default)]
    name: Option<Spanned<String>>,
    #[serde(default)]
    listen_client_urls: Option<Spanned<String>>,
    #[serde(default)]
    listen_peer_urls: Option<Spanned<String>>,
    #[serde(default)]
    advertise_client_urls: Option<Spanned<String>>,
    #[serde(default)]
    initial_advertise_peer_urls: Option<Spanned<String>>,
    #[serde(default)]
    initial_cluster: Option<Spanned<String>>,
    #[serde(default)]
    client_transport_security: Option<Security>,
    #[serde(default)]
    peer_transport_security: Option<Security>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Security {
    cert_file: Option<Spanned<String>>,
    key_file: Option<Spanned<String>>,
    client_cert_file: Option<Spanned<String>>,
    client_key_file: Option<Spanned<String>>,
    client_cert_auth: Option<Spanned<String>>,
    trusted_ca_file: Option<Spanned<String>>,
    auto_tls: Option<Spanned<String>>,
    skip_client_san_verification: Option<Spanned<String>>,
    allowed_cn: Option<Spanned<OneOrSeveral>>,
    allowed_hostname: Option<Spanned<OneOrSeveral>>,
}

/// One before etcd 3.6, a list since.
struct OneOrSeveral(Vec<String>);

impl<'de> Deserialize<'de> for OneOrSeveral {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values;
        impl<'de> Visitor<'de> for Values {
            type Value = OneOrSeveral;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrSeveral, E> {
                Ok(OneOrSeveral(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrSeveral, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrSeveral(texts))
            }
        }
        deserializer.deserialize_any(Values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_become_flags() {
        let text = "name: wudang\nlisten-peer-urls: https://10.0.0.1:2380\nsnapshot-count: 5\nclient-transport-security:\n  cert-file: /a.crt\n  client-cert-auth: true\n  trusted-ca-file:\npeer-transport-security:\n  cert-file: /p.crt\n  allowed-cn: [x, y]\n  skip-client-san-verification: true\n";
        let flags = parse(text.as_bytes(), &Place::file("etcd.yaml"), 3).unwrap();
        let told: Vec<_> = flags
            .iter()
            .map(|flag| (flag.name.as_str(), flag.value.as_str(), flag.line))
            .collect();
        assert_eq!(
            told,
            [
                ("name", "wudang", 1),
                ("listen-peer-urls", "https://10.0.0.1:2380", 2),
                ("cert-file", "/a.crt", 5),
                ("client-cert-auth", "true", 6),
                ("peer-cert-file", "/p.crt", 9),
                ("peer-skip-client-san-verification", "true", 11),
                ("peer-cert-allowed-cn", "x,y", 10),
            ]
        );
        assert!(flags.iter().all(|flag| flag.file == 3));
    }
}
