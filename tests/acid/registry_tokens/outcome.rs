//! What became of the requests, and of the registries.

use crate::registry_tokens::image::Image;
use crate::registry_tokens::load::Phase;
use crate::registry_tokens::refused;
use crate::registry_tokens::site::Site;

/// Requests that were answered wrongly while both pairs were apart, and not once both registries trusted both.
pub fn judge(phases: &[Phase]) {
    print(phases);
    let trusted = phases
        .iter()
        .position(|phase| phase.name == "unify: after trust");
    let (before, since) = phases.split_at(trusted.expect("unify has a stage of trust"));
    let failed: Vec<&String> = before.iter().flat_map(|phase| &phase.failed).collect();
    assert!(!failed.is_empty(), "separate pairs, and nothing failed");
    let others = failed.iter().filter(|failed| !is_refused_token(failed));
    assert_eq!(others.collect::<Vec<_>>(), Vec::<&&String>::new());
    for (verb, least) in [("unify", 500), ("rotate", 500)] {
        let of_verb = || since.iter().filter(|phase| phase.name.starts_with(verb));
        let failed: Vec<&String> = of_verb().flat_map(|phase| &phase.failed).collect();
        assert_eq!(failed, Vec::<&String>::new());
        let requests: usize = of_verb().map(Phase::requests).sum();
        println!("{verb}: 0 of {requests} requests failed");
        assert!(requests >= least, "{verb}: only {requests} requests");
    }
}

fn is_refused_token(failed: &str) -> bool {
    failed.contains("401 ")
        || failed.contains("unauthorized")
        || failed.contains("invalid username/password")
}

pub fn print(phases: &[Phase]) {
    for phase in phases {
        println!("{phase}");
    }
}

/// Login by address and by name, push and pull, each several times, so that nginx leads everywhere; the audit agrees.
pub fn all_is_well(site: &Site) {
    let skopeo = site.skopeo();
    let image = site.work.join("image");
    Image::new("after").write(&image);
    for host in [
        site.host(),
        site.named_host(),
        site.pinned_host(0),
        site.pinned_host(1),
    ] {
        for user in ["admin", "token1", "token2"] {
            for said in [
                skopeo.login(&host, user),
                skopeo.push(&host, user, &image, "after/img:1"),
                skopeo.pull(&host, user, "after/img:1"),
            ] {
                assert!(said.ok, "{}", said.report());
            }
        }
    }
    let edges = refused::token_edges(&site.audit());
    assert_eq!(edges.len(), 4);
    for edge in edges {
        assert_eq!(edge["ok"], true, "{edge:#}");
    }
}
