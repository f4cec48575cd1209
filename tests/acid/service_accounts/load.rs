//! Pods that never rest: they carry service-account tokens to every apiserver that is ready, and every answer is counted.
//!
//! An apiserver that is about to be restarted is taken out first, as a balancer with readiness checks does: no new request
//! goes there, and those under way are answered before it ends. So not one request may fail, whatever the reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use crate::cluster::NODES;
use crate::peers;

/// Requests under way until this is dropped.
pub struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    directory: PathBuf,
    authority: PathBuf,
    /// Held to write while an apiserver is out.
    nodes: [RwLock<()>; NODES.len()],
    tokens: Mutex<Vec<Token>>,
    /// How often each status came; what is no status is what curl said.
    answers: Mutex<BTreeMap<String, usize>>,
    sent: AtomicUsize,
    ended: AtomicBool,
}

/// A token in a file, carried until its time is over.
struct Token {
    /// Whose it is: a newer one of the same holder takes its place.
    holder: String,
    header: PathBuf,
    until: Instant,
}

impl Load {
    pub fn start(directory: &Path, authority: &Path) -> Self {
        fs::create_dir_all(directory).unwrap();
        let shared = Arc::new(Shared {
            directory: directory.to_owned(),
            authority: authority.to_owned(),
            nodes: Default::default(),
            tokens: Mutex::default(),
            answers: Mutex::default(),
            sent: AtomicUsize::default(),
            ended: AtomicBool::default(),
        });
        let threads = (0..PODS).map(|pod| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.carry(pod))
        });
        Self {
            threads: threads.collect(),
            shared,
        }
    }

    /// Has a token carried for so long; it takes the place of the holder's last one.
    pub fn hold(&self, holder: &str, token: &str, lifetime: Duration) {
        let number = self.shared.sent.load(Ordering::Relaxed);
        let header = self.shared.directory.join(format!("{holder}-{number}"));
        fs::write(&header, format!("Authorization: Bearer {}\n", token.trim())).unwrap();
        let mut tokens = self.shared.tokens.lock().unwrap();
        tokens.retain(|known| known.holder != holder);
        tokens.push(Token {
            holder: holder.to_owned(),
            header,
            until: Instant::now() + lifetime,
        });
    }

    /// Does something to an apiserver while no request is under way there and none begins.
    pub fn without<T>(&self, node: usize, work: impl FnOnce() -> T) -> T {
        let _out = self.shared.nodes[node].write().unwrap();
        work()
    }

    /// How often each answer came so far.
    pub fn answers(&self) -> BTreeMap<String, usize> {
        self.shared.answers.lock().unwrap().clone()
    }

    /// Ends, and tells how often each answer came.
    pub fn end(self) -> BTreeMap<String, usize> {
        self.shared.ended.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        std::mem::take(&mut self.shared.answers.lock().unwrap())
    }
}

impl Shared {
    fn carry(&self, pod: usize) {
        let mut turn = pod;
        while !self.ended.load(Ordering::Relaxed) {
            turn += 1;
            let node = turn % NODES.len();
            let (Ok(_ready), Some(header)) = (self.nodes[node].try_read(), self.token(turn)) else {
                thread::sleep(Duration::from_millis(5));
                continue;
            };
            let answer = self.ask(NODES[node].address, &header);
            let refused = answer != "200";
            *self
                .answers
                .lock()
                .unwrap()
                .entry(answer.clone())
                .or_default() += 1;
            self.sent.fetch_add(1, Ordering::Relaxed);
            if refused {
                println!("{} to {}: {answer}", header.display(), NODES[node].name);
            }
        }
    }

    /// The tokens take turns; one whose time is over is put away a little earlier.
    fn token(&self, turn: usize) -> Option<PathBuf> {
        let mut tokens = self.tokens.lock().unwrap();
        tokens.retain(|token| token.until > Instant::now() + MARGIN);
        let count = tokens.len().max(1);
        Some(tokens.get(turn / NODES.len() % count)?.header.clone())
    }

    fn ask(&self, address: &str, header: &Path) -> String {
        let mut curl = peers::peer("curl", ["--silent", "--show-error", "--max-time", "10"]);
        curl.args(["--output", "/dev/null", "--write-out", "%{http_code}"]);
        curl.arg("--cacert").arg(&self.authority);
        curl.arg("--header").arg(format!("@{}", header.display()));
        let said = peers::run(curl.arg(format!("https://{address}:6443/api")));
        if said.ok {
            said.stdout
        } else {
            said.stderr.trim().to_owned()
        }
    }
}

const PODS: usize = 3;
/// What a request may take at most, on a machine that is busy.
const MARGIN: Duration = Duration::from_secs(5);
