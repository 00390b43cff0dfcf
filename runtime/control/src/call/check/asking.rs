//! What a web server may be asked.

use super::{invalid, over};
use crate::words::{Error, HttpHeader, HttpMethod, HttpRequest, LimitName};

const TIMEOUT_MS: std::ops::RangeInclusive<u32> = 100..=30_000;
const HEADERS_MAX: usize = 32;
const HEADER_BYTES_MAX: usize = 8_192;
const BODY_BYTES_MAX: usize = 65_536;
/// Headers that carry the message itself (RFC 9110 sections 6 and 7), or belong to one connection.
const OURS: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Everything but the address. A refusal never holds a value.
pub(crate) fn http(request: &HttpRequest) -> Result<(), Error> {
    over(LimitName::Headers, request.headers.len(), HEADERS_MAX)?;
    let secret = |header: &HttpHeader| header.secret.as_ref().map_or(0, String::len);
    let bytes = |header: &HttpHeader| header.name.len() + header.value.reveal().len() + secret(header);
    let all = request.headers.iter().map(bytes).sum();
    over(LimitName::HttpBytes, all, HEADER_BYTES_MAX)?;
    request.headers.iter().try_for_each(header)?;
    let body = request.body.as_ref().map(|body| body.reveal().len());
    over(LimitName::HttpBytes, body.unwrap_or(0), BODY_BYTES_MAX)?;
    if body.is_some() && matches!(request.method, HttpMethod::Get | HttpMethod::Head) {
        return invalid("request.body", "a request that gets something has no body");
    }
    let ms = request.timeout_ms;
    if !TIMEOUT_MS.contains(&ms) {
        return invalid("request.timeout-ms", &format!("{ms} ms; 100 to 30,000 are allowed"));
    }
    Ok(())
}

fn header(header: &HttpHeader) -> Result<(), Error> {
    let name = &header.name;
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(letter) {
        return invalid(
            "request.headers",
            "a name with other signs than those of names (RFC 9110 section 5.1)",
        );
    }
    if OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
        return invalid(
            "request.headers",
            "a header that carries the message itself; the platform writes it",
        );
    }
    if !header
        .value
        .reveal()
        .bytes()
        .all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
    {
        return invalid(
            "request.headers",
            "a value with other signs than those of ASCII that can be printed",
        );
    }
    Ok(())
}
