//! A program of Kubernetes that a node runs, wherever that is declared: in a static pod's manifest, in a systemd unit, in
//! an environment file. Which flags it was given, and where the paths among them lie on the node.

use std::path::Path;
use std::path::PathBuf;

use crate::facts::yaml::Text;
use crate::place::Place;

/// One program and what it was told.
#[derive(Clone, Debug)]
pub struct Process {
    /// The manifest, the unit or the environment file that declares it.
    pub place: Place,
    /// `kube-apiserver`, `kube-controller-manager`, `kube-scheduler`, `etcd` or `kubelet`.
    pub program: &'static str,
    /// Whether a manifest declares it, so that it runs in a pod.
    pub is_pod: bool,
    /// The container's image.
    pub image: Option<Text>,
    /// Every flag, in order: what is told by the environment stands before what is told by arguments, which win.
    pub flags: Vec<Flag>,
    /// The other files that flags come from: drop-ins, environment files.
    pub(super) files: Vec<Place>,
    /// Directories and files of the node that its container sees.
    pub(super) mounts: Vec<Mount>,
}

/// One flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Without dashes, `_` as `-`.
    pub name: String,
    /// Its value; `true` where it has none.
    pub value: String,
    /// The line it stands on.
    pub line: u32,
    /// The file it stands in: 0 is the place of the process, others follow.
    pub(super) file: usize,
}

/// One word of a command line, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) value: String,
    pub(super) file: usize,
    pub(super) line: u32,
}

/// A directory or file of the node in a container.
#[derive(Clone, Debug)]
pub(super) struct Mount {
    pub(super) in_container: PathBuf,
    pub(super) on_node: PathBuf,
}

/// What the file that a flag names holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFlag {
    /// One certificate or several.
    Certificates,
    /// A private key.
    Key,
    /// A key, private or public.
    AnyKey,
    /// A kubeconfig.
    Kubeconfig,
}

/// One value of `--tls-sni-cert-key` (k8s.io/component-base/cli/flag/namedcertkey_flag.go).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedCertificate<'a> {
    /// The certificate's file, as the program sees it.
    pub certificate: &'a str,
    /// The key's file.
    pub key: &'a str,
    /// The names that it is for, where they are told.
    pub names: Vec<&'a str>,
    /// The flag.
    pub flag: &'a Flag,
}

impl Process {
    /// The value of a flag that is given once; of several, the last counts.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().rev().find(|flag| flag.name == name)
    }

    /// The value of a flag that is given and not empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        let value = self.flag(name)?.value.as_str();
        (!value.is_empty()).then_some(value)
    }

    /// Every part of a flag whose values add up, as pflag's StringSlice and StringArray have it; `comma` where one value
    /// may hold several.
    pub fn values(&self, name: &str, comma: bool) -> impl Iterator<Item = (&str, &Flag)> {
        let flags = self.flags.iter().filter(move |flag| flag.name == name);
        let parts = flags.flat_map(move |flag| {
            let most = if comma { usize::MAX } else { 1 };
            flag.value.splitn(most, ',').map(move |part| (part, flag))
        });
        parts
            .map(|(part, flag)| (part.trim(), flag))
            .filter(|(part, _)| !part.is_empty())
    }

    /// Whether a boolean flag is given; `None` where it is not, or is no boolean (Go's `strconv.ParseBool`).
    pub fn is_set(&self, name: &str) -> Option<bool> {
        match self.value(name)? {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
            _ => None,
        }
    }

    /// Every `--tls-sni-cert-key`.
    pub fn named_certificates(&self) -> impl Iterator<Item = NamedCertificate<'_>> {
        self.flags
            .iter()
            .filter(|flag| flag.name == SNI_FLAG)
            .filter_map(|flag| {
                let (files, names) = match flag.value.split_once(':') {
                    Some((files, names)) => (files, names.split(',').collect()),
                    None => (flag.value.as_str(), Vec::new()),
                };
                let (certificate, key) = files.split_once(',')?;
                Some(NamedCertificate {
                    certificate: certificate.trim(),
                    key: key.trim(),
                    names: names.into_iter().map(str::trim).collect(),
                    flag,
                })
            })
    }

    /// Where an apiserver keeps the serving certificate that it makes for itself, if no flag names another.
    pub fn self_made(&self) -> Option<PathBuf> {
        let makes = self.program == "kube-apiserver" && self.value("tls-cert-file").is_none();
        let directory = self.value("cert-dir").unwrap_or("/var/run/kubernetes");
        makes.then(|| self.on_node(directory).join("apiserver.crt"))
    }

    /// Every file of certificates or keys that a flag names, as the program sees it.
    pub fn files(&self) -> impl Iterator<Item = (FileFlag, &str, &Flag)> {
        let told = self.flags.iter().filter_map(|flag| {
            let kind = file_flag(&flag.name)?;
            (!flag.value.is_empty()).then_some((kind, flag.value.as_str(), flag))
        });
        let named = self.named_certificates().flat_map(|named| {
            [
                (FileFlag::Certificates, named.certificate, named.flag),
                (FileFlag::Key, named.key, named.flag),
            ]
        });
        told.chain(named)
    }

    /// Flags that name a file about certificates which nothing here follows.
    pub fn not_followed(&self) -> impl Iterator<Item = &Flag> {
        self.flags.iter().filter(|flag| {
            let is_about_certificates = CERTIFICATE_ENDINGS
                .iter()
                .any(|ending| flag.name.ends_with(ending))
                || DIALLING_FLAGS.contains(&flag.name.as_str());
            is_about_certificates
                && file_flag(&flag.name).is_none()
                && flag.name != BOOTSTRAP_FLAG
                && !flag.value.is_empty()
        })
    }

    /// Where a flag is given.
    pub fn place_of(&self, flag: &Flag) -> Place {
        let file = flag.file.checked_sub(1).and_then(|at| self.files.get(at));
        file.unwrap_or(&self.place).at_line(flag.line)
    }

    /// Whether a path is one of the node's by a hostPath mount: of the very file, or of a directory above it.
    pub fn is_mounted(&self, path: &Path, by_itself: bool) -> bool {
        let mut mounts = self.mounts.iter();
        mounts.any(|mount| {
            let rest = path.strip_prefix(&mount.in_container);
            rest.is_ok_and(|rest| rest.as_os_str().is_empty() == by_itself)
        })
    }

    /// Where a path that the program was given lies on the node, by its hostPath mounts; without one, at the same path.
    pub fn on_node(&self, path: &str) -> PathBuf {
        let path: &Path = &Path::new(path).components().collect::<PathBuf>();
        // Both are in their shortest form, so that most mounts are dismissed by their bytes.
        let begins = |start: &Path| {
            let [path, start] = [path, start].map(|path| path.as_os_str().as_encoded_bytes());
            path.starts_with(start)
        };
        self.mounts
            .iter()
            .filter(|mount| begins(&mount.in_container))
            .filter_map(|mount| {
                let rest = path.strip_prefix(&mount.in_container).ok()?;
                Some((mount.in_container.as_os_str().len(), mount, rest))
            })
            .max_by_key(|(length, ..)| *length)
            .map_or_else(
                || Path::new("/").join(path),
                |(_, mount, rest)| {
                    if rest.as_os_str().is_empty() {
                        mount.on_node.clone()
                    } else {
                        mount.on_node.join(rest)
                    }
                },
            )
    }
}

/// The program that a command line runs, and its flags. `sh -c` and the like before it are passed over, and so is a name
/// that a flag may take for its value, where the program itself comes later: `docker run --name kubelet … /kubelet`.
pub(super) fn program(words: Vec<Word>) -> Option<(&'static str, Vec<Flag>)> {
    let words = split_shell(words);
    let named = || {
        words.iter().enumerate().filter_map(|(position, word)| {
            let base = word.value.rsplit('/').next().unwrap_or_default();
            let program = PROGRAMS.iter().find(|program| **program == base)?;
            Some((position, *program))
        })
    };
    let is_free = |(position, _): &(usize, &str)| {
        let before = position.checked_sub(1).and_then(|before| words.get(before));
        let is_flag = |word: &Word| word.value.starts_with('-');
        !words.get(*position).is_some_and(is_flag)
            && !before.is_some_and(|word| {
                is_flag(word) && !word.value.contains('=') && !is_before_script(word)
            })
    };
    let (position, program) = named().find(is_free).or_else(|| named().next())?;
    Some((
        program,
        flags(words.get(position + 1..).unwrap_or_default()),
    ))
}

/// The flags among `words`, as pflag reads them.
pub(super) fn flags(words: &[Word]) -> Vec<Flag> {
    let mut flags = Vec::with_capacity(words.len());
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let Some(flag) = word.value.strip_prefix('-') else {
            continue;
        };
        let flag = flag.strip_prefix('-').unwrap_or(flag);
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            // A boolean takes no word of its own: what follows it is no value.
            None if BOOLEANS.contains(&flag.replace('_', "-").as_str()) => {
                (flag, "true".to_owned())
            }
            None => match words.next_if(|next| !next.value.starts_with('-')) {
                Some(next) => (flag, next.value.clone()),
                None => (flag, "true".to_owned()),
            },
        };
        flags.push(Flag {
            name: name.replace('_', "-"),
            value,
            line: word.line,
            file: word.file,
        });
    }
    flags
}

/// etcd takes every flag from the environment as well, where no argument gives it (server/etcdmain, pkg/flags).
pub(super) fn etcd_variable(name: &str, value: &str, at: (usize, u32)) -> Option<Flag> {
    let name = name.strip_prefix("ETCD_")?;
    (!name.is_empty()).then(|| Flag {
        name: name.to_ascii_lowercase().replace('_', "-"),
        value: value.to_owned(),
        file: at.0,
        line: at.1,
    })
}

/// What follows `sh -c` is one word here and several for the shell.
fn split_shell(words: Vec<Word>) -> Vec<Word> {
    let mut split = Vec::with_capacity(words.len());
    let mut is_script = false;
    for word in words {
        let before_script = is_before_script(&word);
        if is_script {
            let parts = word.value.split_whitespace();
            split.extend(parts.map(|part| Word {
                value: part.trim_matches(['"', '\'']).to_owned(),
                ..word
            }));
        } else {
            split.push(word);
        }
        is_script = before_script;
    }
    split
}

/// `-c` of a shell, and what it is written together with.
fn is_before_script(word: &Word) -> bool {
    let is_option = word.value.starts_with('-') && !word.value.starts_with("--");
    is_option && word.value.ends_with('c')
}

fn file_flag(name: &str) -> Option<FileFlag> {
    let (_, kind) = FILE_FLAGS.iter().find(|(known, _)| *known == name)?;
    Some(*kind)
}

/// The kubelet's program.
pub const KUBELET: &str = "kubelet";
/// Where it keeps its certificates, unless `--cert-dir` says otherwise.
pub const KUBELET_DIR: &str = "/var/lib/kubelet/pki";
const PROGRAMS: &[&str] = &[
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "etcd",
    KUBELET,
];

/// Certificates for some names only.
const SNI_FLAG: &str = "tls-sni-cert-key";
/// A file that is gone once the kubelet has joined.
const BOOTSTRAP_FLAG: &str = "bootstrap-kubeconfig";

/// Booleans of these programs that someone may write without `=`.
const BOOLEANS: &[&str] = &[
    "allow-privileged",
    "anonymous-auth",
    "auto-tls",
    "client-cert-auth",
    "enable-aggregator-routing",
    "enable-bootstrap-token-auth",
    "experimental-peer-skip-client-san-verification",
    "fail-swap-on",
    "leader-elect",
    "peer-auto-tls",
    "peer-client-cert-auth",
    "peer-skip-client-san-verification",
    "profiling",
    "register-node",
    "rotate-certificates",
    "rotate-server-certificates",
    "use-service-account-credentials",
];

/// How names of flags end that name certificates, keys and who uses them.
const CERTIFICATE_ENDINGS: &[&str] = &[
    "-ca-file",
    "-cafile",
    "-cert-file",
    "-certfile",
    "-key-file",
    "-keyfile",
    "-crl-file",
    "-kubeconfig",
];

/// Files that say whom else the apiserver dials, and how.
const DIALLING_FLAGS: &[&str] = &[
    "audit-webhook-config-file",
    "authentication-config",
    "authentication-token-webhook-config-file",
    "authorization-config",
    "authorization-webhook-config-file",
    "egress-selector-config-file",
];

/// Flags of kube-apiserver, kube-controller-manager, kube-scheduler, etcd and the kubelet. No two of these programs use one name for
/// different kinds of files.
const FILE_FLAGS: &[(&str, FileFlag)] = &[
    ("tls-cert-file", FileFlag::Certificates),
    ("tls-private-key-file", FileFlag::Key),
    ("client-ca-file", FileFlag::Certificates),
    ("etcd-cafile", FileFlag::Certificates),
    ("etcd-certfile", FileFlag::Certificates),
    ("etcd-keyfile", FileFlag::Key),
    ("kubelet-client-certificate", FileFlag::Certificates),
    ("kubelet-client-key", FileFlag::Key),
    ("kubelet-certificate-authority", FileFlag::Certificates),
    ("proxy-client-cert-file", FileFlag::Certificates),
    ("proxy-client-key-file", FileFlag::Key),
    ("requestheader-client-ca-file", FileFlag::Certificates),
    ("service-account-key-file", FileFlag::AnyKey),
    ("service-account-signing-key-file", FileFlag::Key),
    ("service-account-private-key-file", FileFlag::Key),
    ("cluster-signing-cert-file", FileFlag::Certificates),
    ("cluster-signing-key-file", FileFlag::Key),
    ("root-ca-file", FileFlag::Certificates),
    ("cert-file", FileFlag::Certificates),
    ("key-file", FileFlag::Key),
    ("trusted-ca-file", FileFlag::Certificates),
    ("peer-cert-file", FileFlag::Certificates),
    ("peer-key-file", FileFlag::Key),
    ("peer-trusted-ca-file", FileFlag::Certificates),
    ("peer-ca-file", FileFlag::Certificates),
    ("oidc-ca-file", FileFlag::Certificates),
    (
        "cluster-signing-kubelet-serving-cert-file",
        FileFlag::Certificates,
    ),
    ("cluster-signing-kubelet-serving-key-file", FileFlag::Key),
    (
        "cluster-signing-kubelet-client-cert-file",
        FileFlag::Certificates,
    ),
    ("cluster-signing-kubelet-client-key-file", FileFlag::Key),
    (
        "cluster-signing-kube-apiserver-client-cert-file",
        FileFlag::Certificates,
    ),
    (
        "cluster-signing-kube-apiserver-client-key-file",
        FileFlag::Key,
    ),
    (
        "cluster-signing-legacy-unknown-cert-file",
        FileFlag::Certificates,
    ),
    ("cluster-signing-legacy-unknown-key-file", FileFlag::Key),
    ("client-cert-file", FileFlag::Certificates),
    ("client-key-file", FileFlag::Key),
    ("peer-client-cert-file", FileFlag::Certificates),
    ("peer-client-key-file", FileFlag::Key),
    ("kubeconfig", FileFlag::Kubeconfig),
    ("authentication-kubeconfig", FileFlag::Kubeconfig),
    ("authorization-kubeconfig", FileFlag::Kubeconfig),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(line: &str) -> (&'static str, Vec<String>) {
        let words = line.split(' ').map(|word| Word {
            value: word.to_owned(),
            file: 0,
            line: 1,
        });
        let (program, flags) = program(words.collect()).unwrap();
        (program, flags.into_iter().map(|flag| flag.name).collect())
    }

    #[test]
    fn a_containers_name_is_not_the_program_that_it_runs() {
        for (line, program, flags) in [
            (
                "/usr/bin/docker run --name kubelet --net=host hyperkube:v1.5 /kubelet --kubeconfig=/k --v=2",
                "kubelet",
                &["kubeconfig", "v"][..],
            ),
            (
                "docker run --name=etcd --rm kubelet --v=2",
                "kubelet",
                &["v"],
            ),
            ("env -i kubelet --v=2", "kubelet", &["v"]),
            (
                "sh -c etcd --name a --data-dir=/var/lib/etcd --trusted-ca-file=/ca",
                "etcd",
                &["name", "data-dir", "trusted-ca-file"],
            ),
            ("sh -ec kubelet --v 2 && cp a /opt/etcd", "kubelet", &["v"]),
        ] {
            assert_eq!(
                ran(line),
                (program, flags.iter().map(|&flag| flag.to_owned()).collect()),
                "{line}"
            );
        }
    }
}
