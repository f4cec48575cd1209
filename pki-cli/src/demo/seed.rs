//! The files of fixtures/seed/kubernetes, built into the binary so that the demo needs nothing else.

use crate::demo::edits::Edit;
use crate::demo::edits::parse;

/// The three masters, in the order in which they joined.
pub(super) const NODES: [&str; 3] = ["shaolin", "wudang", "emei"];

/// Every edit of these files, in order.
pub(super) fn edits(names: &[&str]) -> Result<Vec<Edit<'static>>, String> {
    let mut edits = Vec::new();
    for name in names {
        edits.extend(parse(text_of(name)?)?);
    }
    Ok(edits)
}

/// A file that comes with the steps.
pub(super) fn text_of(name: &str) -> Result<&'static str, String> {
    let found = STEPS.iter().find(|(path, _)| *path == name);
    found
        .map(|(_, text)| *text)
        .ok_or_else(|| format!("{name} is not built in"))
}

/// The report, step by step: what was done, and the edits that lead there from the step before.
pub(super) const REPORT: &[(&str, &str, &[&str])] = &[
    (
        "1",
        "\
wudang and emei were given copies of shaolin's kube-apiserver.yaml and apiserver.crt; only the advertised address was
changed.",
        &["1-manifest-copied"],
    ),
    (
        "2",
        "wudang's kubelet was told to dial wudang itself.",
        &["2-kubelet-dials-itself"],
    ),
    (
        "3",
        "A certificate for wudang was made by hand with openssl; no manifest points to it yet.",
        &["3-certificate-by-hand"],
    ),
    (
        "4",
        "The certificates made by hand were installed on wudang and emei, whose kubelets dial themselves.",
        &["4-installed-on-wudang", "4-installed-on-emei"],
    ),
    (
        "5",
        "The manifests of controller-manager and scheduler were copied, with the kubeconfigs that dial shaolin.",
        &["5-manifests-copied"],
    ),
    (
        "6",
        "nginx on emei balances all three on port 8443, and admin-lb.conf on wudang dials its address.",
        &["6-balancer-by-address"],
    ),
    (
        "6-by-name",
        "admin-lb.conf dials a name that the certificates carry and wudang's hosts file leads to the balancer.",
        &["6-name-in-hosts", "6-balancer-by-name"],
    ),
    (
        "7",
        "kube-proxy dials that name as well, but on port 6443.",
        &["7-kube-proxy"],
    ),
];

/// The demo without a step: every mistake of the report at once.
pub(super) const EVERY_MISTAKE: &[&str] = &[
    "1-manifest-copied",
    "2-kubelet-dials-itself",
    "4-installed-on-emei",
    "5-manifests-copied",
    "6-balancer-by-address",
    "6-name-in-hosts",
    "7-kube-proxy",
];

macro_rules! file {
    ($path:literal) => {
        (
            $path,
            include_str!(concat!("../../../fixtures/seed/kubernetes/", $path)),
        )
    };
}

macro_rules! step {
    ($path:literal) => {
        (
            $path,
            include_str!(concat!("../../../fixtures/seed/kubernetes/steps/", $path)),
        )
    };
}

/// Path below the demo's directory, and text, before the first step.
pub(super) const FILES: &[(&str, &str)] = &[
    file!("cluster/kube-proxy.yaml"),
    file!("emei/etc/hosts"),
    file!("emei/etc/kubernetes/kubelet.conf"),
    file!("emei/etc/kubernetes/manifests/etcd.yaml"),
    file!("hapki.yaml"),
    file!("shaolin/etc/hosts"),
    file!("shaolin/etc/kubernetes/admin.conf"),
    file!("shaolin/etc/kubernetes/controller-manager.conf"),
    file!("shaolin/etc/kubernetes/kubelet.conf"),
    file!("shaolin/etc/kubernetes/manifests/etcd.yaml"),
    file!("shaolin/etc/kubernetes/manifests/kube-apiserver.yaml"),
    file!("shaolin/etc/kubernetes/manifests/kube-controller-manager.yaml"),
    file!("shaolin/etc/kubernetes/manifests/kube-scheduler.yaml"),
    file!("shaolin/etc/kubernetes/scheduler.conf"),
    file!("wudang/etc/hosts"),
    file!("wudang/etc/kubernetes/kubelet.conf"),
    file!("wudang/etc/kubernetes/manifests/etcd.yaml"),
];

/// The steps, and the files that they add.
const STEPS: &[(&str, &str)] = &[
    step!("1-manifest-copied"),
    step!("2-kubelet-dials-itself"),
    step!("3-certificate-by-hand"),
    step!("4-installed-on-emei"),
    step!("4-installed-on-wudang"),
    step!("5-manifests-copied"),
    step!("6-balancer-by-address"),
    step!("6-balancer-by-name"),
    step!("6-name-in-hosts"),
    step!("7-kube-proxy"),
    step!("emei/etc/nginx/nginx.conf"),
];

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn every_file_of_the_fixture_is_here() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/seed/kubernetes");
        let mut pending = vec![root.clone()];
        let mut found: Vec<PathBuf> = Vec::new();
        while let Some(directory) = pending.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    pending.push(path);
                } else {
                    found.push(path.strip_prefix(&root).unwrap().to_owned());
                }
            }
        }
        found.sort();
        let steps = STEPS.iter().map(|(path, _)| Path::new("steps").join(path));
        let base = FILES.iter().map(|(path, _)| path.into());
        let mut built_in: Vec<PathBuf> = base.chain(steps).collect();
        built_in.sort();
        assert_eq!(built_in, found);
    }
}
