//! Key ids, the `kid` of a token's header. Each verifier computes them its own way from the public key.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::x509::crypto;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// How a signer says in a token's header which key signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KidForm {
    /// A `kid` as [`libtrust`] computes it: Harbor, and the token servers written for distribution 2.
    Libtrust,
    /// A `kid` as [`rfc7638`] computes it.
    Rfc7638,
    /// No `kid`: the certificate itself, in the header `x5c`.
    X5c,
    /// A `kid` as [`kubernetes`] computes it.
    Kubernetes,
}

impl KidForm {
    /// All of them, in the order of their names' list.
    pub const ALL: [Self; 4] = [Self::Libtrust, Self::Rfc7638, Self::X5c, Self::Kubernetes];

    /// The `kid` of a key; none for [`KidForm::X5c`], and for a kind of key that has no such id.
    pub fn id(self, key: &PublicKey) -> Option<String> {
        match self {
            Self::Libtrust => Some(libtrust(key)),
            Self::Rfc7638 => rfc7638(key),
            Self::X5c => None,
            Self::Kubernetes => Some(kubernetes(key)),
        }
    }
}

impl FromStr for KidForm {
    type Err = String;

    /// `libtrust`, `rfc7638`, `x5c`, `kubernetes`.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|form| form.to_string() == text)
            .ok_or_else(|| {
                let names = Self::ALL.map(|form| form.to_string()).join(", ");
                format!("`{text}` is no form of key id; there are {names}")
            })
    }
}

impl fmt::Display for KidForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Libtrust => "libtrust",
            Self::Rfc7638 => "rfc7638",
            Self::X5c => "x5c",
            Self::Kubernetes => "kubernetes",
        })
    }
}

/// The id that libtrust computes, used by distribution 2 and by Harbor: SHA-256 of the SubjectPublicKeyInfo, its first
/// 30 bytes in base32, in groups of four (docker/libtrust util.go `keyIDFromCryptoKey`). libtrust itself takes RSA keys
/// and those on P-256, P-384 and P-521, nothing else.
pub fn libtrust(key: &PublicKey) -> String {
    let hash = crypto::sha256(key.as_der());
    let id = base32(hash.get(..30).unwrap_or_default());
    let groups: Vec<&str> = (0..id.len())
        .step_by(4)
        .filter_map(|at| id.get(at..at + 4))
        .collect();
    groups.join(":")
}

/// The id of a Kubernetes service-account token: SHA-256 of the SubjectPublicKeyInfo in base64url without padding
/// (pkg/serviceaccount/jwt.go `keyIDFromPublicKey`).
pub fn kubernetes(key: &PublicKey) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(crypto::sha256(key.as_der()))
}

/// The JWK thumbprint of RFC 7638; the coordinates of an EC key keep their leading zeros (RFC 7518 section 6.2.1.2).
/// None for a kind of key that has no JWK.
pub fn rfc7638(key: &PublicKey) -> Option<String> {
    thumbprint(key, |coordinate| coordinate)
}

/// The thumbprint as distribution 3 computes it, which strips the leading zeros of an EC key's coordinates
/// (registry/auth/token/util.go `GetRFC7638Thumbprint`). One P-256 key in 128 has such a coordinate, and then differs
/// from [`rfc7638`].
pub fn distribution3(key: &PublicKey) -> Option<String> {
    thumbprint(key, |coordinate| {
        let zeros = coordinate.iter().take_while(|byte| **byte == 0).count();
        coordinate.get(zeros..).unwrap_or_default()
    })
}

fn thumbprint(key: &PublicKey, coordinate: fn(&[u8]) -> &[u8]) -> Option<String> {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    // RFC 7518 registers no P-224, but distribution takes the name that Go has for it.
    let curve = match key.algorithm() {
        PublicKeyAlgorithm::Rsa { .. } => {
            let (modulus, exponent) = key.rsa_numbers()?;
            let (n, e) = (encode(modulus), encode(exponent));
            return Some(hashed(&format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)));
        }
        PublicKeyAlgorithm::Ed25519 => {
            let x = encode(key.key_bits());
            return Some(hashed(&format!(
                r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#
            )));
        }
        PublicKeyAlgorithm::EcP224 => "P-224",
        PublicKeyAlgorithm::EcP256 => "P-256",
        PublicKeyAlgorithm::EcP384 => "P-384",
        PublicKeyAlgorithm::EcP521 => "P-521",
        PublicKeyAlgorithm::Other(_) => return None,
    };
    let point = key.key_bits().strip_prefix(&[4])?;
    let (x, y) = point.split_at_checked(point.len() / 2)?;
    let (x, y) = (encode(coordinate(x)), encode(coordinate(y)));
    Some(hashed(&format!(
        r#"{{"crv":"{curve}","kty":"EC","x":"{x}","y":"{y}"}}"#
    )))
}

fn hashed(json: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(crypto::sha256(json.as_bytes()))
}

/// RFC 4648 base32 of a multiple of five bytes, which needs no padding.
fn base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 8 / 5);
    for chunk in bytes.chunks_exact(5) {
        let group = chunk
            .iter()
            .fold(0u64, |group, byte| group << 8 | u64::from(*byte));
        for position in (0..8).rev() {
            let digit = u8::try_from(group >> (position * 5) & 31).unwrap_or_default();
            out.push(char::from(if digit < 26 {
                b'A' + digit
            } else {
                b'2' + digit - 26
            }));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by docker/libtrust, go-jose, distribution 3.1.1 and Go's crypto for keys that were thrown away.
    struct Known {
        pem: &'static str,
        libtrust: &'static str,
        rfc7638: &'static str,
        distribution3: &'static str,
        kubernetes: &'static str,
    }

    #[test]
    fn ids_are_those_that_the_verifiers_compute() {
        for known in KNOWN {
            let key = PublicKey::from_pem(known.pem.as_bytes()).unwrap();
            assert_eq!(kubernetes(&key), known.kubernetes, "{}", key.algorithm());
            assert_eq!(
                rfc7638(&key).as_deref(),
                Some(known.rfc7638),
                "{}",
                key.algorithm()
            );
            assert_eq!(
                distribution3(&key).as_deref(),
                Some(known.distribution3),
                "{}",
                key.algorithm()
            );
            // libtrust refuses Ed25519.
            if !known.libtrust.is_empty() {
                assert_eq!(libtrust(&key), known.libtrust, "{}", key.algorithm());
            }
        }
    }

    #[test]
    fn the_corpus_holds_both_kinds_of_thumbprint() {
        let differing = KNOWN
            .iter()
            .filter(|known| known.rfc7638 != known.distribution3)
            .count();
        assert_eq!((differing, KNOWN.len()), (3, 7));
    }

    const KNOWN: &[Known] = &[
        Known {
            pem: "-----BEGIN PUBLIC KEY-----\n\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA4r8nbbvXKK2t+DZo9YLp\n\
mVDFMNcEy3nAapJcKuMFvjpKvYR3GbpVtJZ4EyLpfKJdKk4mF8zC+yqqgCOHSViI\n\
3yiuHNo93kPRlqbhGz+EXLh9aRvsHeWR+FpzL1X/BSbMGWoIUqyWxzSf2wTg8vv5\n\
PTgzCBjRzFGo6eXLw4ZbWGPXGC3cet6Xy9vCupOeI9WnSja5ju1MWLjVR7P+vDpl\n\
RQb6oTQfT91GwO0uckq9n36vEZ/6iJl+7Ux82u5W5JTsCUUtomqCCKcGP6sb55+y\n\
Hsmrx/nn3kDxrXTYu1aJYc6iROFeZaEAzT5D7jHAsMPVk/KrvHbiNHi/1Yno5cDZ\n\
QQIDAQAB\n\
-----END PUBLIC KEY-----\n\
",
            libtrust: "FUFR:DZJG:OPK3:JAFL:ZAPS:CK7R:LKLM:GJNZ:J2BU:ZRAG:QVVH:K2GE",
            rfc7638: "b8PIZVaT3bSAljJIorViZXj_01czSYRIUWr2XkcAzLI",
            distribution3: "b8PIZVaT3bSAljJIorViZXj_01czSYRIUWr2XkcAzLI",
            kubernetes: "LQsR5SZz1bSAq8gfISvxWpbDJblOg0zEBoVqdWjE3vQ",
        },
        Known {
            pem: "-----BEGIN PUBLIC KEY-----\n\
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEoWbYXYiSK9SVc0xMBk9OV011prdU\n\
LaiemAnnaWVeFD+o9HRL6eQcijR1SG/0nxG/eIKeoA9/G6+ceLphQVV0Xw==\n\
-----END PUBLIC KEY-----\n\
",
            libtrust: "3QHE:FGMC:IZ7G:VX2S:AZEL:L65E:KDJL:6BSM:TTEX:IZNS:NE7F:6Z2T",
            rfc7638: "hZ62iaAtCjDKcTKrTibUVIfQVF2Uo75UlqCEyCdC3p4",
            distribution3: "hZ62iaAtCjDKcTKrTibUVIfQVF2Uo75UlqCEyCdC3p4",
            kubernetes: "3A5CmYJGfmrfUgZItfukUNK_BkycyXRlsmk-X2dTtTI",
        },
        Known {
            pem: "-----BEGIN PUBLIC KEY-----\n\
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEkRoL9vHjRcObWY7Y+1Yup3HhGl/bUvAJ\n\
16K6AwESuI/2Ig+JYoHg3aOaGZHVuYNqYjkDJ2JofwlEGCrLQ712YUfIqsI/mFrd\n\
mrsBgmUfdWc4s3eI5NzxIPre8KRa21Xh\n\
-----END PUBLIC KEY-----\n\
",
            libtrust: "377Y:7KAY:WFFK:DOXV:IMYZ:C4GC:G5UK:HCH3:IGLB:CK7T:5QXB:46ZL",
            rfc7638: "7XrTfS-MaBMxJExpgL7nE00dspBDSUlEp6Ip9P1EYbs",
            distribution3: "7XrTfS-MaBMxJExpgL7nE00dspBDSUlEp6Ip9P1EYbs",
            kubernetes: "3_-PqBixSqG69UMxkXDCN2ijiPtBlhEr8-wuHnsrYiw",
        },
        Known {
            pem: "-----BEGIN PUBLIC KEY-----\n\
MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAkJt3JnVrhOnLntNCrjatuRE/MFTq\n\
Lv6JEYJ2qFUI6uU4szmmmWyFP2sY4t0HAuKiCrkMPY0P7EXznlNUW8iwlAsBFYrI\n\
LIqio/Q49Ve/Ylu+vCCRhY/S9CTl9eWsfizr9m40oRptdzfuXbP2N3a0m1xXpqFq\n\
mmLw9w3Lj+dvFLc86YE=\n\
-----END PUBLIC KEY-----\n\
",
            libtrust: "CD4M:HNDR:5U52:MBJS:6VIY:NB23:YXJT:Z2YG:7H7N:HK7R:GISL:W5HF",
            rfc7638: "QKKnDck6jjLaLck1sdOaeHYy9nhAA5_HPeh87RAshzc",
            distribution3: "LAio8J65wtEoqVycxcwwSONG8PST1SIkGm93xom9XsM",
            kubernetes: "EPjDtHHtO6YFMvVRhodbxdM86wb5_tOr8TIku3Tl3gw",
        },
        Known {
            pem: "-----BEGIN PUBLIC KEY-----\n\
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAJS3MZsGtlvKoxhPxi27LZ1rdjI8\n\
mpUOnba5D1SmtM23gg3CKUmLsetFqtsHnFjm9iYvnOoLhHyt8hv3UKFISA==\n\
-----END PUBLIC KEY-----\n\
",
            libtrust: "AC7K:GT6W:DRZO:WX5K:GEZ4:XKPK:B2GA:L5DV:WO76:HW7J:M3AF:SF4J",
            rfc7638: "_jT0fBhPD5i_bINiaMDpgd1sa5EbIG07KwynAUqu2aA",
            distribution3: "6Ia7VqeIXjwJiStJgY-Vx2dOzcMoQs8Ta_QlA0ezss8",
            kubernetes: "AL6jT9YccutfqjEzy6nqDowF9HWzv-Pb6WbAWReJW3g",
        },
        Known {
            pem: "-----BEGIN PUBLIC KEY-----\n\
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmOaCb76jh3vMkcnoe4JG3KkjBfKz\n\
Sywl/Mn+9G3ZRQwAcexndTK697tkMt+V5qce9guMhUndom9biBtiLp77lg==\n\
-----END PUBLIC KEY-----\n\
",
            libtrust: "WAM4:S7RL:W4QF:T2QD:QQYT:EN7V:EGPM:YANO:4EZ2:GWFL:EOUL:XEWH",
            rfc7638: "kthLpqgmJA_0-6GL6_SLz86KAuaYoFvsKGHX2KZOIBk",
            distribution3: "5Jn_EqBHMnjWDHSlGo46947xQ1HA1J93naLyzZikWxU",
            kubernetes: "sBnJfiu3IFnqA4QxMjf1IZ7MAa7hM6NYqyOou5LHQPg",
        },
        Known {
            pem: "-----BEGIN PUBLIC KEY-----\n\
MCowBQYDK2VwAyEA6WFgczTZzdylyUHxAyib6Nmn6YFEkvADetf6JYx/UWQ=\n\
-----END PUBLIC KEY-----\n\
",
            libtrust: "",
            rfc7638: "NZxRvBLuqBB0lFRota0xdhnHn7pkiZme011P95swTPo",
            distribution3: "NZxRvBLuqBB0lFRota0xdhnHn7pkiZme011P95swTPo",
            kubernetes: "8iFK1inZSu_FCmKnPrIzfQNF_58OCmDLGhowqLav8J4",
        },
    ];
}
