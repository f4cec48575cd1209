//! PEM blocks with the place of each.

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
}

/// What is wrong with the text around or inside blocks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// No block at all.
    #[error("no PEM block found")]
    Empty,
    /// A BEGIN without its END.
    #[error("line {line}: `{label}` begins but does not end; the file is cut short")]
    Unterminated {
        /// The label of the block.
        label: String,
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

/// Reads every block, in order; text around blocks, CRLF and a byte order mark are passed over. Each block that is
/// broken is an `Err` at its place in the list, the others are still read.
pub fn blocks(text: &[u8]) -> Vec<Result<PemBlock, PemError>> {
    todo!()
}

/// Writes one block, lines of 64 characters and a final newline, as Go and OpenSSL do.
pub fn encode(label: &str, der: &[u8]) -> String {
    todo!()
}
