//! Balancers on a node: nginx with the files that it includes, haproxy, and the certificates that they name; and the
//! addresses that move between nodes.

use std::path::Path;
use std::path::PathBuf;

use crate::facts::Note;
use crate::facts::balancer::Balancer;
use crate::facts::balancer::FileAt;
use crate::facts::balancer::Mode;
use crate::facts::certificate_files::Expected;
use crate::facts::gather::Gatherer;
use crate::facts::haproxy;
use crate::facts::keepalived;
use crate::facts::kube_vip;
use crate::facts::nginx;
use crate::facts::nginx::Include;
use crate::facts::virtual_address::VirtualAddress;
use crate::place::Place;
use crate::source::Document;

impl Gatherer<'_> {
    /// Where packages put their configuration. Neither need be there.
    pub(super) fn balancers(&mut self) {
        if let Some(document) = self.read(Path::new(nginx::MAIN), None) {
            self.nginx(&document);
        }
        if let Some(document) = self.read(Path::new(haproxy::MAIN), None) {
            self.haproxy(&document);
        }
        self.keepalived();
    }

    fn keepalived(&mut self) {
        let Some(main) = self.read(Path::new(keepalived::MAIN), None) else {
            return;
        };
        let mut pending = vec![main];
        while let Some(Document { place, bytes, .. }) = pending.pop() {
            let found = keepalived::parse(&bytes, &place);
            let addresses = found.addresses.into_iter();
            self.node
                .virtual_addresses
                .extend(addresses.map(|(address, line)| VirtualAddress {
                    program: "keepalived",
                    address,
                    place: place.at_line(line),
                    balances: None,
                }));
            for (line, what) in found.not_followed {
                self.note(
                    place.at_line(line),
                    format!("{} {what}", place.path.display()),
                );
            }
            for (pattern, line) in found.includes {
                let told_at = place.at_line(line);
                let include = Include { pattern, told_at };
                match self.included(&include.pattern) {
                    Ok(paths) => {
                        for path in paths {
                            pending.extend(self.read(&path, Some(include.told_at.clone())));
                        }
                    }
                    Err(why) => {
                        let pattern = include.pattern.display();
                        let text =
                            format!("{} includes {pattern}, and {why}", place.path.display());
                        self.note(include.told_at, text);
                    }
                }
            }
        }
    }

    pub(super) fn kube_vip(&mut self, document: &Document) {
        // What is no YAML is said by whoever reads it as a manifest.
        if let Ok(found) = kube_vip::parse(&document.bytes, &document.place) {
            self.node.virtual_addresses.extend(found.addresses);
            self.node.notes.extend(found.not_followed);
        }
    }

    fn note(&mut self, place: Place, text: String) {
        self.node.notes.push(Note { place, text });
    }

    pub(super) fn nginx(&mut self, document: &Document) {
        let balancer = self.nginx_configuration(document, &Path::to_path_buf);
        self.balancer(balancer);
    }

    /// Reads nginx's main file and what it includes; `on_node` leads from the paths that nginx sees to those of the node.
    pub(super) fn nginx_configuration(
        &mut self,
        document: &Document,
        on_node: &dyn Fn(&Path) -> PathBuf,
    ) -> Option<Balancer> {
        let mut files = nginx::Files::default();
        let mut pending = files.add(&document.bytes, &document.place);
        while let Some(include) = pending.pop() {
            let found = match self.included(&on_node(&include.pattern)) {
                Ok(found) => found,
                Err(why) => {
                    files.cannot_follow(&include, &why);
                    continue;
                }
            };
            for path in &found {
                if files.has(path) {
                    continue;
                }
                match self.reader.read(path) {
                    Ok(document) => pending.extend(files.add(&document.bytes, &document.place)),
                    Err(problem) => files.cannot_follow(&include, &problem.to_string()),
                }
            }
            files.means(&include, found);
        }
        files.balancer()
    }

    pub(super) fn haproxy(&mut self, document: &Document) {
        self.balancer(Some(haproxy::parse(&document.bytes, &document.place)));
    }

    fn balancer(&mut self, balancer: Option<Balancer>) {
        let Some(mut balancer) = balancer else {
            return;
        };
        for listener in &mut balancer.listeners {
            if let Mode::Terminates(ends) = &mut listener.mode {
                self.first_of_directory(&mut ends.certificate);
            }
        }
        for file in balancer.files() {
            self.pem(&file.path, Expected::Anything, Some(file.told_at.clone()));
        }
        self.node.balancers.push(balancer);
    }

    /// HAProxy takes a directory for all certificates in it, and shows the first to who asks for none of their names
    /// (configuration manual, 5.1 `crt`).
    fn first_of_directory(&mut self, certificate: &mut FileAt) {
        if !self.tree.covers(&certificate.path) {
            return;
        }
        let Ok(entries) = self.reader.list(&certificate.path) else {
            return;
        };
        let is_certificate = |path: &PathBuf| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            !["key", "issuer", "ocsp", "sctl"].contains(&extension.unwrap_or_default())
        };
        let files = entries.into_iter().filter(|entry| !entry.is_directory);
        let files: Vec<PathBuf> = files
            .map(|entry| entry.path)
            .filter(is_certificate)
            .collect();
        let Some(first) = files.iter().min() else {
            return;
        };
        if files.len() > 1 {
            let text = format!(
                "{} holds {} certificates, of which {} is taken: what is shown to who asks for a name of another is not judged",
                certificate.path.display(),
                files.len(),
                first.display(),
            );
            let place = certificate.told_at.clone();
            if !self.node.notes.iter().any(|note| note.place == place) {
                self.note(place, text);
            }
        }
        certificate.path.clone_from(first);
    }

    /// The files that a path means which may be a pattern, sorted as glob(3) does.
    pub(super) fn included(&mut self, pattern: &Path) -> Result<Vec<PathBuf>, String> {
        let is_pattern = |text: &str| text.contains(['*', '?', '[']);
        if !is_pattern(&pattern.to_string_lossy()) {
            return Ok(vec![pattern.to_path_buf()]);
        }
        let (Some(directory), Some(name)) = (pattern.parent(), pattern.file_name()) else {
            return Ok(Vec::new());
        };
        if is_pattern(&directory.to_string_lossy()) {
            return Err("patterns among directories are not followed".to_owned());
        }
        if !self.tree.covers(directory) {
            return Err("it does not lie in what was given".to_owned());
        }
        let entries = match self.reader.list(directory) {
            Ok(entries) => entries,
            Err(problem) if problem.is_missing() => return Ok(Vec::new()),
            Err(problem) => return Err(problem.to_string()),
        };
        let fits = |path: &PathBuf| {
            let file = path.file_name().unwrap_or_default();
            nginx::matches(&name.to_string_lossy(), &file.to_string_lossy())
        };
        let files = entries.into_iter().filter(|entry| !entry.is_directory);
        Ok(files.map(|entry| entry.path).filter(fits).collect())
    }
}
