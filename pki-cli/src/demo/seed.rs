//! The files of fixtures/seed/kubernetes, built into the binary so that the demo needs nothing else.

/// The three masters, in the order in which they joined.
pub(super) const NODES: [&str; 3] = ["shaolin", "wudang", "emei"];

macro_rules! file {
    ($path:literal) => {
        (
            $path,
            include_str!(concat!("../../../fixtures/seed/kubernetes/", $path)),
        )
    };
}

/// Path below the demo's directory, and text.
pub(super) const FILES: &[(&str, &str)] = &[
    file!("cluster/kube-proxy.yaml"),
    file!("emei/etc/hosts"),
    file!("emei/etc/kubernetes/admin-lb.conf"),
    file!("emei/etc/kubernetes/admin.conf"),
    file!("emei/etc/kubernetes/controller-manager.conf"),
    file!("emei/etc/kubernetes/kubelet.conf"),
    file!("emei/etc/kubernetes/manifests/etcd.yaml"),
    file!("emei/etc/kubernetes/manifests/kube-apiserver.yaml"),
    file!("emei/etc/kubernetes/manifests/kube-controller-manager.yaml"),
    file!("emei/etc/kubernetes/manifests/kube-scheduler.yaml"),
    file!("emei/etc/kubernetes/scheduler.conf"),
    file!("emei/etc/nginx/nginx.conf"),
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
    file!("wudang/etc/kubernetes/admin.conf"),
    file!("wudang/etc/kubernetes/controller-manager.conf"),
    file!("wudang/etc/kubernetes/kubelet.conf"),
    file!("wudang/etc/kubernetes/manifests/etcd.yaml"),
    file!("wudang/etc/kubernetes/manifests/kube-apiserver.yaml"),
    file!("wudang/etc/kubernetes/manifests/kube-controller-manager.yaml"),
    file!("wudang/etc/kubernetes/manifests/kube-scheduler.yaml"),
    file!("wudang/etc/kubernetes/scheduler.conf"),
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
        let mut built_in: Vec<PathBuf> = FILES.iter().map(|(path, _)| path.into()).collect();
        built_in.sort();
        assert_eq!(built_in, found);
    }
}
