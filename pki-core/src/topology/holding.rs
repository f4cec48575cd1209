//! Certificates, keys and roots of trust, each at its place.

use crate::place::Place;
use crate::profile::Authority;
use crate::profile::Profile;
use crate::topology::edge::Component;
use crate::topology::edge::Trust;
use crate::x509::certificate::Certificate;
use crate::x509::key::KeyError;
use crate::x509::spki::PublicKey;

/// One certificate at one place.
#[derive(Clone, Debug)]
pub struct Holding {
    /// What it is used as, when that is known.
    pub role: Option<Role>,
    /// Where.
    pub place: Place,
    /// Which of the certificates in the file, from 0.
    pub index: usize,
    /// Whether a manifest, a kubeconfig or kubeadm's layout leads a component to it; other files lie beside.
    pub used: bool,
    /// The entry of a kubeconfig that it stands in; `None` where it has a file of its own.
    pub embedded: Option<Embedded>,
    /// The certificate.
    pub certificate: Certificate,
}

/// An entry of a kubeconfig, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Embedded {
    /// `certificate-authority-data` of this cluster.
    Cluster(String),
    /// `client-certificate-data` of this user.
    User(String),
}

/// What a certificate is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A certificate of the profile table.
    Profile(Profile),
    /// A certificate authority.
    Authority(Authority),
    /// A balancer's own, which no profile issues: what it shows to clients or to its backends.
    Balancer,
}

/// One private key at one place.
#[derive(Clone, Debug)]
pub struct KeyHolding {
    /// Where.
    pub place: Place,
    /// Its public half, or why the key cannot be used.
    pub key: Result<PublicKey, KeyError>,
    /// Permission bits, where the source has them.
    pub mode: Option<u32>,
}

/// A certificate and the private key that a component was told to use with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Who uses them; for files that no manifest or kubeconfig names, the component that kubeadm's layout means them for.
    pub user: Component,
    /// What they are used as, when that is known.
    pub role: Option<Role>,
    /// Where it was told to; `None` where only the layout says so.
    pub told_at: Option<Place>,
    /// The certificate, as a [`Holding`] has its place.
    pub certificate: Place,
    /// The key, as a [`KeyHolding`] has its place. Neither need be there.
    pub key: Place,
}

/// Roots of trust that a component was told to use.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// Who trusts them.
    pub component: Component,
    /// What for: `--client-ca-file`, `certificate-authority-data`.
    pub flag: String,
    /// Where it was told to.
    pub told_at: Place,
    /// What it trusts.
    pub trust: Trust,
}
