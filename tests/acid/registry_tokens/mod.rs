//! Registries that verify tokens, and token servers that sign them: pairs that differ, made one, and replaced, under load.

mod by_hand;
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

use crate::registry_tokens::issuer::Kid;
use crate::registry_tokens::site::Kind;

#[test]
#[ignore = "needs docker-registry, skopeo and nginx: tests/peers/build.sh"]
fn tokens_of_another_key_are_refused_pair_by_pair() {
    refused::pair_by_pair(DISTRIBUTION2);
    refused::pair_by_pair(DISTRIBUTION3);
    refused::pair_by_pair(DISTRIBUTION3_ALIAS);
}

#[test]
#[ignore = "needs docker-registry, skopeo and nginx: tests/peers/build.sh"]
fn distribution_2_is_unified_and_rotated_without_a_failed_request() {
    by_hand::unified_and_rotated(DISTRIBUTION2);
}

#[test]
#[ignore = "needs registry3, skopeo and nginx: tests/peers/build.sh"]
fn distribution_3_is_unified_and_rotated_without_a_failed_request() {
    by_hand::unified_and_rotated(DISTRIBUTION3);
}

#[test]
#[ignore = "needs registry3, skopeo and nginx: tests/peers/build.sh"]
fn distribution_3_is_for_tokens_with_the_kid_of_distribution_2() {
    by_hand::unified_and_rotated(DISTRIBUTION3_ALIAS);
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
