use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::*;

struct Directory(tempfile::TempDir);

impl Directory {
    fn new(files: &[&str]) -> Self {
        let directory = Self(tempfile::tempdir().unwrap());
        for file in files {
            let path = directory.at(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        directory
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn open(&self, path: &str) -> Result<Vec<Tree>, SourceError> {
        open(&[PathArgument::from(self.at(path))], Options::default())
    }

    #[track_caller]
    fn tree(&self, path: &str) -> Tree {
        let mut trees = self.open(path).unwrap();
        assert_eq!(trees.len(), 1, "{trees:?}");
        trees.remove(0)
    }
}

fn text(tree: &Tree, path: &str) -> Result<String, ReadProblem> {
    let document = tree.read(Path::new(path))?;
    Ok(String::from_utf8_lossy(&document.bytes).into_owned())
}

#[test]
fn a_name_stands_before_the_path() {
    let argument: PathArgument = "wudang=/tmp/a=b".parse().unwrap();
    assert_eq!(argument.name.as_deref(), Some("wudang"));
    assert_eq!(argument.path, PathBuf::from("/tmp/a=b"));
    let argument: PathArgument = "/tmp/a=b".parse().unwrap();
    assert_eq!(argument.name, None);
}

#[test]
fn every_form_of_a_node() {
    let directory = Directory::new(&[
        "wudang/etc/kubernetes/pki/ca.crt",
        "wudang/etc/hosts",
        "copies/emei/pki/ca.crt",
        "bare/ca.crt",
    ]);
    for (path, name, extent) in [
        ("wudang", "wudang", Extent::Node),
        ("wudang/etc/kubernetes", "wudang", Extent::Node),
        ("wudang/etc/kubernetes/pki", "wudang", Extent::Node),
        ("copies", "emei", Extent::Kubernetes),
        ("copies/emei", "emei", Extent::Kubernetes),
        ("copies/emei/pki", "emei", Extent::PkiDirectory),
        ("bare", "bare", Extent::PkiDirectory),
    ] {
        let tree = directory.tree(path);
        assert_eq!(tree.directory(), Some(name), "{path}");
        assert_eq!(tree.extent(), &extent, "{path}");
        let ca = text(&tree, "/etc/kubernetes/pki/ca.crt").unwrap();
        assert!(ca.ends_with("ca.crt"), "{path}");
    }
    let trees = directory.open("").unwrap();
    assert_eq!(trees.len(), 1, "copies and bare are no nodes: {trees:?}");
    let file = directory.tree("wudang/etc/kubernetes/pki/ca.crt");
    let path = PathBuf::from("/etc/kubernetes/pki/ca.crt");
    assert_eq!(file.extent(), &Extent::File(path));
}

#[test]
fn siblings_are_read_only_when_asked_for() {
    let directory = Directory::new(&["wudang/etc/kubernetes/pki/ca.crt", "wudang/etc/hosts"]);
    let arguments = [PathArgument::from(
        directory.at("wudang/etc/kubernetes/pki"),
    )];
    let alone = open(&arguments, Options { siblings: false }).unwrap();
    assert!(!alone[0].covers(Path::new("/etc/hosts")));
    assert!(!alone[0].covers(Path::new("/etc/kubernetes/admin.conf")));
    assert!(alone[0].covers(Path::new("/etc/kubernetes/pki/ca.crt")));
    let whole = open(&arguments, Options { siblings: true }).unwrap();
    assert!(whole[0].covers(Path::new("/etc/hosts")));
}

#[test]
fn nothing_readable_is_an_error_and_something_is_not() {
    let directory = Directory::new(&["wudang/etc/kubernetes/pki/ca.crt", "empty/readme"]);
    let error = directory.open("nowhere").unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("/nowhere: there is no such file"),
        "{error}"
    );
    let error = directory.open("empty").unwrap_err();
    assert!(
        error.to_string().contains("neither certificates nor"),
        "{error}"
    );
    assert_eq!(open(&[], Options::default()), Err(SourceError::NoPath));
    let both = ["wudang", "nowhere"].map(|path| PathArgument::from(directory.at(path)));
    let trees = open(&both, Options::default()).unwrap();
    assert_eq!(trees[1].unread(), Some(&ReadProblem::Missing));
}

#[test]
fn one_name_for_several_nodes_is_refused() {
    let directory = Directory::new(&["a/etc/kubernetes/x", "b/etc/kubernetes/x"]);
    assert_eq!(directory.open("").unwrap().len(), 2);
    let argument = PathArgument {
        name: Some("wudang".to_owned()),
        path: directory.at(""),
    };
    let error = open(&[argument], Options::default()).unwrap_err();
    assert!(error.to_string().contains("several nodes"), "{error}");
}

#[test]
fn what_hapki_keeps_for_itself_is_passed_over() {
    let directory = Directory::new(&[
        "n/etc/kubernetes/pki/ca.crt",
        "n/etc/kubernetes/pki/.hapki/x.crt",
    ]);
    let entries = directory
        .tree("n")
        .reader()
        .list(Path::new("/etc/kubernetes/pki"))
        .unwrap();
    assert_eq!(entries.len(), 1);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn links_stay_inside_the_copy_of_a_root() {
        let directory = Directory::new(&[
            "n/etc/kubernetes/x",
            "n/var/lib/kubelet/pki/a.pem",
            "outside",
        ]);
        let current = directory.at("n/var/lib/kubelet/pki/current.pem");
        symlink("/var/lib/kubelet/pki/a.pem", current).unwrap();
        symlink(
            "../../../../../../outside",
            directory.at("n/etc/kubernetes/up"),
        )
        .unwrap();
        symlink(
            directory.at("outside"),
            directory.at("n/etc/kubernetes/out"),
        )
        .unwrap();
        symlink("loop", directory.at("n/etc/kubernetes/loop")).unwrap();
        symlink("/var/lib/kubelet", directory.at("n/etc/kubernetes/linked")).unwrap();
        let tree = directory.tree("n");
        let target = "n/var/lib/kubelet/pki/a.pem";
        assert_eq!(
            text(&tree, "/var/lib/kubelet/pki/current.pem").unwrap(),
            target
        );
        assert_eq!(
            text(&tree, "/etc/kubernetes/linked/pki/current.pem").unwrap(),
            target
        );
        assert_eq!(
            text(&tree, "/etc/kubernetes/up"),
            Err(ReadProblem::DanglingLink {
                target: "../../../../../../outside".into()
            })
        );
        assert!(text(&tree, "/etc/kubernetes/out").unwrap_err().is_missing());
        let problem = text(&tree, "/etc/kubernetes/loop").unwrap_err();
        assert!(problem.to_string().contains("too many links"), "{problem}");
    }

    #[test]
    fn what_is_no_file_is_named_and_never_waited_for() {
        let directory = Directory::new(&[
            "n/etc/kubernetes/pki/ca.crt",
            "n/etc/kubernetes/pki/dir.crt/x",
        ]);
        let fifo = directory.at("n/etc/kubernetes/pki/fifo.crt");
        assert!(
            Command::new("mkfifo")
                .arg(&fifo)
                .status()
                .unwrap()
                .success()
        );
        let tree = directory.tree("n");
        let pki = "/etc/kubernetes/pki";
        let problem = text(&tree, &format!("{pki}/fifo.crt")).unwrap_err();
        assert_eq!(problem.to_string(), "is a FIFO, not a file");
        let problem = text(&tree, &format!("{pki}/dir.crt")).unwrap_err();
        assert_eq!(problem.to_string(), "is a directory, not a file");
        let error = open(&[PathArgument::from(fifo)], Options::default()).unwrap_err();
        assert!(
            error.to_string().ends_with("is a FIFO, not a file"),
            "{error}"
        );
    }

    #[test]
    fn huge_files_are_not_read() {
        let directory = Directory::new(&["n/etc/kubernetes/pki/ca.crt"]);
        let path = directory.at("n/etc/kubernetes/pki/huge.crt");
        fs::File::create(path)
            .unwrap()
            .set_len(SIZE_LIMIT + 1)
            .unwrap();
        let problem = text(&directory.tree("n"), "/etc/kubernetes/pki/huge.crt").unwrap_err();
        assert_eq!(problem, ReadProblem::TooLarge);
        assert!(problem.to_string().contains("16 MiB"), "{problem}");
    }

    #[test]
    fn permission_bits_are_carried() {
        let directory = Directory::new(&["n/etc/kubernetes/pki/ca.key"]);
        let path = directory.at("n/etc/kubernetes/pki/ca.key");
        fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
        let document = directory
            .tree("n")
            .read(Path::new("/etc/kubernetes/pki/ca.key"))
            .unwrap();
        assert_eq!(document.status.mode, Some(0o640));
        assert_eq!(document.place.path, Path::new("/etc/kubernetes/pki/ca.key"));
        assert!(
            document
                .place
                .read_from
                .ends_with("n/etc/kubernetes/pki/ca.key")
        );
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_told_outside_trees_too() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("ca.crt");
    std::os::unix::fs::symlink("/nowhere", &link).unwrap();
    let problem = read_file(&link).unwrap_err();
    assert_eq!(
        problem.to_string(),
        "is a link to /nowhere, which is not there"
    );
    let circle = directory.path().join("circle");
    std::os::unix::fs::symlink(&circle, &circle).unwrap();
    let problem = read_file(&circle).unwrap_err();
    assert_eq!(
        problem.to_string(),
        "cannot be read: too many levels of symbolic links"
    );
}

#[test]
fn a_stream_is_read_to_its_end_or_refused() {
    let long = vec![7_u8; 100_000];
    assert_eq!(*read_stream(&long[..]).unwrap(), long);
    let endless = std::io::repeat(7);
    assert_eq!(read_stream(endless).unwrap_err(), ReadProblem::TooLarge);
}

#[cfg(unix)]
#[test]
fn a_fifo_in_the_place_of_a_file_is_not_waited_for() {
    let directory = Directory::new(&["readme"]);
    let fifo = directory.at("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let what = "a FIFO";
    assert_eq!(
        document::open_unwaiting(&fifo).map(|_| ()),
        Err(ReadProblem::NotAFile { what })
    );
}
