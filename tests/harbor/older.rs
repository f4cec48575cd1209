//! Harbor 1.1 to 1.7: harbor.cfg, and a pair that `prepare` makes anew below common/config each time.

use std::fs;
use std::path::Path;

use crate::harbor::Settings;
use crate::harbor::disk;
use crate::harbor::disk::HARBOR;
use crate::harbor::keys;
use crate::harbor::minor;

/// The container that signs tokens, and its directory.
pub fn service(version: &str) -> &'static str {
    if minor(version) < (1, 7) {
        "ui"
    } else {
        "core"
    }
}

pub(super) fn install(root: &Path, settings: &Settings) {
    let directory = root.join("opt/harbor");
    let version = &settings.version;
    let on_off = |set| if set { "on" } else { "off" };
    let cfg = include_str!("texts/harbor.cfg")
        .replace("{{hostname}}", &settings.hostname)
        .replace("{{protocol}}", if settings.tls { "https" } else { "http" })
        .replace(
            "{{token_expiration}}",
            &settings.token_expiration.to_string(),
        )
        .replace("{{customize_crt}}", on_off(settings.customize_crt));
    disk::put(&directory.join("harbor.cfg"), &cfg, 0o644);
    let compose = match minor(version) {
        (1, 0..=5) => include_str!("texts/compose-1.1.yml"),
        (1, 6) => include_str!("texts/compose-1.6.yml"),
        _ => include_str!("texts/compose-1.7.yml"),
    };
    let compose = compose.replace("{{version}}", version);
    disk::put(&directory.join("docker-compose.yml"), &compose, 0o644);
    if settings.notary {
        let notary = include_str!("texts/compose-notary-1.1.yml").replace("{{version}}", version);
        disk::put(&directory.join("docker-compose.notary.yml"), &notary, 0o644);
    }
    let templates = directory.join("common/templates");
    let nginx = [
        ("nginx.http.conf", include_str!("texts/nginx.http.conf")),
        ("nginx.https.conf", include_str!("texts/nginx.https.conf")),
    ];
    for (name, text) in nginx {
        let text = text.replace("{{service}}", service(version));
        disk::put(&templates.join("nginx").join(name), &text, 0o644);
    }
    let registry = include_str!("texts/registry.yml");
    disk::put(&templates.join("registry/config.yml"), registry, 0o644);
    // The installers bring the same pair for everybody; another one stands for it here.
    let shipped = keys::rsa("shipped");
    let key = templates.join(service(version)).join("private_key.pem");
    disk::put(&key, &shipped, 0o644);
    disk::put(
        &templates.join("registry/root.crt"),
        &keys::root(&shipped),
        0o644,
    );
}

/// Clears common/config and writes it anew.
pub(super) fn prepare(version: &str, root: &Path) {
    let directory = root.join("opt/harbor");
    let config = directory.join("common/config");
    let templates = directory.join("common/templates");
    let cfg = disk::read(&directory.join("harbor.cfg"));
    let old = fs::read_to_string(config.join(service(version)).join("private_key.pem")).ok();
    disk::remove_files_below(&config);

    let protocol = value(&cfg, "ui_url_protocol").unwrap();
    let url = format!("{protocol}://{}", value(&cfg, "hostname").unwrap());
    let mut nginx = disk::read(&templates.join(format!("nginx/nginx.{protocol}.conf")));
    if protocol == "https" {
        for key in ["ssl_cert", "ssl_cert_key"] {
            let source = Path::new(value(&cfg, key).unwrap());
            let name = Path::new("cert").join(source.file_name().unwrap());
            fs::create_dir_all(config.join("nginx/cert")).unwrap();
            let on_disk = root.join(source.strip_prefix("/").unwrap());
            disk::copy(&on_disk, &config.join("nginx").join(&name));
            let in_container = Path::new("/etc/nginx").join(&name);
            let held = format!("{{{{{key}}}}}");
            nginx = nginx.replace(&held, &in_container.to_string_lossy());
        }
    }
    disk::put(&config.join("nginx/nginx.conf"), &nginx, 0o644);
    let minutes = value(&cfg, "token_expiration").unwrap();
    let env = format!("LOG_LEVEL=info\nTOKEN_EXPIRATION={minutes}\nGODEBUG=netdns=cgo\n");
    disk::put(&config.join("adminserver/env"), &env, 0o644);
    let registry = disk::read(&templates.join("registry/config.yml")).replace("{{url}}", &url);
    disk::put(&config.join("registry/config.yml"), &registry, 0o644);
    secret_key(root, value(&cfg, "secretkey_path").unwrap());

    pair(version, root, old.as_deref());
    if directory.join("docker-compose.notary.yml").exists() {
        fs::create_dir_all(config.join("notary")).unwrap();
        let to = config.join("notary/root.crt");
        disk::copy(&config.join("registry/root.crt"), &to);
    }
}

/// The pair: new, or the templates', as `customize_crt` says.
fn pair(version: &str, root: &Path, old: Option<&str>) {
    let directory = root.join("opt/harbor");
    let config = directory.join("common/config");
    let templates = directory.join("common/templates");
    let cfg = disk::read(&directory.join("harbor.cfg"));
    let key = Path::new(service(version)).join("private_key.pem");
    let certificate = Path::new("registry/root.crt");
    if value(&cfg, "customize_crt") == Some("off") {
        for file in [key.as_path(), certificate] {
            disk::put(
                &config.join(file),
                &disk::read(&templates.join(file)),
                0o644,
            );
        }
        return;
    }
    let owner = if minor(version) < (1, 6) { 0 } else { HARBOR };
    let new = another(root, old);
    disk::put_for(owner, &config.join(key), &new, 0o600);
    disk::put_for(owner, &config.join(certificate), &keys::root(&new), 0o600);
}

/// A key that this machine has not now, and that another one never has.
pub(super) fn another(root: &Path, old: Option<&str>) -> String {
    let machine = root.file_name().unwrap().to_string_lossy();
    let mut keys = (0..).map(|number| keys::rsa(&format!("{machine}/{number}")));
    keys.find(|key| Some(key.as_str()) != old).unwrap()
}

/// Sixteen letters that encrypt passwords in the database.
fn secret_key(root: &Path, directory: &str) {
    let path = root
        .join(directory.trim_start_matches('/'))
        .join("secretkey");
    if !path.exists() {
        disk::put(&path, "abcdefghijklmnop", 0o600);
    }
}

fn value<'a>(cfg: &'a str, wanted: &str) -> Option<&'a str> {
    cfg.lines().find_map(|line| {
        let (key, value) = line.split_once(['=', ':'])?;
        (key.trim() == wanted).then(|| value.trim())
    })
}
