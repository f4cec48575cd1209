//! The configuration of a registry, CNCF distribution 2.x and 3.x (configuration/configuration.go), with what variables of
//! its container put in its place (configuration/parser.go).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;

use crate::facts::Broken;
use crate::facts::compose::Scalar;
use crate::facts::yaml;
use crate::facts::yaml::Text;
use crate::place::Place;

/// A value and where it stands, which may be the file of the container rather than the registry's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The value.
    pub value: String,
    /// Where.
    pub place: Place,
}

/// What a registry was told, as far as its TLS and its tokens go.
#[derive(Clone, Debug, Default)]
pub struct RegistryConfig {
    /// The file; the container's where there is none.
    pub place: Place,
    /// `http.addr`; `:5000` where nothing is told.
    pub address: Option<Told>,
    /// `http.host`: the URL by which it is reached.
    pub host: Option<Told>,
    /// `http.tls.certificate`.
    pub certificate: Option<Told>,
    /// `http.tls.key`.
    pub key: Option<Told>,
    /// `http.tls.clientcas`: whom it demands a certificate of.
    pub client_cas: Vec<Told>,
    /// `http.tls.letsencrypt.cachefile`: its certificates come from elsewhere.
    pub letsencrypt: Option<Told>,
    /// `http.draintimeout`.
    pub drain_timeout: Option<Told>,
    /// `auth.token`.
    pub token: Option<TokenAuth>,
    /// `auth.htpasswd`: it looks passwords up by itself.
    pub htpasswd: bool,
}

/// `auth.token`: it believes tokens of a server elsewhere.
#[derive(Clone, Debug, Default)]
pub struct TokenAuth {
    /// `realm`: where clients are sent for a token.
    pub realm: Option<Told>,
    /// `service`: whom tokens have to be for.
    pub service: Option<Told>,
    /// `issuer`: whom they have to come from.
    pub issuer: Option<Told>,
    /// `rootcertbundle`.
    pub bundle: Option<Told>,
    /// `jwks`, from 3.0 on.
    pub jwks: Option<Told>,
    /// `signingalgorithms`, from 3.0 on.
    pub algorithms: Vec<Told>,
    /// `autoredirect`: clients are sent to the host that they have dialled.
    pub autoredirect: Option<Told>,
}

/// Reads a configuration: `None` where the text is something else.
pub(super) fn parse(bytes: &[u8], place: &Place) -> Result<Option<RegistryConfig>, Box<Broken>> {
    let file: File = yaml::first(bytes, place)?;
    // `version` and `storage` are what every configuration must have.
    if file.version.is_none() || file.storage.is_none() {
        return Ok(None);
    }
    let told = |spanned: Spanned<Scalar>| told(spanned, place);
    let http = file.http.unwrap_or_default();
    let tls = http.tls.unwrap_or_default();
    let auth = file.auth.unwrap_or_default();
    Ok(Some(RegistryConfig {
        place: place.clone(),
        address: http.addr.and_then(told),
        host: http.host.and_then(told),
        certificate: tls.certificate.and_then(told),
        key: tls.key.and_then(told),
        client_cas: tls
            .client_cas
            .unwrap_or_default()
            .into_iter()
            .filter_map(told)
            .collect(),
        letsencrypt: tls
            .letsencrypt
            .and_then(|settings| settings.cachefile)
            .and_then(told),
        drain_timeout: http.drain_timeout.and_then(told),
        htpasswd: auth.htpasswd.is_some(),
        token: auth.token.map(|raw| TokenAuth {
            realm: raw.realm.and_then(told),
            service: raw.service.and_then(told),
            issuer: raw.issuer.and_then(told),
            bundle: raw.bundle.and_then(told),
            jwks: raw.jwks.and_then(told),
            algorithms: raw
                .algorithms
                .unwrap_or_default()
                .into_iter()
                .filter_map(told)
                .collect(),
            autoredirect: raw.autoredirect.and_then(told),
        }),
    }))
}

impl RegistryConfig {
    /// Puts `REGISTRY_…` variables in the place of what the file says.
    pub(super) fn override_by(&mut self, variables: &BTreeMap<String, Text>, compose: &Place) {
        let of = |name: &str| {
            let text = variables.get(name)?;
            Some(Told {
                value: text.value.clone(),
                place: compose.at_line(text.line),
            })
        };
        for (name, field) in [
            ("REGISTRY_HTTP_ADDR", &mut self.address),
            ("REGISTRY_HTTP_HOST", &mut self.host),
            ("REGISTRY_HTTP_TLS_CERTIFICATE", &mut self.certificate),
            ("REGISTRY_HTTP_TLS_KEY", &mut self.key),
            (
                "REGISTRY_HTTP_TLS_LETSENCRYPT_CACHEFILE",
                &mut self.letsencrypt,
            ),
            ("REGISTRY_HTTP_DRAINTIMEOUT", &mut self.drain_timeout),
        ] {
            replace(field, of(name));
        }
        replace_list(&mut self.client_cas, "REGISTRY_HTTP_TLS_CLIENTCAS", of);
        let kind = of("REGISTRY_AUTH").map(|told| told.value);
        let tells = |kind: &str| {
            let prefix = format!("REGISTRY_AUTH_{kind}_");
            variables.keys().any(|name| name.starts_with(&prefix))
        };
        if kind.as_deref() == Some("htpasswd") || kind.is_none() && tells("HTPASSWD") {
            self.htpasswd = true;
        }
        if kind.as_deref() == Some("token") || kind.is_none() && tells("TOKEN") {
            self.token
                .get_or_insert_with(TokenAuth::default)
                .override_by(of);
        }
    }
}

impl TokenAuth {
    fn override_by(&mut self, of: impl Fn(&str) -> Option<Told>) {
        for (name, field) in [
            ("REGISTRY_AUTH_TOKEN_REALM", &mut self.realm),
            ("REGISTRY_AUTH_TOKEN_SERVICE", &mut self.service),
            ("REGISTRY_AUTH_TOKEN_ISSUER", &mut self.issuer),
            ("REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE", &mut self.bundle),
            ("REGISTRY_AUTH_TOKEN_JWKS", &mut self.jwks),
            ("REGISTRY_AUTH_TOKEN_AUTOREDIRECT", &mut self.autoredirect),
        ] {
            replace(field, of(name));
        }
        let name = "REGISTRY_AUTH_TOKEN_SIGNINGALGORITHMS";
        replace_list(&mut self.algorithms, name, of);
    }

    /// Whether `autoredirect` is on.
    pub fn redirects(&self) -> bool {
        let told = self.autoredirect.as_ref();
        told.is_some_and(|told| told.value == "true")
    }
}

fn replace(field: &mut Option<Told>, told: Option<Told>) {
    if told.is_some() {
        *field = told.filter(|told| !told.value.is_empty());
    }
}

/// The variable of that name holds a list in YAML, and one of them with a number after it holds one item.
fn replace_list(list: &mut Vec<Told>, name: &str, of: impl Fn(&str) -> Option<Told>) {
    if let Some(told) = of(name) {
        let items = told.value.trim_matches(['[', ']']).split([',', '\n']);
        let items = items.map(|item| {
            item.trim()
                .trim_start_matches("- ")
                .trim_matches(['"', '\'', ' '])
        });
        *list = items
            .filter(|item| !item.is_empty())
            .map(|item| Told {
                value: item.to_owned(),
                place: told.place.clone(),
            })
            .collect();
    }
    for index in 0.. {
        let Some(told) = of(&format!("{name}_{index}")) else {
            break;
        };
        match list.get_mut(index) {
            Some(present) => *present = told,
            None => list.push(told),
        }
    }
}

fn told(spanned: Spanned<Scalar>, place: &Place) -> Option<Told> {
    let text = Text::from(spanned);
    (!text.value.is_empty()).then(|| Told {
        value: text.value,
        place: place.at_line(text.line),
    })
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    version: Option<Scalar>,
    #[serde(default)]
    storage: Option<Scalar>,
    #[serde(default)]
    http: Option<Http>,
    #[serde(default)]
    auth: Option<Auth>,
}

#[derive(Default, Deserialize)]
struct Http {
    #[serde(default)]
    addr: Option<Spanned<Scalar>>,
    #[serde(default)]
    host: Option<Spanned<Scalar>>,
    #[serde(default)]
    tls: Option<Tls>,
    #[serde(default, rename = "draintimeout")]
    drain_timeout: Option<Spanned<Scalar>>,
}

#[derive(Default, Deserialize)]
struct Tls {
    #[serde(default)]
    certificate: Option<Spanned<Scalar>>,
    #[serde(default)]
    key: Option<Spanned<Scalar>>,
    #[serde(default, rename = "clientcas")]
    client_cas: Option<Vec<Spanned<Scalar>>>,
    #[serde(default)]
    letsencrypt: Option<LetsEncrypt>,
}

#[derive(Deserialize)]
struct LetsEncrypt {
    #[serde(default)]
    cachefile: Option<Spanned<Scalar>>,
}

#[derive(Default, Deserialize)]
struct Auth {
    #[serde(default)]
    token: Option<Token>,
    #[serde(default)]
    htpasswd: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    realm: Option<Spanned<Scalar>>,
    #[serde(default)]
    service: Option<Spanned<Scalar>>,
    #[serde(default)]
    issuer: Option<Spanned<Scalar>>,
    #[serde(default, rename = "rootcertbundle")]
    bundle: Option<Spanned<Scalar>>,
    #[serde(default)]
    jwks: Option<Spanned<Scalar>>,
    #[serde(default, rename = "signingalgorithms")]
    algorithms: Option<Vec<Spanned<Scalar>>>,
    #[serde(default)]
    autoredirect: Option<Spanned<Scalar>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: /x\nhttp:\n  addr: 10.0.0.1:5000\n  tls:\n    certificate: /tls/a.crt\n    key: /tls/a.key\n    clientcas:\n      - /tls/ca.crt\nauth:\n  token:\n    realm: https://hub/service/token\n";

    #[test]
    fn what_concerns_tls() {
        let config = parse(TEXT.as_bytes(), &Place::file("/c")).unwrap().unwrap();
        assert_eq!(config.address.unwrap().value, "10.0.0.1:5000");
        assert_eq!(config.certificate.unwrap().place.line, Some(8));
        assert_eq!(config.client_cas[0].value, "/tls/ca.crt");
        let token = config.token.unwrap();
        assert_eq!(token.realm.unwrap().place.line, Some(14));
        assert!(token.bundle.is_none() && !config.htpasswd);
        assert!(
            parse(b"services: {}\n", &Place::file("/c"))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn variables_of_the_container_come_first() {
        let mut config = parse(TEXT.as_bytes(), &Place::file("/c")).unwrap().unwrap();
        let text = |value: &str| Text {
            value: value.to_owned(),
            line: 3,
        };
        let variables = BTreeMap::from([
            ("REGISTRY_HTTP_ADDR".to_owned(), text(":443")),
            ("REGISTRY_HTTP_TLS_KEY".to_owned(), text("/other.key")),
            ("REGISTRY_HTTP_TLS_CLIENTCAS_1".to_owned(), text("/unused")),
            (
                "REGISTRY_AUTH_TOKEN_SIGNINGALGORITHMS".to_owned(),
                text("[RS256, ES256]"),
            ),
            (
                "REGISTRY_AUTH_TOKEN_ISSUER".to_owned(),
                text("wulin-tokens"),
            ),
            ("REGISTRY_AUTH_TOKEN_AUTOREDIRECT".to_owned(), text("true")),
            (
                "REGISTRY_HTTP_TLS_CLIENTCAS".to_owned(),
                text("[/b.crt, \"/c.crt\"]"),
            ),
        ]);
        config.override_by(&variables, &Place::file("/compose"));
        assert_eq!(config.address.unwrap().value, ":443");
        assert_eq!(
            config.key.unwrap().place,
            Place::file("/compose").at_line(3)
        );
        let token = config.token.as_ref().unwrap();
        assert_eq!(token.issuer.as_ref().unwrap().value, "wulin-tokens");
        assert_eq!(
            token.realm.as_ref().unwrap().value,
            "https://hub/service/token"
        );
        assert!(token.redirects());
        assert_eq!(token.algorithms[1].value, "ES256");
        assert_eq!(config.certificate.unwrap().value, "/tls/a.crt");
        let cas: Vec<&str> = config
            .client_cas
            .iter()
            .map(|told| told.value.as_str())
            .collect();
        assert_eq!(cas, ["/b.crt", "/c.crt"]);
    }
}
