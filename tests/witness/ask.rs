//! One question for OpenSSL, put to its programs and to hapki alike.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

use pki_core::verdict::go::Purpose;
use pki_core::verdict::openssl;
use pki_core::verdict::openssl::Name;
use pki_core::verdict::openssl::Question;
use pki_core::verdict::openssl::Settings;
use pki_core::verdict::signatures::Signatures;
use pki_core::x509::certificate::Certificate;
use time::OffsetDateTime;

use crate::case::Case;
use crate::case::Der;

pub struct Ask {
    /// Leaf first.
    pub chain: Vec<Certificate>,
    pub roots: Vec<Certificate>,
    /// A host name or an address; empty where none is asked for.
    pub host: String,
    pub purpose: Purpose,
    pub now: OffsetDateTime,
    pub settings: Settings,
}

impl Ask {
    /// The question of a case; `None` where a command line cannot carry it, or hapki cannot read a certificate.
    pub fn of(case: Case) -> Option<Self> {
        if case.host.contains('\0') {
            return None;
        }
        let read = |ders: Vec<Der>| -> Option<Vec<Certificate>> {
            let certificates = ders.iter().map(|der| Certificate::from_der(der).ok());
            certificates.collect()
        };
        Some(Self {
            chain: read([case.chain, case.intermediates].concat())?,
            roots: read(case.roots)?,
            host: case.host,
            purpose: case.purpose,
            now: case.now,
            settings: Settings::VERIFY_COMMAND,
        })
    }

    pub fn question(&self) -> Question<'_> {
        let (leaf, presented) = self.chain.split_first().expect("a leaf");
        Question {
            leaf,
            presented,
            roots: &self.roots,
            name: match self.address() {
                Some(address) => Some(Name::Ip(address)),
                None => Some(Name::Dns(&self.host)),
            },
            purpose: self.purpose,
            now: self.now,
            settings: self.settings,
        }
    }

    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// What hapki says that `openssl verify` prints.
    pub fn hapki(&self) -> Vec<String> {
        openssl::verify_command(&self.question(), &mut Signatures::default())
    }

    /// What `openssl verify` prints; it has `directory` to itself.
    pub fn openssl(&self, directory: &Path) -> Vec<String> {
        let mut command = Command::new("openssl");
        command.args(["verify", "-no-CApath", "-no-CAstore"]);
        match self.purpose {
            Purpose::Server => command.args(["-purpose", "sslserver"]),
            Purpose::Client => command.args(["-purpose", "sslclient"]),
            Purpose::Any => &mut command,
        };
        command.args(self.options(directory));
        let leaf = directory.join("leaf.pem");
        fs::write(&leaf, self.chain[0].to_pem()).unwrap();
        if self.chain.len() > 1 {
            let presented = directory.join("presented.pem");
            write(&presented, &self.chain[1..]);
            command.arg("-untrusted").arg(presented);
        }
        let output = command.arg(leaf).output().expect("openssl is installed");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let lines = said.lines().filter(|line| line.contains(" depth lookup: "));
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        let is_judged =
            output.status.success() == lines.is_empty() || said.contains("verification failed");
        assert!(is_judged, "openssl verify: {said}");
        if !output.status.success() && lines.is_empty() {
            return vec!["(failed without a word)".to_owned()];
        }
        lines
    }

    /// The options that `openssl verify` and `openssl s_client` share.
    pub fn options(&self, directory: &Path) -> Vec<String> {
        let mut options = Vec::new();
        let mut add = |name: &str, value: &str| options.extend([name.to_owned(), value.to_owned()]);
        add("-attime", &self.now.unix_timestamp().to_string());
        match self.address() {
            Some(address) => add("-verify_ip", &address.to_string()),
            None if !self.host.is_empty() => add("-verify_hostname", &self.host),
            None => {}
        }
        add("-auth_level", &self.settings.level.to_string());
        add("-verify_depth", &self.settings.depth.to_string());
        if self.roots.is_empty() {
            options.push("-no-CAfile".to_owned());
        } else {
            let roots = directory.join("roots.pem");
            write(&roots, &self.roots);
            options.extend(["-CAfile".to_owned(), roots.display().to_string()]);
        }
        if self.settings.partial_chain {
            options.push("-partial_chain".to_owned());
        }
        options
    }
}

pub fn write(path: &Path, certificates: &[Certificate]) {
    let blocks: String = certificates.iter().map(Certificate::to_pem).collect();
    fs::write(path, blocks).unwrap();
}
