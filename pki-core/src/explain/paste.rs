//! Lines as they were printed, out of lines as they were pasted: a terminal, a mail or a ticket breaks long ones.

use crate::explain::Fault;
use crate::explain::Field;
use crate::explain::clean::unescaped;

/// Every line with its fault, where it tells of one. Broken lines are put together again, in what is short enough to
/// have been pasted; a log is not broken.
pub(super) fn faults(lines: &[String]) -> Vec<(String, Option<Fault>)> {
    let alone: Vec<Option<Fault>> = lines.iter().map(|line| Fault::read(line)).collect();
    if lines.len() > PASTED_LINES || lines.iter().map(String::len).sum::<usize>() > PASTED_BYTES {
        let lines = lines.iter().map(|line| unescaped(line.trim()));
        return lines.zip(alone).collect();
    }
    let mut faults = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let taken = match joined(lines, &alone, at) {
            Some((length, whole)) => {
                faults.push((whole.line.clone(), Some(whole)));
                length
            }
            None => {
                faults.push((unescaped(line.trim()), alone.get(at).cloned().flatten()));
                1
            }
        };
        at += taken;
    }
    faults
}

/// The line that begins at `at`, when it goes on in the next ones: how many there are of it, and its fault.
fn joined(lines: &[String], alone: &[Option<Fault>], at: usize) -> Option<(usize, Fault)> {
    let first = lines.get(at)?;
    let widest = lines.iter().map(|line| line.chars().count()).max()?;
    let mut broken = first.clone();
    let mut wrapped = first.trim().to_owned();
    let mut best = None;
    for (count, (next, next_alone)) in lines.iter().zip(alone).enumerate().skip(at + 1).take(MOST) {
        let is_full = lines
            .get(count - 1)
            .is_some_and(|line| line.chars().count() == widest && widest >= NARROWEST);
        if next_alone.is_some() || begins_a_record(next) {
            break;
        }
        // A terminal breaks at its last column, in the middle of words; a mail program breaks between them.
        let boundary = broken.len();
        broken.push_str(next);
        let word_boundary = wrapped.len();
        wrapped.push(' ');
        wrapped.push_str(next.trim());
        let as_broken = is_full
            .then(|| crossing(&broken, boundary))
            .flatten()
            .filter(|whole| is_continued(alone.get(at), whole));
        let as_wrapped = || crossing(&wrapped, word_boundary).filter(|_| alone_is_none(alone, at));
        if let Some(whole) = as_broken.or_else(as_wrapped) {
            best = Some((count + 1 - at, whole));
        }
    }
    best
}

/// The fault of `text`, when its wording goes over `boundary`.
fn crossing(text: &str, boundary: usize) -> Option<Fault> {
    let boundary = unescaped(text.get(..boundary)?).len();
    let (fault, wording) = Fault::read_at(&unescaped(text))?;
    (wording.start < boundary && wording.end > boundary).then_some(fault)
}

fn alone_is_none(alone: &[Option<Fault>], at: usize) -> bool {
    alone.get(at).is_some_and(Option::is_none)
}

/// Whether `whole` only goes on with what the first line alone says: the rest of a name or of an address.
fn is_continued(alone: Option<&Option<Fault>>, whole: &Fault) -> bool {
    let Some(Some(alone)) = alone else {
        return true;
    };
    let is_address = |text: &str| text.parse::<std::net::IpAddr>().is_ok();
    let wanted = whole.evidence.get(Field::Wanted);
    let was_address_like = alone
        .evidence
        .get(Field::Wanted)
        .is_some_and(|wanted| wanted.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    alone.kind != whole.kind || !was_address_like || wanted.is_some_and(is_address)
}

/// Whether a line is the beginning of something: a time, klog's header, JSON, a program's own name.
fn begins_a_record(line: &str) -> bool {
    let starts_with_year = line.split_at_checked(4).is_some_and(|(year, rest)| {
        year.bytes().all(|byte| byte.is_ascii_digit()) && rest.starts_with(['-', '/'])
    });
    let mut characters = line.chars();
    let is_klog = matches!(characters.next(), Some('I' | 'W' | 'E' | 'F'))
        && characters
            .by_ref()
            .take(4)
            .filter(char::is_ascii_digit)
            .count()
            == 4;
    starts_with_year || is_klog || RECORDS.iter().any(|head| line.starts_with(head))
}

const RECORDS: &[&str] = &[
    "{\"",
    "time=\"",
    "level=",
    "error:",
    "Error",
    "Unable to",
    "The connection",
    "curl:",
    "nginx:",
    "panic:",
    "FATA",
    "ERRO",
    "WARN",
    "Jan ",
    "Feb ",
    "Mar ",
    "Apr ",
    "May ",
    "Jun ",
    "Jul ",
    "Aug ",
    "Sep ",
    "Oct ",
    "Nov ",
    "Dec ",
];

/// What is longer was not pasted by hand.
const PASTED_LINES: usize = 64;
const PASTED_BYTES: usize = 64 << 10;

/// Into how many lines more one can be broken.
const MOST: usize = 8;

/// No terminal is narrower.
const NARROWEST: usize = 40;
