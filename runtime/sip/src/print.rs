//! Messages to bytes: printing what was parsed, and writing our own requests and responses line by line. No value can
//! add a line: CR and LF are blanked. RFC 3261 7.

use std::sync::Arc;

use crate::headers::is_header;
use crate::message::{Message, Request, Response};

/// A message being written: start line, then header lines, then `finish`.
pub(crate) struct Lines {
    text: Vec<u8>,
}

impl Message {
    /// The message as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Request(request) => request.to_bytes(),
            Self::Response(response) => response.to_bytes(),
        }
    }
}

impl Request {
    /// The request as bytes; fields as they are, Content-Length from the body.
    pub fn to_bytes(&self) -> Vec<u8> {
        print(
            Lines::request(self.method.as_str(), self.uri.as_str()),
            &self.headers,
            &self.body,
        )
    }
}

impl Response {
    /// The response as bytes; fields as they are, Content-Length from the body.
    pub fn to_bytes(&self) -> Vec<u8> {
        print(Lines::response(self.status, &self.reason), &self.headers, &self.body)
    }
}

fn print(mut lines: Lines, headers: &crate::headers::Headers, body: &[u8]) -> Vec<u8> {
    let mut has_length = false;
    for field in headers.iter() {
        if is_header(field.name.as_bytes(), "Content-Length") {
            has_length = true;
            lines.number(field.name, body.len());
        } else {
            lines.raw(field.name, field.value);
        }
    }
    if !has_length {
        lines.number("Content-Length", body.len());
    }
    lines.text.extend_from_slice(b"\r\n");
    lines.text.extend_from_slice(body);
    lines.text
}

impl Lines {
    pub(crate) fn request(method: &str, uri: &str) -> Self {
        let mut text = Vec::with_capacity(1024);
        text.extend_from_slice(method.as_bytes());
        text.push(b' ');
        text.extend_from_slice(uri.as_bytes());
        text.extend_from_slice(b" SIP/2.0\r\n");
        Self { text }
    }

    pub(crate) fn response(status: u16, reason: &str) -> Self {
        let mut lines = Self {
            text: Vec::with_capacity(1024),
        };
        lines.text.extend_from_slice(b"SIP/2.0 ");
        lines.text.extend_from_slice(status.to_string().as_bytes());
        lines.text.push(b' ');
        lines.value(reason.as_bytes());
        lines.text.extend_from_slice(b"\r\n");
        lines
    }

    pub(crate) fn field(&mut self, name: &str, value: &str) {
        self.raw(name, value.as_bytes());
    }

    pub(crate) fn raw(&mut self, name: &str, value: &[u8]) {
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b": ");
        self.value(value);
        self.text.extend_from_slice(b"\r\n");
    }

    pub(crate) fn number(&mut self, name: &str, value: usize) {
        self.raw(name, value.to_string().as_bytes());
    }

    /// Ends the headers and adds the session description, if any.
    pub(crate) fn finish(self, sdp: Option<&[u8]>) -> Arc<[u8]> {
        self.finish_with(sdp.map(|sdp| ("application/sdp", sdp)))
    }

    /// Ends the headers and adds a body and its type, if any.
    pub(crate) fn finish_with(mut self, body: Option<(&str, &[u8])>) -> Arc<[u8]> {
        if let Some((kind, _)) = body {
            self.field("Content-Type", kind);
        }
        self.finish_typed(body.map_or(&[][..], |(_, bytes)| bytes))
    }

    /// Ends the headers and adds a body whose type is among them already.
    pub(crate) fn finish_typed(mut self, body: &[u8]) -> Arc<[u8]> {
        self.number("Content-Length", body.len());
        self.text.extend_from_slice(b"\r\n");
        self.text.extend_from_slice(body);
        self.text.into()
    }

    fn value(&mut self, value: &[u8]) {
        self.text.extend(
            value
                .iter()
                .map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }),
        );
    }
}

/// The standard phrase of a status (RFC 3261 21 and later registrations), or its class's.
pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        101..=199 => "Progress",
        202 => "Accepted",
        200..=299 => "OK",
        302 => "Moved Temporarily",
        300..=399 => "Redirection",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        430 => "Flow Failed",
        439 => "First Hop Lacks Outbound Support",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        400..=499 => "Bad Request",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        500..=599 => "Server Internal Error",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => "Failure",
    }
}

#[cfg(test)]
mod tests;
