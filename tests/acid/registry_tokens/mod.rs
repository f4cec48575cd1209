//! Registries that verify tokens, and token servers that sign them: pairs that differ, made one, and replaced, under load.

mod client;
mod http;
mod image;
mod issuer;
mod load;
mod log;
mod outcome;
mod refused;
mod site;
mod skopeo;
mod staged;

use crate::registry_tokens::issuer::Kid;
use crate::registry_tokens::site::Kind;

#[test]
#[ignore = "needs docker-registry, skopeo and nginx: tests/peers/build.sh"]
fn tokens_of_another_key_are_refused_as_the_audit_says() {
    refused::as_the_audit_says(DISTRIBUTION2);
    refused::as_the_audit_says(DISTRIBUTION3);
    refused::as_the_audit_says(DISTRIBUTION3_ALIAS);
}

#[test]
#[ignore = "needs docker-registry, skopeo and nginx: tests/peers/build.sh"]
fn distribution_2_is_unified_and_rotated_without_a_failed_request() {
    staged::unified_and_rotated(DISTRIBUTION2);
}

#[test]
#[ignore = "needs registry3, skopeo and nginx: tests/peers/build.sh"]
fn distribution_3_is_unified_and_rotated_without_a_failed_request() {
    staged::unified_and_rotated(DISTRIBUTION3);
}

#[test]
#[ignore = "needs registry3, skopeo and nginx: tests/peers/build.sh"]
fn distribution_3_is_for_tokens_with_the_kid_of_distribution_2() {
    staged::unified_and_rotated(DISTRIBUTION3_ALIAS);
}

const DISTRIBUTION2: Kind = Kind {
    name: "distribution2",
    registry: "docker-registry",
    kid: Kid::Libtrust,
    jwks: false,
};

const DISTRIBUTION3: Kind = Kind {
    name: "distribution3",
    registry: "registry3",
    kid: Kid::Rfc7638,
    jwks: false,
};

/// Tokens with the id that distribution 2 knows.
const DISTRIBUTION3_ALIAS: Kind = Kind {
    name: "distribution3-alias",
    registry: "registry3",
    kid: Kid::Libtrust,
    jwks: true,
};
