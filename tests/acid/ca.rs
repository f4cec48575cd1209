//! CAs made by openssl, as they are met in the wild.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::peers;

/// A CA whose subject openssl writes from a `[dn]` section.
pub struct Recipe {
    pub name: &'static str,
    /// Lines of the section; `1.OU` and `2.OU` make two, a `+` before a name joins it to the one before.
    pub subject: &'static [&'static str],
    /// openssl's choice of string types: `utf8only`, or `nombstr` for T61String.
    pub string_mask: &'static str,
    pub subject_key_id: &'static str,
    /// Whether the section is Latin-1 rather than UTF-8.
    pub latin1: bool,
}

/// Makes `ca.crt` and `ca.key` (P-256) in a PKI directory of its own.
pub fn make(work: &Path, recipe: &Recipe) -> PathBuf {
    let pki = work.join(recipe.name).join("etc/kubernetes/pki");
    fs::create_dir_all(&pki).unwrap();
    let text = format!(
        "[req]\nprompt = no\ndistinguished_name = dn\nx509_extensions = ca\nstring_mask = {}\nutf8 = {}\n[dn]\n{}\n[ca]\n\
         basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,digitalSignature\nsubjectKeyIdentifier = {}\n",
        recipe.string_mask,
        if recipe.latin1 { "no" } else { "yes" },
        recipe.subject.join("\n"),
        recipe.subject_key_id,
    );
    let configuration = work.join(format!("{}.cnf", recipe.name));
    let bytes: Vec<u8> = if recipe.latin1 {
        text.chars().map(|c| u8::try_from(c).unwrap()).collect()
    } else {
        text.into_bytes()
    };
    fs::write(&configuration, bytes).unwrap();
    let mut request = peers::peer(
        "openssl",
        [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ],
    );
    request
        .args(["-noenc", "-days", "3650", "-sha256", "-config"])
        .arg(configuration);
    peers::must(
        request
            .arg("-keyout")
            .arg(pki.join("ca.key"))
            .arg("-out")
            .arg(pki.join("ca.crt")),
    );
    pki
}
