//! How much of what is asked of a registry fails, where a balancer spreads the requests over its instances.

use std::collections::BTreeSet;
use std::fmt;

use crate::judge::Judged;

/// The signers and verifiers of one registry, and how many of their pairs get along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Odds {
    /// For each signer, how many of the verifiers take its tokens.
    accepted: Vec<usize>,
    verifiers: usize,
    /// Whether every instance takes the tokens that it signs itself.
    own_are_taken: bool,
}

impl Judged {
    /// Of the registry of that number ([`crate::topology::TokenSigner::registry`]), notary left out; `None` where it has no
    /// edges.
    pub fn token_odds(&self, registry: usize) -> Option<Odds> {
        let mut verifiers = BTreeSet::new();
        let mut signers: Vec<(usize, usize)> = Vec::new();
        let mut own_are_taken = true;
        for (edge, verdict) in self.judged_edges() {
            let Some(token) = edge.registry_token() else {
                continue;
            };
            let signer = self.topology.signer_of(token);
            let is_its = signer.is_some_and(|signer| signer.registry == registry);
            if !is_its || edge.server.name == NOTARY {
                continue;
            }
            verifiers.insert(token.verifier);
            let taken = usize::from(verdict.ok);
            match signers.iter_mut().find(|(known, _)| *known == token.signer) {
                Some((_, accepted)) => *accepted += taken,
                None => signers.push((token.signer, taken)),
            }
            own_are_taken &= verdict.ok || edge.client.node != edge.server.node;
        }
        (!signers.is_empty()).then(|| Odds {
            accepted: signers.into_iter().map(|(_, accepted)| accepted).collect(),
            verifiers: verifiers.len(),
            own_are_taken,
        })
    }
}

impl Odds {
    /// Pairs of a signer and a verifier.
    pub fn pairs(&self) -> usize {
        self.accepted.len() * self.verifiers
    }

    /// Those of them that get along.
    pub fn accepted(&self) -> usize {
        self.accepted.iter().sum()
    }

    /// The share of logins that fail: one token of one signer is shown to one verifier.
    pub fn failing_logins(&self) -> f64 {
        self.failing(1)
    }

    /// The share of pushes of one layer that fail: one token is shown with each request, to any verifier.
    pub fn failing_pushes(&self) -> f64 {
        self.failing(REQUESTS_OF_A_PUSH)
    }

    fn failing(&self, requests: i32) -> f64 {
        let verifiers = self.verifiers as f64;
        let taken = self.accepted.iter();
        let all: f64 = taken
            .map(|accepted| (*accepted as f64 / verifiers).powi(requests))
            .sum();
        1.0 - all / self.accepted.len() as f64
    }
}

impl fmt::Display for Odds {
    /// `behind a balancer that spreads requests, 2 of 4 logins fail, and a push of one layer, which shows its token nine
    /// times, fails more than 99 times in 100; …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused = self.pairs() - self.accepted();
        if self.accepted() == 0 {
            return f.write_str("every login, push and pull fails");
        }
        write!(
            f,
            "behind a balancer that spreads requests, {refused} of {} logins fail, and a push of one layer, which shows its \
             token nine times, fails {} times in 100",
            self.pairs(),
            in_hundred(self.failing_pushes())
        )?;
        if self.own_are_taken {
            f.write_str("; pinned to one instance, nobody notices")?;
        }
        Ok(())
    }
}

fn in_hundred(share: f64) -> String {
    let rounded = (share * 100.0).round();
    if rounded >= 100.0 && share < 1.0 {
        return "more than 99".to_owned();
    }
    format!("{rounded}")
}

const NOTARY: &str = "notary-server";
/// HEAD, POST, PATCH and PUT of the layer and of the configuration, PUT of the manifest (distribution's API, "Pushing an
/// image").
const REQUESTS_OF_A_PUSH: i32 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_instances_with_pairs_of_their_own() {
        let odds = Odds {
            accepted: vec![1, 1],
            verifiers: 2,
            own_are_taken: true,
        };
        assert_eq!((odds.accepted(), odds.pairs()), (2, 4));
        assert!((odds.failing_logins() - 0.5).abs() < 1e-9);
        assert_eq!(
            odds.to_string(),
            "behind a balancer that spreads requests, 2 of 4 logins fail, and a push of one layer, which shows its token \
             nine times, fails more than 99 times in 100; pinned to one instance, nobody notices"
        );
    }

    #[test]
    fn one_of_three_instances_is_odd() {
        // Two share a pair, the third has its own.
        let odds = Odds {
            accepted: vec![2, 2, 1],
            verifiers: 3,
            own_are_taken: true,
        };
        assert!((odds.failing_logins() - 4.0 / 9.0).abs() < 1e-9);
        assert!(odds.failing_pushes() > 0.98 && odds.failing_pushes() < 0.99);
        let none = Odds {
            accepted: vec![0],
            verifiers: 1,
            own_are_taken: false,
        };
        assert_eq!(none.to_string(), "every login, push and pull fails");
        let all = Odds {
            accepted: vec![2, 2],
            verifiers: 2,
            own_are_taken: true,
        };
        assert_eq!(all.failing_pushes(), 0.0);
    }
}
