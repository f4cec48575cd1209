//! Who signs and who verifies the tokens of a registry, as its files tell it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use time::Duration;

use crate::facts::balancer::FileAt;
use crate::facts::registry::Told;
use crate::place::FileStatus;
use crate::place::Place;
use crate::token::key_id::KidForm;
use crate::x509::key::KeyForm;
use crate::x509::spki::PublicKey;

/// A release of Harbor: what lies where, and in which form, differs between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HarborRelease {
    /// 1.
    pub major: u16,
    /// 10.
    pub minor: u16,
    /// 18.
    pub patch: u16,
}

/// CNCF distribution, as far as tokens go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DistributionRelease {
    /// 2.x: ids of libtrust.
    V2,
    /// 3.x: thumbprints of RFC 7638.
    V3,
}

/// Something that a line tells, or that is so where none does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// What.
    pub value: T,
    /// The line; `None` where it is the default.
    pub told_at: Option<Place>,
}

/// How a file gets into a container: what a rename on the machine does is seen through a directory alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mount {
    /// The file by itself.
    File,
    /// A directory above it.
    Directory,
}

/// Who a process in a container is on the machine: user and group.
pub type Owner = (u32, u32);

/// What signs the tokens of a registry.
#[derive(Clone, Debug)]
pub struct TokenSigner {
    /// `harbor-ui` of Harbor 1, `harbor-core` of Harbor 2, `token-server`.
    pub component: &'static str,
    /// What has to be restarted before another key counts: its name in the composition; `None` where nothing tells.
    pub container: Option<String>,
    /// The private key.
    pub key: FileAt,
    /// What it writes into a token to name its key.
    pub kid: KidForm,
    /// The token's `iss`.
    pub issuer: Setting<String>,
    /// The token's `aud`.
    pub service: Setting<String>,
    /// How long a token lives.
    pub lifetime: Setting<Duration>,
    /// How the key gets into the container.
    pub mount: Option<Mount>,
    /// Whom the key must be readable for.
    pub runs_as: Option<Owner>,
    /// What `prepare` copies over the pair, or that it makes a new one; up to Harbor 1.7.
    pub templates: Option<Templates>,
    /// The certificate that `prepare` made with the key, whoever reads it.
    pub root: Option<FileAt>,
    /// Copies of the certificate that others verify with: notary's.
    pub copies: Vec<FileAt>,
    /// Whether robot accounts are tokens of this key, which die with it: Harbor 1.8 to 2.1.
    pub robots_are_tokens: bool,
    /// Whether it also accepts tokens, of its own key alone: Harbor 2.
    pub verifies: bool,
}

/// A private key that tokens are signed with: everything but its bytes.
#[derive(Clone, Debug)]
pub struct SigningKeyFile {
    /// The file.
    pub place: Place,
    /// What the source has of its mode, its owner and where it lies.
    pub status: FileStatus,
    /// Its public half, whoever can read it.
    pub public: Option<PublicKey>,
    /// How it is written down; `None` where no private key is in it.
    pub form: Option<KeyForm>,
    /// What keeps its signer from using it.
    pub refused: Option<KeyRefusal>,
}

/// What a token service says of a key that it cannot use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRefusal {
    /// libtrust, before Harbor adds to it.
    Libtrust(String),
    /// golang-jwt, which nobody logs.
    GolangJwt(String),
    /// hapki, of the key of who knows what.
    Unreadable(String),
}

/// Where `prepare` of Harbor up to 1.7 takes the pair from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Templates {
    /// The private key.
    pub key: PathBuf,
    /// The certificate.
    pub root: PathBuf,
    /// Whether it makes a new pair instead.
    pub customize_crt: Setting<bool>,
}

/// What a registry verifies tokens with (`auth.token`).
#[derive(Clone, Debug)]
pub struct TokenVerifier {
    /// `registry`, `notary-server`.
    pub component: &'static str,
    /// Its name in the composition; `None` where nothing tells.
    pub container: Option<String>,
    /// Its configuration.
    pub place: Place,
    /// Which code it is; `None` where nothing tells.
    pub release: Option<DistributionRelease>,
    /// `rootcertbundle`.
    pub bundle: Option<FileAt>,
    /// That path as the registry itself has it.
    pub bundle_in_container: Option<PathBuf>,
    /// `jwks`.
    pub jwks: Option<FileAt>,
    /// `realm`, where `autoredirect` does not stand in for it.
    pub realm: Option<Told>,
    /// `issuer`.
    pub issuer: Option<Told>,
    /// `service`.
    pub service: Option<Told>,
    /// `signingalgorithms`; `None` where every one is taken.
    pub algorithms: Option<Vec<String>>,
    /// `http.draintimeout`.
    pub drain_timeout: Option<Told>,
    /// How the bundle gets into the container.
    pub mount: Option<Mount>,
    /// Whom the bundle must be readable for.
    pub runs_as: Option<Owner>,
}

impl KeyRefusal {
    /// What is said.
    pub fn text(&self) -> &str {
        match self {
            Self::Libtrust(says) | Self::GolangJwt(says) | Self::Unreadable(says) => says,
        }
    }
}

impl HarborRelease {
    /// The release `major.minor.0`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self {
            major,
            minor,
            patch: 0,
        }
    }

    /// Whether it is `major.minor` or later.
    pub fn is_at_least(self, major: u16, minor: u16) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl FromStr for HarborRelease {
    type Err = ();

    /// The tag of an image: `v1.10.18`, `2.9.0-dev`, `v2.4`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim().trim_start_matches('v');
        let release = text.split(['-', '+']).next().unwrap_or_default();
        let mut numbers = release.split('.').map(|part| part.parse().map_err(|_| ()));
        Ok(Self {
            major: numbers.next().ok_or(())??,
            minor: numbers.next().ok_or(())??,
            patch: numbers.next().unwrap_or(Ok(0))?,
        })
    }
}

impl fmt::Display for HarborRelease {
    /// `1.10.18`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl<T> Setting<T> {
    /// What is so where nothing is told.
    pub fn default_is(value: T) -> Self {
        Self {
            value,
            told_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_told_by_tags() {
        let parse = |text: &str| text.parse::<HarborRelease>().ok();
        assert_eq!(parse("v1.10.18").unwrap().to_string(), "1.10.18");
        assert_eq!(parse("v2.9.4-e2e"), parse("2.9.4"));
        assert_eq!(parse("2.4"), Some(HarborRelease::new(2, 4)));
        assert!(parse("v1.7.0").unwrap() < parse("v1.10.0").unwrap());
        assert_eq!(parse("latest"), None);
        assert_eq!(parse("dev.1"), None);
    }
}
