//! Harbor: what its ui or core says of the key file that it signs tokens with, and, from 2.0 on, what a core says of
//! another core's tokens, which it verifies itself with its own key alone.
//!
//! Followed are `src/ui/service/token` (to 1.6), `src/core/service/token/{token,authutils}.go`, `src/pkg/token/{token,options}.go`
//! and `src/server/middleware/security/v2_token.go`. Every core and every ui of Harbor reads its key at each request.

use crate::token::signing_key;
use crate::x509::spki::PublicKey;
use crate::x509::spki::PublicKeyAlgorithm;

/// A release of Harbor, as far as its tokens go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// 1 or 2.
    pub major: u16,
    /// The minor release.
    pub minor: u16,
}

/// What a core says of a token that it does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreRefusal {
    /// The line of level ERROR, behind its file and line; none where the core has no key to begin with.
    pub error: Option<String>,
    /// The line of level WARNING that follows, behind its file and line.
    pub warning: String,
}

/// The public half of the key that a Harbor signs with: PKCS#1 RSA in the first PEM block.
///
/// A file that libtrust loads and golang-jwt does not (an EC key) is an error from 2.2 on; a core then hands out tokens
/// that are empty. Before, it is signed with, and [`crate::verdict::distribution`] tells what the registry says.
///
/// # Errors
/// The line that it logs for each request of a token, which it answers with 500; where a token is handed out empty, what
/// golang-jwt said and Harbor logs nowhere.
pub fn loads_key(release: Release, text: &[u8]) -> Result<PublicKey, String> {
    let key = signing_key::libtrust(text).map_err(|says| key_refusal(release, &says))?;
    if release >= SIGNS_WITH_GOLANG_JWT {
        return signing_key::golang_jwt_rsa(text);
    }
    Ok(key)
}

/// The line that a Harbor logs whose key libtrust does not load; `says` is what libtrust says
/// ([`signing_key::libtrust`]).
pub fn key_refusal(release: Release, says: &str) -> String {
    let prefix = if release < SIGNS_WITH_GOLANG_JWT {
        "unable to decode private key PEM: "
    } else {
        ""
    };
    format!("Unexpected error when creating the token, error: {prefix}{says}")
}

/// Whether a core of Harbor 2 takes a token that another core, or it, has signed with `signer`; its own key is `own`.
///
/// # Errors
/// The lines that it logs. The client gets 401.
pub fn core_accepts(
    signer: &PublicKey,
    own: &PublicKey,
    release: Release,
) -> Result<(), CoreRefusal> {
    let refused = |says: &str| CoreRefusal {
        error: Some(format!("parse token error, {says}")),
        warning: format!("failed to decode bearer token: {says}"),
    };
    let prefix = match release >= GOLANG_JWT_5 {
        true => "token signature is invalid: ",
        false => "",
    };
    match own.algorithm() {
        PublicKeyAlgorithm::Rsa { .. } if signer == own => Ok(()),
        PublicKeyAlgorithm::Rsa { .. } => {
            Err(refused(&format!("{prefix}crypto/rsa: verification error")))
        }
        _ => Err(CoreRefusal {
            error: None,
            warning: format!("failed to decode bearer token: {NOT_RSA}"),
        }),
    }
}

/// What `docker login` and `docker pull` print where the token service answers 500.
pub fn docker_500(host: &str) -> String {
    format!(
        "Error response from daemon: Get https://{host}/v2/: received unexpected HTTP status: 500 Internal Server Error"
    )
}

/// What `docker push` prints where a core takes a client for nobody.
pub fn docker_push_denied(repository: &str) -> String {
    format!("unauthorized: unauthorized to access repository: {repository}, action: push")
}

/// Before it, `libtrust.LoadKeyFile` and a signature by libtrust.
const SIGNS_WITH_GOLANG_JWT: Release = Release { major: 2, minor: 2 };
/// golang-jwt 5 says more than 3 and 4.
const GOLANG_JWT_5: Release = Release { major: 2, minor: 9 };
const NOT_RSA: &str =
    "x509: failed to parse private key (use ParseECPrivateKey instead for this key format)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::key::KeyAlgorithm;
    use crate::x509::key::PrivateKey;
    use crate::x509::pem;

    const ALL: [Release; 4] = [
        Release { major: 1, minor: 1 },
        Release {
            major: 1,
            minor: 10,
        },
        Release { major: 2, minor: 1 },
        Release {
            major: 2,
            minor: 12,
        },
    ];

    #[test]
    fn only_pkcs1_rsa_is_loaded_by_every_release() {
        let rsa = PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap();
        let relabelled = rsa.to_pem().replace("RSA PRIVATE KEY", "PRIVATE KEY");
        for release in ALL {
            let loaded = loads_key(release, rsa.to_pem().as_bytes());
            assert_eq!(loaded, Ok(rsa.public_key().clone()));
            let says = loads_key(release, relabelled.as_bytes()).unwrap_err();
            let file = match release.minor {
                12 => "",
                _ => "unable to decode private key PEM: ",
            };
            assert_eq!(
                says,
                format!(
                    "Unexpected error when creating the token, error: {file}unable to get PrivateKey from PEM type: PRIVATE KEY"
                )
            );
        }
    }

    #[test]
    fn an_ec_key_signs_until_golang_jwt_does() {
        let ec = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        for release in ALL {
            let loaded = loads_key(release, ec.to_pem().as_bytes());
            match release.minor {
                12 => assert_eq!(loaded, Err(NOT_RSA.to_owned())),
                _ => assert_eq!(loaded, Ok(ec.public_key().clone())),
            }
        }
        let parameters = pem::encode("EC PARAMETERS", &[6, 0]);
        let text = format!("{parameters}{}", ec.to_pem());
        assert!(loads_key(ALL[0], text.as_bytes()).is_err());
    }

    #[test]
    fn a_core_takes_what_its_own_key_has_signed() {
        let keys = [(); 2].map(|()| PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap());
        let [own, other] = keys.each_ref().map(PrivateKey::public_key);
        let (old, new) = (ALL[2], ALL[3]);
        assert_eq!(core_accepts(own, own, new), Ok(()));
        let refused = |release| core_accepts(other, own, release).unwrap_err();
        assert_eq!(
            refused(old).error.as_deref(),
            Some("parse token error, crypto/rsa: verification error")
        );
        assert_eq!(
            refused(new).warning,
            "failed to decode bearer token: token signature is invalid: crypto/rsa: verification error"
        );
        let ec = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let ec = ec.public_key();
        assert_eq!(core_accepts(ec, ec, new).unwrap_err().error, None);
    }
}
