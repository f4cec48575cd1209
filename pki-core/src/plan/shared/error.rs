//! Why no stage can be planned.

/// Why no stage can be planned. [`SharedError::hint`] says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SharedError {
    /// Nothing signs.
    #[error("no key that signs tokens was found in the given paths")]
    NoSigner,
    /// Nothing verifies.
    #[error("nothing that verifies tokens was found in the given paths")]
    NoVerifier,
    /// Several keys are held by equally many.
    #[error("no key is held by most: {}", .0.join("; "))]
    Tie(Vec<String>),
    /// A member of the change that is under way was not given.
    #[error(
        "{} {} part in the change that is under way, and {} not among the given paths",
        .0.join(", "),
        if .0.len() == 1 { "takes" } else { "take" },
        if .0.len() == 1 { "is" } else { "are" }
    )]
    Missing(Vec<String>),
    /// `--from` names nobody.
    #[error("--from {name}: there is no such instance with a key; there are {}", known.join(", "))]
    NoSuchInstance {
        /// What was given.
        name: String,
        /// The members that sign.
        known: Vec<String>,
    },
    /// The key cannot be shared.
    #[error("the key of {instance} ({path}) cannot be shared: {why}")]
    Unusable {
        /// The member.
        instance: String,
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// No key can be shared.
    #[error("no key can be shared: {}", .0.join("; "))]
    NoneUsable(Vec<String>),
    /// `--restarted` names nothing.
    #[error("--restarted {name}: nothing of that name has to be restarted; there are {}", known.join(", "))]
    NoSuchRestart {
        /// What was given.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// An apiserver has no file for public keys, and hapki cannot give it one.
    #[error("{component} verifies with no file of public keys that can be written ({declared})")]
    NoKeyFile {
        /// `kube-apiserver@wudang`.
        component: String,
        /// Who starts it.
        declared: String,
        /// The flag that it lacks.
        flag: String,
    },
    /// A member is told from another by a number that hapki counted, which another order of paths would give to another.
    #[error("{path} has the name {name} of another that was given")]
    SameName {
        /// Where it was read from.
        path: String,
        /// The name that both have.
        name: String,
    },
    /// What cannot share a key was given together.
    #[error("{0}")]
    Mixed(String),
}

impl SharedError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NoSigner => {
                "give Harbor's directory, a node's tree, or NAME=KEY.pem for another token server"
                    .to_owned()
            }
            Self::NoVerifier => {
                "give the directory of every registry that takes these tokens".to_owned()
            }
            Self::Tie(_) => {
                "say which with --from NAME, or have a new one made with --generate".to_owned()
            }
            Self::NoKeyFile { declared, flag, .. } => {
                format!("add {flag} to {declared} by hand, then run the command again")
            }
            Self::Missing(_) => {
                "give the same paths as before, or remove .hapki/rotation.json where it is no longer part".to_owned()
            }
            Self::NoSuchInstance { .. } => "give one of these names".to_owned(),
            Self::Unusable { .. } => {
                "choose another with --from NAME, or have a new one made with --generate".to_owned()
            }
            Self::NoneUsable(_) => "have a new one made with --generate".to_owned(),
            Self::NoSuchRestart { .. } => {
                "give a name as the last run's list of restarts has it".to_owned()
            }
            Self::SameName { .. } => {
                "give each a name of its own, the same at every run: NAME=PATH".to_owned()
            }
            Self::Mixed(_) => "run the command for each kind by itself".to_owned(),
        }
    }
}
