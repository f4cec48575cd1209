//! The kubelet's configuration file (KubeletConfiguration, /var/lib/kubelet/config.yaml).

use std::path::PathBuf;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::facts::Broken;
use crate::facts::yaml;
use crate::facts::yaml::Text;
use crate::place::Place;

/// What a kubelet was told about certificates.
#[derive(Clone, Debug)]
pub struct KubeletConfig {
    /// The file.
    pub place: Place,
    /// `authentication.x509.clientCAFile`: whom it trusts for client certificates.
    pub client_ca: Option<Text>,
    /// `tlsCertFile`: its serving certificate; without one it makes its own.
    pub certificate: Option<Text>,
    /// `tlsPrivateKeyFile`.
    pub key: Option<Text>,
    /// `rotateCertificates`.
    pub rotates: bool,
    /// Its line, where it is there.
    pub rotates_line: Option<u32>,
    /// `port`.
    pub port: Option<u16>,
    /// `serverTLSBootstrap`.
    pub server_bootstrap: bool,
    /// `clusterDomain`.
    pub cluster_domain: Option<String>,
}

/// Reads the file.
pub(super) fn parse(bytes: &[u8], place: &Place) -> Result<KubeletConfig, Box<Broken>> {
    let config: Config = yaml::first(bytes, place)?;
    let x509 = config.authentication.and_then(|field| field.x509);
    Ok(KubeletConfig {
        place: place.clone(),
        client_ca: x509.and_then(|field| field.client_ca_file).and_then(text),
        certificate: config.tls_cert_file.and_then(text),
        key: config.tls_private_key_file.and_then(text),
        rotates_line: config
            .rotate_certificates
            .as_ref()
            .and_then(|flag| u32::try_from(flag.referenced.line()).ok()),
        rotates: config.rotate_certificates.is_some_and(|flag| flag.value),
        port: config.port.filter(|port| *port != 0),
        server_bootstrap: config.server_tls_bootstrap.unwrap_or(false),
        cluster_domain: config.cluster_domain.filter(|domain| !domain.is_empty()),
    })
}

impl KubeletConfig {
    /// Every file that it names.
    pub fn files(&self) -> impl Iterator<Item = (PathBuf, u32)> {
        [&self.client_ca, &self.certificate, &self.key]
            .into_iter()
            .flatten()
            .map(|text| (PathBuf::from(&text.value), text.line))
    }
}

fn text(spanned: Spanned<String>) -> Option<Text> {
    (!spanned.value.is_empty()).then(|| Text::from(spanned))
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    authentication: Option<Authentication>,
    #[serde(default, rename = "tlsCertFile")]
    tls_cert_file: Option<Spanned<String>>,
    #[serde(default, rename = "tlsPrivateKeyFile")]
    tls_private_key_file: Option<Spanned<String>>,
    #[serde(default, rename = "rotateCertificates")]
    rotate_certificates: Option<Spanned<bool>>,
    #[serde(default)]
    port: Option<u16>,
    #[serde(default, rename = "serverTLSBootstrap")]
    server_tls_bootstrap: Option<bool>,
    #[serde(default, rename = "clusterDomain")]
    cluster_domain: Option<String>,
}

#[derive(Deserialize)]
struct Authentication {
    #[serde(default)]
    x509: Option<X509>,
}

#[derive(Deserialize)]
struct X509 {
    #[serde(default, rename = "clientCAFile")]
    client_ca_file: Option<Spanned<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubeadm_writes() {
        let text = "apiVersion: kubelet.config.k8s.io/v1beta1\nauthentication:\n  anonymous:\n    enabled: false\n  x509:\n    clientCAFile: /etc/kubernetes/pki/ca.crt\nclusterDomain: cluster.local\nrotateCertificates: true\n";
        let config = parse(text.as_bytes(), &Place::file("config.yaml")).unwrap();
        let ca = config.client_ca.unwrap();
        assert_eq!(
            (ca.value.as_str(), ca.line),
            ("/etc/kubernetes/pki/ca.crt", 6)
        );
        assert!(config.rotates && config.certificate.is_none());
        assert_eq!(config.rotates_line, Some(8));
        assert_eq!(config.cluster_domain.as_deref(), Some("cluster.local"));
    }
}
