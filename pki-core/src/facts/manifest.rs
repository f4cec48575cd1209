//! Static pod manifests (/etc/kubernetes/manifests): which program runs with which flags, and what of the node its
//! container sees.

use std::path::Path;
use std::path::PathBuf;

use crate::facts::Broken;
use crate::facts::pod::Container;
use crate::facts::pod::Pod;
use crate::facts::pod::Volume;
use crate::facts::pod::VolumeMount;
use crate::facts::process;
use crate::facts::process::Flag;
use crate::facts::process::Mount;
use crate::facts::process::Process;
use crate::facts::process::Word;
use crate::facts::yaml;
use crate::facts::yaml::Text;
use crate::place::Place;

/// Reads one manifest: what it runs of the control plane.
pub(super) fn parse(bytes: &[u8], place: &Place) -> Result<Vec<Process>, Box<Broken>> {
    let pod: Pod = yaml::first(bytes, place)?;
    let spec = pod.spec.unwrap_or_default();
    let volumes = spec.volumes.unwrap_or_default();
    Ok(spec
        .containers
        .unwrap_or_default()
        .into_iter()
        .filter_map(|container| component(container, &volumes, place))
        .collect())
}

fn component(container: Container, volumes: &[Volume], place: &Place) -> Option<Process> {
    let variables: Vec<(String, Text)> = container
        .env
        .into_iter()
        .flatten()
        .filter_map(|variable| Some((variable.name?, Text::from(variable.value?))))
        .collect();
    let words = [container.command, container.args]
        .into_iter()
        .flatten()
        .flatten()
        .map(|word| word_of(Text::from(word), &variables))
        .collect();
    let (program, told) = process::program(words)?;
    let mut flags: Vec<Flag> = Vec::new();
    if program == "etcd" {
        flags.extend(
            variables.iter().filter_map(|(name, text)| {
                process::etcd_variable(name, &text.value, (0, text.line))
            }),
        );
    }
    flags.extend(told);
    Some(Process {
        place: place.clone(),
        program,
        is_pod: true,
        image: container.image.map(Text::from),
        flags,
        files: Vec::new(),
        mounts: mounts(container.volume_mounts.unwrap_or_default(), volumes),
    })
}

/// `$(NAME)` is the variable of the container, where it has one of a fixed value; `$$(NAME)` is itself
/// (k8s.io/kubernetes/third_party/forked/golang/expansion).
fn word_of(text: Text, variables: &[(String, Text)]) -> Word {
    let mut value = String::with_capacity(text.value.len());
    let mut rest = text.value.as_str();
    while let Some((before, after)) = rest.split_once('$') {
        value.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            value.push('$');
            rest = after;
            continue;
        }
        let named = rest
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(')'))
            .and_then(|(name, after)| {
                let (_, text) = variables.iter().rev().find(|(known, _)| known == name)?;
                Some((text, after))
            });
        match named {
            Some((text, after)) => {
                value.push_str(&text.value);
                rest = after;
            }
            None => value.push('$'),
        }
    }
    value.push_str(rest);
    Word {
        value,
        file: 0,
        line: text.line,
    }
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
                on_node: on_node.components().collect(),
            })
        })
        .collect()
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

    fn parsed(text: &str) -> Process {
        parse(text.as_bytes(), &Place::file("m")).unwrap().remove(0)
    }

    fn pod() -> Process {
        parsed(MANIFEST)
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
        let pod = parsed(text);
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
            .is_empty()
        );
    }

    #[test]
    fn a_sub_path_leads_to_the_node() {
        let text = "spec:\n  containers:\n  - command: [kube-apiserver]\n    volumeMounts:\n    - {mountPath: /certs/, name: v, subPath: k8s/pki}\n    - {mountPath: /one.crt, name: v, subPath: x/one.crt}\n  volumes:\n  - {name: v, hostPath: {path: /srv/}}\n";
        let pod = parsed(text);
        let on_node = |path| pod.on_node(path);
        assert_eq!(
            on_node("/certs/etcd//ca.crt"),
            Path::new("/srv/k8s/pki/etcd/ca.crt")
        );
        assert_eq!(on_node("/one.crt"), Path::new("/srv/x/one.crt"));
        assert_eq!(on_node("/certsother"), Path::new("/certsother"));
    }

    #[test]
    fn of_a_flag_given_twice_the_last_counts_and_lists_add_up() {
        let text = "spec:\n  containers:\n  - command: [kube-apiserver, --secure-port=1, --secure-port=2, --anonymous-auth, \"false\", '--etcd-servers=https://a,https://b', --etcd-servers, https://c]\n";
        let pod = parsed(text);
        assert_eq!(pod.value("secure-port"), Some("2"));
        assert_eq!(pod.is_set("anonymous-auth"), Some(true));
        let servers: Vec<&str> = pod
            .values("etcd-servers", true)
            .map(|(url, _)| url)
            .collect();
        assert_eq!(servers, ["https://a", "https://b", "https://c"]);
    }

    #[test]
    fn the_environment_of_a_container_counts() {
        let text = "spec:\n  containers:\n  - command: [etcd, '--name=$(NODE)', '--data-dir=$$(x)$(UNKNOWN)']\n    env:\n    - {name: NODE, value: wudang}\n    - {name: ETCD_NAME, value: other}\n    - {name: ETCD_CERT_FILE, value: /a.crt}\n    - name: IP\n      valueFrom: {fieldRef: {fieldPath: status.hostIP}}\n";
        let pod = parsed(text);
        assert_eq!(pod.value("name"), Some("wudang"));
        assert_eq!(pod.value("data-dir"), Some("$(x)$(UNKNOWN)"));
        let flag = pod.flag("cert-file").unwrap();
        assert_eq!((flag.value.as_str(), flag.line), ("/a.crt", 7));
    }

    #[test]
    fn certificates_for_some_names() {
        let text = "spec:\n  containers:\n  - command: [kube-apiserver, '--tls-sni-cert-key=/a.crt,/a.key: x.example, *.y', '--tls-sni-cert-key=/b.crt,/b.key']\n";
        let pod = parsed(text);
        let named: Vec<_> = pod
            .named_certificates()
            .map(|one| (one.certificate, one.key, one.names))
            .collect();
        assert_eq!(
            named,
            [
                ("/a.crt", "/a.key", vec!["x.example", "*.y"]),
                ("/b.crt", "/b.key", vec![])
            ]
        );
        assert_eq!(pod.files().count(), 4);
    }
}
