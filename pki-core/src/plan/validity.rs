//! From when until when.

use time::Duration;
use time::OffsetDateTime;

use crate::plan::Validity;
use crate::x509::certificate::Certificate;

/// How long kubeadm's leaves last: 365 days.
pub(super) const LEAF: Duration = Duration::days(365);

/// How long kubeadm's CAs last: 3650 days.
pub(super) const AUTHORITY: Duration = Duration::days(3650);

/// How far back a certificate begins, so that a clock that is late accepts it
/// (kubeadm, cmd/kubeadm/app/constants/constants.go, `CertificateBackdate`).
pub(super) const BACKDATE: Duration = Duration::minutes(5);

/// `wanted` from `now` on, to the second, not beyond the end of the CA that signs.
pub(super) fn of_leaf(
    now: OffsetDateTime,
    wanted: Duration,
    authority_ends: Option<OffsetDateTime>,
) -> Validity {
    let now = to_the_second(now);
    let asked = now.saturating_add(wanted);
    let cut = authority_ends.filter(|end| *end < asked);
    Validity {
        not_before: now.saturating_sub(BACKDATE),
        not_after: cut.unwrap_or(asked),
        cut_short_from: cut.map(|_| asked),
    }
}

/// The end of the CA, where it is known.
pub(super) fn end_of(authority: Option<&Certificate>) -> Option<OffsetDateTime> {
    authority.map(Certificate::not_after)
}

fn to_the_second(instant: OffsetDateTime) -> OffsetDateTime {
    // Zero is a valid nanosecond.
    instant.replace_nanosecond(0).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn five_minutes_back_and_a_year_on() {
        let validity = of_leaf(datetime!(2026-03-01 12:00:00.25 UTC), LEAF, None);
        assert_eq!(validity.not_before, datetime!(2026-03-01 11:55 UTC));
        assert_eq!(validity.not_after, datetime!(2027-03-01 12:00 UTC));
        assert_eq!(validity.cut_short_from, None);
    }

    #[test]
    fn a_leaf_ends_with_its_ca() {
        let end = datetime!(2026-06-01 0:00 UTC);
        let validity = of_leaf(datetime!(2026-03-01 12:00 UTC), LEAF, Some(end));
        assert_eq!(validity.not_after, end);
        assert_eq!(
            validity.cut_short_from,
            Some(datetime!(2027-03-01 12:00 UTC))
        );
        let same = of_leaf(
            datetime!(2026-03-01 12:00 UTC),
            LEAF,
            Some(datetime!(2027-03-01 12:00 UTC)),
        );
        assert_eq!(same.cut_short_from, None);
    }
}
