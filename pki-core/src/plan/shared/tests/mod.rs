mod choice;
mod simulation;
mod stages;

use std::path::PathBuf;

use time::Duration;
use time::OffsetDateTime;

use crate::plan::shared::*;
use crate::request::SharedRequest;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// A key on P-256 of which nobody has the private half; `name` tells it from others.
fn key(name: u8) -> PublicKey {
    const P256: &[u8] =
        b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    let mut point = [name; 65];
    point[0] = 4;
    PublicKey::assemble(PublicKeyAlgorithm::EcP256, P256, &point)
}

fn rsa(bits: u32, name: u8) -> PublicKey {
    const RSA: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    PublicKey::assemble(PublicKeyAlgorithm::Rsa { bits }, RSA, &[name; 8])
}

fn file(member: &str, name: &str) -> SharedFile {
    SharedFile {
        path: PathBuf::from("/").join(name),
        read_from: PathBuf::from(member).join(name),
        mode: 0o600,
        owner: None,
        mount: Mount::Directory,
    }
}

fn restart(program: &str, member: &str) -> Restart {
    Restart {
        name: format!("{program}@{member}"),
        how: format!("docker-compose restart {program}"),
    }
}

fn signer(member: &str, key: PublicKey, reading: Reading) -> SignerFile {
    SignerFile {
        component: format!("token-server@{member}"),
        file: file(member, "private_key.pem"),
        key: Ok(key),
        refused: None,
        reading,
        lifetime: Lifetime {
            duration: LIFETIME,
            told_by: "the default".to_owned(),
        },
        restarts: vec![restart("token-server", member)],
    }
}

fn registry(member: &str, keys: &[PublicKey]) -> VerifierFile {
    VerifierFile {
        component: format!("registry@{member}"),
        trusted: trusted(keys),
        form: VerifierForm::Bundle(Box::new(BundleFiles {
            file: file(member, "root.crt"),
            refused: None,
            jwks: None,
            asks: None,
        })),
        restart: restart("registry", member),
    }
}

fn apiserver(member: &str, own: &PublicKey) -> VerifierFile {
    let keys_file = |name: &str, keys: Vec<PublicKey>| KeysFile {
        file: file(member, name),
        path_there: PathBuf::from("/etc/kubernetes/pki").join(name),
        keys,
    };
    VerifierFile {
        component: format!("kube-apiserver@{member}"),
        trusted: trusted(std::slice::from_ref(own)),
        form: VerifierForm::Apiserver(Box::new(ApiserverFiles {
            told: Vec::new(),
            own: keys_file("sa.pub", vec![own.clone()]),
            own_is_told: true,
            extra: keys_file("sa-next.pub", Vec::new()),
            extra_is_told: false,
            manifest: Some(file(member, "kube-apiserver.yaml")),
        })),
        restart: restart("kube-apiserver", member),
    }
}

fn trusted(keys: &[PublicKey]) -> Vec<TrustedKey> {
    let trusted = keys.iter().map(|key| TrustedKey {
        key: key.clone(),
        certificate: None,
    });
    trusted.collect()
}

/// Instances `a`, `b`, …, each with its own key and a registry that trusts it.
fn registries(keys: &[PublicKey]) -> Group {
    let members = keys.iter().zip('a'..).map(|(key, name)| {
        let name = name.to_string();
        Member {
            signers: vec![signer(&name, key.clone(), Reading::EachRequest)],
            verifiers: vec![registry(&name, std::slice::from_ref(key))],
            tree: PathBuf::from(&name),
            name,
            durable: None,
            root: None,
            notes: Vec::new(),
        }
    });
    Group {
        kind: GroupKind::Distribution,
        members: members.collect(),
        waiting: Vec::new(),
    }
}

/// Masters `a`, `b`, …; the apiserver and the controller-manager sign with sa.key.
fn masters(keys: &[PublicKey]) -> Group {
    let members = keys.iter().zip('a'..).map(|(key, name)| {
        let name = name.to_string();
        let mut signer = signer(&name, key.clone(), Reading::AtStart);
        signer.component = format!("service-account@{name}");
        signer.restarts = vec![
            restart("kube-apiserver", &name),
            restart("kube-controller-manager", &name),
        ];
        Member {
            signers: vec![signer],
            verifiers: vec![apiserver(&name, key)],
            tree: PathBuf::from(&name),
            name,
            durable: None,
            root: None,
            notes: Vec::new(),
        }
    });
    Group {
        kind: GroupKind::ServiceAccount,
        members: members.collect(),
        waiting: Vec::new(),
    }
}

/// Does to the files of `group` what `plan` says; `made` is the new key, where one is made.
fn write(group: &mut Group, plan: &SharedPlan, made: &PublicKey) {
    let real = |key: &KeyRef| key.known().unwrap_or(made).clone();
    for written in &plan.writes {
        let path = &written.file.read_from;
        for member in &mut group.members {
            for signer in &mut member.signers {
                if let (Content::PrivateKey { key, .. }, true) =
                    (&written.content, signer.file.read_from == *path)
                {
                    signer.key = Ok(real(key));
                    signer.refused = None;
                }
            }
            for verifier in &mut member.verifiers {
                write_verifier(verifier, written, &real);
            }
        }
    }
    for removal in &plan.removals {
        group.waiting.retain(|waiting| waiting.file != removal.path);
        for verifier in group
            .members
            .iter_mut()
            .flat_map(|member| &mut member.verifiers)
        {
            if let VerifierForm::Apiserver(files) = &mut verifier.form
                && files.extra.file.read_from == removal.path
            {
                files.extra.keys.clear();
            }
        }
    }
    for edit in &plan.edits {
        for verifier in group
            .members
            .iter_mut()
            .flat_map(|member| &mut member.verifiers)
        {
            if let VerifierForm::Apiserver(files) = &mut verifier.form {
                edit_flags(files, edit);
            }
        }
    }
    for verifier in group
        .members
        .iter_mut()
        .flat_map(|member| &mut member.verifiers)
    {
        if let VerifierForm::Apiserver(files) = &verifier.form {
            let mut keys = Vec::new();
            keys.extend(files.own.keys.iter().filter(|_| files.own_is_told).cloned());
            keys.extend(
                files
                    .extra
                    .keys
                    .iter()
                    .filter(|_| files.extra_is_told)
                    .cloned(),
            );
            verifier.trusted = trusted(&keys);
        }
    }
}

fn write_verifier(
    verifier: &mut VerifierFile,
    written: &Write,
    real: &dyn Fn(&KeyRef) -> PublicKey,
) {
    let path = &written.file.read_from;
    match (&mut verifier.form, &written.content) {
        (VerifierForm::Bundle(files), Content::Certificates(all))
            if files.file.read_from == *path =>
        {
            let keys: Vec<PublicKey> = all.iter().map(|one| real(&one.key)).collect();
            verifier.trusted = trusted(&keys);
            files.refused = None;
        }
        (VerifierForm::Apiserver(files), Content::PublicKeys(keys)) => {
            let keys: Vec<PublicKey> = keys.iter().map(real).collect();
            let files = &mut **files;
            for one in [&mut files.own, &mut files.extra] {
                if one.file.read_from == *path {
                    one.keys.clone_from(&keys);
                }
            }
        }
        _ => {}
    }
}

fn edit_flags(files: &mut ApiserverFiles, edit: &Edit) {
    let Some(manifest) = &files.manifest else {
        return;
    };
    if edit.file().read_from != manifest.read_from {
        return;
    }
    let flag =
        |file: &KeysFile| format!("--service-account-key-file={}", file.path_there.display());
    let (own, extra) = (flag(&files.own), flag(&files.extra));
    match edit {
        Edit::AddFlag { flag, .. } if *flag == own => files.own_is_told = true,
        Edit::AddFlag { flag, .. } if *flag == extra => files.extra_is_told = true,
        Edit::RemoveFlag { flag, .. } if *flag == extra => files.extra_is_told = false,
        _ => panic!("{edit:?}"),
    }
}

/// What is noted after `plan` was carried out at `now`.
fn noted(
    plan: &SharedPlan,
    before: Option<Progress>,
    made: &PublicKey,
    now: OffsetDateTime,
) -> Option<Progress> {
    match &plan.progress {
        ProgressAfter::Keep => before,
        ProgressAfter::Remove => None,
        ProgressAfter::Write(progress) => {
            let mut progress = (**progress).clone();
            if progress.target.is_empty() {
                progress.target = fingerprint(made);
            }
            if plan.switches {
                progress.switched_at = Some(now.max(progress.applied_at));
            }
            Some(progress)
        }
    }
}

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000 + seconds).unwrap()
}

fn asks(change: impl FnOnce(&mut SharedRequest)) -> SharedRequest {
    let mut request = SharedRequest::default();
    change(&mut request);
    request
}

const LIFETIME: Duration = Duration::minutes(30);
