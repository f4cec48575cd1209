//! Programs of Kubernetes on a node: static pods, systemd units, and environment files where the units lie elsewhere.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

use crate::facts::Note;
use crate::facts::certificate_files::Expected;
use crate::facts::etcd_config;
use crate::facts::gather::Gatherer;
use crate::facts::kube_vip;
use crate::facts::manifest;
use crate::facts::process;
use crate::facts::process::FileFlag;
use crate::facts::process::Process;
use crate::facts::unit;
use crate::facts::unit::EnvironmentFile;
use crate::facts::unit::Unit;
use crate::source::Document;
use crate::source::ReadProblem;

impl Gatherer<'_> {
    pub(super) fn manifests(&mut self) {
        for path in self.files_in(Path::new(MANIFESTS_DIR)) {
            // The kubelet reads every file whose name does not begin with a dot (pkg/kubelet/config/file.go).
            if path
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
            {
                continue;
            }
            let Some(document) = self.read(&path, None) else {
                continue;
            };
            if kube_vip::is_likely(&document.bytes) {
                self.kube_vip(&document);
            }
            match manifest::parse(&document.bytes, &document.place) {
                Ok(processes) => {
                    for process in processes {
                        self.process(process);
                    }
                }
                Err(broken) => self.node.broken.push(*broken),
            }
        }
    }

    /// Units, and what their environment files say where there is no unit.
    pub(super) fn units(&mut self) {
        for name in self.unit_names() {
            match self.unit(&name).map(Unit::process) {
                Some(Ok(Some(process))) => self.process(process),
                Some(Err(note)) => self.node.notes.push(note),
                Some(Ok(None)) | None => {}
            }
        }
        for (program, files) in ENVIRONMENT_FILES {
            if self.node.process(program).is_some() {
                continue;
            }
            let mut unit = Unit::default();
            for path in *files {
                if let Some(document) = self.read(Path::new(path), None) {
                    unit.add_environment(&document.bytes, &document.place);
                }
            }
            if let Some(process) = unit.process_of_environment(program) {
                self.process(process);
            }
        }
    }

    fn process(&mut self, mut process: Process) {
        if let Some(known) = self.node.process(process.program) {
            let text = format!(
                "{} is declared here and in {}; the latter is taken",
                process.program,
                known.place.path.display()
            );
            let place = process.place;
            return self.node.notes.push(Note { place, text });
        }
        self.etcd_config(&mut process);
        for (kind, path, flag) in process.files() {
            let path = process.on_node(path);
            let told_at = Some(process.place_of(flag));
            match kind {
                FileFlag::Kubeconfig if self.may_be_missing(&process, &path) => {}
                FileFlag::Kubeconfig => self.kubeconfig(&path, told_at),
                FileFlag::Certificates => self.pem(&path, Expected::Certificates, told_at),
                FileFlag::Key => self.pem(&path, Expected::Key, told_at),
                FileFlag::AnyKey => self.pem(&path, Expected::Anything, told_at),
            }
        }
        if let Some(path) = process.self_made() {
            self.pem(&path, Expected::Certificates, None);
        }
        for flag in process.not_followed() {
            self.node.notes.push(Note {
                place: process.place_of(flag),
                text: format!(
                    "--{} of {} is not followed: what depends on {} is not judged",
                    flag.name, process.program, flag.value
                ),
            });
        }
        if process.program == "kube-apiserver"
            && let Some(ca) = process
                .value("client-ca-file")
                .map(|path| process.on_node(path))
            && let Some(directory) = ca.parent()
        {
            self.node.pki_dir = self.tree.place(directory);
        }
        self.node.processes.push(process);
    }

    /// A kubelet that has yet to join has only its bootstrap kubeconfig.
    fn may_be_missing(&mut self, process: &Process, path: &Path) -> bool {
        let is_there =
            |this: &mut Self, path: &Path| this.tree.covers(path) && this.reader.read(path).is_ok();
        let bootstrap = process.value("bootstrap-kubeconfig");
        let bootstrap = bootstrap.map(|path| process.on_node(path));
        bootstrap.is_some_and(|bootstrap| is_there(self, &bootstrap)) && !is_there(self, path)
    }

    /// etcd's `--config-file`, beside which no flag and no variable counts (server/embed/config.go).
    fn etcd_config(&mut self, process: &mut Process) {
        if process.program != "etcd" {
            return;
        }
        let told = process
            .flag("config-file")
            .filter(|flag| !flag.value.is_empty());
        let Some(flag) = told else { return };
        let path = process.on_node(&flag.value);
        let Some(document) = self.read(&path, Some(process.place_of(flag))) else {
            return;
        };
        match etcd_config::parse(&document.bytes, &document.place, process.files.len() + 1) {
            Ok(flags) => {
                process.flags = flags;
                process.files.push(document.place.clone());
            }
            Err(broken) => self.node.broken.push(*broken),
        }
    }

    /// The components' own names, and what the owner of the machine may have called them.
    fn unit_names(&mut self) -> BTreeSet<OsString> {
        let is_likely = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| {
                name.ends_with(".service") && (name.contains("kube") || name.contains("etcd"))
            })
        };
        let own = self.files_in(Path::new(OWN_UNITS));
        let own = own.into_iter().filter(is_likely);
        own.filter_map(|path| Some(path.file_name()?.to_owned()))
            .chain(UNITS.iter().map(OsString::from))
            .collect()
    }

    fn unit(&mut self, name: &OsString) -> Option<Unit> {
        let mut unit = Unit::default();
        let document = self.first_unit(name)?;
        unit.add(&document.bytes, &document.place);
        for path in self.drop_ins(name) {
            if let Some(document) = self.read(&path, None) {
                unit.add(&document.bytes, &document.place);
            }
        }
        let mut read = BTreeSet::new();
        for told in unit.environment_files() {
            for path in self.environment_files(&told) {
                if !read.insert(path.clone()) {
                    continue;
                }
                // Units share such files: another one may have read it, and said what is wrong with it.
                let document = if self.tried.contains(&path) {
                    self.reader.read(&path).ok()
                } else {
                    let told_at = (!told.is_optional).then(|| told.told_at.clone());
                    self.read(&path, told_at)
                };
                if let Some(document) = document {
                    unit.add_environment(&document.bytes, &document.place);
                }
            }
        }
        Some(unit)
    }

    /// The files that an `EnvironmentFile=` means, which may be a pattern; one that nothing fits, if something has to, is
    /// a file that is missing (src/core/execute.c, `exec_context_load_environment`).
    fn environment_files(&mut self, told: &EnvironmentFile) -> Vec<PathBuf> {
        match self.included(&told.path) {
            Ok(paths) if paths.is_empty() && !told.is_optional => vec![told.path.clone()],
            Ok(paths) => paths,
            Err(why) => {
                let text = format!("takes variables from {}: {why}", told.path.display());
                let place = told.told_at.clone();
                self.node.notes.push(Note { place, text });
                Vec::new()
            }
        }
    }

    /// The unit in the strongest directory; a link to /dev/null masks it in all others.
    fn first_unit(&mut self, name: &OsString) -> Option<Document> {
        for directory in unit::DIRECTORIES {
            let path = Path::new(directory).join(name);
            if !self.tree.covers(&path) {
                continue;
            }
            match self.reader.read(&path) {
                Ok(document) if document.bytes.is_empty() => return None,
                Ok(document) => {
                    self.has_read = true;
                    return Some(document);
                }
                Err(ReadProblem::Missing | ReadProblem::CutOff) => {}
                Err(
                    ReadProblem::NotAFile { what: "a device" } | ReadProblem::DanglingLink { .. },
                ) => {
                    return None;
                }
                Err(problem) => {
                    self.complain(&path, &problem, None);
                    return None;
                }
            }
        }
        None
    }

    /// Drop-ins of all directories by their file names; of one name, the strongest directory's counts.
    fn drop_ins(&mut self, name: &OsString) -> Vec<PathBuf> {
        let mut found: BTreeMap<OsString, PathBuf> = BTreeMap::new();
        let mut directory_name = name.clone();
        directory_name.push(".d");
        for own in [directory_name, OsString::from("service.d")] {
            for directory in unit::DIRECTORIES {
                for path in self.files_in(&Path::new(directory).join(&own)) {
                    let is_conf = path
                        .extension()
                        .is_some_and(|extension| extension == "conf");
                    if let Some(name) = path.file_name().filter(|_| is_conf) {
                        found.entry(name.to_owned()).or_insert(path);
                    }
                }
            }
        }
        found.into_values().collect()
    }
}

const MANIFESTS_DIR: &str = "/etc/kubernetes/manifests";
const OWN_UNITS: &str = "/etc/systemd/system";
const UNITS: &[&str] = &[
    "etcd.service",
    "kube-apiserver.service",
    "kube-controller-manager.service",
    "kube-scheduler.service",
    "kubelet.service",
];

/// Files of variables that kubeadm, kubespray and packages have units read, in the order in which they count.
const ENVIRONMENT_FILES: &[(&str, &[&str])] = &[
    ("etcd", &["/etc/default/etcd", "/etc/etcd.env"]),
    (
        process::KUBELET,
        &[
            "/var/lib/kubelet/kubeadm-flags.env",
            "/etc/default/kubelet",
            "/etc/sysconfig/kubelet",
        ],
    ),
];
