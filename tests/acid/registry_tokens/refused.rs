//! What registries log and skopeo prints of tokens that are not taken.

use std::path::Path;

use crate::registry_tokens::image::Image;
use crate::registry_tokens::issuer;
use crate::registry_tokens::log;
use crate::registry_tokens::log::Refusal;
use crate::registry_tokens::site::Balance;
use crate::registry_tokens::site::Kind;
use crate::registry_tokens::site::Site;

/// Every token server against every registry.
pub fn pair_by_pair(kind: Kind) {
    let site = Site::start("refused", kind, Balance::Random);
    let image = site.work.join("image");
    Image::new("one").write(&image);
    for registry in [0, 1] {
        for issuer in [registry, 1 - registry] {
            tried(&site, &image, issuer, registry);
        }
    }
}

fn tried(site: &Site, image: &Path, issuer: usize, registry: usize) {
    let (host, user) = (site.pinned_host(registry), format!("token{}", issuer + 1));
    let logged = site.log(registry).len();
    let skopeo = site.skopeo();
    let said = [
        skopeo.login(&host, &user),
        skopeo.push(&host, &user, image, "t/img:1"),
        skopeo.pull(&host, &user, "t/img:1"),
        skopeo.inspect(&host, &user, "t/img:1"),
    ];
    let refusals = log::refusals(&site.log(registry)[logged..]);
    if issuer == registry {
        for said in &said {
            assert!(said.ok, "{}", said.report());
        }
        assert_eq!(refusals, []);
        return;
    }
    let kid = site.kind.kid.of(&issuer::read_key(&site.key_file(issuer)));
    let verifying = if site.kind.registry == "registry3" {
        "failed to verify token: "
    } else {
        ""
    };
    let foretold = Refusal {
        reason: format!("{verifying}token signed by untrusted key with ID: \"{kid}\""),
        context: "error authorizing context: invalid token".to_owned(),
    };
    assert_eq!(refusals, vec![foretold; 4]);
    let printed: Vec<_> = said
        .iter()
        .map(|said| log::fatal(&said.stderr).unwrap_or_else(|| panic!("{}", said.report())))
        .collect();
    let unauthorized = "unauthorized: authentication required\n";
    let name = format!("{host}/t/img");
    assert_eq!(
        printed[0],
        format!("logging into \"{host}\": invalid username/password")
    );
    assert!(printed[1].starts_with("trying to reuse blob sha256:"));
    assert!(printed[1].ends_with(&format!(" exists in {name}: errors:\n{unauthorized}error parsing HTTP 401 response body: unexpected end of JSON input: \"\"\n")));
    assert_eq!(
        printed[2],
        format!(
            "initializing source docker://{name}:1: reading manifest 1 in {name}: errors:\n{unauthorized}{unauthorized}"
        )
    );
    assert_eq!(
        printed[3],
        format!(
            "Error parsing image name \"docker://{name}:1\": reading manifest 1 in {name}: errors:\n{unauthorized}{unauthorized}"
        )
    );
}
