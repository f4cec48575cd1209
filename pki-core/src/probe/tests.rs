use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::TcpListener;
use std::thread;

use time::macros::datetime;

use super::*;
use crate::x509::key::KeyAlgorithm;

const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);
const ASKS: &str = "401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"https://hub/service/token\",service=\"harbor-registry\"";
const REFUSES: &str = "401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"https://hub/service/token\",service=\"harbor-registry\",error=\"invalid_token\"";

/// What is made of a server that gives these answers, one to each connection, and the tokens that it was shown.
fn told(answers: &'static [&'static str]) -> (Outcome, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url: Url = format!("http://{}/v2/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let server = thread::spawn(move || {
        let mut shown = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            assert_eq!(lines.next().unwrap().unwrap(), "GET /v2/ HTTP/1.1");
            for line in lines
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty())
            {
                if let Some(token) = line.strip_prefix("authorization: Bearer ") {
                    shown.push(token.to_owned());
                }
            }
            write!(
                stream,
                "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            .unwrap();
        }
        shown
    });
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let outcome = ask(&Question {
        url: &url,
        key: &key,
        reference: KeyRef::Kid("K".to_owned()),
        service: "harbor-registry",
        issuer: "harbor-token-issuer",
        roots: &[],
        now: NOW,
    });
    let shown = server.join().unwrap();
    for token in &shown {
        let claims = jwt::parse(token).unwrap().verify(key.public_key()).unwrap();
        assert_eq!(claims.expires, Some(NOW + LIFETIME));
        assert!(claims.access.is_empty());
    }
    (outcome, shown)
}

#[test]
fn a_token_that_grants_nothing_is_let_in_or_not() {
    let (outcome, shown) = told(&[ASKS, "200 OK"]);
    assert_eq!((outcome, shown.len()), (Outcome::Trusts, 1));
    let (outcome, shown) = told(&[ASKS, REFUSES]);
    assert!(matches!(outcome, Outcome::Refuses(challenge) if challenge.contains("invalid_token")));
    assert_eq!(shown.len(), 1);
}

#[test]
fn what_says_nothing_of_the_key_is_said_to_be_that() {
    let basic =
        &["401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"harbor-registry-basic-realm\""];
    let another =
        &["401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"r\",service=\"token-service\""];
    for (answers, said) in [
        (&["200 OK"][..], "lets anybody in"),
        (basic, "asks for a password"),
        (another, "`token-service`, not `harbor-registry`"),
        (&["301 Moved\r\nLocation: https://hub/v2/"], "a redirect"),
        (&["404 Not Found"], "no registry's API"),
        (&["502 Bad Gateway"], "a proxy in front"),
        (&[ASKS, "500 Internal Server Error"], "it answers 500"),
        (&[ASKS, ASKS], "it answers 401"),
    ] {
        let (outcome, _) = told(answers);
        assert!(
            matches!(&outcome, Outcome::Unclear(why) if why.contains(said)),
            "{answers:?}: {outcome:?}"
        );
    }
}

#[test]
fn urls_of_one_host() {
    let parsed = |text: &str| text.parse::<Url>().map(|url| url.to_string());
    for text in [
        "https://h:5000",
        "https://h:5000/",
        "https://h:5000/v2/",
        "https://h:5000/v2",
    ] {
        assert_eq!(parsed(text).unwrap(), "https://h:5000", "{text}");
    }
    assert_eq!(parsed("http://[::1]:5000").unwrap(), "http://[::1]:5000");
    for text in [
        "h:5000",
        "https://",
        "https:///v2",
        "https://u:p@h",
        "https://h?a",
        "ftp://h",
        "https://h /",
    ] {
        assert!(parsed(text).is_err(), "{text}");
    }
}
