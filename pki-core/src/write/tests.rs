use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use time::macros::datetime;

use super::Settings;
use super::WriteError;
use super::faults;
use super::faults::Fault;
use super::write;
use crate::bundle::Attributes;
use crate::bundle::Bundle;
use crate::bundle::BundleFile;
use crate::bundle::Existing;
use crate::bundle::Manner;
use crate::bundle::Owner;
use crate::bundle::Removal;

fn file(path: PathBuf, mode: u32, existing: Existing, contents: &str) -> BundleFile {
    BundleFile::new(path, mode, "file", existing, contents.as_bytes().to_vec())
}

fn pair(directory: &Path, existing: Existing) -> Bundle {
    Bundle {
        files: vec![
            file(directory.join("a.key"), 0o600, existing, "new key"),
            file(directory.join("a.crt"), 0o644, existing, "new certificate"),
        ],
        removals: Vec::new(),
    }
}

fn settings() -> Settings {
    Settings {
        now: datetime!(2026-01-31 23:59:59 UTC),
        state_dirs: Vec::new(),
    }
}

fn put(path: &Path, mode: u32, contents: &str) {
    fs::write(path, contents).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

/// Every file and directory below `root` with its bits and contents.
fn tree(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut directories = vec![root.to_path_buf()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            let contents = match kind.is_file() {
                true => fs::read_to_string(&path).unwrap(),
                false => format!("{kind:?}"),
            };
            found.push(format!("{} {contents}", path.display()));
            if kind.is_dir() {
                directories.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn new_files_get_their_bits_and_missing_directories_are_made() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("pki/etcd");
    let written = write(&pair(&directory, Existing::Refuse), &settings()).unwrap();
    assert_eq!(mode(&directory.join("a.key")), 0o600);
    assert_eq!(
        fs::read_to_string(directory.join("a.crt")).unwrap(),
        "new certificate"
    );
    assert_eq!(
        written.directories,
        [root.path().join("pki"), directory.clone()]
    );
    assert_eq!(
        fs::read_dir(&directory).unwrap().count(),
        2,
        "temporary files are gone"
    );
    assert_eq!(fs::metadata(directory.join("a.key")).unwrap().nlink(), 1);
}

#[test]
fn nothing_is_written_when_one_file_exists_and_every_existing_one_is_named() {
    let root = tempfile::tempdir().unwrap();
    put(&root.path().join("a.crt"), 0o644, "old");
    let before = tree(root.path());
    let error = write(&pair(root.path(), Existing::Refuse), &settings()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{} is already there", root.path().join("a.crt").display())
    );
    assert_eq!(tree(root.path()), before);
}

#[test]
fn a_replaced_file_keeps_its_bits_and_a_backup() {
    let root = tempfile::tempdir().unwrap();
    put(&root.path().join("a.key"), 0o644, "old key");
    put(&root.path().join("a.crt"), 0o640, "old certificate");
    let written = write(&pair(root.path(), Existing::Replace), &settings()).unwrap();
    assert_eq!(
        mode(&root.path().join("a.key")),
        0o640,
        "others lose what a private file should never have given"
    );
    assert_eq!(mode(&root.path().join("a.crt")), 0o640);
    let backups = root.path().join(".hapki/backup/20260131T235959Z");
    assert_eq!(written.files[0].backup, Some(backups.join("a.key")));
    assert_eq!(
        fs::read_to_string(backups.join("a.key")).unwrap(),
        "old key"
    );
    assert_eq!(mode(&backups.join("a.key")), 0o600);
    assert_eq!(mode(&root.path().join(".hapki")), 0o700);
    assert_eq!(
        fs::read_dir(root.path()).unwrap().count(),
        3,
        "only the pair and .hapki remain"
    );

    write(&pair(root.path(), Existing::Replace), &settings()).unwrap();
    let second = root.path().join(".hapki/backup/20260131T235959Z-1/a.key");
    assert_eq!(
        fs::read_to_string(second).unwrap(),
        "new key",
        "a second run of one second keeps its own"
    );
}

#[test]
fn backups_of_one_command_lie_together_when_the_tree_is_known() {
    let root = tempfile::tempdir().unwrap();
    put(&root.path().join("a.key"), 0o600, "old key");
    let settings = Settings {
        state_dirs: vec![root.path().join("state")],
        ..settings()
    };
    let written = write(&pair(root.path(), Existing::Replace), &settings).unwrap();
    let inside = root.path().strip_prefix("/").unwrap().join("a.key");
    let expected = root
        .path()
        .join("state/backup/20260131T235959Z")
        .join(inside);
    assert_eq!(written.files[0].backup, Some(expected));
}

#[test]
fn a_link_is_followed_once_and_said() {
    let root = tempfile::tempdir().unwrap();
    let real = root.path().join("real");
    fs::create_dir(&real).unwrap();
    put(&real.join("b.crt"), 0o644, "old");
    symlink("real/b.crt", root.path().join("a.crt")).unwrap();
    let written = write(&pair(root.path(), Existing::Replace), &settings()).unwrap();
    let through = real.canonicalize().unwrap().join("b.crt");
    assert_eq!(written.files[1].through_link, Some(through.clone()));
    assert_eq!(fs::read_to_string(through).unwrap(), "new certificate");
    assert!(
        fs::symlink_metadata(root.path().join("a.crt"))
            .unwrap()
            .is_symlink()
    );
}

#[test]
fn what_is_no_file_is_named_before_anything_is_written() {
    type Make = fn(&Path);
    let cases: [(&str, Make); 4] = [
        ("is a directory, not a file", |path| {
            fs::create_dir(path).unwrap()
        }),
        ("is a socket, not a file", |path| {
            drop(std::os::unix::net::UnixListener::bind(path).unwrap())
        }),
        ("is a link to nowhere, which does not exist", |path| {
            symlink("nowhere", path).unwrap()
        }),
        ("is a device, not a file", |path| {
            symlink("/dev/null", path).unwrap()
        }),
    ];
    for (expected, make) in cases {
        let root = tempfile::tempdir().unwrap();
        make(&root.path().join("a.crt"));
        let before = tree(root.path());
        let error = write(&pair(root.path(), Existing::Replace), &settings()).unwrap_err();
        assert!(error.to_string().ends_with(expected), "{error}");
        assert_eq!(tree(root.path()), before);
    }
}

#[test]
fn a_file_where_a_directory_should_be_is_named() {
    let root = tempfile::tempdir().unwrap();
    put(&root.path().join("pki"), 0o644, "a file");
    let error = write(
        &pair(&root.path().join("pki/etcd"), Existing::Refuse),
        &settings(),
    )
    .unwrap_err();
    assert!(
        matches!(&error, WriteError::NotADirectory { parent, .. } if *parent == root.path().join("pki")),
        "{error}"
    );
}

#[test]
fn one_path_twice_is_refused_however_it_is_spelled() {
    let root = tempfile::tempdir().unwrap();
    let mut bundle = pair(root.path(), Existing::Refuse);
    bundle.files.push(file(
        root.path().join("./a.crt"),
        0o644,
        Existing::Refuse,
        "again",
    ));
    assert!(matches!(
        write(&bundle, &settings()),
        Err(WriteError::Twice(_))
    ));
    assert_eq!(tree(root.path()), Vec::<String>::new());
}

#[test]
fn a_private_file_is_private_before_it_has_a_byte() {
    let root = tempfile::tempdir().unwrap();
    put(&root.path().join("a.key"), 0o644, "old key");
    let bundle = pair(root.path(), Existing::Replace);
    let (_, steps) = faults::counted(|| ());
    assert_eq!(steps, 0);
    let mut seen = 0;
    for step in 0.. {
        let ((), taken) = faults::with(step, Fault::Killed, || drop(write(&bundle, &settings())));
        for entry in fs::read_dir(root.path()).unwrap() {
            let path = entry.unwrap().path();
            let is_ours = path.to_string_lossy().ends_with("-0.tmp");
            if is_ours {
                seen += 1;
                assert_eq!(mode(&path) & 0o007, 0, "step {step}");
            }
            if path.is_file() && !path.ends_with("a.key") {
                fs::remove_file(path).unwrap();
            }
        }
        let _ = fs::remove_dir_all(root.path().join(".hapki"));
        put(&root.path().join("a.key"), 0o644, "old key");
        if taken <= step {
            break;
        }
    }
    assert!(seen > 3, "{seen}");
}

#[test]
fn a_failure_while_staging_leaves_nothing_behind() {
    let root = tempfile::tempdir().unwrap();
    put(&root.path().join("a.key"), 0o600, "old key");
    let mut bundle = pair(root.path(), Existing::Replace);
    let made = root.path().join("made/b.crt");
    bundle
        .files
        .insert(0, file(made, 0o644, Existing::Refuse, ""));
    // The state directory is a file, so the first backup fails after directories and a temporary file were made.
    put(&root.path().join("state"), 0o644, "a file");
    let before = tree(root.path());
    let settings = Settings {
        state_dirs: vec![root.path().join("state")],
        ..settings()
    };
    let error = write(&bundle, &settings).unwrap_err();
    assert!(matches!(error, WriteError::NotADirectory { .. }), "{error}");
    assert_eq!(tree(root.path()), before);
}

fn one(file: BundleFile) -> Bundle {
    Bundle {
        files: vec![file],
        ..Bundle::default()
    }
}

#[test]
fn set_attributes_are_exact_whatever_the_umask_or_the_old_file() {
    let root = tempfile::tempdir().unwrap();
    for (name, is_there) in [("new.key", false), ("old.key", true)] {
        let path = root.path().join(name);
        if is_there {
            put(&path, 0o600, "old");
        }
        let mut file = file(path.clone(), 0o666, Existing::Replace, "new");
        file.attributes = Attributes::Set { owner: None };
        write(&one(file), &settings()).unwrap();
        assert_eq!(mode(&path), 0o666, "{name}");
    }
}

/// Writes a file for another user while every change of owner is refused, as it is to all but root.
fn for_another_user(owner: Owner, path: &Path) -> Result<super::Written, WriteError> {
    let mut file = file(path.to_path_buf(), 0o640, Existing::Replace, "new");
    file.attributes = Attributes::Set { owner: Some(owner) };
    let bundle = one(file);
    // Where the first step is that asks for an owner depends on what else is done; it is the one after the creation.
    let created = (0..).find(|step| {
        let act = || drop(write(&bundle, &settings()));
        faults::with(*step, Fault::Killed, act);
        let mut waits = fs::read_dir(path.parent().unwrap()).unwrap();
        let waiting =
            waits.find_map(|entry| Some(entry.unwrap().path()).filter(|found| found != path));
        waiting.is_some_and(|found| fs::remove_file(found).is_ok())
    });
    faults::with(created.unwrap(), Fault::Refused, || {
        write(&bundle, &settings())
    })
    .0
}

#[test]
fn an_owner_that_cannot_be_given_is_refused_or_where_it_is_only_wished_for_said() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.key");
    let uid = fs::metadata(root.path()).unwrap().uid() + 10_000;
    let error = for_another_user(Owner::Required { uid, gid: uid }, &path).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{} has to belong to user {uid}, group {uid}, and only root can give it to them",
            path.display()
        )
    );
    assert!(error.hint().contains("as root"));
    assert_eq!(tree(root.path()), Vec::<String>::new());

    let written = for_another_user(Owner::Wished { uid, gid: uid }, &path).unwrap();
    assert_eq!(written.files[0].owner_not_given, Some((uid, uid)));
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(mode(&path), 0o640);
}

#[test]
fn in_place_the_inode_stays_and_every_name_of_it_shows_the_new_bytes() {
    let root = tempfile::tempdir().unwrap();
    let (path, mounted) = (root.path().join("a.key"), root.path().join("mounted.key"));
    put(&path, 0o600, "old and rather longer than the new one");
    fs::hard_link(&path, &mounted).unwrap();
    let mut bundle = Bundle::default();
    for path in [&path, &mounted] {
        let mut file = file(path.clone(), 0o600, Existing::Replace, "new");
        file.manner = Manner::InPlace;
        bundle.files.push(file);
    }
    let before = fs::metadata(&path).unwrap().ino();
    let written = write(&bundle, &settings()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().ino(), before);
    assert_eq!(fs::read_to_string(&mounted).unwrap(), "new");
    let backups: Vec<_> = written
        .files
        .iter()
        .map(|file| file.backup.clone().unwrap())
        .collect();
    assert_eq!(backups[0], backups[1], "one inode is written once");
    assert_eq!(
        fs::read_to_string(&backups[0]).unwrap(),
        "old and rather longer than the new one"
    );
}

#[test]
fn a_shared_directory_is_written_once_and_refused_when_two_would_differ() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("shared")).unwrap();
    for name in ["node1", "node2"] {
        symlink("shared", root.path().join(name)).unwrap();
    }
    let bundle = |texts: [&str; 2]| {
        let path = |node: &str| root.path().join(node).join("made/private_key.pem");
        let files = [("node1", texts[0]), ("node2", texts[1])];
        Bundle {
            files: files
                .map(|(node, text)| file(path(node), 0o600, Existing::Replace, text))
                .to_vec(),
            ..Bundle::default()
        }
    };
    let differing = write(&bundle(["one", "another"]), &settings()).unwrap_err();
    assert!(matches!(differing, WriteError::Twice(_)), "{differing}");
    let unknown_yet = write(&bundle(["", ""]), &settings()).unwrap_err();
    assert!(matches!(unknown_yet, WriteError::Twice(_)), "{unknown_yet}");
    let written = write(&bundle(["one", "one"]), &settings()).unwrap();
    assert_eq!(written.files.len(), 2);
    let only = root.path().join("shared/made/private_key.pem");
    assert_eq!(fs::read_to_string(only).unwrap(), "one");
    assert_eq!(
        fs::read_dir(root.path().join("shared/made"))
            .unwrap()
            .count(),
        1
    );
}

#[test]
fn what_is_removed_is_kept_and_what_is_gone_is_no_fault() {
    let root = tempfile::tempdir().unwrap();
    put(&root.path().join("sa-next.pub"), 0o644, "next");
    let removal = |name: &str| Removal {
        path: root.path().join(name),
        what: "public key",
    };
    let mut bundle = pair(root.path(), Existing::Refuse);
    bundle.removals = vec![removal("sa-next.pub"), removal("gone.pub")];
    write(&bundle, &settings()).unwrap();
    assert!(!root.path().join("sa-next.pub").exists());
    let backup = root
        .path()
        .join(".hapki/backup/20260131T235959Z/sa-next.pub");
    assert_eq!(fs::read_to_string(&backup).unwrap(), "next");
    assert_eq!(mode(&backup), 0o600);

    symlink("a.crt", root.path().join("link")).unwrap();
    bundle.files.clear();
    bundle.removals = vec![removal("link")];
    let error = write(&bundle, &settings()).unwrap_err();
    assert!(
        error.to_string().ends_with("is a link, not a file"),
        "{error}"
    );
}

#[test]
fn files_of_hapki_s_own_lie_in_a_directory_of_its_owner_alone() {
    let root = tempfile::tempdir().unwrap();
    let state_dir = root.path().join(".hapki");
    let settings = Settings {
        state_dirs: vec![state_dir.clone()],
        ..settings()
    };
    let waiting = state_dir.join("next/private_key.pem");
    let bundle = one(file(waiting.clone(), 0o600, Existing::Refuse, "next"));
    write(&bundle, &settings).unwrap();
    assert_eq!(
        (mode(&state_dir), mode(waiting.parent().unwrap())),
        (0o700, 0o700)
    );
    assert_eq!(tree(&state_dir).len(), 2, "{:?}", tree(&state_dir));
}
