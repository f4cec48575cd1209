use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::Builder;
use tar::EntryType;
use tar::Header;

use super::*;
use crate::source;
use crate::source::Document;
use crate::source::Extent;
use crate::source::Options;
use crate::source::PathArgument;
use crate::source::Tree;

/// An archive that is being packed.
struct Pack(Builder<Vec<u8>>);

impl Pack {
    fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    fn of(paths: &[&str]) -> Self {
        paths
            .iter()
            .fold(Self::new(), |pack, path| pack.file(path, path))
    }

    /// A file with this content; the name goes into the header as it is.
    fn file(mut self, path: &str, content: &str) -> Self {
        let mut header = raw(EntryType::Regular, path, content.len());
        header.set_cksum();
        self.0.append(&header, content.as_bytes()).unwrap();
        self
    }

    fn special(mut self, kind: EntryType, path: &str, target: &str) -> Self {
        let mut header = raw(kind, path, 0);
        header.set_link_name_literal(target).unwrap();
        header.set_cksum();
        self.0.append(&header, &[][..]).unwrap();
        self
    }

    fn tar(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }

    fn tgz(self) -> Vec<u8> {
        gzip(&self.tar())
    }
}

fn raw(kind: EntryType, path: &str, size: usize) -> Header {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o640);
    header.set_size(size as u64);
    header
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The trees of an archive in a file called `wudang.backup`, which says nothing of what it is.
fn trees(bytes: &[u8]) -> Result<Vec<Tree>, source::SourceError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("wudang.backup");
    fs::write(&path, bytes).unwrap();
    source::open(&[PathArgument::from(path)], Options::default())
}

#[track_caller]
fn tree(bytes: &[u8]) -> Tree {
    let mut trees = trees(bytes).unwrap();
    assert_eq!(trees.len(), 1, "{trees:?}");
    trees.remove(0)
}

fn text(tree: &Tree, path: &str) -> Result<String, String> {
    let document = tree.read(Path::new(path));
    document
        .map(|document| String::from_utf8_lossy(&document.bytes).into_owned())
        .map_err(|problem| problem.to_string())
}

fn limited(bytes: &[u8], limits: Limits) -> Archive {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let archive = unpack::open(Path::new("a.tar"), &mut file, limits);
    archive.unwrap().unwrap()
}

#[test]
fn every_form_of_a_node() {
    for (member, name, extent) in [
        ("wudang/etc/kubernetes/pki/ca.crt", "wudang", Extent::Node),
        ("etc/kubernetes/pki/ca.crt", "wudang.backup", Extent::Node),
        ("./etc/kubernetes/pki/ca.crt", "wudang.backup", Extent::Node),
        (
            "/root/b/emei/etc/kubernetes/pki/ca.crt",
            "emei",
            Extent::Node,
        ),
        ("kubernetes/pki/ca.crt", "wudang.backup", Extent::Kubernetes),
        ("emei/pki/ca.crt", "emei", Extent::Kubernetes),
        ("pki/ca.crt", "wudang.backup", Extent::Kubernetes),
        ("./ca.crt", "wudang.backup", Extent::PkiDirectory),
    ] {
        for bytes in [Pack::of(&[member]).tar(), Pack::of(&[member]).tgz()] {
            let tree = tree(&bytes);
            assert_eq!(tree.directory(), Some(name), "{member}");
            assert_eq!(tree.extent(), &extent, "{member}");
            let ca = text(&tree, "/etc/kubernetes/pki/ca.crt");
            assert_eq!(ca.as_deref(), Ok(member));
        }
    }
}

#[test]
fn several_nodes_are_several_trees() {
    let pack = Pack::of(&[
        "b/wudang/etc/kubernetes/pki/ca.crt",
        "b/shaolin/etc/kubernetes/pki/ca.crt",
        "b/objects/kube-proxy.yaml",
    ]);
    let trees = trees(&pack.tgz()).unwrap();
    let names: Vec<_> = trees.iter().filter_map(Tree::directory).collect();
    assert_eq!(names, ["shaolin", "wudang", "objects"]);
    assert!(trees[0].is_among_nodes());
    let objects = trees[2].reader().list(Path::new("/b/objects")).unwrap();
    assert_eq!(objects.len(), 1);
    assert!(trees[2].covers(&objects[0].path));
}

#[test]
fn a_member_is_named_by_archive_and_path() {
    let tree = tree(&Pack::of(&["./s/etc/kubernetes/pki/ca.crt"]).tar());
    let path = Path::new("/etc/kubernetes/pki/ca.crt");
    let Document { place, status, .. } = tree.read(path).unwrap();
    assert_eq!(place.path, path);
    let read_from = place.read_from.display().to_string();
    let end = "/wudang.backup:/s/etc/kubernetes/pki/ca.crt";
    assert!(read_from.ends_with(end), "{read_from}");
    assert_eq!(status.mode, Some(0o640));
}

#[test]
fn long_names_of_both_kinds() {
    let long = format!("etc/kubernetes/{}/ca.crt", "d".repeat(200));
    let mut gnu = Builder::new(Vec::new());
    let mut header = raw(EntryType::Regular, "", 1);
    gnu.append_data(&mut header, &long, &b"x"[..]).unwrap();
    let mut pax = Builder::new(Vec::new());
    pax.append_pax_extensions([("path", long.as_bytes())])
        .unwrap();
    let mut header = raw(EntryType::Regular, "short", 1);
    header.set_cksum();
    pax.append(&header, &b"x"[..]).unwrap();
    for builder in [gnu, pax] {
        let tree = tree(&builder.into_inner().unwrap());
        assert_eq!(text(&tree, &format!("/{long}")).as_deref(), Ok("x"));
    }
}

#[test]
fn links_are_followed_as_the_node_would_and_stay_inside() {
    let link = EntryType::Symlink;
    let pack = Pack::of(&[
        "outside",
        "n/var/lib/kubelet/pki/a.pem",
        "n/etc/kubernetes/x",
    ])
    .special(
        link,
        "n/var/lib/kubelet/pki/current.pem",
        "/var/lib/kubelet/pki/a.pem",
    )
    .special(link, "n/etc/kubernetes/linked", "/var/lib/kubelet")
    .special(link, "n/etc/kubernetes/up", "../../../../outside")
    .special(link, "n/etc/kubernetes/out", "/etc/passwd")
    .special(link, "n/etc/kubernetes/loop", "loop");
    let tree = tree(&pack.tar());
    let found = Ok("n/var/lib/kubelet/pki/a.pem");
    let current = text(&tree, "/var/lib/kubelet/pki/current.pem");
    assert_eq!(current.as_deref(), found);
    let linked = text(&tree, "/etc/kubernetes/linked/pki/current.pem");
    assert_eq!(linked.as_deref(), found);
    for (path, problem) in [
        ("up", "is a link to ../../../../outside, which is not there"),
        ("out", "is a link to /etc/passwd, which is not there"),
        (
            "loop",
            "cannot be read: too many links, perhaps in a circle",
        ),
        (
            "x/y",
            "cannot be read: a part of its path is not a directory",
        ),
        ("y", "there is no such file"),
    ] {
        let read = text(&tree, &format!("/etc/kubernetes/{path}"));
        assert_eq!(read, Err(problem.to_owned()), "{path}");
    }
    let entries = tree.reader().list(Path::new("/etc/kubernetes")).unwrap();
    let linked = entries.iter().find(|entry| entry.path.ends_with("linked"));
    assert!(linked.unwrap().is_directory);
}

#[test]
fn a_copy_of_a_directory_links_into_itself_and_nowhere_else() {
    let link = EntryType::Symlink;
    let pack = Pack::of(&["pki/ca.crt", "hosts"])
        .special(link, "pki/a.crt", "/etc/kubernetes/pki/ca.crt")
        .special(link, "pki/etcd/ca.crt", "../ca.crt")
        .special(link, "pki/hosts", "/etc/hosts")
        .special(link, "pki/above", "../../hosts");
    let tree = tree(&pack.tar());
    assert_eq!(tree.extent(), &Extent::Kubernetes);
    let read = |name: &str| text(&tree, &format!("/etc/kubernetes/pki/{name}"));
    assert_eq!(read("a.crt").as_deref(), Ok("pki/ca.crt"));
    assert_eq!(read("etcd/ca.crt").as_deref(), Ok("pki/ca.crt"));
    assert!(read("hosts").unwrap_err().contains("not there"));
    assert!(read("above").unwrap_err().contains("not there"));
    assert!(!tree.covers(Path::new("/etc/hosts")));
}

#[test]
fn hard_links_share_and_the_last_of_a_name_wins() {
    let hard = EntryType::Link;
    let pack = Pack::new()
        .file("etc/kubernetes/a", "first")
        .special(hard, "etc/kubernetes/b", "etc/kubernetes/a")
        .special(hard, "etc/kubernetes/c", "etc/kubernetes/later")
        .file("./etc/kubernetes/a", "second")
        .file("etc/kubernetes/d/below", "gone")
        .file("etc/kubernetes/d-x", "stays")
        .file("etc/kubernetes/d", "file")
        .file("etc/kubernetes/e", "gone")
        .file("etc/kubernetes/e/below", "file");
    let tree = tree(&pack.tgz());
    let read = |name: &str| text(&tree, &format!("/etc/kubernetes/{name}"));
    assert_eq!(read("a").as_deref(), Ok("second"));
    assert_eq!(read("b").as_deref(), Ok("first"));
    let problem = "is a link to /etc/kubernetes/later, which is not there";
    assert_eq!(read("c"), Err(problem.to_owned()));
    assert_eq!(read("d").as_deref(), Ok("file"));
    assert!(read("d/below").is_err());
    assert_eq!(read("e/below").as_deref(), Ok("file"));
    let entries = tree.reader().list(Path::new("/etc/kubernetes")).unwrap();
    let names: Vec<_> = entries
        .iter()
        .filter_map(|entry| entry.path.file_name())
        .collect();
    assert_eq!(names, ["a", "b", "c", "d", "d-x", "e"]);
}

#[test]
fn what_is_no_file_is_named_and_what_no_audit_reads_is_not_kept() {
    let binary = format!("\0{}", "x".repeat(70 << 10));
    let der = format!("\u{30}\0{}", "x".repeat(70 << 10));
    let pack = Pack::of(&["etc/kubernetes/x", "usr/share/doc/a", "usr/share/a.pem"])
        .special(EntryType::Fifo, "etc/fifo", "")
        .special(EntryType::Char, "dev/kmsg", "")
        .file("opt/binary", &binary)
        .file("opt/der", &der)
        .file("opt/huge", &"x".repeat((16 << 20) + 1));
    let tree = tree(&pack.tgz());
    for (path, problem) in [
        ("/etc/fifo", "is a FIFO, not a file"),
        ("/dev/kmsg", "is a device, not a file"),
        ("/etc", "is a directory, not a file"),
        ("/opt/binary", "is binary; it was not read"),
        ("/opt/huge", &ReadProblem::TooLarge.to_string()),
        (
            "/usr/share/doc/a",
            "lies where no configuration does; it was not read",
        ),
    ] {
        assert_eq!(text(&tree, path), Err(problem.to_owned()), "{path}");
    }
    assert_eq!(text(&tree, "/opt/der"), Ok(der));
    assert_eq!(
        text(&tree, "/usr/share/a.pem").as_deref(),
        Ok("usr/share/a.pem")
    );
}

#[test]
fn units_of_packages_lie_where_a_machine_has_most_of_its_files() {
    let unit = "usr/lib/systemd/system/kubelet.service";
    let pack = Pack::of(&["etc/kubernetes/x", unit]).special(EntryType::Symlink, "lib", "usr/lib");
    let tree = tree(&pack.tar());
    for path in [
        "/usr/lib/systemd/system/kubelet.service",
        "/lib/systemd/system/kubelet.service",
    ] {
        assert_eq!(text(&tree, path).as_deref(), Ok(unit), "{path}");
    }
}

#[test]
fn wherever_an_archive_is_cut_its_beginning_is_read() {
    let members = [
        "n/etc/kubernetes/a",
        "n/etc/kubernetes/b",
        "n/etc/kubernetes/c",
    ];
    for whole in [Pack::of(&members).tar(), Pack::of(&members).tgz()] {
        let mut most = 0;
        for length in (0..whole.len()).step_by(11) {
            let Ok(trees) = trees(&whole[..length]) else {
                assert_eq!(most, 0, "cut after {length} bytes");
                continue;
            };
            let Some(tree) = trees.iter().find(|tree| tree.is_archived()) else {
                continue;
            };
            let texts = members.map(|path| text(tree, path.strip_prefix('n').unwrap()));
            let read = texts.iter().filter(|text| text.is_ok()).count();
            assert!(read >= most, "cut after {length} bytes: {texts:?}");
            most = read;
            let damage = trees.iter().find_map(Tree::unread);
            // All of the end mark but its first block may be missing: no tar minds.
            if damage.is_none() {
                assert_eq!(read, 3, "cut after {length} bytes");
                assert!(!tree.is_incomplete());
            } else {
                assert!(tree.is_incomplete());
            }
        }
        assert_eq!(most, 3);
    }
}

#[test]
fn a_cut_is_told_with_the_last_member() {
    let pack = Pack::of(&["n/etc/kubernetes/a", "n/etc/kubernetes/b"]);
    let bytes = pack.tar();
    let trees = trees(&bytes[..1024 + 512 + 3]).unwrap();
    let damage = trees.iter().find_map(Tree::unread).unwrap();
    assert_eq!(
        damage.to_string(),
        "is an archive that is cut short: nothing after n/etc/kubernetes/a was read"
    );
    assert_eq!(
        text(&trees[0], "/etc/kubernetes/b").unwrap_err(),
        "cannot be read: the archive ends, or is damaged, in the middle of it"
    );
    assert_eq!(
        text(&trees[0], "/etc/kubernetes/c").unwrap_err(),
        "is not in what could be read of the archive"
    );
}

#[test]
fn damage_is_found_wherever_it_is() {
    let whole = Pack::of(&["etc/kubernetes/a", "etc/kubernetes/b"]).tar();
    let mut header = whole.clone();
    header[1024] ^= 1;
    let mut checksum = gzip(&whole);
    let end = checksum.len() - 5;
    checksum[end] ^= 1;
    let mut two = whole.clone();
    two.extend_from_slice(&whole);
    let mut garbage = gzip(&whole);
    garbage.extend_from_slice(b"garbage");
    for (bytes, what) in [
        (header, "archive header checksum mismatch"),
        (checksum, "its checksum is wrong"),
        (two, "goes on after its end mark"),
        (garbage, "something that is not gzip follows"),
    ] {
        let trees = trees(&bytes).unwrap();
        let damage = trees.iter().find_map(Tree::unread).unwrap().to_string();
        assert!(damage.contains(what), "{damage}");
        let first = text(&trees[0], "/etc/kubernetes/a");
        assert_eq!(first.as_deref(), Ok("etc/kubernetes/a"), "{what}");
    }
}

#[test]
fn gzip_in_parts_is_read_and_gzip_of_something_else_is_refused() {
    let whole = Pack::of(&["etc/kubernetes/a"]).tar();
    let (one, two) = whole.split_at(700);
    let mut parts = gzip(one);
    parts.extend(gzip(two));
    parts.extend([0; 100]);
    assert!(text(&tree(&parts), "/etc/kubernetes/a").is_ok());
    let error = trees(&gzip(b"-----BEGIN CERTIFICATE-----")).unwrap_err();
    assert!(error.to_string().contains("no tar archive"), "{error}");
}

#[test]
fn a_bomb_ends_with_a_sentence() {
    let mut name = Builder::new(Vec::new());
    let mut header = raw(EntryType::GNULongName, "././@LongLink", 1 << 20);
    header.set_cksum();
    name.append(&header, &vec![b'x'; 1 << 20][..]).unwrap();
    let name = name.into_inner().unwrap();
    let mut bytes = Pack::of(&["etc/kubernetes/a"]).tar();
    bytes.truncate(1024);
    bytes.extend(name);
    let trees = trees(&gzip(&bytes)).unwrap();
    let damage = trees.iter().find_map(Tree::unread).unwrap().to_string();
    assert!(
        damage.starts_with("has a name of more than 256 KiB"),
        "{damage}"
    );

    let bytes = Pack::of(&["a/1", "a/2", "a/3"]).tar();
    let few = limited(
        &bytes,
        Limits {
            members: 3,
            ..LIMITS
        },
    );
    let damage = few.damage().unwrap().to_string();
    assert!(damage.starts_with("has more members than"), "{damage}");
    assert_eq!(few.list(Path::new("/a")).unwrap().len(), 2);

    let little = limited(&bytes, Limits { bytes: 7, ..LIMITS });
    assert!(matches!(
        little.member(Path::new("/a/2")),
        Ok(Member::File { .. })
    ));
    let third = little.member(Path::new("/a/3"));
    assert!(matches!(
        third,
        Ok(Member::Unreadable(ReadProblem::PassedOver { .. }))
    ));
}

#[test]
fn bytes_never_show() {
    let tree = tree(&Pack::of(&["etc/kubernetes/a"]).tar());
    assert!(!format!("{tree:?}").contains("99"), "{tree:?}");
    assert!(format!("{tree:?}").contains("members: 3"));
}
