//! Static pod manifests (/etc/kubernetes/manifests): which program runs with which flags, and where the paths that it
//! was given lie on the node.

use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::facts::Broken;
use crate::facts::yaml;
use crate::facts::yaml::Text;
use crate::place::Place;

/// One container of a static pod that runs a component of the control plane.
#[derive(Clone, Debug)]
pub struct StaticPod {
    /// The manifest.
    pub place: Place,
    /// `kube-apiserver`, `kube-controller-manager`, `kube-scheduler` or `etcd`.
    pub program: &'static str,
    /// The container's image.
    pub image: Option<Text>,
    /// Every flag, in order.
    pub flags: Vec<Flag>,
    /// Directories and files of the node that the container sees.
    mounts: Vec<Mount>,
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

#[derive(Clone, Debug)]
struct Mount {
    in_container: PathBuf,
    on_node: PathBuf,
}

/// Reads one manifest: `None` where it runs nothing of the control plane.
pub(super) fn parse(bytes: &[u8], place: &Place) -> Result<Option<StaticPod>, Box<Broken>> {
    let pod: Pod = yaml::first(bytes, place)?;
    let spec = pod.spec.unwrap_or_default();
    let volumes = spec.volumes.unwrap_or_default();
    Ok(spec
        .containers
        .unwrap_or_default()
        .into_iter()
        .find_map(|container| component(container, &volumes, place)))
}

impl StaticPod {
    /// The value of a flag that is given once; of several, the last counts.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().rev().find(|flag| flag.name == name)
    }

    /// The value of a flag that is given and not empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        let value = self.flag(name)?.value.as_str();
        (!value.is_empty()).then_some(value)
    }

    /// Every flag that names a file of certificates or keys.
    pub fn file_flags(&self) -> impl Iterator<Item = (FileFlag, &Flag)> {
        self.flags.iter().filter_map(|flag| {
            let (_, kind) = FILE_FLAGS.iter().find(|(name, _)| *name == flag.name)?;
            (!flag.value.is_empty()).then_some((*kind, flag))
        })
    }

    /// Where a flag is given.
    pub fn place_of(&self, flag: &Flag) -> Place {
        self.place.at_line(flag.line)
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

fn component(container: Container, volumes: &[Volume], place: &Place) -> Option<StaticPod> {
    let words: Vec<Text> = [container.command, container.args]
        .into_iter()
        .flatten()
        .flatten()
        .flat_map(|word| split_shell(Text::from(word)))
        .collect();
    let (position, program) = words.iter().enumerate().find_map(|(position, word)| {
        let base = word.value.rsplit('/').next().unwrap_or_default();
        let program = PROGRAMS.iter().find(|program| **program == base)?;
        Some((position, *program))
    })?;
    let words = words.get(position + 1..).unwrap_or_default();
    Some(StaticPod {
        place: place.clone(),
        program,
        image: container.image.map(Text::from),
        flags: flags(words),
        mounts: mounts(container.volume_mounts.unwrap_or_default(), volumes),
    })
}

/// `sh -c "exec etcd --name=x"` is one word for YAML and several for the shell.
fn split_shell(word: Text) -> Vec<Text> {
    if word.value.starts_with('-') || !word.value.contains(char::is_whitespace) {
        return vec![word];
    }
    word.value
        .split_whitespace()
        .map(|part| Text {
            value: part.trim_matches(['"', '\'']).to_owned(),
            line: word.line,
        })
        .collect()
}

fn flags(words: &[Text]) -> Vec<Flag> {
    let mut flags = Vec::with_capacity(words.len());
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let Some(flag) = word.value.strip_prefix('-') else {
            continue;
        };
        let flag = flag.strip_prefix('-').unwrap_or(flag);
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => match words.next_if(|next| !next.value.starts_with('-')) {
                Some(next) => (flag, next.value.clone()),
                None => (flag, "true".to_owned()),
            },
        };
        flags.push(Flag {
            name: name.replace('_', "-"),
            value,
            line: word.line,
        });
    }
    flags
}

fn mounts(mounts: Vec<VolumeMount>, volumes: &[Volume]) -> Vec<Mount> {
    mounts
        .into_iter()
        .filter_map(|mount| {
            let volume = volumes.iter().find(|volume| volume.name == mount.name)?;
            let path = volume.host_path.as_ref()?.path.as_ref()?;
            let mut on_node = PathBuf::from(path);
            if let Some(below) = mount.sub_path {
                on_node.push(below);
            }
            Some(Mount {
                in_container: Path::new(&mount.mount_path?).components().collect(),
                on_node,
            })
        })
        .collect()
}

const PROGRAMS: &[&str] = &[
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "etcd",
];

/// Flags of kube-apiserver, kube-controller-manager, kube-scheduler and etcd. No two of these programs use one name for
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
    ("kubeconfig", FileFlag::Kubeconfig),
    ("authentication-kubeconfig", FileFlag::Kubeconfig),
    ("authorization-kubeconfig", FileFlag::Kubeconfig),
];

#[derive(Deserialize)]
struct Pod {
    #[serde(default)]
    spec: Option<Spec>,
}

#[derive(Default, Deserialize)]
struct Spec {
    #[serde(default)]
    containers: Option<Vec<Container>>,
    #[serde(default)]
    volumes: Option<Vec<Volume>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    #[serde(default)]
    command: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    args: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    image: Option<Spanned<String>>,
    #[serde(default)]
    volume_mounts: Option<Vec<VolumeMount>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VolumeMount {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    mount_path: Option<String>,
    #[serde(default)]
    sub_path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Volume {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    host_path: Option<HostPath>,
}

#[derive(Deserialize)]
struct HostPath {
    #[serde(default)]
    path: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"apiVersion: v1
kind: Pod
spec:
  containers:
  - command:
    - kube-apiserver
    - --advertise-address=10.24.138.208
    - --tls-cert-file
    - /certs/apiserver.crt
    - --allow-privileged
    args: ["--etcd_servers=https://127.0.0.1:2379"]
    image: registry.k8s.io/kube-apiserver:v1.34.4
    volumeMounts:
    - {mountPath: /certs, name: pki}
    - {mountPath: /certs/etcd, name: etcd}
  volumes:
  - {name: pki, hostPath: {path: /etc/kubernetes/pki}}
  - {name: etcd, hostPath: {path: /srv/etcd}}
"#;

    fn pod() -> StaticPod {
        parse(MANIFEST.as_bytes(), &Place::file("m"))
            .unwrap()
            .unwrap()
    }

    #[test]
    fn flags_in_both_forms_with_their_lines() {
        let pod = pod();
        assert_eq!(pod.program, "kube-apiserver");
        let flag = pod.flag("advertise-address").unwrap();
        assert_eq!((flag.value.as_str(), flag.line), ("10.24.138.208", 7));
        let flag = pod.flag("tls-cert-file").unwrap();
        assert_eq!(
            (flag.value.as_str(), flag.line),
            ("/certs/apiserver.crt", 8)
        );
        assert_eq!(pod.value("allow-privileged"), Some("true"));
        assert_eq!(pod.value("etcd-servers"), Some("https://127.0.0.1:2379"));
    }

    #[test]
    fn the_longest_mount_leads_to_the_node() {
        let pod = pod();
        let on_node = |path| pod.on_node(path);
        assert_eq!(
            on_node("/certs/apiserver.crt"),
            Path::new("/etc/kubernetes/pki/apiserver.crt")
        );
        assert_eq!(on_node("/certs/etcd/ca.crt"), Path::new("/srv/etcd/ca.crt"));
        assert_eq!(on_node("/other/ca.crt"), Path::new("/other/ca.crt"));
    }

    #[test]
    fn a_shell_in_between_is_seen_through() {
        let text = "spec:\n  containers:\n  - command: [/bin/sh, -c, exec /usr/local/bin/etcd --name=wudang -cert-file=/a]\n";
        let pod = parse(text.as_bytes(), &Place::file("m")).unwrap().unwrap();
        assert_eq!(pod.program, "etcd");
        assert_eq!(pod.value("name"), Some("wudang"));
        assert_eq!(pod.value("cert-file"), Some("/a"));
    }

    #[test]
    fn what_is_no_pod_is_said_with_its_line() {
        let broken = parse(b"spec:\n  containers: 5\n", &Place::file("m")).unwrap_err();
        assert_eq!(broken.place.line, Some(2));
        assert!(
            parse(
                b"spec:\n  containers:\n  - command: [nginx]\n",
                &Place::file("m")
            )
            .unwrap()
            .is_none()
        );
    }
}
