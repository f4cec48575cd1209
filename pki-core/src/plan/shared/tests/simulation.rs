//! Machines with processes that hold what they read when they started, clients that hold tokens, operators who run the
//! command, restart things and lose files, in any order: what a verifier has accepted once it never refuses.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Act {
    /// The command is run with `--apply`, and told of every process that runs with its files as they are, or of one.
    Run { tells_all: bool, which: usize },
    /// The command is run without `--apply`.
    Look,
    /// One process is started anew.
    Restart(usize),
    /// Every process is, one by one.
    RestartAll,
    /// Every signer signs a token that a client keeps.
    Sign,
    /// The clock goes on by so many seconds.
    Later(i64),
    /// The clock is set back.
    Back(i64),
    /// `.hapki/rotation.json` is lost everywhere.
    LoseNotes,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (any::<bool>(), 0_usize..12).prop_map(|(tells_all, which)| Act::Run { tells_all, which }),
        1 => Just(Act::Look),
        3 => (0_usize..12).prop_map(Act::Restart),
        2 => Just(Act::RestartAll),
        4 => Just(Act::Sign),
        4 => (1_i64..2400).prop_map(Act::Later),
        1 => (1_i64..600).prop_map(Act::Back),
        1 => Just(Act::LoseNotes),
    ]
}

struct Token {
    key: PublicKey,
    signed: i64,
    expires: i64,
    accepted_by: BTreeSet<usize>,
}

struct World {
    group: Group,
    progress: Option<Progress>,
    operation: Operation,
    request: SharedRequest,
    made: PublicKey,
    now: i64,
    /// What every verifier and every signer holds, in the order of the group.
    trusts: Vec<Vec<PublicKey>>,
    signs: Vec<PublicKey>,
    tokens: Vec<Token>,
    edges: BTreeSet<(usize, usize)>,
}

impl World {
    fn new(group: Group, operation: Operation, request: SharedRequest) -> Self {
        let mut world = Self {
            trusts: Vec::new(),
            signs: Vec::new(),
            group,
            progress: None,
            operation,
            request,
            made: key(200),
            now: 0,
            tokens: Vec::new(),
            edges: BTreeSet::new(),
        };
        world.trusts = world.verifiers().map(on_disk).collect();
        world.signs = world
            .signers()
            .map(|signer| signer.key.clone().unwrap())
            .collect();
        world
    }

    fn verifiers(&self) -> impl Iterator<Item = &VerifierFile> {
        self.group
            .members
            .iter()
            .flat_map(|member| &member.verifiers)
    }

    fn signers(&self) -> impl Iterator<Item = &SignerFile> {
        self.group.members.iter().flat_map(|member| &member.signers)
    }

    fn processes(&self) -> Vec<String> {
        let verifiers = self.verifiers().map(|verifier| &verifier.restart);
        let signers = self.signers().flat_map(|signer| &signer.restarts);
        let names: BTreeSet<String> = verifiers.chain(signers).map(|r| r.name.clone()).collect();
        names.into_iter().collect()
    }

    fn restart(&mut self, name: &str) {
        let trusts: Vec<Vec<PublicKey>> = self.verifiers().map(on_disk).collect();
        let is_verifier: Vec<bool> = self.verifiers().map(|v| v.restart.name == name).collect();
        for ((held, read), is_it) in self.trusts.iter_mut().zip(trusts).zip(is_verifier) {
            if is_it {
                *held = read;
            }
        }
        let signs: Vec<(bool, PublicKey)> = self
            .signers()
            .map(|signer| {
                // What signs is the first of a file's readers.
                let is_it = signer
                    .restarts
                    .first()
                    .is_some_and(|restart| restart.name == name);
                (is_it, signer.key.clone().unwrap())
            })
            .collect();
        for (held, (is_it, read)) in self.signs.iter_mut().zip(signs) {
            if is_it {
                *held = read;
            }
        }
    }

    /// Whether that process runs with its files as they are.
    fn is_current(&self, name: &str) -> bool {
        let verifiers = self.verifiers().zip(&self.trusts);
        let signers = self.signers().zip(&self.signs);
        verifiers
            .filter(|(verifier, _)| verifier.restart.name == name)
            .all(|(verifier, held)| on_disk(verifier) == *held)
            && signers
                .filter(|(signer, _)| signer.restarts.first().is_some_and(|r| r.name == name))
                .all(|(signer, held)| signer.key.as_ref() == Ok(held))
    }

    fn run(&mut self, told: Vec<String>, applies: bool) -> Option<SharedPlan> {
        let mut request = self.request.clone();
        request.restarted = told;
        let plan = next(
            &self.group,
            self.progress.as_ref(),
            self.operation,
            &request,
            at(self.now),
        )
        .unwrap();
        if plan.blocked.is_some() || !applies {
            assert!(plan.blocked.is_none() || plan.writes.is_empty());
            return Some(plan);
        }
        let was_new = plan.chosen.key == KeyRef::New;
        write(&mut self.group, &plan, &self.made);
        if was_new {
            self.group.waiting = vec![Waiting {
                file: "a/.hapki/next/private_key.pem".into(),
                key: self.made.clone(),
            }];
        }
        self.progress = noted(&plan, self.progress.take(), &self.made, at(self.now));
        let now_read: Vec<Option<PublicKey>> = self
            .signers()
            .map(|signer| {
                let sees =
                    signer.reading == Reading::EachRequest && signer.file.mount == Mount::Directory;
                sees.then(|| signer.key.clone().unwrap())
            })
            .collect();
        for (held, read) in self.signs.iter_mut().zip(now_read) {
            if let Some(read) = read {
                *held = read;
            }
        }
        Some(plan)
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Run { tells_all, which } => {
                let current: Vec<String> = self
                    .processes()
                    .into_iter()
                    .enumerate()
                    .filter(|(at, _)| *tells_all || at == which)
                    .map(|(_, name)| name)
                    .filter(|name| self.is_current(name))
                    .collect();
                self.run(current, true);
            }
            Act::Look => {
                self.run(Vec::new(), false);
            }
            Act::Restart(which) => {
                if let Some(name) = self.processes().get(*which).cloned() {
                    self.restart(&name);
                }
            }
            Act::RestartAll => {
                for name in self.processes() {
                    self.restart(&name);
                    self.holds();
                }
            }
            Act::Sign => {
                let signed = self.now;
                for key in self.signs.clone() {
                    self.tokens.push(Token {
                        key,
                        signed,
                        expires: signed + LIFETIME.whole_seconds(),
                        accepted_by: BTreeSet::new(),
                    });
                }
            }
            Act::Later(seconds) => self.now += seconds,
            Act::Back(seconds) => {
                self.now -= seconds;
                // A token from the future is refused by every verifier, whatever its key.
                let now = self.now;
                self.tokens.retain(|token| token.signed <= now);
            }
            Act::LoseNotes => self.progress = None,
        }
    }

    /// What was accepted still is.
    fn holds(&mut self) {
        let now = self.now;
        self.tokens.retain(|token| token.expires > now);
        for token in &mut self.tokens {
            for (verifier, trusts) in self.trusts.iter().enumerate() {
                let accepts = trusts.contains(&token.key);
                let before = token.accepted_by.contains(&verifier);
                assert!(
                    accepts || !before,
                    "a living token of {:?} is refused by {verifier}",
                    token.key
                );
                if accepts {
                    token.accepted_by.insert(verifier);
                }
            }
        }
        for (signer, key) in self.signs.iter().enumerate() {
            for (verifier, trusts) in self.trusts.iter().enumerate() {
                let edge = (signer, verifier);
                let holds = trusts.contains(key);
                assert!(holds || !self.edges.contains(&edge), "{edge:?} broke");
                if holds {
                    self.edges.insert(edge);
                }
            }
        }
    }

    /// Runs, restarts what is asked for and waits as long as is asked for, until nothing is left to do.
    fn finish(&mut self) {
        for _ in 0..12 {
            let names = self.processes();
            let current = names
                .into_iter()
                .filter(|name| self.is_current(name))
                .collect();
            let plan = self.run(current, true).unwrap();
            self.holds();
            if plan.stage == Stage::Done {
                return;
            }
            for restart in &plan.restart {
                self.restart(&restart.name);
                self.holds();
            }
            if let Some(from) = plan.allowed_from {
                self.now = self.now.max((from - at(0)).whole_seconds());
                self.holds();
            }
        }
        panic!("no end: {:?} {:?}", self.progress, self.group);
    }
}

fn on_disk(verifier: &VerifierFile) -> Vec<PublicKey> {
    verifier
        .trusted
        .iter()
        .map(|trusted| trusted.key.clone())
        .collect()
}

/// Which instances hold which key, how their signers read it, and what is asked for.
fn world() -> impl Strategy<Value = World> {
    let instances = prop::collection::vec((0_u8..3, 0_u8..3), 1..4);
    (instances, any::<bool>(), any::<bool>()).prop_map(|(instances, of_masters, rotates)| {
        let keys: Vec<PublicKey> = instances.iter().map(|(name, _)| key(*name)).collect();
        let mut group = if of_masters {
            masters(&keys)
        } else {
            registries(&keys)
        };
        for (member, (_, reads)) in group.members.iter_mut().zip(&instances) {
            for signer in member.signers.iter_mut().filter(|_| !of_masters) {
                signer.reading = if *reads == 0 {
                    Reading::AtStart
                } else {
                    Reading::EachRequest
                };
                signer.file.mount = if *reads == 1 {
                    Mount::File
                } else {
                    Mount::Directory
                };
            }
        }
        if rotates {
            World::new(group, Operation::Rotate, SharedRequest::default())
        } else {
            let request = asks(|request| request.from = Some("a".to_owned()));
            World::new(group, Operation::Unify, request)
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_is_accepted_once_is_never_refused(
        mut world in world(),
        acts in prop::collection::vec(act(), 0..40),
    ) {
        world.holds();
        for act in &acts {
            world.act(act);
            world.holds();
        }
        world.finish();
        let keys: BTreeSet<String> = world
            .signers()
            .map(|signer| fingerprint(signer.key.as_ref().unwrap()))
            .collect();
        prop_assert_eq!(keys.len(), 1);
        for verifier in world.verifiers() {
            let trusted: Vec<String> = on_disk(verifier).iter().map(fingerprint).collect();
            prop_assert!(trusted.iter().all(|key| keys.contains(key)));
        }
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let members = self.group.members.iter().map(|member| {
            let signers = &member.signers;
            let files: Vec<_> = signers
                .iter()
                .map(|s| (&s.key, s.reading, s.file.mount))
                .collect();
            format!("{files:?}")
        });
        f.debug_struct("World")
            .field("kind", &self.group.kind)
            .field("members", &members.collect::<Vec<_>>())
            .field("operation", &self.operation)
            .finish()
    }
}
