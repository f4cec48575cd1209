//! Faults of files, which a program meets when it starts.

use crate::explain::meaning::Meaning;

pub(super) const CERTIFICATE_MALFORMED: Meaning = Meaning {
    id: "certificate-malformed",
    rule: Some("file-unreadable"),
    means: "The bytes are no certificate that the program can parse: cut short, damaged in copying, or with a field \
            that Go's parser refuses although OpenSSL reads it. Nothing is verified before that.",
    look_at: &[
        "what the file holds: hapki inspect FILE",
        "when it comes over the network: what the server shows, with `openssl s_client -showcerts`",
    ],
};

pub(super) const KEY_MISMATCH: Meaning = Meaning {
    id: "key-mismatch",
    rule: Some("key-mismatch"),
    means: "The certificate and the private key that the program was given do not belong together. One of the two \
            files was replaced or copied without the other, or two renewals ran into each other. The program does \
            not start, or goes on with the old pair until it is restarted.",
    look_at: &[
        "both files of the pair: hapki inspect CERT KEY says whether they belong together",
        "the flags that name them: --tls-cert-file and --tls-private-key-file, --cert-file and --key-file, \
            ssl_certificate and ssl_certificate_key",
    ],
};

pub(super) const NOTHING_IN_FILE: Meaning = Meaning {
    id: "nothing-in-file",
    rule: Some("file-unreadable"),
    means: "The program found nothing in the file of what it was told to find there: it is empty, in DER, not PEM at \
            all, or holds a key where a certificate is wanted. curl says the same of a file that is not there.",
    look_at: &[
        "what the file holds: hapki inspect FILE",
        "the flag that names it, which may point to the wrong file",
    ],
};

pub(super) const FILES_EXCHANGED: Meaning = Meaning {
    id: "files-exchanged",
    rule: Some("file-unreadable"),
    means: "The file given as certificate holds a private key, or the other way round: two flags or two files are \
            exchanged.",
    look_at: &[
        "the two flags or settings that name certificate and key",
        "what the files hold: hapki inspect",
    ],
};

pub(super) const KEY_FORMAT: Meaning = Meaning {
    id: "key-format",
    rule: Some("key-missing"),
    means: "The private key is there, in a form that this program does not read. Harbor's token service wants RSA as \
            PKCS#1 (BEGIN RSA PRIVATE KEY), as openssl 3 writes only with `genrsa -traditional`; Kubernetes wants \
            RSA or ECDSA; nothing takes an encrypted key without its password.",
    look_at: &[
        "the first line of the key file",
        "what it holds: hapki inspect KEY",
    ],
};

pub(super) const FILE_MISSING: Meaning = Meaning {
    id: "file-missing",
    rule: Some("file-missing"),
    means: "The program was told to load a file that is not there, seen from where it runs: in a container only what \
            is mounted exists, and under the path that the container has for it.",
    look_at: &[
        "the flag, setting or kubeconfig that names the file",
        "the volume mounts of its pod or container",
    ],
};

pub(super) const FILE_FORBIDDEN: Meaning = Meaning {
    id: "file-forbidden",
    rule: Some("file-unreadable"),
    means: "The file is there, and the user that the program runs as may not read it. Harbor's containers run as uid \
            10000 from 1.6 on, and nginx reads keys as root before it drops its rights.",
    look_at: &[
        "owner and mode of the file and of every directory above it (namei -l FILE)",
        "the user that the process runs as",
    ],
};

pub(super) const KEY_PERMISSIONS: Meaning = Meaning {
    id: "key-permissions",
    rule: Some("key-permissions"),
    means: "The program refuses a private key that others than its owner can read.",
    look_at: &["mode and owner of the key file: 0600"],
};

pub(super) const SETTING_MISSING: Meaning = Meaning {
    id: "setting-missing",
    rule: None,
    means: "A setting that goes with certificates is not set, so that the program does not know which certificate, \
            key or token roots to use.",
    look_at: &["the program's configuration file, at the name in the line"],
};
