//! PEM blocks with the place of each.
//!
//! No library counts lines and reads on after a broken block (docs/decisions/0002-pem.md), so the lines are walked here,
//! once, and each body is handed to who decodes it.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64ct::Base64;
use base64ct::Encoding;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::pem::SectionKind;
use zeroize::Zeroizing;

/// One PEM block.
#[derive(Clone)]
pub struct PemBlock {
    /// The label: `CERTIFICATE`, `RSA PRIVATE KEY`.
    pub label: String,
    /// The decoded bytes; wiped when dropped, for they may be a key.
    pub der: Zeroizing<Vec<u8>>,
    /// The line of `-----BEGIN`, counted from 1.
    pub line: u32,
    /// RFC 1421 headers (`Proc-Type: 4,ENCRYPTED`), as legacy encrypted keys carry them.
    pub headers: Vec<(String, String)>,
    /// The bytes of the text from its BEGIN to the end of its END line.
    pub span: Range<usize>,
}

impl PemBlock {
    /// Whether Go's encoding/pem reads it too (`Decode`): its BEGIN begins a line, which a byte order mark prevents; its
    /// base64 is padded and has spaces, tabs and line ends in it at most. `text` is what it was found in.
    pub fn is_read_by_go(&self, text: &[u8]) -> bool {
        let begins_a_line = match self.span.start.checked_sub(1) {
            Some(before) => text.get(before) == Some(&b'\n'),
            None => true,
        };
        let whole = text.get(self.span.clone()).unwrap_or_default();
        let mut lines = lines(whole);
        let (begin, end) = (lines.next(), lines.next_back());
        let first = begin.unwrap_or_default().len();
        let last = whole.len() - end.unwrap_or_default().len();
        let (_, body) = split_headers(whole.get(first..last).unwrap_or_default());
        let ends_plainly = [begin, end].into_iter().flatten().all(|line| {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let trimmed = line.trim_ascii_end();
            line.iter()
                .skip(trimmed.len())
                .all(|byte| matches!(byte, b' ' | b'\t'))
        });
        begins_a_line && ends_plainly && is_padded_base64(body)
    }
}

/// What is wrong with the text around or inside blocks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// No block at all.
    #[error("no PEM block found")]
    Empty,
    /// A BEGIN line that goes on after its label.
    #[error("line {line}: a BEGIN line goes on after its label; the file has lost its line breaks")]
    NoLineBreak {
        /// The line of the BEGIN.
        line: u32,
    },
    /// A BEGIN without its END.
    #[error("line {line}: `{label}` begins but does not end; the file is cut short")]
    Unterminated {
        /// The label of the block.
        label: String,
        /// The line of its BEGIN.
        line: u32,
    },
    /// An END with another label.
    #[error("line {line}: `{label}` begins but ends as `{end}`")]
    OtherEnd {
        /// The label of its BEGIN.
        label: String,
        /// The label of its END.
        end: String,
        /// The line of its BEGIN.
        line: u32,
    },
    /// Characters that are not base64.
    #[error("line {line}: `{label}` is not valid base64")]
    Base64 {
        /// The label of the block.
        label: String,
        /// The line of its BEGIN.
        line: u32,
    },
}

impl PemError {
    /// The line of the BEGIN concerned, counted from 1.
    pub fn line(&self) -> Option<u32> {
        match self {
            Self::Empty => None,
            Self::NoLineBreak { line }
            | Self::Unterminated { line, .. }
            | Self::OtherEnd { line, .. }
            | Self::Base64 { line, .. } => Some(*line),
        }
    }

    /// The label of the block concerned.
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Empty | Self::NoLineBreak { .. } => None,
            Self::Unterminated { label, .. }
            | Self::OtherEnd { label, .. }
            | Self::Base64 { label, .. } => Some(label),
        }
    }
}

/// Reads every block, in order; text around blocks, CRLF and a byte order mark are passed over. Each block that is
/// broken is an `Err` at its place in the list, the others are still read.
pub fn blocks(text: &[u8]) -> Vec<Result<PemBlock, PemError>> {
    let mut found = Vec::new();
    let mut open: Option<Open> = None;
    let mut start = if text.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    let body = text.get(start..).unwrap_or_default();
    for (line, number) in lines(body).zip(1..) {
        let end = start + line.len();
        if !line.starts_with(b"-----") {
            start = end;
            continue;
        }
        if let Some(label) = marker(line, b"-----BEGIN ") {
            found.extend(open.take().map(|open| Err(open.unterminated())));
            open = Some(Open {
                label,
                line: number,
                begin: start,
                body: end,
            });
        } else if let Some(label) = marker(line, b"-----END ") {
            found.extend(open.take().map(|open| open.close(text, &label, start..end)));
        } else if runs_on(line) {
            found.extend(open.take().map(|open| Err(open.unterminated())));
            found.push(Err(PemError::NoLineBreak { line: number }));
        }
        start = end;
    }
    found.extend(open.map(|open| Err(open.unterminated())));
    found
}

/// Whether the bytes look like PEM at all rather than DER.
pub fn is_pem(bytes: &[u8]) -> bool {
    const BEGIN: &[u8] = b"-----BEGIN ";
    bytes.windows(BEGIN.len()).any(|window| window == BEGIN)
}

/// Writes one block, lines of 64 characters and a final newline, as Go and OpenSSL do. Not for secrets: what it
/// copies is not wiped.
pub fn encode(label: &str, der: &[u8]) -> String {
    let config = ::pem::EncodeConfig::new().set_line_ending(::pem::LineEnding::LF);
    ::pem::encode_config(&::pem::Pem::new(label, der), config)
}

/// A block whose END has not been met.
struct Open {
    label: String,
    line: u32,
    begin: usize,
    body: usize,
}

impl Open {
    fn unterminated(self) -> PemError {
        PemError::Unterminated {
            label: self.label,
            line: self.line,
        }
    }

    fn close(self, text: &[u8], end_label: &str, end: Range<usize>) -> Result<PemBlock, PemError> {
        if self.label != end_label {
            return Err(PemError::OtherEnd {
                label: self.label,
                end: end_label.to_owned(),
                line: self.line,
            });
        }
        let (headers, body) = split_headers(text.get(self.body..end.start).unwrap_or_default());
        let whole = text.get(self.begin..end.end).unwrap_or_default();
        let lenient = || match SectionKind::try_from(self.label.as_bytes()) {
            Ok(_) if headers.is_empty() => decode_leniently(whole),
            _ => decode_leniently(&relabelled(body)),
        };
        match decode(&self.label, body).or_else(lenient) {
            Some(der) => Ok(PemBlock {
                label: self.label,
                der,
                line: self.line,
                headers,
                span: self.begin..end.end,
            }),
            None => Err(PemError::Base64 {
                label: self.label,
                line: self.line,
            }),
        }
    }
}

/// The label of a `-----BEGIN LABEL-----` or END line. What is longer or holds anything else than a label does
/// (RFC 7468 section 3) may be the key itself, in a file that lost its line breaks, and labels are shown.
fn marker(line: &[u8], prefix: &[u8]) -> Option<String> {
    let label = line
        .trim_ascii_end()
        .strip_prefix(prefix)?
        .strip_suffix(b"-----")?;
    let is_label = label.len() <= LONGEST_LABEL
        && label.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && !label.windows(2).any(|pair| pair == b"--");
    is_label.then(|| String::from_utf8_lossy(label).into_owned())
}

/// Whether a line begins as BEGIN lines do, label and all, and then goes on.
fn runs_on(line: &[u8]) -> bool {
    line.strip_prefix(b"-----BEGIN ")
        .is_some_and(|rest| rest.windows(5).any(|part| part == b"-----"))
}

/// `Key: value` lines up to an empty line (RFC 1421 section 4.6), and what follows them.
fn split_headers(body: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let mut headers = Vec::new();
    let mut rest = body;
    while let Some(line) = rest.split_inclusive(|byte| *byte == b'\n').next() {
        let Some((key, value)) = header(line) else {
            break;
        };
        headers.push((key, value));
        rest = rest.get(line.len()..).unwrap_or_default();
    }
    (headers, rest)
}

fn header(line: &[u8]) -> Option<(String, String)> {
    let (key, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    Some((key.trim().to_owned(), value.trim().to_owned()))
}

/// The body under the label of a secret, which is decoded without table look-ups.
fn relabelled(body: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(body.len() + 64));
    text.extend_from_slice(b"-----BEGIN PRIVATE KEY-----\n");
    text.extend_from_slice(body);
    text.extend_from_slice(b"\n-----END PRIVATE KEY-----\n");
    text
}

/// Base64 as it is commonly written. What may be a secret is decoded without look-ups that its bits would steer.
fn decode(label: &str, body: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(Vec::with_capacity(body.len()));
    for line in lines(body) {
        text.extend_from_slice(line.trim_ascii());
    }
    let mut der = Zeroizing::new(vec![0; text.len().div_ceil(4) * 3]);
    let length = match label {
        "CERTIFICATE" | "PUBLIC KEY" => STANDARD.decode_slice(&*text, &mut der).ok()?,
        _ => Base64::decode(&*text, &mut der).ok()?.len(),
    };
    der.truncate(length);
    Some(der)
}

/// Base64 without its padding, with spaces inside its lines, with bits left over.
fn decode_leniently(block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (_, der) = <(SectionKind, Vec<u8>)>::from_pem_slice(block).ok()?;
    Some(Zeroizing::new(der))
}

/// Groups of four characters, the last one filled up with `=`.
fn is_padded_base64(body: &[u8]) -> bool {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let length = body.iter().filter(|byte| !is_blank(byte)).count();
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    length % 4 == 0 && body.iter().all(|byte| is_blank(byte) || is_base64(byte))
}

/// The lines, each with its line feed.
fn lines(text: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

/// `ENCRYPTED PRIVATE KEY` has 21 characters, `NEW CERTIFICATE REQUEST` 23.
const LONGEST_LABEL: usize = 40;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

    fn only(text: &[u8]) -> Result<PemBlock, PemError> {
        let mut found = blocks(text);
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    #[test]
    fn text_around_crlf_and_a_byte_order_mark_are_passed_over() {
        let text =
            format!("\u{feff}subject=CN = kubernetes\n{CERTIFICATE}trailing").replace('\n', "\r\n");
        let block = only(text.as_bytes()).unwrap();
        assert_eq!(block.label, "CERTIFICATE");
        assert_eq!(*block.der, [0x30, 0]);
        assert_eq!(block.line, 2);
        assert!(text[block.span.clone()].starts_with("-----BEGIN"));
        assert!(text[block.span].ends_with("-----\r\n"));
    }

    #[test]
    fn a_byte_order_mark_directly_before_a_block_is_passed_over() {
        let block = only(format!("\u{feff}{CERTIFICATE}").as_bytes()).unwrap();
        assert_eq!((block.line, block.span.start), (1, 3));
    }

    #[test]
    fn what_go_does_not_read_is_known() {
        let read = |text: &str| {
            only(text.as_bytes())
                .unwrap()
                .is_read_by_go(text.as_bytes())
        };
        for text in [
            CERTIFICATE.to_owned(),
            CERTIFICATE.replace('\n', " \t\r\n"),
            CERTIFICATE.replace("MAA=", " M\tA\r\n\nA="),
            CERTIFICATE.replace("MAA=", "A: b\n\nMAB="),
            format!("text\n{}", CERTIFICATE.trim_end()),
        ] {
            assert!(read(&text), "{text:?}");
        }
        for text in [
            format!("\u{feff}{CERTIFICATE}"),
            CERTIFICATE.replace('=', ""),
            CERTIFICATE.replace("MAA=", "MAA=\u{b}"),
            CERTIFICATE.replace("-----\n", "-----\r\r\n"),
        ] {
            assert!(!read(&text), "{text:?}");
        }
    }

    #[test]
    fn unknown_labels_are_told() {
        let text = CERTIFICATE.replace("CERTIFICATE", "TRUSTED CERTIFICATE");
        let block = only(text.as_bytes()).unwrap();
        assert_eq!(block.label, "TRUSTED CERTIFICATE");
        assert_eq!(*block.der, [0x30, 0]);
    }

    #[test]
    fn headers_are_kept_apart_from_the_body() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMAA=\n-----END RSA PRIVATE KEY-----\n";
        let block = only(text.as_bytes()).unwrap();
        assert_eq!(
            block.headers[0],
            ("Proc-Type".to_owned(), "4,ENCRYPTED".to_owned())
        );
        assert_eq!(block.headers.len(), 2);
        assert_eq!(*block.der, [0x30, 0]);
    }

    #[test]
    fn a_broken_block_does_not_hide_the_next() {
        let cut = "-----BEGIN CERTIFICATE-----\nMAA=\n";
        let damaged = CERTIFICATE.replace("MAA=", "M!A=");
        let found = blocks(format!("{cut}{damaged}{CERTIFICATE}{cut}").as_bytes());
        assert_eq!(
            found
                .iter()
                .map(|block| block.as_ref().err().cloned())
                .collect::<Vec<_>>(),
            [
                Some(PemError::Unterminated {
                    label: "CERTIFICATE".to_owned(),
                    line: 1
                }),
                Some(PemError::Base64 {
                    label: "CERTIFICATE".to_owned(),
                    line: 3
                }),
                None,
                Some(PemError::Unterminated {
                    label: "CERTIFICATE".to_owned(),
                    line: 9
                }),
            ]
        );
    }

    #[test]
    fn an_end_with_another_label_is_told() {
        let text = CERTIFICATE.replace("END CERTIFICATE", "END X509 CRL");
        assert_eq!(
            only(text.as_bytes()).err().unwrap().to_string(),
            "line 1: `CERTIFICATE` begins but ends as `X509 CRL`"
        );
    }

    #[test]
    fn a_key_without_line_breaks_is_not_taken_for_a_label() {
        let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n";
        for line_break in ["\r", " ", "", "\\n"] {
            let error = only(key.replace('\n', line_break).as_bytes())
                .err()
                .unwrap();
            assert_eq!(error, PemError::NoLineBreak { line: 1 }, "{line_break:?}");
        }
        let body = "MC4CAQAw".repeat(8);
        for label in ["BEGIN PRIVATE KEY", "END"] {
            let text = key.replace(label, &format!("{label} {body}"));
            let error = only(text.as_bytes()).err().unwrap();
            assert!(!format!("{error:?}").contains(&body), "{error}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for length in [0, 1, 47, 48, 49, 500] {
            let der = vec![7; length];
            let text = encode("CERTIFICATE", &der);
            assert!(text.lines().all(|line| line.len() <= 64) && text.ends_with("-----\n"));
            assert_eq!(*only(text.as_bytes()).unwrap().der, der);
        }
    }

    #[test]
    fn base64_that_is_written_otherwise_is_read_as_well() {
        for label in ["CERTIFICATE", "PRIVATE KEY", "X509 CRL"] {
            for body in [
                "MAMCAQA=",
                "MAMCAQA",
                "MAMC AQA=",
                "MAMC\tAQA",
                "MAMCAQB=",
                " MAMC \n\n AQA= ",
                "MAMC\rAQA=",
            ] {
                let text = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----");
                let block = only(text.as_bytes()).unwrap();
                assert_eq!(*block.der, [0x30, 3, 2, 1, 0], "{label} {body:?}");
            }
            for body in ["MAMCAQA=A", "MAMCA===", "MAMCA", "=", "MAMC-QA="] {
                let text = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----");
                assert!(only(text.as_bytes()).is_err(), "{label} {body:?}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(-----(BEGIN|END) (A|B)-----|[ -~]|\r|\n){0,40}") {
            let _ = blocks(text.as_bytes());
        }
    }
}
