//! Faults of bearer tokens.

use crate::explain::meaning::Meaning;

pub(super) const SERVICE_ACCOUNT_KEY: Meaning = Meaning {
    id: "service-account-key",
    rule: Some("service-account-key-differs"),
    means: "The apiserver has no key that verifies this service-account token: it was signed with another sa.key \
            than the ones whose public halves are here. Masters that each made their own sa.key refuse each other's \
            tokens, which behind a balancer fails now and then.",
    look_at: &[
        "sa.pub and sa.key on every master: they must be equal (hapki audit over all nodes)",
        "--service-account-key-file of every apiserver, --service-account-private-key-file of every controller \
            manager",
    ],
};

pub(super) const SERVICE_ACCOUNT_TOKEN: Meaning = Meaning {
    id: "service-account-token",
    rule: None,
    means: "The apiserver could not take the bearer token for one of its own and says no more: another issuer than \
            its --service-account-issuer, a token that is no service-account token, or one that was cut short in \
            copying.",
    look_at: &[
        "the iss and aud of the token (its second part, in base64)",
        "--service-account-issuer and --api-audiences of every apiserver",
    ],
};

pub(super) const KEY_UNKNOWN: Meaning = Meaning {
    id: "token-key-unknown",
    rule: Some("token-key-differs"),
    means: "The registry was shown a token signed with a key that is not in its rootcertbundle: the token service of \
            this or another instance signs with another private key. Two Harbor instances that each ran `prepare` \
            have a pair each, so behind a balancer login and push fail every other time. Distribution 3 computes key \
            ids in another way than 2, so an old token service before a new registry says this too.",
    look_at: &[
        "the key id in the line against the pair of every instance (private_key.pem and root.crt)",
        "one pair for all instances, then every registry restarted",
        "whether the registry was restarted after root.crt was replaced: it reads it once",
    ],
};

pub(super) const SIGNATURE: Meaning = Meaning {
    id: "token-signature",
    rule: Some("token-key-differs"),
    means: "The key is known by its id or there is only one, and the signature does not come out: the token was \
            signed with another private key, or in a way that the key's kind does not allow. In Harbor 2 the cores \
            have different private_key.pem.",
    look_at: &[
        "private_key.pem of every instance or replica: they must be equal",
        "the kind of key: Harbor signs RS256 and needs an RSA key",
    ],
};

pub(super) const NAMES_NO_KEY: Meaning = Meaning {
    id: "token-names-no-key",
    rule: Some("token-key-differs"),
    means: "The token names no key that the registry can look up: neither a key id nor a certificate is in its \
            header. Its token service is not one that this registry is made for.",
    look_at: &[
        "auth.token.realm in the registry's config.yml: which token service do clients ask?",
    ],
};

pub(super) const ISSUER: Meaning = Meaning {
    id: "token-issuer",
    rule: Some("token-issuer-mismatch"),
    means: "The token's issuer or audience is not the one that the verifier expects. The two settings are compared \
            letter by letter.",
    look_at: &[
        "auth.token.issuer and auth.token.service in the registry's config.yml, against what the token service \
            writes",
        "for Kubernetes: --service-account-issuer and --api-audiences",
    ],
};

pub(super) const EXPIRED: Meaning = Meaning {
    id: "token-expired",
    rule: None,
    means: "The token is over, by the clock of whoever printed this. Clients fetch a new one by themselves; when it \
            goes on, the clocks of the signer and the verifier differ, or the client keeps an old token.",
    look_at: &[
        "the clocks of both machines",
        "the token's lifetime, and whether the client reads its token file anew",
    ],
};

pub(super) const NOT_YET_VALID: Meaning = Meaning {
    id: "token-not-yet-valid",
    rule: None,
    means: "The token is not valid yet, by the clock of whoever printed this: the signer's clock is ahead of the \
            verifier's by more than the minute that is allowed.",
    look_at: &["the clocks of both machines (timedatectl, chronyc tracking)"],
};

pub(super) const MALFORMED: Meaning = Meaning {
    id: "token-malformed",
    rule: None,
    means: "What came as a bearer token is none that the verifier can parse: cut short, not a JWT, or with fields in \
            a form that this release does not take.",
    look_at: &[
        "who sent it: the remote address and user agent in the line",
        "a password or an opaque token sent as a bearer token",
    ],
};

pub(super) const REFUSED: Meaning = Meaning {
    id: "token-refused",
    rule: Some("token-key-differs"),
    means: "The registry refused a token; the line just before this one says why (an unknown key, a signature, an \
            issuer, a date).",
    look_at: &["the registry's line just before this one, and `hapki explain` of it"],
};

pub(super) const ABSENT: Meaning = Meaning {
    id: "token-absent",
    rule: None,
    means: "A request came without a token. That is the first half of every login and by itself no fault: the client \
            is sent to the token service and comes back.",
    look_at: &["whether the same client comes back with a token a moment later"],
};

pub(super) const SCOPE: Meaning = Meaning {
    id: "token-scope",
    rule: None,
    means: "The token is good, but it does not allow what was asked: the user has no right to that repository or \
            action, or the token was asked for another one.",
    look_at: &[
        "the user's role in the project",
        "the repository name in the request, against the one in the token's access list",
    ],
};

pub(super) const ROOTS: Meaning = Meaning {
    id: "token-roots",
    rule: Some("token-root-mismatch"),
    means: "The registry could not load the certificates that it checks tokens with (rootcertbundle), and does not \
            start: the file is missing, may not be read by its user, or holds no certificate that it can parse.",
    look_at: &[
        "auth.token.rootcertbundle in the registry's config.yml",
        "what that file holds: hapki inspect FILE; it needs at least one CERTIFICATE block",
        "owner and mode: the registry runs as uid 10000 from Harbor 1.6 on",
    ],
};

pub(super) const REGISTRY_UNAUTHORIZED: Meaning = Meaning {
    id: "registry-unauthorized",
    rule: Some("token-key-differs"),
    means: "The registry refused who the client is. That can be a wrong password; it is also all that a client sees \
            when the registry does not accept the tokens of the token service (skopeo then says invalid \
            username/password). Failing now and then, behind a balancer, speaks for the token keys.",
    look_at: &[
        "the registry's log at the same second: `token signed by untrusted key`, `invalid token`?",
        "user and password, with the registry's web page",
        "hapki audit over the directories of all instances",
    ],
};

pub(super) const SERVICE_FAILS: Meaning = Meaning {
    id: "token-service-fails",
    rule: Some("key-format"),
    means: "The token service answered with an error of its own, so no token was made. In Harbor it mostly cannot \
            read or parse private_key.pem.",
    look_at: &[
        "the log of harbor-core (harbor-ui before 1.7) at the same second",
        "private_key.pem: RSA, PKCS#1, readable by the service's user",
    ],
};

pub(super) const REGISTRY_DOWN: Meaning = Meaning {
    id: "registry-down",
    rule: Some("file-unreadable"),
    means: "What stands before the registry reaches nothing there: it does not run. Without a token certificate that it can \
            read a registry ends as soon as it starts.",
    look_at: &[
        "the registry's log: a panic names the file",
        "rootcertbundle (Harbor's root.crt): there, a certificate, readable by the container's user",
    ],
};
