//! Kubernetes releases, as far as certificates differ between them.

use std::fmt;
use std::str::FromStr;

/// A Kubernetes minor release. The patch level never changes what a certificate holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KubernetesVersion {
    /// 1.
    pub major: u16,
    /// 34.
    pub minor: u16,
}

/// A text that names no Kubernetes release.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a Kubernetes version; write it as 1.34 or v1.34.4")]
pub struct VersionError(pub String);

impl KubernetesVersion {
    /// The oldest release that the table was read from. Older ones are treated as this one.
    pub const OLDEST: Self = Self::new(1, 28);
    /// The newest release that the table was read from. Newer ones are treated as this one.
    pub const NEWEST: Self = Self::new(1, 37);
    /// What is assumed where neither an inventory nor a manifest's image tells the release: the one whose output
    /// the table was checked against (kubeadm v1.34.4).
    pub const DEFAULT: Self = Self::new(1, 34);

    /// The release `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// The release of the table that this one is treated as.
    pub fn in_table(self) -> Self {
        self.clamp(Self::OLDEST, Self::NEWEST)
    }
}

impl Default for KubernetesVersion {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl FromStr for KubernetesVersion {
    type Err = VersionError;

    /// `1.34`, `v1.34.4`, `v1.34.4+k3s1`, `1.35.0-rc.1`.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        parse(text).ok_or_else(|| VersionError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<KubernetesVersion> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let release = text.split(['-', '+']).next()?;
    let numbers = release
        .split('.')
        .map(number)
        .collect::<Option<Vec<u16>>>()?;
    match numbers.as_slice() {
        [major, minor] | [major, minor, _] => Some(KubernetesVersion::new(*major, *minor)),
        _ => None,
    }
}

/// Digits only: `u16::from_str` would also take `+34`.
fn number(text: &str) -> Option<u16> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_and_images_write() {
        for text in [
            "1.34",
            "v1.34",
            "v1.34.4",
            "1.34.4",
            "v1.34.4+k3s1",
            "1.34.0-rc.1",
        ] {
            assert_eq!(text.parse(), Ok(KubernetesVersion::new(1, 34)), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest_by_name() {
        for text in [
            "", "v", "1", "1.", "1.x", "1.34.4.5", "latest", "1.+34", " 1.34",
        ] {
            let error = text.parse::<KubernetesVersion>().unwrap_err();
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }

    #[test]
    fn releases_outside_the_table_are_treated_as_its_ends() {
        let minor = |minor| KubernetesVersion::new(1, minor).in_table().minor;
        assert_eq!(
            [minor(6), minor(28), minor(33), minor(37), minor(40)],
            [28, 28, 33, 37, 37]
        );
        assert_eq!(
            KubernetesVersion::new(2, 0).in_table(),
            KubernetesVersion::NEWEST
        );
    }
}
