//! An image as small as they come, in the layout of skopeo's `dir:` transport, and as the load pushes it.

use std::fs;
use std::path::Path;

use pki_core::x509::crypto;
use serde_json::Value;
use serde_json::json;

pub struct Image {
    pub config: Vec<u8>,
    pub layer: Vec<u8>,
    pub manifest: String,
}

pub const MANIFEST_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";

impl Image {
    /// Images of different seeds have no blob in common.
    pub fn new(seed: &str) -> Self {
        let layer = tar("seed", seed.as_bytes());
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] },
        });
        let config = config.to_string().into_bytes();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": described("application/vnd.docker.container.image.v1+json", &config),
            "layers": [described("application/vnd.docker.image.rootfs.diff.tar", &layer)],
        });
        Self {
            config,
            layer,
            manifest: manifest.to_string(),
        }
    }

    pub fn write(&self, directory: &Path) {
        fs::create_dir_all(directory).unwrap();
        let blob = |bytes: &[u8]| {
            let name = digest(bytes).replace("sha256:", "");
            fs::write(directory.join(name), bytes).unwrap();
        };
        blob(&self.config);
        blob(&self.layer);
        fs::write(directory.join("manifest.json"), &self.manifest).unwrap();
        fs::write(
            directory.join("version"),
            "Directory Transport Version: 1.1\n",
        )
        .unwrap();
    }
}

pub fn digest(bytes: &[u8]) -> String {
    let hash = crypto::sha256(bytes);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn described(kind: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": kind, "size": bytes.len(), "digest": digest(bytes) })
}

/// One file in an archive (POSIX ustar).
fn tar(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 512];
    let mut put = |at: usize, text: &str| {
        header[at..at + text.len()].copy_from_slice(text.as_bytes());
    };
    put(0, name);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{:011o}\0", bytes.len()));
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\u{0}00");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let padding = vec![0; bytes.len().next_multiple_of(512) - bytes.len() + 1024];
    [header.as_slice(), bytes, &padding].concat()
}
