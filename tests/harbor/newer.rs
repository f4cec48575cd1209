//! Harbor 1.8 and later: harbor.yml, and secrets on the data volume that `prepare` keeps where it finds them.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::harbor::Settings;
use crate::harbor::disk;
use crate::harbor::disk::HARBOR;
use crate::harbor::keys;
use crate::harbor::minor;
use crate::harbor::older;

pub(super) fn install(root: &Path, settings: &Settings) {
    let directory = root.join("opt/harbor");
    let https = include_str!("texts/https.yml");
    let internal = "internal_tls:\n  enabled: true\n  dir: /etc/harbor/tls/internal\n";
    let yml = include_str!("texts/harbor.yml")
        .replace("{{hostname}}", &settings.hostname)
        .replace("{{version}}", &settings.version)
        .replace("{{https}}", if settings.tls { https } else { "" })
        .replace(
            "{{internal_tls}}",
            if settings.internal_tls { internal } else { "" },
        );
    disk::put(&directory.join("harbor.yml"), &yml, 0o644);
    compose(&directory, &settings.version, settings.notary, &yml);
    if settings.internal_tls {
        certificates(&root.join("etc/harbor/tls/internal"));
    }
}

pub(super) fn prepare(version: &str, root: &Path) {
    let directory = root.join("opt/harbor");
    let yml = disk::read(&directory.join("harbor.yml"));
    let tls = yml.contains("\nhttps:\n");
    let data = value(&yml, "data_volume").unwrap();
    let data_on_disk = on_disk(root, data);
    // `install.sh` hands on whether there is a notary: as before.
    let has_notary = disk::read(&directory.join("docker-compose.yml")).contains("notary-server:");
    compose(&directory, version, has_notary, &yml);

    let config = directory.join("common/config");
    disk::remove_files_below(&config);
    let hostname = value(&yml, "hostname").unwrap();
    let url = format!("{}://{hostname}", if tls { "https" } else { "http" });
    let nginx = match tls {
        true => include_str!("texts/nginx.https.conf"),
        false => include_str!("texts/nginx.http.conf"),
    };
    let nginx = nginx
        .replace("listen 443 ", "listen 8443 ")
        .replace("listen 80;", "listen 8080;")
        .replace("{{service}}", "core")
        .replace("{{ssl_cert}}", "/etc/cert/server.crt")
        .replace("{{ssl_cert_key}}", "/etc/cert/server.key");
    disk::put_for(HARBOR, &config.join("nginx/nginx.conf"), &nginx, 0o644);
    let registry = match minor(version) {
        (1, _) => include_str!("texts/registry.yml").replace("{{url}}", &url),
        _ => include_str!("texts/registry-htpasswd.yml").to_owned(),
    };
    disk::put_for(
        HARBOR,
        &config.join("registry/config.yml"),
        &registry,
        0o644,
    );

    pair(root, &data_on_disk);
    if !data_on_disk.join("secret/keys/secretkey").exists() {
        let path = data_on_disk.join("secret/keys/secretkey");
        disk::put_for(HARBOR, &path, "abcdefghijklmnop", 0o600);
    }
    if tls {
        shown(root, &data_on_disk, &yml);
    }
    if yml.contains("\ninternal_tls:\n") {
        internal(root, &data_on_disk, &yml);
    }
}

/// Kept where both are there; otherwise the old ones of common/config, or else both new.
fn pair(root: &Path, data: &Path) {
    let key = data.join("secret/core/private_key.pem");
    let certificate = data.join("secret/registry/root.crt");
    if key.exists() && certificate.exists() {
        return;
    }
    let config = root.join("opt/harbor/common/config");
    let (old_key, old_certificate) = (
        config.join("core/private_key.pem"),
        config.join("registry/root.crt"),
    );
    if old_key.exists() && old_certificate.exists() {
        disk::put_for(HARBOR, &key, &disk::read(&old_key), 0o600);
        disk::put_for(HARBOR, &certificate, &disk::read(&old_certificate), 0o600);
        return;
    }
    let old = fs::read_to_string(&key).ok();
    let new = older::another(root, old.as_deref());
    disk::put_for(HARBOR, &key, &new, 0o600);
    disk::put_for(HARBOR, &certificate, &keys::root(&new), 0o600);
}

/// secret/cert is removed and copied anew from what harbor.yml names.
fn shown(root: &Path, data: &Path, yml: &str) {
    let to = data.join("secret/cert");
    if to.exists() {
        fs::remove_dir_all(&to).unwrap();
    }
    for (key, name) in [("certificate", "server.crt"), ("private_key", "server.key")] {
        let from = on_disk(root, value(yml, key).unwrap());
        disk::put_for(HARBOR, &to.join(name), &disk::read(&from), 0o600);
    }
}

fn internal(root: &Path, data: &Path, yml: &str) {
    let from = on_disk(root, value(yml, "dir").unwrap());
    let to = data.join("secret/tls");
    if to.exists() {
        fs::remove_dir_all(&to).unwrap();
    }
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let mode = if name.ends_with(".key") { 0o600 } else { 0o644 };
        let owner = if name.starts_with("harbor_db") {
            999
        } else {
            HARBOR
        };
        disk::put_for(owner, &to.join(name), &disk::read(&path), mode);
    }
    let trusted = disk::read(&to.join("harbor_internal_ca.crt"));
    let shared = root.join("opt/harbor/common/config/shared/trust-certificates");
    disk::put(&shared.join("harbor_internal_ca.crt"), &trusted, 0o644);
}

/// What `prepare gencert` makes: an authority and one leaf for each container, for a year.
fn certificates(directory: &Path) {
    let authority = keys::Authority::new("");
    disk::put(
        &directory.join("harbor_internal_ca.crt"),
        &authority.pem(),
        0o644,
    );
    for (name, host) in INTERNAL {
        let made = authority.server(&[host]);
        disk::put(
            &directory.join(format!("{name}.crt")),
            &made.certificate,
            0o644,
        );
        disk::put(&directory.join(format!("{name}.key")), &made.key, 0o600);
    }
}

fn compose(directory: &Path, version: &str, notary: bool, yml: &str) {
    let data = value(yml, "data_volume").unwrap();
    let registry = match minor(version) {
        (1, _) => format!("v2.7.1-patch-2819-v{version}"),
        _ => format!("v{version}"),
    };
    let text = match notary {
        true => include_str!("texts/compose-notary-1.8.yml"),
        false => "",
    };
    let tls = if yml.contains("\nhttps:\n") {
        include_str!("texts/compose-tls.yml")
    } else {
        ""
    };
    let compose = include_str!("texts/compose-1.8.yml")
        .replace("{{notary}}", text)
        .replace("{{tls}}", tls)
        .replace(
            "{{https_port}}",
            if tls.is_empty() {
                ""
            } else {
                "      - 443:8443\n"
            },
        )
        .replace("{{registry}}", &registry)
        .replace("{{version}}", version)
        .replace("{{data}}", data);
    disk::put(&directory.join("docker-compose.yml"), &compose, 0o644);
}

fn on_disk(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

fn value<'a>(yml: &'a str, wanted: &str) -> Option<&'a str> {
    yml.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == wanted && !value.trim().is_empty()).then(|| value.trim())
    })
}

/// File and host of each container.
const INTERNAL: [(&str, &str); 8] = [
    ("proxy", "proxy"),
    ("portal", "portal"),
    ("core", "core"),
    ("job_service", "jobservice"),
    ("registry", "registry"),
    ("registryctl", "registryctl"),
    ("trivy_adapter", "trivy-adapter"),
    ("harbor_db", "harbor_db"),
];
