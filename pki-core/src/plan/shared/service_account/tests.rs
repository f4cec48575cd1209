//! One master, written to a directory in the ways in which masters are set up.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;
use crate::facts;
use crate::source;
use crate::topology;
use crate::x509::key::KeyAlgorithm;
use crate::x509::key::PrivateKey;
use crate::x509::spki::PublicKey;

struct Master {
    directory: tempfile::TempDir,
    key: PrivateKey,
}

impl Master {
    fn new() -> Self {
        let master = Self {
            directory: tempfile::tempdir().unwrap(),
            key: PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap(),
        };
        master.put("etc/kubernetes/pki/sa.key", master.key.to_pem());
        master.put("etc/kubernetes/pki/sa.pub", &master.public().to_pem());
        master
    }

    fn public(&self) -> PublicKey {
        self.key.public_key().clone()
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn pod(&self, program: &str, flags: &[&str], mounts: &[(&str, &str)]) {
        let flags: String = flags.iter().map(|flag| format!("    - {flag}\n")).collect();
        let of = |line: fn(usize, &(&str, &str)) -> String| -> String {
            let mounts = mounts.iter().enumerate();
            mounts.map(|(at, mount)| line(at, mount)).collect()
        };
        let seen = of(|at, (there, _)| format!("    - {{mountPath: {there}, name: v{at}}}\n"));
        let volumes =
            of(|at, (_, here)| format!("  - {{name: v{at}, hostPath: {{path: {here}}}}}\n"));
        let lists = if mounts.is_empty() {
            String::new()
        } else {
            format!("    volumeMounts:\n{seen}  volumes:\n{volumes}")
        };
        let text = format!(
            "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command:\n    - {program}\n{flags}    name: c\n{lists}"
        );
        self.put(&format!("etc/kubernetes/manifests/{program}.yaml"), &text);
    }

    fn member(&self) -> Result<Member, SharedError> {
        self.member_where(true)
    }

    fn member_where(&self, manifests_take_flags: bool) -> Result<Member, SharedError> {
        let path = self.directory.path().to_path_buf();
        let arguments = [source::PathArgument::from(path)];
        let trees = source::open(&arguments, source::Options { siblings: true }).unwrap();
        let topology = topology::derive(&facts::gather(&trees), None);
        let group = group(&topology, &|_| manifests_take_flags)?;
        Ok(group.unwrap().members.remove(0))
    }
}

fn files(member: &Member) -> &ApiserverFiles {
    match &member.verifiers[0].form {
        VerifierForm::Apiserver(files) => files,
        VerifierForm::Bundle(_) => panic!("a master has no bundle"),
    }
}

#[test]
fn kubeadms_master_has_one_key_that_two_programs_read_and_room_for_another() {
    let master = Master::new();
    let pki = [("/etc/kubernetes/pki", "/etc/kubernetes/pki")];
    let sa_pub = master.directory.path().join("etc/kubernetes/pki/sa.pub");
    fs::set_permissions(sa_pub, fs::Permissions::from_mode(0o640)).unwrap();
    let [key, public] = ["/etc/kubernetes/pki/sa.key", "/etc/kubernetes/pki/sa.pub"];
    let flags = [
        &format!("--service-account-key-file={public}"),
        &format!("--service-account-signing-key-file={key}"),
        "--service-account-max-token-expiration=2h",
    ];
    master.pod("kube-apiserver", &flags, &pki);
    let flag = format!("--service-account-private-key-file={key}");
    master.pod("kube-controller-manager", &[&flag], &pki);
    let member = master.member().unwrap();
    let [signer] = member.signers.as_slice() else {
        panic!("{:?}", member.signers)
    };
    assert_eq!(signer.key, Ok(master.public()));
    assert_eq!(signer.file.path, PathBuf::from(key));
    assert_eq!(signer.lifetime.duration, Duration::hours(2));
    let readers = signer.restarts.iter();
    let readers: Vec<_> = readers.map(|r| r.name.split('@').next().unwrap()).collect();
    assert_eq!(readers, ["kube-apiserver", "kube-controller-manager"]);
    let files = files(&member);
    assert!(files.own_is_told && !files.extra_is_told && files.told.is_empty());
    assert_eq!(files.own.keys, [master.public()]);
    assert_eq!((files.own.file.mode, files.extra.file.mode), (0o640, 0o644));
    let extra = PathBuf::from("/etc/kubernetes/pki/sa-next.pub");
    assert_eq!(files.extra.path_there, extra);
    let root = master.directory.path();
    assert_eq!(
        files.extra.file.read_from,
        root.join("etc/kubernetes/pki/sa-next.pub")
    );
    let manifest = files.manifest.as_ref().unwrap();
    assert!(manifest.path.ends_with("manifests/kube-apiserver.yaml"));
    assert_eq!(member.tree, root.join("etc/kubernetes"));
    assert!(member.notes.iter().any(|note| note.contains("sa-next.pub")));
}

#[test]
fn paths_of_a_container_are_told_as_it_has_them() {
    let master = Master::new();
    let flags = [
        "--service-account-key-file=/certs/sa.pub",
        "--service-account-key-file=/certs/sa-next.pub",
    ];
    let mounts = [("/certs", "/etc/kubernetes/pki")];
    master.pod("kube-apiserver", &flags, &mounts);
    let other = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let other = other.public_key().clone();
    master.put("etc/kubernetes/pki/sa-next.pub", &other.to_pem());
    let member = master.member().unwrap();
    let files = files(&member);
    assert!(files.extra_is_told && files.told.is_empty());
    assert_eq!(files.extra.path_there, PathBuf::from("/certs/sa-next.pub"));
    let on_node = PathBuf::from("/etc/kubernetes/pki/sa-next.pub");
    assert_eq!(files.extra.file.path, on_node);
    let trusted = member.verifiers[0].trusted.iter();
    let trusted: Vec<_> = trusted.map(|trusted| trusted.key.clone()).collect();
    assert_eq!(trusted, [master.public(), other]);
}

#[test]
fn where_the_pod_sees_sa_pub_alone_it_takes_all_keys_itself() {
    let master = Master::new();
    let public = "/etc/kubernetes/pki/sa.pub";
    let flag = format!("--service-account-key-file={public}");
    master.pod("kube-apiserver", &[&flag], &[(public, public)]);
    let member = master.member().unwrap();
    assert!(files(&member).manifest.is_none());
    assert!(files(&member).own_is_told);
}

#[test]
fn where_the_manifest_takes_no_flag_sa_pub_takes_all_keys_unless_a_flag_has_to_go() {
    let master = Master::new();
    let pki = [("/etc/kubernetes/pki", "/etc/kubernetes/pki")];
    let own = "--service-account-key-file=/etc/kubernetes/pki/sa.pub";
    let extra = "--service-account-key-file=/etc/kubernetes/pki/sa-next.pub";
    master.pod("kube-apiserver", &[own], &pki);
    let member = master.member_where(false).unwrap();
    assert!(files(&member).manifest.is_none() && files(&member).own_is_told);
    assert!(!member.notes.iter().any(|note| note.contains("sa-next.pub")));
    master.pod("kube-apiserver", &[own, extra], &pki);
    assert!(
        files(&master.member_where(false).unwrap())
            .manifest
            .is_some()
    );
}

#[test]
fn without_a_manifest_kubeadms_layout_counts() {
    let master = Master::new();
    let member = master.member().unwrap();
    let files = files(&member);
    assert!(files.manifest.is_none() && files.own_is_told);
    assert_eq!(files.own.keys, [master.public()]);
    assert_eq!(member.signers[0].restarts.len(), 2);
    assert!(
        member.signers[0].restarts[0]
            .how
            .starts_with("restart kube-apiserver on ")
    );
}

#[test]
fn a_unit_keeps_its_keys_in_the_file_that_it_names() {
    let master = Master::new();
    master.put("srv/tokens.pem", &master.public().to_pem());
    let unit = |flags: &str| format!("[Service]\nExecStart=/usr/bin/kube-apiserver {flags}\n");
    let signing = "--service-account-signing-key-file=/etc/kubernetes/pki/sa.key";
    let path = "etc/systemd/system/kube-apiserver.service";
    master.put(
        path,
        &unit(&format!(
            "--service-account-key-file=/srv/tokens.pem {signing}"
        )),
    );
    let member = master.member().unwrap();
    let own = &files(&member).own.file.path;
    assert_eq!(*own, PathBuf::from("/srv/tokens.pem"));
    assert_eq!(
        member.verifiers[0].restart.how,
        "systemctl restart kube-apiserver"
    );

    // What signs verifies too: its file is replaced when signers switch.
    let key = "--service-account-key-file=/etc/kubernetes/pki/sa.key";
    master.put(path, &unit(&format!("{key} {signing}")));
    let refused = master.member().unwrap_err();
    let hint = "add --service-account-key-file=/etc/kubernetes/pki/sa.pub to ";
    assert!(refused.hint().starts_with(hint), "{}", refused.hint());
}

#[test]
fn a_pod_that_verifies_with_its_signing_key_is_given_sa_pub() {
    let master = Master::new();
    let key = "/etc/kubernetes/pki/sa.key";
    let flags = [
        &format!("--service-account-key-file={key}"),
        &format!("--service-account-signing-key-file={key}"),
    ];
    master.pod(
        "kube-apiserver",
        &flags.map(String::as_str),
        &[("/etc/kubernetes/pki", "/etc/kubernetes/pki")],
    );
    let member = master.member().unwrap();
    let files = files(&member);
    assert!(!files.own_is_told && files.told.is_empty());
    assert_eq!(
        files.own.file.path,
        PathBuf::from("/etc/kubernetes/pki/sa.pub")
    );
    assert!(member.verifiers[0].trusted.is_empty());
}
