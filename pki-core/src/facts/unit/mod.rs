//! systemd units: which command a service runs, with which environment, after its drop-ins.
//!
//! Read as systemd does it: src/shared/conf-parser.c for the lines, src/core/load-fragment.c for `ExecStart=`,
//! `Environment=` and `EnvironmentFile=`, src/basic/env-util.c and src/basic/env-file.c for variables.

mod environment;
mod lines;
mod words;

use std::path::PathBuf;

use crate::facts::Note;
use crate::facts::process;
use crate::facts::process::Process;
use crate::facts::process::Word;
use crate::facts::unit::environment::Environment;
use crate::facts::unit::lines::Line;
use crate::place::Place;

/// Where system units lie, the strongest first (systemd.unit(5)).
pub(super) const DIRECTORIES: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// A unit as its file and its drop-ins tell it, files read in their order.
#[derive(Debug, Default)]
pub(super) struct Unit {
    places: Vec<Place>,
    commands: Vec<Line>,
    environment: Environment,
    files: Vec<EnvironmentFile>,
}

/// A file that the unit takes variables from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EnvironmentFile {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// Whether it may be missing.
    pub(super) is_optional: bool,
    /// The line that names it.
    pub(super) told_at: Place,
}

impl Unit {
    /// Adds what one file says: the unit's own first, then its drop-ins.
    pub(super) fn add(&mut self, bytes: &[u8], place: &Place) {
        let file = self.places.len();
        self.places.push(place.clone());
        for line in lines::service(bytes, file) {
            match line.key.as_str() {
                "ExecStart" if line.value.is_empty() => self.commands.clear(),
                "ExecStart" => self.commands.push(line),
                "Environment" if line.value.is_empty() => self.environment.clear(),
                "Environment" => self.environment.assign(&line),
                "EnvironmentFile" if line.value.is_empty() => self.files.clear(),
                "EnvironmentFile" => {
                    let path = line.value.strip_prefix('-');
                    self.files.push(EnvironmentFile {
                        is_optional: path.is_some(),
                        path: PathBuf::from(words::specifiers(path.unwrap_or(&line.value))),
                        told_at: place.at_line(line.line),
                    });
                }
                _ => {}
            }
        }
    }

    /// The files that it takes variables from, in the order in which they count.
    pub(super) fn environment_files(&self) -> Vec<EnvironmentFile> {
        self.files.clone()
    }

    /// Adds what a file of variables says; it wins over what was there.
    pub(super) fn add_environment(&mut self, bytes: &[u8], place: &Place) {
        let file = self.places.len();
        self.places.push(place.clone());
        self.environment.read(bytes, file);
    }

    /// The program of Kubernetes that it runs.
    ///
    /// # Errors
    ///
    /// Where a command is longer than any program may be given: its place, and a sentence.
    pub(super) fn process(self) -> Result<Option<Process>, Note> {
        let mut room = MOST_BYTES;
        for command in &self.commands {
            let Some(words) = words::command(command, &self.environment, &mut room) else {
                let place = self.places.get(command.file).or(self.places.first());
                return Err(Note {
                    place: place.cloned().unwrap_or_default().at_line(command.line),
                    text: format!(
                        "with its variables put in, ExecStart is longer than {} MiB, which no program can be started with: it is not judged",
                        MOST_BYTES >> 20
                    ),
                });
            };
            if let Some((program, arguments)) = process::program(words) {
                return Ok(self.into_process(program, arguments));
            }
        }
        Ok(None)
    }

    /// `program` as its environment files alone tell it.
    pub(super) fn process_of_environment(self, program: &'static str) -> Option<Process> {
        let words: Vec<Word> = ARGUMENT_VARIABLES
            .iter()
            .filter(|(of, _)| *of == program)
            .flat_map(|(_, name)| self.environment.words(name))
            .collect();
        let flags = process::flags(&words);
        self.into_process(program, flags)
            .filter(|process| !process.flags.is_empty())
    }

    fn into_process(self, program: &'static str, arguments: Vec<process::Flag>) -> Option<Process> {
        let mut flags = if program == "etcd" {
            self.environment.etcd_flags()
        } else {
            Vec::new()
        };
        flags.extend(arguments);
        let mut places = self.places.into_iter();
        Some(Process {
            place: places.next()?,
            program,
            is_pod: false,
            image: None,
            flags,
            files: places.collect(),
            mounts: Vec::new(),
        })
    }
}

/// Linux gives a program no more arguments than this (fs/exec.c: three quarters of _STK_LIM).
const MOST_BYTES: usize = 6 << 20;

/// What kubeadm's drop-in adds to the command of the kubelet (kubelet.service.d/10-kubeadm.conf).
const ARGUMENT_VARIABLES: &[(&str, &str)] = &[
    (process::KUBELET, "KUBELET_KUBEADM_ARGS"),
    (process::KUBELET, "KUBELET_EXTRA_ARGS"),
];

#[cfg(test)]
mod tests;
