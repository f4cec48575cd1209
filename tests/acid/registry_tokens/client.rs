//! One client of the registries: a connection a request, nothing tried twice, everything on record.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use crate::registry_tokens::http;
use crate::registry_tokens::http::Answer;
use crate::registry_tokens::image;
use crate::registry_tokens::image::Image;
use crate::registry_tokens::issuer::SERVICE;
use crate::registry_tokens::load::Record;

pub struct Client {
    pub number: usize,
    pub record: Arc<Record>,
    account: &'static str,
    to: SocketAddr,
}

/// A token and until when its holder may use it.
pub struct Token {
    value: String,
    until: Instant,
}

/// What it is, is on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// A request, less what all have.
struct Asked<'a> {
    what: &'static str,
    target: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
    /// The status that is success.
    status: u16,
}

impl Client {
    pub fn new(number: usize, account: &'static str, to: SocketAddr, record: Arc<Record>) -> Self {
        Self {
            number,
            record,
            account,
            to,
        }
    }

    pub fn token(&self, actions: &str) -> Result<Token, Failed> {
        let scope = format!("repository:{}:{actions}", self.name());
        let account = self.account;
        let target = format!("/service/token?account={account}&scope={scope}&service={SERVICE}");
        let began = Instant::now();
        let answer = self.send(&Asked {
            headers: &[("Authorization", "Basic bG9hZDpsb2Fk")],
            ..get("GET token", &target)
        })?;
        let token: Value = serde_json::from_slice(&answer.body).unwrap();
        let life = Duration::from_secs(token["expires_in"].as_u64().unwrap());
        Ok(Token {
            value: token["token"].as_str().unwrap().to_owned(),
            until: began + life,
        })
    }

    pub fn may_use(&self, token: &Token) -> bool {
        Instant::now() < token.until
    }

    pub fn pull(&self, token: &Token, image: &Image) -> Result<(), Failed> {
        let manifest = self.path("manifests/latest");
        let accept = [("Accept", image::MANIFEST_TYPE)];
        for what in ["HEAD manifest", "GET manifest"] {
            let headers = &accept[..];
            self.ask(
                token,
                Asked {
                    headers,
                    ..get(what, &manifest)
                },
            )?;
        }
        let blob = self.path(&format!("blobs/{}", image::digest(&image.layer)));
        let got = self.ask(token, get("GET blob", &blob))?;
        assert_eq!(got.body, image.layer, "{blob}");
        Ok(())
    }

    pub fn push(&self, token: &Token, image: &Image) -> Result<(), Failed> {
        for blob in [&image.config, &image.layer] {
            self.push_blob(token, blob)?;
        }
        let target = self.path("manifests/latest");
        let asked = Asked {
            what: "PUT manifest",
            target: &target,
            headers: &[("Content-Type", image::MANIFEST_TYPE)],
            body: image.manifest.as_bytes(),
            status: 201,
        };
        self.ask(token, asked)?;
        Ok(())
    }

    fn push_blob(&self, token: &Token, blob: &[u8]) -> Result<(), Failed> {
        let send = |what, target: &str, body, status| {
            let headers = &[("Content-Type", "application/octet-stream")];
            self.ask(
                token,
                Asked {
                    what,
                    target,
                    headers,
                    body,
                    status,
                },
            )
        };
        let mut at = send("POST upload", &self.path("blobs/uploads/"), b"", 202)?;
        let (one, two) = blob.split_at(blob.len() / 2);
        for part in [one, two] {
            at = send("PATCH upload", &self.location(&at), part, 202)?;
        }
        let digest = image::digest(blob);
        let finish = format!("{}&digest={digest}", self.location(&at));
        send("PUT upload", &finish, b"", 201)?;
        let blob = self.path(&format!("blobs/{digest}"));
        self.ask(token, get("HEAD blob", &blob))?;
        Ok(())
    }

    fn ask(&self, token: &Token, asked: Asked<'_>) -> Result<Answer, Failed> {
        let bearer = format!("Bearer {}", token.value);
        let headers = [&[("Authorization", bearer.as_str())], asked.headers].concat();
        self.send(&Asked {
            headers: &headers,
            ..asked
        })
    }

    fn send(&self, asked: &Asked<'_>) -> Result<Answer, Failed> {
        let Asked {
            what,
            target,
            headers,
            body,
            status,
        } = *asked;
        let method = what.split(' ').next().unwrap_or_default();
        let send = || {
            let answer = http::send(self.to, method, target, headers, body);
            match answer.map_err(|error| error.to_string())? {
                answer if answer.status == status => Ok(answer),
                answer => Err(format!("{} {}", answer.status, answer.text())),
            }
        };
        self.record.note(what, send).map_err(|()| Failed)
    }

    /// nginx passes the scheme and the host on, and the registry makes its URLs of them.
    #[track_caller]
    fn location(&self, answer: &Answer) -> String {
        let url = answer.header("location").unwrap_or_default();
        let path = url.strip_prefix(&format!("http://{}", self.to));
        path.unwrap_or_else(|| panic!("Location: {url}")).to_owned()
    }

    fn path(&self, rest: &str) -> String {
        format!("/v2/{}/{rest}", self.name())
    }

    fn name(&self) -> String {
        format!("load/client{}", self.number)
    }
}

/// How many of so many requests, each with a token of its own, are refused. What is asked for need not be there.
pub fn tokens_used_once(to: SocketAddr, requests: usize) -> (usize, usize) {
    let record = Arc::new(Record::new("once"));
    let client = Client::new(0, "load", to, Arc::clone(&record));
    let refused = (0..requests).filter(|_| {
        let token = client.token("pull").expect("a token");
        let path = client.path("tags/list");
        client
            .ask(
                &token,
                Asked {
                    status: 404,
                    ..get("GET tags", &path)
                },
            )
            .is_err()
    });
    (requests, refused.count())
}

fn get<'a>(what: &'static str, target: &'a str) -> Asked<'a> {
    Asked {
        what,
        target,
        headers: &[],
        body: b"",
        status: 200,
    }
}
