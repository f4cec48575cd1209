//! What the apiserver and its clients say of who someone is.

use crate::explain::kind::Kind;
use crate::explain::table::Recogniser;
use crate::explain::table::wording;

pub(super) const TABLE: &[Recogniser] = &[
    wording(
        "apiserver-other-node",
        Kind::OtherNode,
        "is forbidden: User \"{user}\" cannot {verb} resource \"{resource}\" {}, only its own Node object",
        "nodes \"wudang\" is forbidden: User \"system:node:shaolin\" cannot get resource \"nodes\" in API group \"\" at the cluster scope: node 'shaolin' cannot read 'wudang', only its own Node object",
    ),
    wording(
        "apiserver-anonymous",
        Kind::Anonymous,
        "is forbidden: User \"system:anonymous\" cannot {verb} resource \"{resource}\"",
        "\"message\": \"namespaces is forbidden: User \"system:anonymous\" cannot list resource \"namespaces\" in API group \"\" at the cluster scope\"",
    ),
    wording(
        "apiserver-anonymous-path",
        Kind::Anonymous,
        "forbidden: User \"system:anonymous\" cannot {verb} path \"{resource}\"",
        "forbidden: User \"system:anonymous\" cannot get path \"/readyz\"",
    ),
    wording(
        "apiserver-forbidden",
        Kind::Forbidden,
        "is forbidden: User \"{user}\" cannot {verb} resource \"{resource}\"",
        "Error from server (Forbidden): pods is forbidden: User \"system:kube-scheduler,\" cannot list resource \"pods\" in API group \"\" at the cluster scope",
    ),
    wording(
        "apiserver-forbidden-path",
        Kind::Forbidden,
        "forbidden: User \"{user}\" cannot {verb} path \"{resource}\"",
        "forbidden: User \"kubernetes-admin\" cannot get path \"/readyz\"",
    ),
    wording(
        "apiserver-front-proxy-name",
        Kind::FrontProxyNotAllowed,
        "x509: subject with cn={user} is not in the allowed list",
        "Unable to authenticate the request: x509: subject with cn=front-proxy is not in the allowed list",
    ),
    wording(
        "etcd-name-not-taken",
        Kind::EtcdNameNotAllowed,
        "client certificate authentication failed",
        "{\"level\":\"warn\",\"msg\":\"rejected connection on peer endpoint\",\"remote-addr\":\"10.24.138.208:60228\",\"server-name\":\"\",\"error\":\"client certificate authentication failed\"}",
    ),
    wording(
        "client-go-insecure",
        Kind::InsecureWithRoots,
        "specifying a root certificates file with the insecure flag is not allowed",
        "error: specifying a root certificates file with the insecure flag is not allowed",
    ),
    wording(
        "kubectl-must-log-in",
        Kind::Unauthorized,
        "You must be logged in to the server",
        "error: You must be logged in to the server (Unauthorized)",
    ),
    wording(
        "client-go-credentials",
        Kind::Unauthorized,
        "the server has asked for the client to provide credentials",
        "E1123 20:52:15.946177   25330 memcache.go:265] \"Unhandled Error\" err=\"couldn't get current server API group list: the server has asked for the client to provide credentials\"",
    ),
    wording(
        "client-go-unauthorized",
        Kind::Unauthorized,
        "failed to list {resource}: Unauthorized",
        "reflector.go:205] \"Failed to watch\" err=\"failed to list *v1.Pod: Unauthorized\"",
    ),
    wording(
        "status-unauthorized",
        Kind::Unauthorized,
        "\"message\": \"Unauthorized\"",
        "  \"message\": \"Unauthorized\",",
    ),
    wording(
        "status-unauthorized-compact",
        Kind::Unauthorized,
        "\"message\":\"Unauthorized\"",
        "{\"kind\":\"Status\",\"message\":\"Unauthorized\",\"reason\":\"Unauthorized\",\"code\":401}",
    ),
    wording(
        "client-go-bare-unauthorized",
        Kind::Unauthorized,
        ": Unauthorized",
        "leaderelection.go:332] error retrieving resource lock kube-system/kube-scheduler: Unauthorized",
    ),
    wording(
        "etcd-invalid-token",
        Kind::TokenRefused,
        "etcdserver: invalid auth token",
        "Error: etcdserver: invalid auth token",
    ),
];
