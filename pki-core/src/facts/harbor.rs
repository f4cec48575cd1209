//! Harbor's own configuration: harbor.cfg (1.1 to 1.7), harbor.yml (1.8 and later), as `prepare` reads them.

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::facts::Broken;
use crate::facts::compose::Scalar;
use crate::facts::registry::Told;
use crate::facts::yaml;
use crate::facts::yaml::Text;
use crate::place::Place;

/// What a Harbor was told, as far as its TLS and its tokens go.
#[derive(Clone, Debug, Default)]
pub(super) struct Harbor {
    pub(super) place: Place,
    /// `hostname`.
    pub(super) hostname: Option<Told>,
    /// `external_url`, which counts instead of the hostname.
    pub(super) external_url: Option<Told>,
    /// Whether clients speak TLS to it.
    pub(super) tls: bool,
    /// The port of the machine.
    pub(super) port: u16,
    /// `ssl_cert`, `https.certificate`: what `prepare` copies for nginx.
    pub(super) certificate: Option<Told>,
    /// `ssl_cert_key`, `https.private_key`.
    pub(super) key: Option<Told>,
    /// `internal_tls.enabled: true`.
    pub(super) internal_tls: Option<Place>,
    /// `data_volume`.
    pub(super) data_volume: Option<Told>,
    /// `_version`, the release that this file was written for.
    pub(super) version: Option<Told>,
    /// `customize_crt`.
    pub(super) customize_crt: Option<Told>,
    /// `token_expiration`, in minutes.
    pub(super) token_expiration: Option<Told>,
}

/// Reads harbor.cfg: `key = value`, comments after `#` and `;` at the start of a line (Python's configparser).
pub(super) fn parse_cfg(bytes: &[u8], place: &Place) -> Harbor {
    let text = String::from_utf8_lossy(bytes);
    let options = options(&text);
    // Of two lines for one key the last counts.
    let of = |wanted: &str| {
        let mut options = options.iter().rev();
        let (_, value, line) = options.find(|(key, ..)| key.eq_ignore_ascii_case(wanted))?;
        (!value.is_empty()).then(|| Told {
            value: (*value).to_owned(),
            place: place.at_line(*line),
        })
    };
    let tls = of("ui_url_protocol").is_some_and(|told| told.value.eq_ignore_ascii_case("https"));
    Harbor {
        place: place.clone(),
        hostname: of("hostname"),
        external_url: None,
        tls,
        port: if tls { 443 } else { 80 },
        certificate: of("ssl_cert"),
        key: of("ssl_cert_key"),
        internal_tls: None,
        data_volume: None,
        version: None,
        customize_crt: of("customize_crt"),
        token_expiration: of("token_expiration"),
    }
}

/// Key, value and line of everything that is set. A line that begins with a blank goes on with the value above it, and a
/// comment after a value begins with ` ;`.
fn options(text: &str) -> Vec<(&str, &str, u32)> {
    let mut found: Vec<(&str, &str, u32)> = Vec::new();
    for (line, number) in text.trim_start_matches('\u{feff}').lines().zip(1_u32..) {
        let is_comment = line.trim_start().starts_with(['#', ';']);
        let goes_on = line.starts_with([' ', '\t']) && !found.is_empty();
        if is_comment || goes_on {
            continue;
        }
        if let Some((key, value)) = line.split_once(['=', ':']) {
            let value = value.split(" ;").next().unwrap_or_default();
            found.push((key.trim(), value.trim(), number));
        }
    }
    found
}

/// Reads harbor.yml.
pub(super) fn parse_yml(bytes: &[u8], place: &Place) -> Result<Harbor, Box<Broken>> {
    let file: File = yaml::first(bytes, place)?;
    let told = |spanned: Option<Spanned<Scalar>>| {
        let text = Text::from(spanned?);
        (!text.value.is_empty()).then(|| Told {
            value: text.value,
            place: place.at_line(text.line),
        })
    };
    let port = |told: Option<Told>, default: u16| {
        told.and_then(|told| told.value.parse().ok())
            .unwrap_or(default)
    };
    let internal = file
        .internal_tls
        .and_then(|settings| told(settings.enabled));
    let http_port = file.http.and_then(|http| told(http.port));
    let tls = file.https.is_some();
    let https = file.https.unwrap_or_default();
    Ok(Harbor {
        place: place.clone(),
        hostname: told(file.hostname),
        external_url: told(file.external_url),
        tls,
        port: if tls {
            port(told(https.port), 443)
        } else {
            port(http_port, 80)
        },
        certificate: told(https.certificate),
        key: told(https.private_key),
        internal_tls: internal
            .filter(|told| told.value == "true")
            .map(|told| told.place),
        data_volume: told(file.data_volume),
        version: told(file.version),
        customize_crt: None,
        token_expiration: None,
    })
}

impl Harbor {
    /// The URL that it tells clients: `external_url`, else the hostname with the port where that is not the protocol's own
    /// (make/photon/prepare/utils/configs.py, `public_url`).
    pub(super) fn public_url(&self) -> Option<Told> {
        if let Some(told) = &self.external_url {
            return Some(Told {
                value: told.value.trim_end_matches('/').to_owned(),
                place: told.place.clone(),
            });
        }
        let hostname = self.hostname.as_ref()?;
        let (scheme, default) = if self.tls {
            ("https", 443)
        } else {
            ("http", 80)
        };
        let host = &hostname.value;
        // Before 1.8 the port stands in the hostname.
        let value = if self.port == default {
            format!("{scheme}://{host}")
        } else {
            format!("{scheme}://{host}:{}", self.port)
        };
        Some(Told {
            value,
            place: hostname.place.clone(),
        })
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    hostname: Option<Spanned<Scalar>>,
    #[serde(default)]
    external_url: Option<Spanned<Scalar>>,
    #[serde(default)]
    http: Option<Http>,
    #[serde(default)]
    https: Option<Https>,
    #[serde(default)]
    internal_tls: Option<InternalTls>,
    #[serde(default)]
    data_volume: Option<Spanned<Scalar>>,
    #[serde(default, rename = "_version")]
    version: Option<Spanned<Scalar>>,
}

#[derive(Deserialize)]
struct Http {
    #[serde(default)]
    port: Option<Spanned<Scalar>>,
}

#[derive(Default, Deserialize)]
struct Https {
    #[serde(default)]
    port: Option<Spanned<Scalar>>,
    #[serde(default)]
    certificate: Option<Spanned<Scalar>>,
    #[serde(default)]
    private_key: Option<Spanned<Scalar>>,
}

#[derive(Deserialize)]
struct InternalTls {
    #[serde(default)]
    enabled: Option<Spanned<Scalar>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_form() {
        let text = b"## Configuration\n#hostname = old\nhostname = 10.47.217.91:8060\nui_url_protocol = https\nssl_cert = /data/cert/server.crt\n";
        let harbor = parse_cfg(text, &Place::file("/opt/harbor/harbor.cfg"));
        let url = harbor.public_url().unwrap();
        assert_eq!(url.value, "https://10.47.217.91:8060");
        assert_eq!(url.place.line, Some(3));
        assert!(harbor.tls && harbor.key.is_none());
    }

    #[test]
    fn lines_are_read_as_python_reads_them() {
        let text = b"\xef\xbb\xbfhostname=a\n  customize_crt = off\ncustomize_crt\t:  on ; as shipped\nCustomize_Crt =off\ntoken_expiration =\n";
        let harbor = parse_cfg(text, &Place::file("/opt/harbor/harbor.cfg"));
        let told = harbor.customize_crt.unwrap();
        assert_eq!((told.value.as_str(), told.place.line), ("off", Some(4)));
        assert_eq!(harbor.hostname.unwrap().value, "a");
        assert!(harbor.token_expiration.is_none());
    }

    #[test]
    fn the_newer_form() {
        let text = "hostname: hub.wulin.internal\nhttp:\n  port: 80\nhttps:\n  port: 8443\n  certificate: /a.crt\n  private_key: /a.key\ninternal_tls:\n  enabled: true\n";
        let mut harbor = parse_yml(text.as_bytes(), &Place::file("/f")).unwrap();
        assert_eq!(
            harbor.public_url().unwrap().value,
            "https://hub.wulin.internal:8443"
        );
        assert_eq!(harbor.certificate.as_ref().unwrap().place.line, Some(6));
        assert_eq!(harbor.internal_tls.as_ref().unwrap().line, Some(9));
        harbor.external_url = Some(Told {
            value: "https://other/".to_owned(),
            place: Place::file("/f"),
        });
        assert_eq!(harbor.public_url().unwrap().value, "https://other");
        let plain = parse_yml(b"hostname: h\nhttp: {port: 8080}\n", &Place::file("/f")).unwrap();
        assert_eq!(plain.public_url().unwrap().value, "http://h:8080");
    }
}
