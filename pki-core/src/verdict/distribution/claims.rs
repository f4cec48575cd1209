//! What both generations ask of the claims, in the order in which they do.

use time::Duration;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::verdict::distribution::Presented;
use crate::verdict::distribution::Refusal;
use crate::verdict::distribution::Release;
use crate::verdict::distribution::Verifier;
use crate::verdict::go::quote;

pub(super) fn check(
    presented: &Presented<'_>,
    verifier: &Verifier<'_>,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    if presented.issuer != verifier.issuer {
        let issuer = quote(presented.issuer);
        return Err(Refusal::invalid(format!(
            "token from untrusted issuer: {issuer}"
        )));
    }
    let mut audience = presented.audience.iter();
    if !audience.any(|name| name == verifier.service) {
        let audience = match verifier.release {
            Release::V2 => quote(presented.audience.first().map_or("", String::as_str)),
            Release::V3 => format!("[{}]", presented.audience.join(" ")),
        };
        return Err(Refusal::invalid(format!(
            "token intended for another audience: {audience}"
        )));
    }
    // A claim that is missing is zero.
    let expires = presented.expires.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let last = whole_seconds(expires).saturating_add(LEEWAY);
    if now > last {
        return Err(Refusal::invalid(out_of_time("after", last)));
    }
    let not_before = presented.not_before.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let first = whole_seconds(not_before).saturating_sub(LEEWAY);
    if now < first {
        return Err(Refusal::invalid(out_of_time("before", first)));
    }
    Ok(())
}

/// The claims are whole seconds.
fn whole_seconds(instant: OffsetDateTime) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(instant.unix_timestamp()).unwrap_or(instant)
}

fn out_of_time(side: &str, limit: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] +0000 UTC");
    // A year beyond 9999 has no such form.
    let limit = limit.format(format).unwrap_or_else(|_| limit.to_string());
    format!("token not to be used {side} {limit} - currently ")
}

/// `Leeway`.
const LEEWAY: Duration = Duration::seconds(60);
