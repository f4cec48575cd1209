//! Why a change was refused. Nothing has been written then, unless the error says so.

use std::path::PathBuf;

use crate::edit::EditError;
use crate::issue::AuthorityError;
use crate::issue::IssueError;
use crate::plan::PlanError;
use crate::plan::shared::SharedError;
use crate::source::ReadProblem;
use crate::source::SourceError;
use crate::write::WriteError;
use crate::x509::csr::RequestError;

/// Why a change was refused. [`ApplyError::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A file that is needed cannot be read.
    #[error("{}: {problem}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What it is needed for: `the CA certificate`.
        what: &'static str,
        /// Why it cannot be read.
        problem: ReadProblem,
    },
    /// A CA cannot sign.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The plan cannot be made.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Something could not be signed.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The files could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Nothing can be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// No stage of a shared key can be planned.
    #[error(transparent)]
    Shared(#[from] SharedError),
    /// One of those that share a key cannot be read.
    #[error("{}: {problem}", path.display())]
    MemberUnread {
        /// The path.
        path: PathBuf,
        /// The rest of the sentence.
        problem: String,
    },
    /// Nothing can be written into an archive.
    #[error("{} is an archive, and nothing can be written there", .0.display())]
    Archived(PathBuf),
    /// A file that people own cannot be changed.
    #[error("{}: {error}", path.display())]
    Edit {
        /// The file.
        path: PathBuf,
        /// What was to be changed: `customize_crt = off`.
        change: String,
        /// Why.
        error: EditError,
    },
    /// A registry that runs was asked in vain.
    #[error("--probe {name}={url}: {why}")]
    Probe {
        /// The name of its restart.
        name: String,
        /// Where it was asked.
        url: String,
        /// Why.
        why: String,
    },
    /// A file reads otherwise than it was written.
    #[error("{} was written, but does not read as it should", .0.display())]
    NotAsWritten(PathBuf),
    /// The request cannot be answered.
    #[error("{}: {error}", path.display())]
    Request {
        /// The file.
        path: PathBuf,
        /// Why.
        error: RequestError,
    },
    /// Neither a request to sign nor a reason to make one.
    #[error("{}: there is no such file, so there is no request to sign", request.display())]
    NothingToSign {
        /// The file of `--csr`.
        request: PathBuf,
        /// The CA's key.
        key: PathBuf,
    },
    /// `--registry` where none is.
    #[error("{} holds neither a Harbor nor a registry", listed(.0))]
    NoRegistry(Vec<PathBuf>),
    /// `--ca-cert` names one CA, and several are needed.
    #[error("--ca-cert and --ca-key name one CA, but {0} are signed by different ones")]
    SeveralAuthorities(String),
    /// The trees hold different CAs under one name.
    #[error("{} and {} are different CAs of the same cluster", one.display(), other.display())]
    AuthoritiesDiffer {
        /// One file.
        one: PathBuf,
        /// Another.
        other: PathBuf,
    },
    /// A CA's certificate file that would carry its key to every node.
    #[error("{} holds a private key beside the certificate, and it would be copied to every node", .0.display())]
    KeyInCertificateFile(PathBuf),
    /// Half of the service-account pair.
    #[error("{} is there without {}", there.display(), missing.display())]
    HalfOfPair {
        /// The file that is there.
        there: PathBuf,
        /// The file that is missing.
        missing: PathBuf,
    },
}

impl ApplyError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { what, problem, .. } => Some(read_hint(what, problem)),
            Self::Authority(error) => Some(error.hint()),
            Self::Plan(error) => error.hint(),
            Self::Issue(error) => Some(error.hint().to_owned()),
            Self::Write(error) => Some(error.hint()),
            Self::Source(error) => Some(error.hint().to_owned()),
            Self::Shared(error) => Some(error.hint()),
            Self::MemberUnread { .. } => Some(
                "every instance has to be there to be read and written; mend that, then run the command again".to_owned(),
            ),
            Self::Archived(_) => Some("unpack it and give the directory".to_owned()),
            Self::Edit { error, change, .. } => Some(format!("{} ({change})", error.remedy())),
            Self::Probe { name, .. } => Some(format!(
                "restart it, or give the address of that one instance past any balancer, or say --restarted {name}"
            )),
            Self::NotAsWritten(_) => {
                Some("see who else writes there, then run the command again".to_owned())
            }
            Self::Request { .. } => {
                Some("give a PKCS#10 request with --csr, as `openssl req -new` and hapki make them".to_owned())
            }
            Self::NothingToSign { key, .. } => Some(format!(
                "name the request; without --csr, {} signs a key that is made here",
                key.display()
            )),
            Self::NoRegistry(_) => Some(
                "give the directory of harbor.cfg, harbor.yml or docker-compose.yml, or a registry's config.yml; leave --registry \
                 out and name the hosts with --dns and --ip".to_owned(),
            ),
            Self::SeveralAuthorities(_) => Some("issue them one CA at a time".to_owned()),
            Self::AuthoritiesDiffer { .. } => {
                Some("keep the one that the running cluster trusts, in one tree; hapki brings it to the others".to_owned())
            }
            Self::KeyInCertificateFile(path) => Some(format!(
                "leave only the certificate in it; the key belongs in {}, mode 0600",
                path.with_extension("key").display()
            )),
            Self::HalfOfPair { .. } => Some("bring the other half, or move this one away".to_owned()),
        }
    }

    /// Whether files were changed all the same.
    pub fn left_something(&self) -> bool {
        matches!(
            self,
            Self::Write(WriteError::NotUndone { .. } | WriteError::Interrupted { .. })
                | Self::NotAsWritten(_)
        )
    }
}

/// What `--csr` names.
pub(super) const REQUEST: &str = "the request";

fn listed(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(", ")
}

fn read_hint(what: &str, problem: &ReadProblem) -> String {
    if what == REQUEST {
        return "give a file that can be read with --csr".to_owned();
    }
    match problem {
        ReadProblem::Refused(why) if why != "permission denied" => {
            format!("mend that, or say where {what} is with --ca-cert and --ca-key")
        }
        ReadProblem::Missing | ReadProblem::DanglingLink { .. } => {
            format!("say where {what} is with --pki-dir, or with --ca-cert and --ca-key")
        }
        ReadProblem::Refused(_) => {
            format!("run as a user who may read {what}, or point to a copy with --pki-dir")
        }
        _ => format!("put {what} there, or say where it is with --ca-cert and --ca-key"),
    }
}
