//! `hapki unify` and `hapki rotate`.

use std::fmt;
use std::path::PathBuf;

use time::Duration;

use crate::request::option;
use crate::request::quoted;
use crate::token::key_id::KidForm;

/// What `hapki unify` and `hapki rotate` are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedRequest {
    /// Every PATH, with the name before its `=`.
    pub paths: Vec<NamedPath>,
    /// `--from`: whose key all are to share.
    pub from: Option<String>,
    /// `--generate`: a new key.
    pub generate: bool,
    /// `--at-once`: no stages.
    pub at_once: bool,
    /// `--in-place`: files keep their inodes.
    pub in_place: bool,
    /// `--restarted`: what was restarted since the last run.
    pub restarted: Vec<String>,
    /// `--probe`: names of restarts, and where to ask the process instead of taking somebody's word.
    pub probe: Vec<(String, String)>,
    /// `--signer-kid`: how token servers name their keys, where it is told.
    pub signer_kid: Option<KidForm>,
    /// `--token-lifetime`: how long tokens live, where no file tells.
    pub token_lifetime: Option<Duration>,
    /// `--apply`: write.
    pub apply: bool,
}

/// `PATH` or `NAME=PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPath {
    /// The name that was given.
    pub name: Option<String>,
    /// The path.
    pub path: PathBuf,
}

impl SharedRequest {
    /// `command` with every option, quoted for a POSIX shell where need be.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, command: &str) -> fmt::Result {
        f.write_str(command)?;
        for path in &self.paths {
            let text = path.to_string();
            // Otherwise it would be read as an option.
            let dashed = if text.starts_with('-') { "./" } else { "" };
            write!(f, " {}", quoted(&format!("{dashed}{text}")))?;
        }
        if let Some(name) = &self.from {
            option(f, "--from", name)?;
        }
        if let Some(form) = self.signer_kid {
            option(f, "--signer-kid", &form.to_string())?;
        }
        if let Some(lifetime) = self.token_lifetime {
            option(
                f,
                "--token-lifetime",
                &format!("{}s", lifetime.whole_seconds()),
            )?;
        }
        for name in &self.restarted {
            option(f, "--restarted", name)?;
        }
        for (name, url) in &self.probe {
            option(f, "--probe", &format!("{name}={url}"))?;
        }
        for (given, name) in [
            (self.generate, " --generate"),
            (self.at_once, " --at-once"),
            (self.in_place, " --in-place"),
            (self.apply, " --apply"),
        ] {
            f.write_str(if given { name } else { "" })?;
        }
        Ok(())
    }
}

impl From<PathBuf> for NamedPath {
    fn from(path: PathBuf) -> Self {
        Self { name: None, path }
    }
}

impl fmt::Display for NamedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name}=")?;
        }
        write!(f, "{}", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use crate::request::Request;

    use super::*;

    #[test]
    fn the_shortest_is_what_one_would_type() {
        let request = SharedRequest {
            paths: vec![PathBuf::from("/opt/harbor").into()],
            ..SharedRequest::default()
        };
        assert_eq!(
            Request::Unify(request.clone()).to_string(),
            "hapki unify /opt/harbor"
        );
        assert_eq!(
            Request::RotateServiceAccount(request.clone()).to_string(),
            "hapki rotate service-account /opt/harbor"
        );
        assert_eq!(
            Request::RotateRegistryToken(request).to_string(),
            "hapki rotate registry-token /opt/harbor"
        );
    }

    #[test]
    fn every_field_is_printed() {
        let request = SharedRequest {
            paths: vec![
                NamedPath {
                    name: Some("node 1".to_owned()),
                    path: "a".into(),
                },
                PathBuf::from("-b").into(),
            ],
            from: Some("node 1".to_owned()),
            generate: true,
            at_once: true,
            in_place: true,
            restarted: vec!["registry@node 1".to_owned()],
            probe: vec![("registry@a".to_owned(), "http://10.0.0.1:5000".to_owned())],
            signer_kid: Some(KidForm::X5c),
            token_lifetime: Some(Duration::minutes(5)),
            apply: true,
        };
        assert_eq!(
            Request::Unify(request).to_string(),
            "hapki unify 'node 1=a' ./-b --from 'node 1' --signer-kid x5c --token-lifetime 300s \
             --restarted 'registry@node 1' --probe registry@a=http://10.0.0.1:5000 --generate --at-once --in-place --apply"
        );
    }
}
