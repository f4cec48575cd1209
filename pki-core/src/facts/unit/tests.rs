use super::*;

fn unit(files: &[&str], environment: &[&str]) -> Unit {
    let mut unit = Unit::default();
    for (index, text) in files.iter().enumerate() {
        unit.add(text.as_bytes(), &Place::file(format!("unit{index}")));
    }
    for (index, text) in environment.iter().enumerate() {
        unit.add_environment(text.as_bytes(), &Place::file(format!("env{index}")));
    }
    unit
}

#[track_caller]
fn check(process: &Process, flag: &str, value: &str, place: &str) {
    let found = process.flag(flag).unwrap();
    let at = process.place_of(found);
    let at = format!("{}:{}", at.path.display(), at.line.unwrap());
    assert_eq!(
        (found.value.as_str(), at.as_str()),
        (value, place),
        "{flag}"
    );
}

#[test]
fn kubeadms_kubelet() {
    let service =
        "[Unit]\nDescription=kubelet\n\n[Service]\nExecStart=/usr/bin/kubelet\nRestart=always\n";
    let drop_in = "# Note\n[Service]\n\
        Environment=\"KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf\"\n\
        Environment=\"KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml\"\n\
        EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env\nEnvironmentFile=-/etc/default/kubelet\n\
        ExecStart=\nExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS\n";
    let unit = unit(
        &[service, drop_in],
        &[
            "KUBELET_KUBEADM_ARGS=\"--node-ip=10.0.0.1 --hostname-override=wudang\"\n",
            "# x\nKUBELET_EXTRA_ARGS=\n",
        ],
    );
    let files = unit.environment_files();
    assert_eq!(files.len(), 2);
    assert!(files.iter().all(|file| file.is_optional));
    assert_eq!(files[0].told_at.line, Some(5));
    let kubelet = unit.process().unwrap().unwrap();
    assert_eq!(kubelet.program, "kubelet");
    check(
        &kubelet,
        "kubeconfig",
        "/etc/kubernetes/kubelet.conf",
        "unit1:3",
    );
    check(
        &kubelet,
        "config",
        "/var/lib/kubelet/config.yaml",
        "unit1:4",
    );
    check(&kubelet, "node-ip", "10.0.0.1", "env0:1");
    check(&kubelet, "hostname-override", "wudang", "env0:1");
    assert_eq!(kubelet.flags.len(), 5);
}

#[test]
fn a_command_over_several_lines() {
    let text = "[Service]\nEnvironment=A=1 'B=x y'\nExecStart=-/usr/local/bin/kube-apiserver \\\n  --advertise-address=10.0.0.1 \\\n# a comment\n  --tls-cert-file \"/etc/a b.crt\" \\\n  --x=${A}-$$-${B} --y=$A\n[Install]\nExecStart=/bin/etcd\n";
    let process = unit(&[text], &[]).process().unwrap().unwrap();
    assert_eq!(process.program, "kube-apiserver");
    check(&process, "advertise-address", "10.0.0.1", "unit0:4");
    check(&process, "tls-cert-file", "/etc/a b.crt", "unit0:6");
    assert_eq!(process.value("x"), Some("1-$-x y"));
    assert_eq!(process.value("y"), Some("$A"));
}

#[test]
fn etcd_by_its_environment() {
    let text = "[Service]\nEnvironment=ETCD_NAME=other ETCD_DATA_DIR=/d\nEnvironmentFile=/etc/etcd.env\nExecStart=/usr/local/bin/etcd --name=wudang\n";
    let environment = "# Ansible\nETCD_NAME=third\nETCD_CERT_FILE=/etc/ssl/etcd/ssl/member.pem\n\nETCD_CLIENT_CERT_AUTH=true  \nETCD_TRUSTED_CA_FILE='/etc/ssl/etcd/ssl/ca.pem'\n";
    let unit = unit(&[text], &[environment]);
    assert!(!unit.environment_files()[0].is_optional);
    let etcd = unit.process().unwrap().unwrap();
    check(&etcd, "name", "wudang", "unit0:4");
    check(&etcd, "data-dir", "/d", "unit0:2");
    check(&etcd, "cert-file", "/etc/ssl/etcd/ssl/member.pem", "env0:3");
    check(&etcd, "client-cert-auth", "true", "env0:5");
    check(
        &etcd,
        "trusted-ca-file",
        "/etc/ssl/etcd/ssl/ca.pem",
        "env0:6",
    );
}

#[test]
fn resets_and_what_runs_something_else() {
    let text =
        "[Service]\nEnvironment=ETCD_NAME=a\nEnvironment=\nExecStart=/bin/etcd --a\nExecStart=\n";
    assert!(unit(&[text], &[]).process().unwrap().is_none());
    let again = "[Service]\nExecStart=/bin/sh -c 'exec /bin/etcd --b=c'\n";
    let etcd = unit(&[text, again], &[]).process().unwrap().unwrap();
    assert_eq!(etcd.value("b"), Some("c"));
    assert_eq!((etcd.value("a"), etcd.value("name")), (None, None));
    assert!(
        unit(&["[Service]\nExecStart=/usr/sbin/nginx\n"], &[])
            .process()
            .unwrap()
            .is_none()
    );
}

#[test]
fn quotes_and_escapes_of_environment_files() {
    let text = "A=\"x \\\"y\\\" $Z\\n\"  \nB='a\\b'\nC=one\\\ntwo # no comment\nexport D=1\n;E=2\nF=a'b c'd\nG=last";
    let unit = unit(&["[Service]\n"], &[text]);
    let value = |name| unit.environment.value(name);
    assert_eq!(value("A"), Some("x \"y\" $Z\\n"));
    assert_eq!(value("B"), Some("a\\b"));
    assert_eq!(value("C"), Some("onetwo # no comment"));
    assert_eq!((value("D"), value("E")), (None, None));
    assert_eq!(value("F"), Some("ab cd"));
    assert_eq!(value("G"), Some("last"));
}

#[test]
fn a_prefix_may_keep_variables_out() {
    let text = "[Service]\nEnvironment=A=1\nExecStart=:-/bin/etcd --x=${A}\n";
    let etcd = unit(&[text], &[]).process().unwrap().unwrap();
    assert_eq!(etcd.value("x"), Some("${A}"));
}

#[test]
fn a_command_that_no_program_can_be_given_is_said() {
    let text = format!(
        "[Service]\nEnvironment=X={}\nExecStart=/usr/bin/kubelet {}\n",
        "a".repeat(1 << 20),
        "${X}".repeat(1 << 20)
    );
    let note = unit(&[&text], &[]).process().unwrap_err();
    assert_eq!(note.place.line, Some(3));
    let words = text.replace("${X}", "$X ");
    assert!(unit(&[&words], &[]).process().is_err());
}

#[test]
fn a_command_of_many_lines_is_read_in_time_and_its_lines_are_told() {
    let text = format!(
        "[Service]\nExecStart=/usr/bin/kubelet{}\n",
        " \\\n --v=1".repeat(200_000)
    );
    let kubelet = unit(&[&text], &[]).process().unwrap().unwrap();
    check(&kubelet, "v", "1", "unit0:200002");
}
