//! Faults of who someone is and what that one may do.

use crate::explain::meaning::Meaning;

pub(super) const UNAUTHORIZED: Meaning = Meaning {
    id: "unauthorized",
    rule: None,
    means: "The connection stands, and the server does not believe who the client is: its certificate has expired, \
            comes from another authority or lacks clientAuth, or its token is refused. The client learns no more \
            than this; the apiserver logs the reason as `Unable to authenticate the request`.",
    look_at: &[
        "the apiserver's log at the same second, and `hapki explain` of that line",
        "client-certificate-data of the kubeconfig: hapki inspect FILE",
        "behind a balancer, every apiserver: it may be one of them that refuses",
    ],
};

pub(super) const FORBIDDEN: Meaning = Meaning {
    id: "forbidden",
    rule: Some("organization-unexpected"),
    means: "The server knows the client by its certificate or token and allows that user nothing of what it wants. \
            In a certificate the user is the common name and the groups are the organizations: a missing group, or a \
            stray comma in the common name, makes another user of it.",
    look_at: &[
        "the user in the line, letter by letter: system:kube-scheduler and `system:kube-scheduler,` are two",
        "subject of the client certificate: hapki inspect FILE",
        "kubeadm:cluster-admins is a group that needs its ClusterRoleBinding; system:masters needs none",
    ],
};

pub(super) const OTHER_NODE: Meaning = Meaning {
    id: "other-node",
    rule: Some("node-identity-mismatch"),
    means: "The kubelet is known to the server as another node: its client certificate says system:node: and another \
            node's name. kubelet.conf, or the certificate that it points to, was copied from there.",
    look_at: &[
        "subject of the certificate in kubelet.conf or kubelet-client-current.pem: hapki inspect",
    ],
};

pub(super) const ANONYMOUS: Meaning = Meaning {
    id: "anonymous",
    rule: None,
    means: "The client showed neither a certificate nor a token, so the server takes it for system:anonymous, who \
            may do nothing. A client that is configured with a certificate and still arrives so sends none: its file \
            is not where the client looks, or a balancer on the way ends TLS and keeps the certificate to itself.",
    look_at: &[
        "the user entry of the kubeconfig",
        "whether a balancer between passes TLS on (L4) or ends it (L7)",
    ],
};

pub(super) const INSECURE_WITH_ROOTS: Meaning = Meaning {
    id: "insecure-with-roots",
    rule: Some("verification-disabled"),
    means: "The kubeconfig names an authority to trust and at the same time turns verification off. client-go \
            refuses to start with both.",
    look_at: &["insecure-skip-tls-verify in the kubeconfig: take it out, and keep the authority"],
};

pub(super) const KUBECONFIG_STALE: Meaning = Meaning {
    id: "kubeconfig-stale",
    rule: Some("ca-data-differs"),
    means: "kubeadm found a kubeconfig that does not trust this cluster's authority, or dials another server than \
            the configuration says. It was written before the authority or the endpoint was changed.",
    look_at: &[
        "certificate-authority-data and server of that kubeconfig: hapki inspect FILE",
        "ca.crt of this node",
    ],
};

pub(super) const ETCD_NAME_NOT_ALLOWED: Meaning = Meaning {
    id: "etcd-name-not-allowed",
    rule: Some("etcd-name-not-allowed"),
    means: "etcd trusts the certificate's authority, but was told to take only certificates of certain names, and this \
            one has none of them.",
    look_at: &[
        "--peer-cert-allowed-cn, --peer-cert-allowed-hostname and --client-cert-allowed-hostname of the member",
        "the common name and the names of the client's certificate",
    ],
};

pub(super) const FRONT_PROXY_NOT_ALLOWED: Meaning = Meaning {
    id: "front-proxy-not-allowed",
    rule: Some("requestheader-name-not-allowed"),
    means: "The certificate comes from the front proxy's authority, but its common name is not in \
            --requestheader-allowed-names, so it may not vouch for users. In an apiserver's log this stands beside \
            the real reason when an ordinary client certificate of that authority is shown.",
    look_at: &["--requestheader-allowed-names, and the common name of front-proxy-client.crt"],
};

pub(super) const FRONT_PROXY_MISMATCH: Meaning = Meaning {
    id: "front-proxy-mismatch",
    rule: Some("front-proxy-mismatch"),
    means: "A front proxy (an apiserver that passes a request on to an aggregated API) showed a certificate of \
            another front-proxy CA than the one trusted here. Every node has made its own; front-proxy-ca.crt and \
            .key must be the same on all masters.",
    look_at: &[
        "the digests of front-proxy-ca.crt on every master: hapki audit over all nodes",
        "ConfigMap kube-system/extension-apiserver-authentication, which publishes it",
    ],
};
