//! Faults of a connection, by which one side learns little of what the other one thinks.

use crate::explain::meaning::Meaning;

pub(super) const REFUSED_BY_PEER: Meaning = Meaning {
    id: "refused-by-peer",
    rule: None,
    means: "The other side broke the handshake off because of the certificate that it was shown. A client that \
            prints this had its client certificate refused; a server that prints it showed a certificate that its \
            client refuses. The alert's name differs from release to release and says little: the reason is in the \
            other side's log.",
    look_at: &[
        "the other side's log at the same second: it names the reason",
        "the certificate that this side shows, and the authority that the other side trusts for it",
    ],
};

pub(super) const CLIENT_CERTIFICATE_REQUIRED: Meaning = Meaning {
    id: "client-certificate-required",
    rule: None,
    means: "The server demands a client certificate and got none. A Go client sends none either when it has one that \
            no authority in the server's list has issued, so this can be a client certificate of the wrong \
            authority.",
    look_at: &[
        "whether the client is configured with a certificate and key at all",
        "who issued it, and what the server trusts for clients (--client-ca-file, --trusted-ca-file, \
            ssl_client_certificate)",
    ],
};

pub(super) const PLAIN_SERVER: Meaning = Meaning {
    id: "plain-server",
    rule: None,
    means: "The client spoke TLS and was answered without it: the port serves plain HTTP, or a proxy on the way \
            does. No certificate has been looked at.",
    look_at: &[
        "the port, and whether TLS is configured there (for a registry: http.tls in its config.yml)",
        "for docker and containerd on purpose: insecure-registries, or plain http for that host",
    ],
};

pub(super) const PLAIN_CLIENT: Meaning = Meaning {
    id: "plain-client",
    rule: None,
    means: "The client spoke plain HTTP to a port that serves HTTPS: its URL begins with http:// and should begin \
            with https://. No certificate has been looked at.",
    look_at: &[
        "the URL that the client was given",
        "health checks and balancers that probe a TLS port without TLS",
    ],
};

pub(super) const NOTHING_IN_COMMON: Meaning = Meaning {
    id: "nothing-in-common",
    rule: None,
    means: "Client and server have no protocol version or cipher suite in common, so they never came to \
            certificates. Mostly one side is very old, or one was told to insist on a version.",
    look_at: &[
        "--tls-min-version and --tls-cipher-suites, ssl_protocols and ssl_ciphers",
        "whether the key is of a kind that the ciphers allow (an ECDSA key with RSA-only ciphers)",
    ],
};

pub(super) const HUNG_UP: Meaning = Meaning {
    id: "hung-up",
    rule: None,
    means: "The other side went away before the handshake was over. By itself that is no fault: balancers that probe \
            the port without TLS, and clients that were stopped, leave this line. It matters only where the same \
            client prints an error of its own at the same second.",
    look_at: &[
        "which address it comes from: a balancer's health check?",
        "the client's log at the same second",
    ],
};

pub(super) const CONNECTION_REFUSED: Meaning = Meaning {
    id: "connection-refused",
    rule: None,
    means: "Nobody listens on that address and port: the server is not running, has not come up yet, or listens \
            elsewhere. A component that cannot load its certificate or key exits at once, and this is all that its \
            clients see.",
    look_at: &[
        "the server's own last lines (crictl logs, journalctl -u): key or certificate that cannot be loaded?",
        "the address and port that it listens on",
    ],
};

pub(super) const NO_SUCH_HOST: Meaning = Meaning {
    id: "no-such-host",
    rule: Some("name-unresolvable"),
    means: "The name that was dialled is not known to the resolver of the machine that printed this. Nothing has \
            been dialled and no certificate looked at; a name that is kept in hosts files may be on some nodes only.",
    look_at: &[
        "/etc/hosts of this node and of the others",
        "DNS: getent hosts NAME, on the node itself",
    ],
};

pub(super) const TIMED_OUT: Meaning = Meaning {
    id: "timed-out",
    rule: None,
    means: "No answer came in time. That is mostly the network or a server that is overloaded; an etcd or apiserver \
            whose own certificates are refused looks like this to its clients too.",
    look_at: &[
        "whether the port can be reached at all (nc -vz HOST PORT)",
        "the server's own log, and the log lines before this one",
    ],
};
