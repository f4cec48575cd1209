//! Asks a registry that runs whether it trusts a key: a token that lives for half a minute and grants nothing is shown to
//! its `/v2/`. It tells what files cannot: whether the process has read the bundle since it was changed.
//!
//! Source of the answers: distribution, registry/auth/token/accesscontroller.go (2.8.2 and 3.1.1), and what both answered.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use ureq::Agent;
use ureq::http::header::AUTHORIZATION;
use ureq::http::header::WWW_AUTHENTICATE;
use ureq::tls::RootCerts;
use ureq::tls::TlsConfig;
use ureq::tls::TlsProvider;

use crate::token::jwt;
use crate::token::jwt::Claims;
use crate::token::jwt::KeyRef;
use crate::x509::certificate::Certificate;
use crate::x509::key::PrivateKey;

/// One instance of a registry, past any balancer: `https://10.47.217.91:8989`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Url(String);

/// What is asked, of whom, and in whose name.
#[derive(Debug)]
pub struct Question<'a> {
    /// The instance.
    pub url: &'a Url,
    /// The key that signs the tokens of its clients.
    pub key: &'a PrivateKey,
    /// How those tokens name it.
    pub reference: KeyRef,
    /// `auth.token.service` of the registry.
    pub service: &'a str,
    /// `auth.token.issuer`.
    pub issuer: &'a str,
    /// Whom to trust for the registry's own certificate.
    pub roots: &'a [Certificate],
    /// Now.
    pub now: OffsetDateTime,
}

/// What the registry made of the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It lets the token in: the process that answers trusts the key.
    Trusts,
    /// It refuses the token: the process was not started again since its bundle was changed, or is told another issuer or
    /// service. Holds its challenge.
    Refuses(String),
    /// Nothing can be said, and why.
    Unclear(String),
}

/// Asks. Waits for ten seconds at most; follows no redirect and uses no proxy.
pub fn ask(question: &Question<'_>) -> Outcome {
    let token = match jwt::sign(question.key, &question.reference, &claims(question)) {
        Ok(token) => token,
        Err(error) => return Outcome::Unclear(format!("no token can be signed: {error}")),
    };
    let agent = agent(question.roots);
    // A registry that lets anybody in would let the token in as well.
    let before = match get(&agent, question.url, None) {
        Ok(answer) => answer,
        Err(why) => return Outcome::Unclear(why),
    };
    if let Err(why) = before.asks_for_a_token_of(question.service) {
        return Outcome::Unclear(why);
    }
    match get(&agent, question.url, Some(&token)) {
        Ok(answer) => answer.outcome(),
        Err(why) => Outcome::Unclear(why),
    }
}

fn claims(question: &Question<'_>) -> Claims {
    let now = question.now;
    Claims {
        issuer: question.issuer.to_owned(),
        audience: vec![question.service.to_owned()],
        expires: Some(now + LIFETIME),
        not_before: Some(now),
        issued_at: Some(now),
        id: format!("hapki-probe-{}", now.unix_timestamp()),
        ..Claims::default()
    }
}

/// One answer to a GET of `/v2/`.
struct Answer {
    status: u16,
    challenges: Vec<String>,
}

impl Answer {
    fn asks_for_a_token_of(&self, service: &str) -> Result<(), String> {
        let has = |scheme: &str| {
            let mut challenges = self.challenges.iter();
            challenges.find(|challenge| {
                let word = challenge.split(' ').next().unwrap_or_default();
                word.eq_ignore_ascii_case(scheme)
            })
        };
        match (self.status, has("Bearer")) {
            (401, Some(challenge)) => match parameter(challenge, "service") {
                Some(other) if other != service => Err(format!(
                    "it asks for a token for the service `{other}`, not `{service}`"
                )),
                _ => Ok(()),
            },
            (401, None) if has("Basic").is_some() => Err(
                "it asks for a password: it verifies no tokens itself (as the registry of Harbor 2)"
                    .to_owned(),
            ),
            (200, _) => Err("it lets anybody in, without a token".to_owned()),
            _ => Err(self.odd()),
        }
    }

    fn outcome(&self) -> Outcome {
        let challenge = self.challenges.first().map_or("", String::as_str);
        match (self.status, parameter(challenge, "error")) {
            (200, _) => Outcome::Trusts,
            (401, Some("invalid_token")) => Outcome::Refuses(challenge.to_owned()),
            (401, _) if !challenge.is_empty() => {
                Outcome::Unclear(format!("it answers 401 and `{challenge}`"))
            }
            _ => Outcome::Unclear(self.odd()),
        }
    }

    fn odd(&self) -> String {
        let meaning = match self.status {
            300..400 => " (a redirect: give the URL that it leads to)",
            404 => " (no registry's API is there)",
            502..=504 => " (a proxy in front of it says so)",
            _ => "",
        };
        format!("it answers {}{meaning}", self.status)
    }
}

/// The value of `name` in a challenge (RFC 9110 section 11.2); distribution quotes every one.
fn parameter<'a>(challenge: &'a str, name: &str) -> Option<&'a str> {
    let (_, parameters) = challenge.split_once(' ')?;
    let mut rest = parameters;
    while let Some((key, after)) = rest.split_once("=\"") {
        let (value, after) = after.split_once('"')?;
        if key.trim_matches([',', ' ']).eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = after;
    }
    None
}

fn agent(roots: &[Certificate]) -> Agent {
    let roots: Vec<ureq::tls::Certificate<'static>> = roots
        .iter()
        .map(|root| ureq::tls::Certificate::from_der(root.as_der()).to_owned())
        .collect();
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(PATIENCE))
        .user_agent("hapki");
    config.build().new_agent()
}

fn get(agent: &Agent, url: &Url, token: Option<&str>) -> Result<Answer, String> {
    let mut request = agent.get(format!("{url}/v2/"));
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let answer = request
        .call()
        .map_err(|error| format!("it cannot be asked: {error}"))?;
    let challenges = answer.headers().get_all(WWW_AUTHENTICATE).iter();
    let challenges = challenges.filter_map(|value| Some(value.to_str().ok()?.to_owned()));
    Ok(Answer {
        status: answer.status().as_u16(),
        challenges: challenges.collect(),
    })
}

impl FromStr for Url {
    type Err = String;

    /// With its scheme; `/v2/` at its end may be there or not.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let host = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        match host {
            None => Err(format!("`{text}` does not begin with https:// or http://")),
            Some(host) if host.starts_with(['/', ':', '?', '#']) || host.is_empty() => {
                Err(format!("`{text}` names no host"))
            }
            Some(host) if host.contains(['@', '?', '#']) || host.contains(char::is_whitespace) => {
                Err(format!(
                    "`{text}` has more than a host, a port and a path: no user, no question mark"
                ))
            }
            Some(_) => {
                let text = text.trim_end_matches('/');
                let text = text.strip_suffix("/v2").unwrap_or(text);
                Ok(Self(text.to_owned()))
            }
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trusts => f.write_str("it trusts the key: it runs with the present bundle"),
            Self::Refuses(challenge) => write!(
                f,
                "it refuses the key: it was not restarted since its bundle was changed, or is told another issuer ({challenge})"
            ),
            Self::Unclear(why) => f.write_str(why),
        }
    }
}

/// How long a token lives. Distribution allows for a minute of difference between two clocks.
const LIFETIME: time::Duration = time::Duration::seconds(30);
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
