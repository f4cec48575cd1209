//! Harbors, registries and token servers as members of a group.

use std::path::Path;
use std::path::PathBuf;

use time::Duration;

use crate::place::Place;
use crate::plan::shared::BundleFiles;
use crate::plan::shared::Durable;
use crate::plan::shared::Group;
use crate::plan::shared::GroupKind;
use crate::plan::shared::Jwks;
use crate::plan::shared::Lifetime;
use crate::plan::shared::Member;
use crate::plan::shared::Mount;
use crate::plan::shared::Reading;
use crate::plan::shared::Restart;
use crate::plan::shared::SharedError;
use crate::plan::shared::SharedFile;
use crate::plan::shared::SignerFile;
use crate::plan::shared::TokenNames;
use crate::plan::shared::TrustedKey;
use crate::plan::shared::VerifierFile;
use crate::plan::shared::VerifierForm;
use crate::request::SharedRequest;
use crate::request::quoted;
use crate::token::key_id::KidForm;
use crate::topology;
use crate::topology::CertificateFile;
use crate::topology::Distribution;
use crate::topology::DistributionRelease;
use crate::topology::SignerKind;
use crate::topology::SigningKey;
use crate::topology::Templates;
use crate::topology::TokenSigner;
use crate::topology::TokenVerifier;
use crate::topology::Topology;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// The registries of a topology and what signs their tokens; `None` where it has none.
///
/// # Errors
/// What was given together cannot share a key.
pub fn group(topology: &Topology, request: &SharedRequest) -> Result<Option<Group>, SharedError> {
    let signers: Vec<&TokenSigner> = topology.token_signers.iter().collect();
    let verifiers: Vec<(&TokenVerifier, &Distribution)> = topology
        .token_verifiers
        .iter()
        .filter_map(|verifier| Some((verifier, verifier.distribution()?)))
        .collect();
    if signers.is_empty() && verifiers.is_empty() {
        return Ok(None);
    }
    let kind = kind(&signers)?;
    let needs_ids = signers
        .iter()
        .any(|signer| kid_of(signer, request) == KidForm::Libtrust);
    let mut members: Vec<Member> = Vec::new();
    for signer in signers {
        let member = member_of(&mut members, &signer.component.node);
        let file = signer_file(signer, request);
        // A token server is listed once for each registry that it signs for.
        if member.signers.iter().any(|known| known.file == file.file) {
            continue;
        }
        member.settle(&signer.told_at, signer.kind == SignerKind::TokenServer);
        member.durable = member
            .durable
            .take()
            .or_else(|| signer.templates.as_ref().map(durable));
        if kind == GroupKind::Harbor2 {
            member.root = signer.root.as_ref().map(unread_root);
        }
        member
            .notes
            .extend(signer_notes(signer, kid_of(signer, request)));
        member.signers.push(file);
    }
    for (verifier, distribution) in verifiers {
        let member = member_of(&mut members, &verifier.component.node);
        if member.signers.is_empty() || member.tree.as_os_str().is_empty() {
            member.settle(&verifier.told_at, false);
        }
        member.notes.extend(verifier_notes(verifier, distribution));
        if let Some(file) = verifier_file(verifier, distribution, needs_ids) {
            member.verifiers.push(file);
        }
    }
    Ok(Some(Group {
        kind,
        members,
        waiting: Vec::new(),
    }))
}

/// What was told of token servers counts for them alone.
fn kid_of(signer: &TokenSigner, request: &SharedRequest) -> KidForm {
    let told = request
        .signer_kid
        .filter(|_| signer.kind == SignerKind::TokenServer);
    told.unwrap_or(signer.kid)
}

fn kind(signers: &[&TokenSigner]) -> Result<GroupKind, SharedError> {
    let harbors = signers.iter().filter_map(|signer| match signer.kind {
        SignerKind::Harbor(release) => Some((signer, release)),
        SignerKind::TokenServer => None,
    });
    let mut kind = GroupKind::Distribution;
    let mut first = None;
    for (signer, release) in harbors {
        let of_this = if release.is_at_least(2, 0) {
            GroupKind::Harbor2
        } else {
            GroupKind::Harbor1
        };
        let (known, name) = *first.get_or_insert((of_this, &signer.component.node));
        if known != of_this {
            return Err(SharedError::Mixed(format!(
                "{name} and {} are Harbor 1 and Harbor 2, which verify tokens in different ways and cannot be one registry",
                signer.component.node
            )));
        }
        kind = of_this;
    }
    Ok(kind)
}

fn member_of<'m>(members: &'m mut Vec<Member>, name: &str) -> &'m mut Member {
    let at = members.iter().position(|member| member.name == name);
    let at = at.unwrap_or_else(|| {
        members.push(Member {
            name: name.to_owned(),
            tree: PathBuf::new(),
            signers: Vec::new(),
            verifiers: Vec::new(),
            durable: None,
            root: None,
            notes: Vec::new(),
        });
        members.len() - 1
    });
    #[allow(
        clippy::indexing_slicing,
        reason = "the position was found, or pushed, above"
    )]
    &mut members[at]
}

impl Member {
    /// Its own files lie beside the configuration. A token server's key yields to anything else.
    fn settle(&mut self, told_at: &Place, yields: bool) {
        if self.tree.as_os_str().is_empty() || !yields {
            let above = told_at.read_from.parent();
            self.tree = above.map(Path::to_path_buf).unwrap_or_default();
        }
    }
}

fn signer_file(signer: &TokenSigner, request: &SharedRequest) -> SignerFile {
    let is_harbor = matches!(signer.kind, SignerKind::Harbor(_));
    let mount = match signer.mount {
        Some(topology::Mount::Directory) => Mount::Directory,
        Some(topology::Mount::File) => Mount::File,
        // Harbor's own compositions mount the key by itself.
        None if is_harbor => Mount::File,
        None => Mount::Directory,
    };
    let mode = match signer.key.status.mode {
        Some(mode) if !is_harbor => mode & 0o770,
        _ => 0o600,
    };
    SignerFile {
        component: signer.component.to_string(),
        file: SharedFile {
            mount,
            ..file(&signer.key.place, mode, signer.runs_as)
        },
        key: public(&signer.key),
        refused: signer
            .key
            .refused
            .as_ref()
            .filter(|_| signer.key.public.is_some())
            .map(|_| how_it_is_written(&signer.key)),
        reading: if is_harbor {
            Reading::EachRequest
        } else {
            Reading::AtStart
        },
        lifetime: lifetime(signer, request),
        restarts: vec![restart(
            &signer.component.to_string(),
            signer.container.as_deref(),
            &signer.told_at,
            "what signs tokens with that key",
        )],
    }
}

fn public(key: &SigningKey) -> Result<PublicKey, String> {
    if let Some(public) = &key.public {
        return Ok(public.clone());
    }
    Err(match (&key.form, key.is_there) {
        (_, false) => "is not there or cannot be read".to_owned(),
        (Some(form), true) if form.is_encrypted => "is encrypted".to_owned(),
        (None, true) => "holds no private key".to_owned(),
        (Some(_), true) => "cannot be read as a key that tokens are signed with".to_owned(),
    })
}

fn how_it_is_written(key: &SigningKey) -> String {
    let label = key.form.as_ref().and_then(|form| form.first_label.clone());
    label.map_or_else(
        || "its signer cannot load it".to_owned(),
        |label| format!("its signer cannot load a text that begins with `{label}`"),
    )
}

fn lifetime(signer: &TokenSigner, request: &SharedRequest) -> Lifetime {
    let told = signer.lifetime.as_ref();
    if let Some((setting, place)) = told.and_then(|told| Some((told, told.told_at.as_ref()?))) {
        return Lifetime {
            duration: setting.value,
            told_by: format!("token_expiration in {place}"),
        };
    }
    if let Some(duration) = request.token_lifetime {
        return Lifetime {
            duration,
            told_by: "--token-lifetime".to_owned(),
        };
    }
    Lifetime {
        duration: told.map_or(HARBORS_OWN, |told| told.value),
        told_by: format!(
            "what Harbor has by default, as no file tells it of {}; --token-lifetime says otherwise",
            signer.component
        ),
    }
}

fn unread_root(root: &CertificateFile) -> (SharedFile, Vec<PublicKey>) {
    let keys = root.certificates.iter();
    let keys = keys.map(|certificate| certificate.public_key().clone());
    (file(&root.place, 0o600, root.status.owner), keys.collect())
}

fn durable(templates: &Templates) -> Durable {
    let of = |place: &Place, mode| file(place, mode, None);
    let roots = templates.root.certificates.iter();
    Durable {
        key: of(&templates.key.place, 0o600),
        key_is: templates.key.public.clone(),
        root: of(&templates.root.place, 0o644),
        root_is: roots.map(|root| root.public_key().clone()).collect(),
        configuration: of(&templates.configuration, 0o644),
        is_off: !templates.customize_crt.value,
    }
}

fn verifier_file(
    verifier: &TokenVerifier,
    distribution: &Distribution,
    needs_ids: bool,
) -> Option<VerifierFile> {
    let bundle = distribution.bundle.as_ref()?;
    let is_v3 = distribution.release == Some(DistributionRelease::V3);
    let mode = match distribution.runs_as {
        Some(_) => 0o600,
        None => bundle.status.mode.unwrap_or(0o644),
    };
    let mount = match distribution.mount {
        Some(topology::Mount::File) => Mount::File,
        Some(topology::Mount::Directory) | None => Mount::Directory,
    };
    let stops =
        |algorithm: &PublicKeyAlgorithm| !is_v3 && *algorithm == PublicKeyAlgorithm::Ed25519;
    let certificates = bundle.certificates.iter();
    let trusted: Vec<TrustedKey> = certificates
        .filter(|certificate| !stops(certificate.public_key().algorithm()))
        .map(|certificate| TrustedKey {
            key: certificate.public_key().clone(),
            certificate: Some(certificate.clone()),
        })
        .collect();
    let file = SharedFile {
        mount,
        ..file(&bundle.place, mode, distribution.runs_as)
    };
    let component = verifier.component.to_string();
    Some(VerifierFile {
        form: VerifierForm::Bundle(Box::new(BundleFiles {
            asks: asks(distribution, is_v3),
            refused: refused(bundle, trusted.len()),
            jwks: jwks(verifier, distribution, &file, is_v3 && needs_ids),
            file,
        })),
        restart: restart(
            &component,
            verifier.container.as_deref(),
            &verifier.told_at,
            "what runs with that configuration",
        ),
        component,
        trusted,
    })
}

fn asks(distribution: &Distribution, is_v3: bool) -> Option<TokenNames> {
    Some(TokenNames {
        issuer: distribution.issuer.as_ref()?.value.clone(),
        service: distribution.service.as_ref()?.value.clone(),
        kid: if is_v3 {
            KidForm::Rfc7638
        } else {
            KidForm::Libtrust
        },
    })
}

/// What keeps the registry from starting, or makes one of its blocks useless.
fn refused(bundle: &CertificateFile, trusted: usize) -> Option<String> {
    let blocks = bundle.pem.matches("-----BEGIN CERTIFICATE-----").count();
    if !bundle.is_there {
        Some("is not there or cannot be read".to_owned())
    } else if bundle.certificates.is_empty() {
        Some("holds no certificate".to_owned())
    } else if trusted < bundle.certificates.len() {
        Some("holds an Ed25519 key, with which distribution 2 does not start".to_owned())
    } else if blocks > bundle.certificates.len() {
        Some("holds a block that is no certificate".to_owned())
    } else {
        None
    }
}

/// Distribution 3 computes other ids than classic signers write, so they are given it in a key set.
fn jwks(
    verifier: &TokenVerifier,
    distribution: &Distribution,
    bundle: &SharedFile,
    is_needed: bool,
) -> Option<Jwks> {
    let configuration = file(&verifier.told_at, 0o644, None);
    if let Some(told) = &distribution.jwks {
        let place = &told.place;
        return Some(Jwks {
            file: file(place, bundle.mode, bundle.owner),
            entries: told.keys.clone(),
            is_told: true,
            path_there: place.path.clone(),
            configuration,
        });
    }
    // Beside a file that is mounted by itself, another one would not be seen.
    if !is_needed || bundle.mount == Mount::File {
        return None;
    }
    let beside = |path: &Path| path.with_file_name(KEY_SET);
    let there = distribution
        .bundle_in_container
        .as_deref()
        .unwrap_or(&bundle.path);
    Some(Jwks {
        file: SharedFile {
            path: beside(&bundle.path),
            read_from: beside(&bundle.read_from),
            ..bundle.clone()
        },
        entries: Vec::new(),
        is_told: false,
        path_there: beside(there),
        configuration,
    })
}

fn signer_notes(signer: &TokenSigner, kid: KidForm) -> Vec<String> {
    let mut notes = Vec::new();
    let name = &signer.component;
    if signer.templates.is_some() {
        notes.push(format!(
            "{name}: with customize_crt = off prepare copies the pair from common/templates, with the mode of its umask: chmod 600 {} \
             after each prepare",
            signer.key.place.path.display()
        ));
    }
    if signer.robots_are_tokens {
        notes.push(format!(
            "{name}: the robot accounts of Harbor 1.8 to 2.1 are tokens of its key: where the key changes, all of them are refused, and \
             have to be made anew"
        ));
    }
    if let SignerKind::Harbor(release) = signer.kind
        && release.is_at_least(1, 10)
        && !release.is_at_least(2, 0)
    {
        notes.push(format!(
            "{name}: core of Harbor 1.10 checks tokens itself, with its own key alone: one that was signed before the switch may be \
             refused there once; clients ask for a new one"
        ));
    }
    if kid == KidForm::X5c {
        notes.push(format!(
            "{name} sends a certificate (x5c) with its tokens: give it the new root certificate together with the new key"
        ));
    }
    notes
}

fn verifier_notes(verifier: &TokenVerifier, distribution: &Distribution) -> Vec<String> {
    let mut notes = Vec::new();
    let name = &verifier.component;
    if distribution.bundle.is_none() {
        notes.push(format!(
            "{name} has no rootcertbundle, so nothing is written for it: add one to {}",
            verifier.told_at
        ));
    }
    if distribution.drain_timeout.is_none() && name.name == "registry" {
        notes.push(format!(
            "{name} has no http.draintimeout, so its restart cuts uploads off: set draintimeout: 20s below http in {}",
            verifier.told_at
        ));
    }
    notes
}

fn restart(name: &str, container: Option<&str>, told_at: &Place, otherwise: &str) -> Restart {
    let directory = told_at.path.parent().unwrap_or(Path::new("/"));
    let how = match container {
        Some(container) => format!(
            "cd {} && docker-compose restart {container}",
            quoted(&compose_directory(directory).to_string_lossy())
        ),
        None => format!("restart {otherwise}: {}", told_at.path.display()),
    };
    Restart {
        name: name.to_owned(),
        how,
    }
}

/// Harbor's files of configuration lie in common/config below its compose file.
fn compose_directory(directory: &Path) -> PathBuf {
    let mut above = directory.ancestors();
    let common = above.find(|path| path.ends_with("common/config"));
    let root = common.and_then(|path| path.parent()?.parent());
    root.unwrap_or(directory).to_path_buf()
}

fn file(place: &Place, mode: u32, owner: Option<(u32, u32)>) -> SharedFile {
    SharedFile {
        path: place.path.clone(),
        read_from: place.read_from.clone(),
        mode,
        owner,
        mount: Mount::Directory,
    }
}

/// `token_expiration` of every Harbor, in minutes, unless it is set.
const HARBORS_OWN: Duration = Duration::minutes(30);
/// What hapki calls a key set where none is configured.
const KEY_SET: &str = "hapki-jwks.json";
