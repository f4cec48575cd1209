//! What someone wants done, as data. A request prints itself as the command line that asks for it, so that a remedy
//! in a report can be pasted.

mod shared;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;

use crate::profile::Profile;
use crate::x509::san::DnsName;

pub use crate::request::shared::NamedPath;
pub use crate::request::shared::SharedRequest;

/// Something hapki can be asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `hapki issue`.
    Issue(IssueRequest),
    /// `hapki unify`.
    Unify(SharedRequest),
    /// `hapki rotate service-account`.
    RotateServiceAccount(SharedRequest),
    /// `hapki rotate registry-token`.
    RotateRegistryToken(SharedRequest),
}

/// `hapki issue PROFILE… --node NAME`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IssueRequest {
    /// What to issue.
    pub profiles: Vec<Profile>,
    /// The node it is for.
    pub node: String,
    /// `--dns`: names added to what is derived.
    pub dns: Vec<DnsName>,
    /// `--ip`: addresses added to what is derived.
    pub ip: Vec<IpAddr>,
    /// `--only-given`: nothing is derived.
    pub only_given: bool,
    /// `--registry`: whose files say what a registry is reached by, and where it reads its certificate.
    pub registries: Vec<NamedPath>,
    /// `--pki-dir`, where it is not the default.
    pub pki_dir: Option<PathBuf>,
    /// `--ca-cert`.
    pub ca_cert: Option<PathBuf>,
    /// `--ca-key`.
    pub ca_key: Option<PathBuf>,
    /// `--install`: write where the node's own manifest points.
    pub install: bool,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issue(request) => request.fmt(f),
            Self::Unify(request) => request.write(f, "hapki unify"),
            Self::RotateServiceAccount(request) => request.write(f, "hapki rotate service-account"),
            Self::RotateRegistryToken(request) => request.write(f, "hapki rotate registry-token"),
        }
    }
}

impl fmt::Display for IssueRequest {
    /// Arguments are quoted for a POSIX shell where they need it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hapki issue")?;
        for profile in &self.profiles {
            write!(f, " {profile}")?;
        }
        option(f, "--node", &self.node)?;
        if self.install {
            f.write_str(" --install")?;
        }
        for registry in &self.registries {
            option(f, "--registry", &registry.to_string())?;
        }
        path(f, "--pki-dir", self.pki_dir.as_deref())?;
        for name in &self.dns {
            option(f, "--dns", name.as_str())?;
        }
        for address in &self.ip {
            option(f, "--ip", &address.to_string())?;
        }
        if self.only_given {
            f.write_str(" --only-given")?;
        }
        path(f, "--ca-cert", self.ca_cert.as_deref())?;
        path(f, "--ca-key", self.ca_key.as_deref())
    }
}

fn path(f: &mut fmt::Formatter<'_>, name: &str, value: Option<&Path>) -> fmt::Result {
    value.map_or(Ok(()), |value| option(f, name, &value.to_string_lossy()))
}

fn option(f: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    if value.starts_with('-') {
        // Otherwise the value would be read as the next option.
        write!(f, " {name}={}", quoted(value))
    } else {
        write!(f, " {name} {}", quoted(value))
    }
}

/// `value` as one word of a POSIX shell (XCU section 2.2.2): as it is when nothing in it is special, otherwise in
/// single quotes.
pub fn quoted(value: &str) -> Cow<'_, str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-:,@%+=".contains(&b);
    if !value.is_empty() && value.bytes().all(plain) {
        Cow::Borrowed(value)
    } else {
        Cow::Owned(format!("'{}'", value.replace('\'', r"'\''")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apiserver_for(node: &str) -> IssueRequest {
        IssueRequest {
            profiles: vec![Profile::Apiserver],
            node: node.to_owned(),
            ..IssueRequest::default()
        }
    }

    #[test]
    fn the_shortest_request_is_what_one_would_type() {
        let request = Request::Issue(apiserver_for("wudang"));
        assert_eq!(request.to_string(), "hapki issue apiserver --node wudang");
    }

    #[test]
    fn every_field_is_printed() {
        let request = IssueRequest {
            profiles: vec![Profile::Apiserver, Profile::AdminConf],
            node: "wudang".to_owned(),
            dns: vec![DnsName::new("*.wudang.example.com").unwrap()],
            ip: vec!["10.24.138.208".parse().unwrap(), "fd00::1".parse().unwrap()],
            only_given: true,
            registries: vec![NamedPath {
                name: Some("hub".to_owned()),
                path: "opt/harbor".into(),
            }],
            pki_dir: Some("wudang/etc/kubernetes/pki".into()),
            ca_cert: Some("ca.crt".into()),
            ca_key: Some("ca.key".into()),
            install: true,
        };
        assert_eq!(
            request.to_string(),
            "hapki issue apiserver admin.conf --node wudang --install --registry hub=opt/harbor --pki-dir wudang/etc/kubernetes/pki \
             --dns '*.wudang.example.com' --ip 10.24.138.208 --ip fd00::1 --only-given --ca-cert ca.crt --ca-key ca.key"
        );
    }

    #[test]
    fn what_a_shell_would_split_or_expand_is_quoted() {
        let with_dir = |dir: &str| {
            let request = IssueRequest {
                pki_dir: Some(dir.into()),
                ..apiserver_for("wudang")
            };
            let text = request.to_string();
            text.strip_prefix("hapki issue apiserver --node wudang --pki-dir")
                .unwrap()
                .to_owned()
        };
        assert_eq!(with_dir("my pki"), " 'my pki'");
        assert_eq!(with_dir("$HOME/pki"), " '$HOME/pki'");
        assert_eq!(with_dir("it's"), r" 'it'\''s'");
        assert_eq!(with_dir("-pki"), "=-pki");
        assert_eq!(with_dir("~/pki"), " '~/pki'");
    }
}
