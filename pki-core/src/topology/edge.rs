//! Who dials whom, and what each end shows and trusts.

use std::fmt;
use std::net::IpAddr;

use crate::place::Place;
use crate::profile::Profile;
use crate::x509::certificate::Certificate;
use crate::x509::san::SubjectAltName;
use crate::x509::spki::PublicKey;

/// A component on a node: `kubelet@wudang`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Component {
    /// `kube-apiserver`, `kubelet`, `kubeconfig:admin.conf`.
    pub name: String,
    /// The node.
    pub node: String,
}

/// A name or address that a registry is reached by: what its certificate has to carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryName {
    /// The registry.
    pub registry: Component,
    /// The host.
    pub name: SubjectAltName,
    /// The port; `None` without TLS, and for a realm, where clients fetch tokens and no images.
    pub port: Option<u16>,
    /// `dialled by docker@node2`, `its own URL`, `realm`.
    pub what: String,
    /// Where.
    pub told_at: Place,
}

impl Component {
    /// Whether kubeadm makes it dial the apiserver of its own node.
    pub fn dials_its_own_apiserver(&self) -> bool {
        ["kube-controller-manager", "kube-scheduler"].contains(&self.name.as_str())
    }

    /// Whether kubeadm makes it dial the address that all nodes share.
    pub fn dials_the_shared_address(&self) -> bool {
        ["kubeconfig:admin.conf", "kubelet"].contains(&self.name.as_str())
    }
}

/// One connection: a client that dials a server and verifies what it shows.
#[derive(Clone, Debug)]
pub struct Edge {
    /// `e12`; numbered in the order of derivation.
    pub id: String,
    /// What kind of trust it needs.
    pub kind: EdgeKind,
    /// Who dials.
    pub client: Component,
    /// Who answers.
    pub server: Component,
    /// The URL as the client's file has it; `None` where nothing is dialled (a token that is carried).
    pub dials: Option<String>,
    /// The host part, decided once; `None` where it is no name that a certificate could carry, or where nothing is dialled.
    pub name: Option<SubjectAltName>,
    /// What the client has its verifier look for, as written: the host of the URL without brackets, or `tls-server-name`.
    pub asks_for: Option<String>,
    /// Where the client was told not to verify what it is shown (`insecure-skip-tls-verify`), or where a flag that would
    /// make it verify is left out.
    pub unverified: Option<Place>,
    /// The balancer in between; of several on the way, all in order.
    pub via: Option<String>,
    /// Where the client was told to dial this.
    pub told_at: Place,
    /// What the server shows, leaf first.
    pub shown: Shown,
    /// What the client trusts.
    pub trusts: Trust,
    /// What the client shows, and whom the server trusts for that; `None` where it shows nothing.
    pub client_shows: Option<(Shown, Trust)>,
    /// What the server makes of the address that the client comes from; `None` where it makes nothing of it.
    pub source: Option<Source>,
    /// The token that is carried, on a token edge.
    pub token: Option<CarriedToken>,
    /// The names that the client's certificate has to have one of: the common names that may vouch for others, on an
    /// identity edge, or whom an etcd member takes; `None` where any will do.
    pub allowed_names: Option<AllowedNames>,
    /// The names that the server's certificate has to have one of beside the one that is dialled: an etcd member asks of
    /// peers that it dials what it asks of those that dial it.
    pub client_takes: Option<AllowedNames>,
    /// What decides beside certificates.
    pub circumstances: Circumstances,
}

/// What decides about a connection beside what its ends show and trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// Whether the client trusts roots that are not among the files, so that nothing can be said of the chain.
    pub roots_unknown: bool,
    /// What the client says of its own configuration instead of dialling.
    pub client_refuses: Option<String>,
    /// Whether the server demands a certificate and the client has none.
    pub certificate_demanded: bool,
    /// How many certificates may stand between the server's and a root, where a balancer that dials was told
    /// (`proxy_ssl_verify_depth`).
    pub verify_depth: Option<usize>,
}

/// Where a client comes from, for a server that looks for it in the client's certificate: an etcd member listening to peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The client's address.
    pub address: IpAddr,
    /// DNS names of its certificate that the server's machine finds another address for.
    pub elsewhere: Vec<String>,
}

/// A token on its way from who signs it to who verifies it.
#[derive(Clone, Debug)]
pub enum CarriedToken {
    /// Of a service account.
    ServiceAccount(Box<Token>),
    /// Of a registry.
    Registry(RegistryToken),
}

/// A registry's token, by the positions of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistryToken {
    /// In [`crate::topology::Topology::token_signers`].
    pub signer: usize,
    /// In [`crate::topology::Topology::token_verifiers`].
    pub verifier: usize,
}

/// A service-account token, and what its verifier needs to accept it.
#[derive(Clone, Debug)]
pub struct Token {
    /// The key that signs it.
    pub signer: TokenKey,
    /// Whom it says to come from; `None` where that is told nowhere or always accepted.
    pub issuer: Option<String>,
    /// The keys that the verifier tries.
    pub verifiers: Vec<TokenKey>,
    /// The issuers that the verifier accepts; empty where none is told.
    pub issuers: Vec<String>,
    /// Where the verifier's issuers are told.
    pub issuers_at: Place,
}

/// A key that signs or verifies tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenKey {
    /// The file.
    pub place: Place,
    /// Its public half.
    pub key: PublicKey,
    /// What Kubernetes calls it.
    pub kid: String,
}

/// `--requestheader-allowed-names`; of etcd `--peer-cert-allowed-cn`, `--peer-cert-allowed-hostname` and
/// `--client-cert-allowed-hostname`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedNames {
    /// The names.
    pub names: Vec<String>,
    /// Whether they are subject alternative names rather than common names.
    pub are_hosts: bool,
    /// Where they are told.
    pub place: Place,
}

/// What kind of trust an edge needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EdgeKind {
    /// A connection whose ends show each other certificates.
    #[default]
    Tls,
    /// A token signed on one node and verified on another.
    Token,
    /// A name that one component vouches for and another believes.
    Identity,
}

/// A chain shown in a handshake.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Where it is read from.
    pub place: Place,
    /// Leaf first; empty where the file is missing or broken.
    pub chain: Vec<Certificate>,
}

/// Roots of trust.
#[derive(Clone, Debug)]
pub struct Trust {
    /// Where they are read from.
    pub place: Place,
    /// The roots.
    pub roots: Vec<Certificate>,
}

/// What is dialled but cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// Who dials.
    pub client: Component,
    /// The URL.
    pub dials: String,
    /// Where it was told to.
    pub place: Place,
    /// Why it cannot be judged.
    pub why: String,
}

/// One kubeconfig, by its current context.
#[derive(Clone, Debug)]
pub struct Kubeconfig {
    /// Who uses it.
    pub client: Component,
    /// The profile that issues it.
    pub profile: Option<Profile>,
    /// The file.
    pub place: Place,
    /// Permission bits, where the source has them.
    pub mode: Option<u32>,
    /// The cluster's `server`, with its line.
    pub server: Option<(String, Place)>,
    /// `tls-server-name`, with its line.
    pub tls_server_name: Option<(String, Place)>,
    /// The line of `insecure-skip-tls-verify: true`.
    pub insecure: Option<Place>,
    /// What it trusts; `None` where it has no CA data, so that the machine's own roots count.
    pub trusts: Option<Trust>,
    /// What it shows; `None` where it uses no certificate.
    pub shows: Option<Shown>,
    /// Whether the client certificate is embedded, so that nothing can rotate it in place.
    pub embedded: bool,
}

/// A name or address that an apiserver is dialled by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialled {
    /// Who dials.
    pub client: Component,
    /// The URL.
    pub url: String,
    /// Its host, or the `tls-server-name` in its stead: what the certificate has to carry.
    pub name: SubjectAltName,
    /// The port, 443 unless said.
    pub port: u16,
    /// Where it was told to.
    pub told_at: Place,
}

impl Edge {
    /// Whether the balancer of that label is on the way.
    pub fn passes(&self, label: &str) -> bool {
        let mut hops = self.via.iter().flat_map(|via| via.split(HOPS));
        hops.any(|hop| hop == label)
    }
}

impl Edge {
    /// The service-account token that it carries.
    pub fn service_account(&self) -> Option<&Token> {
        match self.token.as_ref()? {
            CarriedToken::ServiceAccount(token) => Some(token),
            CarriedToken::Registry(_) => None,
        }
    }

    /// The registry's token that it carries.
    pub fn registry_token(&self) -> Option<RegistryToken> {
        match self.token.as_ref()? {
            CarriedToken::ServiceAccount(_) => None,
            CarriedToken::Registry(token) => Some(*token),
        }
    }
}

impl EdgeKind {
    /// `tls`, `token`, `identity`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Token => "token",
            Self::Identity => "identity",
        }
    }
}

impl fmt::Display for Component {
    /// `kubelet@wudang`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.node)
    }
}

/// Stands between the labels of balancers that follow each other.
pub(super) const HOPS: &str = ", ";
