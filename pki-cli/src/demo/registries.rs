//! The report's second half: Harbor 1.1.0 on two nodes over one shared directory, each with the token pair that its own
//! `prepare` made.

use std::path::Path;

use pki_core::bundle::Bundle;
use pki_core::bundle::BundleFile;
use pki_core::bundle::Existing;
use pki_core::issue::KeySource;
use pki_core::issue::RandomSerials;
use pki_core::issue::SerialSource;
use pki_core::x509::certificate::BasicConstraints;
use pki_core::x509::certificate::Certificate;
use pki_core::x509::certificate::ExtendedKeyUsage;
use pki_core::x509::certificate::KeyUsage;
use pki_core::x509::crypto;
use pki_core::x509::key::KeyAlgorithm;
use pki_core::x509::key::PrivateKey;
use pki_core::x509::name::DistinguishedName;
use pki_core::x509::template::Template;
use time::Duration;
use time::OffsetDateTime;

use crate::issue::fresh_keys;

/// Adds both nodes below `directory`.
pub(super) fn add(
    directory: &Path,
    algorithm: KeyAlgorithm,
    now: OffsetDateTime,
    bundle: &mut Bundle,
) -> Result<(), String> {
    let mut forge = Forge {
        directory,
        now,
        bundle,
    };
    // Harbor signs tokens with RSA alone.
    let wanted = [
        algorithm,
        algorithm,
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::Rsa2048,
    ];
    let keys = fresh_keys()
        .keys(&wanted)
        .map_err(|error| error.to_string())?;
    let keys: [PrivateKey; 4] = keys
        .try_into()
        .map_err(|_| "the demo made too few keys".to_owned())?;
    let [authority_key, server_key, one, other] = keys;
    let authority = forge.authority("wulin registries", &authority_key)?;
    let server = forge.server(&server_key, &authority, &authority_key)?;
    for (node, token_key) in [("node1", one), ("node2", other)] {
        for (path, text) in FILES.iter().filter(|(path, _)| path.starts_with(node)) {
            // Nothing here reads the database.
            let text = text.replace("{{db-password}}", "root123");
            forge.file(path, 0o644, "configuration", text);
        }
        let shared = format!("{node}/mnt/cephfs/harbor/data/cert");
        let config = format!("{node}/opt/harbor/common/config");
        let ca = format!("{shared}/ca.crt");
        forge.file(&ca, 0o644, "certificate", authority.to_pem());
        for beside in [shared, format!("{config}/nginx/cert")] {
            let key = server_key.to_pem().to_owned();
            forge.file(&format!("{beside}/server.key"), 0o600, "key", key);
            let certificate = server.to_pem();
            forge.file(
                &format!("{beside}/server.crt"),
                0o644,
                "certificate",
                certificate,
            );
        }
        let root = forge.authority("", &token_key)?;
        let key = token_key.to_pem().to_owned();
        forge.file(&format!("{config}/ui/private_key.pem"), 0o600, "key", key);
        let path = format!("{config}/registry/root.crt");
        forge.file(&path, 0o644, "certificate", root.to_pem());
    }
    Ok(())
}

struct Forge<'a> {
    directory: &'a Path,
    now: OffsetDateTime,
    bundle: &'a mut Bundle,
}

impl Forge<'_> {
    /// What `openssl req -new -x509 -days 3650` makes.
    fn authority(&self, name: &str, key: &PrivateKey) -> Result<Certificate, String> {
        let name = DistinguishedName::new(name, &[]);
        let id = crypto::sha1(key.public_key().key_bits()).to_vec();
        let template = Template {
            basic_constraints: Some(BasicConstraints {
                ca: true,
                path_len: None,
            }),
            not_after: self.now + Duration::days(3650),
            subject_key_id: Some(id),
            ..self.template(&name, &name, key)?
        };
        template.sign(key).map_err(|error| error.to_string())
    }

    /// For both addresses and for the name that the balancer has.
    fn server(
        &self,
        key: &PrivateKey,
        authority: &Certificate,
        authority_key: &PrivateKey,
    ) -> Result<Certificate, String> {
        let mut names = Vec::new();
        for name in ["hub.tonybai.com", "10.47.217.91", "10.28.61.30"] {
            names.push(name.parse().map_err(|error| format!("{error}"))?);
        }
        let subject = DistinguishedName::new("hub.tonybai.com", &[]);
        let template = Template {
            key_usage: KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT),
            extended_key_usage: vec![ExtendedKeyUsage::ServerAuth],
            subject_alt_names: names,
            ..self.template(authority.subject(), &subject, key)?
        };
        template
            .sign(authority_key)
            .map_err(|error| error.to_string())
    }

    fn template(
        &self,
        issuer: &DistinguishedName,
        subject: &DistinguishedName,
        key: &PrivateKey,
    ) -> Result<Template, String> {
        Ok(Template {
            serial: RandomSerials.serial().map_err(|error| error.to_string())?,
            issuer: issuer.clone(),
            subject: subject.clone(),
            not_before: self.now - Duration::minutes(5),
            not_after: self.now + Duration::days(365),
            public_key: key.public_key().clone(),
            basic_constraints: None,
            key_usage: KeyUsage::default(),
            extended_key_usage: Vec::new(),
            subject_alt_names: Vec::new(),
            subject_key_id: None,
            authority_key_id: None,
        })
    }

    fn file(&mut self, path: &str, mode: u32, what: &'static str, contents: String) {
        let path = self.directory.join(path);
        let contents = contents.into_bytes();
        let file = BundleFile::new(path, mode, what, Existing::Refuse, contents);
        self.bundle.files.push(file);
    }
}

macro_rules! file {
    ($path:literal) => {
        (
            $path,
            include_str!(concat!("../../../fixtures/seed/harbor/", $path)),
        )
    };
}

/// The files of fixtures/seed/harbor.
const FILES: &[(&str, &str)] = &[
    file!("node1/opt/harbor/common/config/nginx/nginx.conf"),
    file!("node1/opt/harbor/common/config/registry/config.yml"),
    file!("node1/opt/harbor/common/config/ui/app.conf"),
    file!("node1/opt/harbor/docker-compose.yml"),
    file!("node1/opt/harbor/harbor.cfg"),
    file!("node2/opt/harbor/common/config/nginx/nginx.conf"),
    file!("node2/opt/harbor/common/config/registry/config.yml"),
    file!("node2/opt/harbor/common/config/ui/app.conf"),
    file!("node2/opt/harbor/docker-compose.yml"),
    file!("node2/opt/harbor/harbor.cfg"),
];
