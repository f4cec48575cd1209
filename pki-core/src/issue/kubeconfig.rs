//! A kubeconfig as kubeadm writes it (cmd/kubeadm/app/util/kubeconfig/kubeconfig.go, `CreateWithCerts`): one cluster, one
//! user, the context `user@cluster`, everything embedded.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::plan::KubeconfigStep;

/// The bytes that are embedded, all PEM.
#[derive(Clone, Copy)]
pub struct Embedded<'a> {
    /// Every CA certificate that the server's chain may end in.
    pub authorities: &'a str,
    /// The client's certificate.
    pub certificate: &'a str,
    /// Its key.
    pub key: &'a str,
}

/// The text of the file.
pub fn render(step: &KubeconfigStep, embedded: &Embedded<'_>) -> Zeroizing<String> {
    let cluster = scalar(&step.cluster);
    let user = scalar(&step.user);
    let context = scalar(&format!("{}@{}", step.user, step.cluster));
    let server = scalar(&step.server);
    let key = Zeroizing::new(STANDARD.encode(embedded.key));
    let authorities = STANDARD.encode(embedded.authorities);
    let certificate = STANDARD.encode(embedded.certificate);
    Zeroizing::new(format!(
        "apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {authorities}
    server: {server}
  name: {cluster}
contexts:
- context:
    cluster: {cluster}
    user: {user}
  name: {context}
current-context: {context}
kind: Config
users:
- name: {user}
  user:
    client-certificate-data: {certificate}
    client-key-data: {}
",
        *key
    ))
}

/// A YAML scalar: plain where it cannot be taken for anything but this text, else quoted as in JSON, which YAML includes.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && !text.ends_with(':')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._/:@[]".contains(c))
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "y" | "yes" | "n" | "no" | "true" | "false" | "on" | "off" | "null"
        );
    match plain {
        true => text.to_owned(),
        false => serde_json::Value::from(text).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::Embedded;
    use super::render;
    use super::scalar;
    use crate::plan::KubeconfigStep;

    #[test]
    fn reads_as_kubeadm_writes_it() {
        let step = KubeconfigStep {
            path: "admin.conf".into(),
            server: "https://[fd00::1]:6443".into(),
            cluster: "kubernetes".into(),
            user: "system:node:wudang".into(),
        };
        let embedded = Embedded {
            authorities: "CA",
            certificate: "CERT",
            key: "KEY",
        };
        let expected = "apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://[fd00::1]:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: system:node:wudang
  name: system:node:wudang@kubernetes
current-context: system:node:wudang@kubernetes
kind: Config
users:
- name: system:node:wudang
  user:
    client-certificate-data: Q0VSVA==
    client-key-data: S0VZ
";
        assert_eq!(render(&step, &embedded).as_str(), expected);
    }

    #[test]
    fn quotes_what_yaml_would_take_for_something_else() {
        for (text, expected) in [
            ("wulin", "wulin"),
            ("no", "\"no\""),
            ("1.34", "\"1.34\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("line\nbreak", "\"line\\nbreak\""),
        ] {
            assert_eq!(scalar(text), expected);
        }
    }
}
