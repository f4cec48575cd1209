//! Faults that a verifier finds in what it is shown.

use crate::explain::meaning::Meaning;

pub(super) const NAME_MISMATCH: Meaning = Meaning {
    id: "name-mismatch",
    rule: Some("name-mismatch"),
    means: "The client dialled a name or address that the server's certificate does not carry. Only names of the \
            kind that was dialled are listed, addresses for an address and DNS names for a name. The usual reasons \
            are a certificate copied from another node, and a balancer or an address that was added after the \
            certificate was made.",
    look_at: &[
        "what the client dials: `server:` in its kubeconfig, or the flag or setting that holds the URL",
        "the names in the server's certificate: hapki inspect apiserver.crt",
        "behind a balancer that passes TLS on, every backend's certificate: each answers with its own",
    ],
};

pub(super) const NO_ADDRESSES: Meaning = Meaning {
    id: "no-addresses",
    rule: Some("name-mismatch"),
    means: "The client dialled an IP address, and the certificate carries no addresses at all; a DNS name does not \
            stand for the address behind it, and the common name is not looked at. Either the certificate needs the \
            address, or the client must dial a name.",
    look_at: &[
        "the names in the server's certificate: hapki inspect apiserver.crt",
        "what the client dials: `server:` in its kubeconfig, or the flag or setting that holds the URL",
    ],
};

pub(super) const NO_NAMES: Meaning = Meaning {
    id: "no-names",
    rule: Some("name-mismatch"),
    means: "The client dialled a DNS name, and the certificate carries no DNS names: it has addresses only, or no \
            subject alternative names at all. The common name is not looked at by Go since 1.15.",
    look_at: &[
        "the names in the server's certificate: hapki inspect apiserver.crt",
        "what the client dials: `server:` in its kubeconfig, or the flag or setting that holds the URL",
    ],
};

pub(super) const COMMON_NAME_ONLY: Meaning = Meaning {
    id: "common-name-only",
    rule: Some("common-name-only"),
    means: "The certificate has a common name and no subject alternative names. Browsers and Go (since 1.15) look at \
            subject alternative names alone; such a certificate is mostly made by hand with `openssl req` and no \
            extension file. It has to be issued anew with the names in it.",
    look_at: &[
        "the names in the server's certificate: hapki inspect apiserver.crt",
        "how it was made: `openssl x509 -req` takes no names from the request unless it is told to",
    ],
};

pub(super) const EXPIRED: Meaning = Meaning {
    id: "expired",
    rule: Some("expired"),
    means: "A certificate of the chain is past its last day, by the clock of whoever printed this. It may be the \
            leaf or an authority above it: the date in the line tells which. A server that was started with the old \
            file shows it until it reads the new one.",
    look_at: &[
        "the last day of every certificate: hapki audit PATH",
        "the clock of the machine that printed this",
        "whether the component was restarted after its certificate was renewed",
    ],
};

pub(super) const NOT_YET_VALID: Meaning = Meaning {
    id: "not-yet-valid",
    rule: Some("not-yet-valid"),
    means: "A certificate of the chain is not valid yet, by the clock of whoever printed this. Either that clock is \
            behind, or the clock of the machine that issued the certificate was ahead; a certificate made a moment \
            ago on another machine is the usual case.",
    look_at: &[
        "the clocks of both machines (timedatectl, chronyc tracking)",
        "the first day of the certificate: hapki inspect",
    ],
};

pub(super) const OUTSIDE_VALIDITY: Meaning = Meaning {
    id: "outside-validity",
    rule: Some("expired"),
    means: "A certificate of the chain has expired or is not valid yet; the line does not say which, or was cut \
            short.",
    look_at: &[
        "both dates of every certificate of the chain: hapki inspect",
        "the clock of the machine that printed this",
    ],
};

pub(super) const UNKNOWN_AUTHORITY: Meaning = Meaning {
    id: "unknown-authority",
    rule: Some("unknown-authority"),
    means: "No authority that the verifier trusts has signed what it was shown, and none has the issuer's name \
            either. It trusts the wrong file, or the certificate comes from another cluster's authority; a \
            kubeconfig with old or foreign certificate-authority-data says this as well.",
    look_at: &[
        "who issued the certificate, and what the verifier trusts: hapki inspect of both",
        "which file the verifier was told to trust: certificate-authority-data, --client-ca-file, \
            --trusted-ca-file, --etcd-cafile, /etc/docker/certs.d/HOST:PORT/ca.crt",
        "what the server really shows: `openssl s_client -connect HOST:PORT \
            -showcerts`",
    ],
};

pub(super) const SAME_NAME_OTHER_CA: Meaning = Meaning {
    id: "same-name-other-ca",
    rule: Some("same-name-other-ca"),
    means: "The verifier trusts an authority of the very name that the certificate gives as its issuer, but that \
            authority's key did not sign it. There are two authorities of one name: the cluster was set up twice, a \
            node made its own CA, or one of them was replaced in some places only.",
    look_at: &[
        "the digests of ca.crt on every node: they must be equal (hapki audit over all nodes)",
        "certificate-authority-data of kubeconfigs made before the authority was replaced",
    ],
};

pub(super) const WEAK_SIGNATURE: Meaning = Meaning {
    id: "weak-signature",
    rule: Some("weak-signature"),
    means: "The authority is the right one, but the certificate is signed with an algorithm that the verifier \
            refuses whoever signs with it: SHA-1 or MD5 in Go, whatever is below its security level in OpenSSL. The \
            certificate has to be issued anew with SHA-256.",
    look_at: &["the signature algorithm: hapki inspect"],
};

pub(super) const NOT_AN_AUTHORITY: Meaning = Meaning {
    id: "not-an-authority",
    rule: Some("unknown-authority"),
    means: "A certificate of the chain was used to sign another one and may not: it has no CA flag, its key usage \
            does not say keyCertSign, or there are more certificates below it than its path length allows. A serving \
            certificate in the place of ca.crt does this.",
    look_at: &[
        "basic constraints and key usage of every certificate above the leaf: hapki inspect",
        "whether the trusted file is a CA at all, and not a copy of a leaf",
    ],
};

pub(super) const NAME_NOT_PERMITTED: Meaning = Meaning {
    id: "name-not-permitted",
    rule: None,
    means: "An authority of the chain has name constraints, and a name in the certificate is outside of them or of a \
            kind that they do not cover. The certificate needs other names, or another authority has to issue it.",
    look_at: &[
        "the name constraints of the authorities: `openssl x509 -noout -text -in ca.crt`",
        "the names in the certificate: hapki inspect",
    ],
};

pub(super) const UNHANDLED_CRITICAL_EXTENSION: Meaning = Meaning {
    id: "unhandled-critical-extension",
    rule: Some("unhandled-critical-extension"),
    means: "The certificate has an extension that is marked critical and that the verifier does not know, so it must \
            refuse the certificate (RFC 5280 section 4.2). The certificate has to be issued without it, or with it \
            not critical.",
    look_at: &["the extensions of the certificate: `openssl x509 -noout -text`"],
};

pub(super) const CHAIN_TOO_COSTLY: Meaning = Meaning {
    id: "chain-too-costly",
    rule: None,
    means: "The verifier gave up: after a hundred signature checks in Go, at its verification depth in OpenSSL \
            (proxy_ssl_verify_depth of nginx is 1). There are very many authorities of one name among \
            those that it trusts or is shown. A trust bundle that is appended to at each rotation grows into this.",
    look_at: &["how many certificates the trusted file holds, and how many of one subject"],
};

pub(super) const MISSING_INTERMEDIATE: Meaning = Meaning {
    id: "missing-intermediate",
    rule: Some("unknown-authority"),
    means: "The verifier was shown a leaf and has no certificate that goes from it to a trusted authority: the \
            server does not send its intermediate, or the authority itself is not trusted. OpenSSL says the same for \
            both.",
    look_at: &[
        "what the server really shows: `openssl s_client -connect HOST:PORT \
            -showcerts`",
        "whether the server's file holds the leaf and then its intermediates (cat server.crt intermediate.crt)",
        "the file that the verifier trusts",
    ],
};

pub(super) const SERVER_AUTH_MISSING: Meaning = Meaning {
    id: "server-auth-missing",
    rule: Some("server-auth-missing"),
    means: "The server's certificate lists what it may be used for, and serving TLS is not in it (extended key usage \
            serverAuth). A client certificate in a server's place does this; so does an authority above it with a \
            narrower list.",
    look_at: &[
        "extended key usage of the server's certificate: hapki inspect",
        "whether the server was given a client certificate by mistake",
    ],
};

pub(super) const CLIENT_AUTH_MISSING: Meaning = Meaning {
    id: "client-auth-missing",
    rule: Some("client-auth-missing"),
    means: "The client's certificate lists what it may be used for, and being shown by a client is not in it \
            (extended key usage clientAuth). etcd members are clients of each other, so their peer certificates need \
            both usages.",
    look_at: &["extended key usage of the client's certificate: hapki inspect"],
};

pub(super) const WEAK_KEY: Meaning = Meaning {
    id: "weak-key",
    rule: Some("weak-key"),
    means: "A key in the chain is of a size that the verifier refuses: RSA below 1024 bits in Go, below 2048 in OpenSSL at \
            its usual level, or above 8192 in Go's TLS. The certificate has to be issued anew with another key.",
    look_at: &["the keys of the leaf and of every authority above it: hapki inspect"],
};

pub(super) const NOT_VERIFIED: Meaning = Meaning {
    id: "not-verified",
    rule: None,
    means: "The certificate was refused, and this line does not say why. With OpenSSL the reason stands in a line of its \
            own, as `verify error:num=…`; macOS keeps it to itself, and refuses leaves that are valid for more than 825 days.",
    look_at: &[
        "the lines around it",
        "the same connection once more: `openssl s_client -connect HOST:PORT -CAfile ca.crt -verify_return_error`",
    ],
};
