//! `parseSANExtension`.

use crate::verdict::go::constraints::is_valid_domain;
use crate::verdict::go::parse::ParseRefusal;
use crate::verdict::go::text::quote;
use crate::verdict::go::url::Url;
use crate::x509::der::SEQUENCE;
use crate::x509::der::read::Element;
use crate::x509::der::read::Reader;
use crate::x509::rfc5280::DNS_NAME;
use crate::x509::rfc5280::IP_ADDRESS;
use crate::x509::rfc5280::RFC822_NAME;
use crate::x509::rfc5280::URI;

/// Checks the value of the extension. Names of other kinds are passed over.
pub(super) fn check(mut value: Reader<'_>) -> Result<(), ParseRefusal> {
    let mut names = value
        .inside(SEQUENCE)
        .ok_or("x509: invalid subject alternative names")?;
    while !names.is_empty() {
        let name = names
            .any()
            .ok_or("x509: invalid subject alternative name")?;
        check_name(&name)?;
    }
    Ok(())
}

fn check_name(name: &Element<'_>) -> Result<(), ParseRefusal> {
    let octets = name.contents;
    match name.tag {
        RFC822_NAME if !octets.is_ascii() => Err("x509: SAN rfc822Name is malformed".into()),
        DNS_NAME if !octets.is_ascii() => Err("x509: SAN dNSName is malformed".into()),
        URI => check_uri(octets),
        IP_ADDRESS if octets.len() != 4 && octets.len() != 16 => {
            Err(format!("x509: cannot parse IP address of length {}", octets.len()).into())
        }
        _ => Ok(()),
    }
}

fn check_uri(octets: &[u8]) -> Result<(), ParseRefusal> {
    let text = str::from_utf8(octets).ok().filter(|text| text.is_ascii());
    let text = text.ok_or("x509: SAN uniformResourceIdentifier is malformed")?;
    let why = match Url::parse(text) {
        Ok(url) if is_valid_domain(&url.host(), false) => return Ok(()),
        Ok(_) => "invalid domain".to_owned(),
        Err(why) => why,
    };
    Err(format!("x509: cannot parse URI {}: {why}", quote(text)).into())
}
