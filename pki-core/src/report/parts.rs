//! What several JSON documents have in common: a place, a finding's head, a remedy.

use serde::Serialize;

use crate::finding::Finding;
use crate::finding::Remedy;
use crate::place::Place;

/// A place, its node apart.
#[derive(Serialize)]
pub(super) struct PlaceJson {
    path: String,
    read_from: String,
    line: Option<u32>,
}

/// What every mention of a finding begins with.
#[derive(Serialize)]
pub(super) struct HeadJson<'a> {
    rule: &'static str,
    severity: String,
    node: &'a str,
    place: PlaceJson,
}

/// What mends it.
#[derive(Serialize)]
pub(super) struct RemedyJson {
    command: String,
    safe: bool,
}

pub(super) fn place_json(place: &Place) -> PlaceJson {
    PlaceJson {
        path: place.path.display().to_string(),
        read_from: place.read_from.display().to_string(),
        line: place.line,
    }
}

pub(super) fn head_json(finding: &Finding) -> HeadJson<'_> {
    HeadJson {
        rule: finding.rule,
        severity: finding.severity.to_string(),
        node: &finding.place.node,
        place: place_json(&finding.place),
    }
}

pub(super) fn remedy_json(remedy: &Remedy) -> RemedyJson {
    RemedyJson {
        command: remedy.request.to_string(),
        safe: remedy.safe,
    }
}
