//! The rows once more, stated independently of how the table is built: from kubeadm's own certlist.go.

use crate::profile::Authority;
use crate::profile::KubernetesVersion;
use crate::profile::Output;
use crate::profile::Profile;
use crate::profile::Row;
use crate::profile::ServerRule;
use crate::profile::table;
use crate::x509::certificate::ExtendedKeyUsage;

const ALL: [Profile; 14] = [
    Profile::Apiserver,
    Profile::ApiserverKubeletClient,
    Profile::ApiserverEtcdClient,
    Profile::FrontProxyClient,
    Profile::EtcdServer,
    Profile::EtcdPeer,
    Profile::EtcdHealthcheckClient,
    Profile::KubeletServer,
    Profile::Registry,
    Profile::AdminConf,
    Profile::SuperAdminConf,
    Profile::ControllerManagerConf,
    Profile::SchedulerConf,
    Profile::KubeletConf,
];

fn v(minor: u16) -> KubernetesVersion {
    KubernetesVersion::new(1, minor)
}

fn written(row: &Row) -> &'static str {
    match row.output {
        Output::Pair { base } => base,
        Output::Kubeconfig { file, .. } => file,
    }
}

fn usages(row: &Row) -> String {
    let name = |usage: &ExtendedKeyUsage| match usage {
        ExtendedKeyUsage::ServerAuth => "server",
        ExtendedKeyUsage::ClientAuth => "client",
        _ => "other",
    };
    row.usages.iter().map(name).collect::<Vec<_>>().join("+")
}

#[test]
fn every_profile_has_one_row() {
    assert_eq!(table().len(), ALL.len());
    for profile in ALL {
        assert_eq!(
            table().iter().filter(|row| row.profile == profile).count(),
            1,
            "{profile}"
        );
    }
}

/// Name, files, common name on wudang, signer, usages, names.
const ROWS: &str = "\
apiserver | apiserver | kube-apiserver | ca | server | Apiserver
apiserver-kubelet-client | apiserver-kubelet-client | kube-apiserver-kubelet-client | ca | client | None
front-proxy-client | front-proxy-client | front-proxy-client | front-proxy-ca | client | None
etcd-server | etcd/server | wudang | etcd-ca | server+client | Etcd
etcd-peer | etcd/peer | wudang | etcd-ca | server+client | Etcd
etcd-healthcheck-client | etcd/healthcheck-client | kube-etcd-healthcheck-client | etcd-ca | client | None
apiserver-etcd-client | apiserver-etcd-client | kube-apiserver-etcd-client | etcd-ca | client | None
admin.conf | admin.conf | kubernetes-admin | ca | client | None
super-admin.conf | super-admin.conf | kubernetes-super-admin | ca | client | None
controller-manager.conf | controller-manager.conf | system:kube-controller-manager | ca | client | None
scheduler.conf | scheduler.conf | system:kube-scheduler | ca | client | None
kubelet.conf | kubelet.conf | system:node:wudang | ca | client | None
kubelet-server | kubelet-server | system:node:wudang | ca | server | Kubelet
registry | registry | wudang | ca | server | Registry
";

#[test]
fn rows_are_kubeadms() {
    let line = |row: &Row| {
        let (common_name, signer) = (row.common_name("wudang"), row.authority);
        let (name, file, used_for, sans) = (row.name, written(row), usages(row), row.sans);
        format!("{name} | {file} | {common_name} | {signer} | {used_for} | {sans:?}\n")
    };
    assert_eq!(table().iter().map(line).collect::<String>(), ROWS);
}

#[test]
fn what_kubeadm_does_not_make() {
    let others: Vec<&str> = table()
        .iter()
        .filter(|row| !row.by_kubeadm)
        .map(|row| row.name)
        .collect();
    assert_eq!(others, ["kubelet-server", "registry"]);
}

#[test]
fn organizations_by_release() {
    const ADMINS: &[&str] = &["kubeadm:cluster-admins"];
    const MASTERS: &[&str] = &["system:masters"];
    const NONE: &[&str] = &[];
    let expected: [(&str, [&[&str]; 6]); 14] = [
        // name, then 1.6, 1.28, 1.29, 1.36, 1.37, 1.40
        ("apiserver", [NONE; 6]),
        (
            "apiserver-kubelet-client",
            [MASTERS, MASTERS, ADMINS, ADMINS, NONE, NONE],
        ),
        ("front-proxy-client", [NONE; 6]),
        ("etcd-server", [NONE; 6]),
        ("etcd-peer", [NONE; 6]),
        (
            "etcd-healthcheck-client",
            [MASTERS, MASTERS, NONE, NONE, NONE, NONE],
        ),
        (
            "apiserver-etcd-client",
            [MASTERS, MASTERS, NONE, NONE, NONE, NONE],
        ),
        (
            "admin.conf",
            [MASTERS, MASTERS, ADMINS, ADMINS, ADMINS, ADMINS],
        ),
        ("super-admin.conf", [MASTERS; 6]),
        ("controller-manager.conf", [NONE; 6]),
        ("scheduler.conf", [NONE; 6]),
        ("kubelet.conf", [&["system:nodes"]; 6]),
        ("kubelet-server", [&["system:nodes"]; 6]),
        ("registry", [NONE; 6]),
    ];
    for (name, by_version) in expected {
        let row = name.parse::<Profile>().unwrap().row();
        for (minor, organizations) in [6, 28, 29, 36, 37, 40].into_iter().zip(by_version) {
            assert_eq!(
                row.organizations(v(minor)),
                organizations,
                "{name} in 1.{minor}"
            );
        }
    }
}

#[test]
fn only_super_admin_conf_is_younger_than_the_table() {
    for row in table() {
        assert!(row.exists_in(v(29)), "{}", row.name);
        assert_eq!(
            row.exists_in(v(28)),
            row.name != "super-admin.conf",
            "{}",
            row.name
        );
        assert_eq!(
            row.exists_in(v(6)),
            row.name != "super-admin.conf",
            "{}",
            row.name
        );
    }
}

#[test]
fn which_kubeconfig_dials_its_own_apiserver() {
    let local = |name: &str, master: bool, minor: u16| match name
        .parse::<Profile>()
        .unwrap()
        .row()
        .output
    {
        Output::Kubeconfig { server, .. } => server.is_local(master, v(minor)),
        Output::Pair { .. } => panic!("{name} is no kubeconfig"),
    };
    for name in ["admin.conf", "super-admin.conf"] {
        assert!(!local(name, true, 34), "{name}");
    }
    for name in ["controller-manager.conf", "scheduler.conf"] {
        assert!(local(name, true, 28) && local(name, true, 34), "{name}");
    }
    assert!(local("kubelet.conf", true, 34));
    assert!(!local("kubelet.conf", true, 32));
    assert!(!local("kubelet.conf", false, 34));
    assert!(ServerRule::LocalOnMasters.is_local(true, v(50)));
}

#[test]
fn authorities_are_kubeadms() {
    let rows = Authority::ALL.map(|a| (a.to_string(), a.base(), a.common_name()));
    let expected = [
        ("ca", "ca", "kubernetes"),
        ("etcd-ca", "etcd/ca", "etcd-ca"),
        ("front-proxy-ca", "front-proxy-ca", "front-proxy-ca"),
    ];
    assert_eq!(
        rows,
        expected.map(|(name, base, cn)| (name.to_owned(), base, cn))
    );
}

#[test]
fn an_unknown_profile_is_told_the_known_ones() {
    let error = "api-server".parse::<Profile>().unwrap_err();
    assert!(
        error.starts_with("`api-server` is not a profile"),
        "{error}"
    );
    assert!(
        error.contains("apiserver, ") && error.ends_with("registry"),
        "{error}"
    );
}

#[test]
fn subjects_as_they_are_written() {
    let subject = |profile: Profile, minor| profile.subject("wudang", v(minor)).to_string();
    assert_eq!(
        subject(Profile::AdminConf, 34),
        "CN=kubernetes-admin,O=kubeadm:cluster-admins"
    );
    assert_eq!(
        subject(Profile::AdminConf, 28),
        "CN=kubernetes-admin,O=system:masters"
    );
    assert_eq!(
        subject(Profile::KubeletConf, 34),
        "CN=system:node:wudang,O=system:nodes"
    );
    assert_eq!(subject(Profile::Apiserver, 34), "CN=kube-apiserver");
    assert_eq!(Authority::Cluster.subject().to_string(), "CN=kubernetes");
}
