//! Whether a registry starts with its files. They are read once, at the start, and never again: a change waits for the
//! next one, and SIGHUP ends the process.

use std::fmt;

use crate::verdict::distribution::Release;
use crate::verdict::distribution::v2;
use crate::verdict::distribution::v3;
use crate::verdict::go;
use crate::verdict::go::quote;
use crate::x509::certificate::Certificate;
use crate::x509::pem;

/// What a registry is started with.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// Its generation.
    pub release: Release,
    /// `auth.token.rootcertbundle`.
    pub bundle: Option<Bundle<'a>>,
    /// `auth.token.jwks`, which 2 does not know.
    pub jwks: Option<Jwks<'a>>,
    /// `auth.token.signingalgorithms`, which 2 does not know.
    pub algorithms: Option<&'a [String]>,
}

/// The file of the bundle.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'a> {
    /// Its path as the configuration has it.
    pub path: &'a str,
    /// What it holds, or why the registry cannot read it.
    pub content: Result<&'a [u8], Unreadable>,
}

/// The file of the keys.
#[derive(Clone, Copy, Debug)]
pub struct Jwks<'a> {
    /// Its path as the configuration has it.
    pub path: &'a str,
    /// How many keys it holds, or why the registry cannot read it. JSON that does not parse is not told of here.
    pub keys: Result<usize, Unreadable>,
}

/// Why a process cannot read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unreadable {
    /// It is not there.
    Missing,
    /// Its owner and mode forbid it to the process.
    Forbidden,
    /// It is a directory, as docker makes one for a bind mount whose source is missing.
    Directory,
}

/// Whether a registry starts, as far as its files decide it.
///
/// # Errors
/// The line of its panic.
pub fn starts(start: &Start<'_>) -> Result<(), String> {
    configure(start).map_err(|says| format!("{PANIC}{says}"))
}

/// The panic of a registry whose configuration lacks one of `realm`, `issuer`, `service` and, in 2, `rootcertbundle`.
pub fn missing_option(option: &str) -> String {
    let option = quote(option);
    format!("{PANIC}token auth requires a valid option string: {option}")
}

/// `newAccessController`.
fn configure(start: &Start<'_>) -> Result<(), String> {
    let bundle = match start.bundle {
        Some(bundle) => certificates(&bundle)?,
        None if start.release == Release::V2 => {
            return Err(
                r#"token auth requires a valid option string: "rootcertbundle""#.to_owned(),
            );
        }
        None => Vec::new(),
    };
    match start.release {
        Release::V2 if bundle.is_empty() => {
            return Err("token auth requires at least one token signing root certificate".into());
        }
        Release::V2 => {
            let mut keys = bundle.iter().map(Certificate::public_key);
            return match keys.find_map(v2::unsupported) {
                Some(says) => Err(format!(
                    "unable to get public key from token auth root certificate: {says}"
                )),
                None => Ok(()),
            };
        }
        Release::V3 => {}
    }
    let keys = match start.jwks {
        Some(Jwks { path, keys }) => keys.map_err(|why| why.says("jwks", path))?,
        None => 0,
    };
    if bundle.is_empty() && keys == 0 {
        return Err("token auth requires at least one token signing key".to_owned());
    }
    let mut algorithms = start.algorithms.unwrap_or_default().iter();
    match algorithms.find(|name| !v3::is_known(name)) {
        Some(unknown) => Err(format!("unsupported signing algorithm: {unknown}")),
        None => Ok(()),
    }
}

/// Every `CERTIFICATE` block, as `pem.Decode` finds them; what else the file holds is passed over.
fn certificates(bundle: &Bundle<'_>) -> Result<Vec<Certificate>, String> {
    let text = bundle
        .content
        .map_err(|why| why.says("token auth root certificate bundle", bundle.path))?;
    let blocks = pem::blocks(text).into_iter().flatten();
    blocks
        .filter(|block| block.label == "CERTIFICATE" && block.is_read_by_go(text))
        .map(|block| {
            go::parse_certificate(&block.der).map_err(|refusal| {
                format!("unable to parse token auth root certificate: {refusal}")
            })
        })
        .collect()
}

impl Unreadable {
    /// As `os.Open` and `io.ReadAll` say it, and the registry after them.
    fn says(self, what: &str, path: &str) -> String {
        let (verb, call) = match self {
            Self::Missing | Self::Forbidden => ("open", "open"),
            Self::Directory if what == "jwks" => ("read token", "read"),
            Self::Directory => ("read", "read"),
        };
        format!(
            "unable to {verb} {what} file {}: {call} {path}: {self}",
            quote(path)
        )
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "no such file or directory",
            Self::Forbidden => "permission denied",
            Self::Directory => "is a directory",
        })
    }
}

const PANIC: &str = "panic: unable to configure authorization (token): ";
