//! Clients that never rest, and how their requests went, phase by phase.
//!
//! They speak to nginx without TLS, a connection a request: GET of the token, GET and HEAD of manifests and blobs; pushes
//! by POST, two PATCH, PUT of the blob and PUT of the manifest. Two ask for a token before each round, one keeps what it
//! got for as long as the token server said, two push. A sixth is skopeo, over TLS and by name: login, push, pull. None
//! tries anything twice.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use crate::registry_tokens::client::Client;
use crate::registry_tokens::image::Image;
use crate::registry_tokens::site::Site;
use crate::registry_tokens::skopeo::Skopeo;

/// Clients at work.
pub struct Load {
    record: Arc<Record>,
    threads: Vec<JoinHandle<()>>,
}

/// What all clients write down. A request belongs to the phase in which it began.
#[derive(Default)]
pub struct Record {
    ended: AtomicBool,
    phases: Mutex<Vec<Phase>>,
}

/// What became of the requests of one phase.
#[derive(Clone, Debug, Default)]
pub struct Phase {
    pub name: String,
    /// By what was asked.
    pub answered: BTreeMap<String, usize>,
    pub failed: Vec<String>,
    /// What the longest request took.
    pub slowest: Duration,
}

impl Load {
    /// Pushes to the first registry, which trusts the first token server, what will be pulled; then the clients start.
    pub fn start(site: &Site, phase: &str) -> Self {
        let record = Arc::new(Record::new(phase));
        let works: [fn(&Client); 5] = [
            pull_with_fresh_tokens,
            pull_with_fresh_tokens,
            pull_with_kept_tokens,
            push,
            push,
        ];
        let mut threads = Vec::new();
        for (number, work) in works.into_iter().enumerate() {
            let alone = Arc::new(Record::new("before"));
            let first = Client::new(number, "token1", site.pinned_plain(0), Arc::clone(&alone));
            let token = first.token("pull,push").expect("a token");
            let pushed = first.push(&token, &first_image(number));
            assert!(pushed.is_ok(), "{:?}", alone.phases());
            let client = Client::new(number, "load", site.plain(), Arc::clone(&record));
            threads.push(thread::spawn(move || work(&client)));
        }
        let (skopeo, host) = (site.skopeo(), site.named_host());
        let image = site.work.join("load-image");
        Image::new("skopeo").write(&image);
        let of_skopeo = Arc::clone(&record);
        threads.push(thread::spawn(move || {
            of_skopeo.rounds(SKOPEO_RESTS, |_| {
                use_skopeo(&of_skopeo, &skopeo, &host, &image);
            });
        }));
        Self { record, threads }
    }

    /// Requests from here on belong to another phase.
    pub fn phase(&self, name: &str) {
        self.record.begin(name);
    }

    /// Lets every client finish its round.
    pub fn stop(self) -> Vec<Phase> {
        self.record.ended.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        self.record.phases()
    }
}

impl Record {
    pub fn new(phase: &str) -> Self {
        let record = Self::default();
        record.begin(phase);
        record
    }

    pub fn phases(&self) -> Vec<Phase> {
        self.phases.lock().unwrap().clone()
    }

    /// Makes a request and writes down how it went.
    pub fn note<T>(
        &self,
        what: &str,
        request: impl FnOnce() -> Result<T, String>,
    ) -> Result<T, ()> {
        let phase = self.phases.lock().unwrap().len() - 1;
        let began = Instant::now();
        let outcome = request();
        let phase = &mut self.phases.lock().unwrap()[phase];
        phase.slowest = phase.slowest.max(began.elapsed());
        outcome
            .inspect(|_| *phase.answered.entry(what.to_owned()).or_default() += 1)
            .map_err(|problem| phase.failed.push(format!("{what}: {problem}")))
    }

    fn begin(&self, name: &str) {
        self.phases.lock().unwrap().push(Phase {
            name: name.to_owned(),
            ..Phase::default()
        });
    }

    fn rounds(&self, rest: Duration, mut round: impl FnMut(usize)) {
        for number in 0.. {
            if self.ended.load(Ordering::Relaxed) {
                return;
            }
            round(number);
            thread::sleep(rest);
        }
    }
}

impl Phase {
    pub fn requests(&self) -> usize {
        self.answered.values().sum::<usize>() + self.failed.len()
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.answered.iter();
        let kinds: Vec<String> = kinds
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        let (all, failed) = (self.requests(), self.failed.len());
        let slowest = self.slowest.as_millis();
        let name = &self.name;
        write!(
            f,
            "{name}: {all} requests, {failed} failed, the slowest took {slowest} ms; answered: {}",
            kinds.join(", ")
        )
    }
}

// A failure is on record; every client goes on after it.

fn pull_with_fresh_tokens(client: &Client) {
    let image = first_image(client.number);
    client.record.rounds(REST, |_| {
        if let Ok(token) = client.token("pull") {
            let _ = client.pull(&token, &image);
        }
    });
}

fn pull_with_kept_tokens(client: &Client) {
    let image = first_image(client.number);
    let mut kept = None;
    client.record.rounds(REST, |_| {
        let token = kept.take().filter(|token| client.may_use(token));
        kept = token.or_else(|| client.token("pull").ok());
        if let Some(token) = &kept {
            let _ = client.pull(token, &image);
        }
    });
}

fn push(client: &Client) {
    client.record.rounds(REST, |round| {
        let image = Image::new(&format!("{round} of {}", client.number));
        if let Ok(token) = client.token("pull,push") {
            let _ = client.push(&token, &image);
        }
    });
}

fn use_skopeo(record: &Record, skopeo: &Skopeo, host: &str, image: &std::path::Path) {
    let run = |what, run: &dyn Fn() -> crate::peers::Said| {
        record.note(what, || match run() {
            said if said.ok => Ok(()),
            said => Err(said.stderr),
        })
    };
    let pushed = run("skopeo login", &|| skopeo.login(host, "load")).and_then(|()| {
        run("skopeo push", &|| {
            skopeo.push(host, "load", image, "load/skopeo:1")
        })
    });
    if pushed.is_ok() {
        let _ = run("skopeo pull", &|| {
            skopeo.pull(host, "load", "load/skopeo:1")
        });
    }
}

fn first_image(client: usize) -> Image {
    Image::new(&format!("first of {client}"))
}

const REST: Duration = Duration::from_millis(100);
const SKOPEO_RESTS: Duration = Duration::from_millis(500);
