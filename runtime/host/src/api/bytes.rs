//! Answers that are bytes as they lie in a file or a store: a piece at a time, whole or a range of them (RFC 9110 section 14).

use super::endpoint::{AnswerBody, Reply};
use futures_util::stream::unfold;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE,
};
use hyper::{HeaderMap, StatusCode};
use std::convert::Infallible;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

/// A piece from a place on, up to an end at most; none if it cannot be had.
pub(crate) type Pieces = Arc<dyn Fn(u64, u64) -> Pin<Box<dyn Future<Output = Option<Bytes>> + Send>> + Send + Sync>;

/// What is sent.
pub(crate) struct Content {
    pub(crate) media_type: &'static str,
    /// What a browser calls the file.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) pieces: Pieces,
}

/// All of it, or the one range that is asked for. A range that cannot be is passed over, as RFC 9110 allows.
pub(crate) fn reply(content: &Content, headers: &HeaderMap) -> Reply {
    let asked = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let range = asked.and_then(|text| range(text, content.bytes));
    let (status, part) = match &range {
        Some(range) => (StatusCode::PARTIAL_CONTENT, range.clone()),
        None => (StatusCode::OK, 0..content.bytes),
    };
    let mut headers = vec![
        (CONTENT_TYPE, content.media_type.to_owned()),
        (CONTENT_LENGTH, (part.end - part.start).to_string()),
        (CONTENT_DISPOSITION, format!("inline; filename=\"{}\"", content.name)),
        (ACCEPT_RANGES, "bytes".to_owned()),
        (CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    if range.is_some() {
        let about = format!("bytes {}-{}/{}", part.start, part.end - 1, content.bytes);
        headers.push((CONTENT_RANGE, about));
    }
    Reply {
        status,
        headers,
        body: body(content.pieces.clone(), part),
    }
}

/// One that cannot be read to its end breaks off: its length was told, so the client sees it.
fn body(pieces: Pieces, part: Range<u64>) -> AnswerBody {
    let frames = unfold(part, move |part| {
        let pieces = pieces.clone();
        async move {
            if part.is_empty() {
                return None;
            }
            let piece = pieces(part.start, part.end).await.filter(|piece| !piece.is_empty())?;
            let rest = part.start + piece.len() as u64..part.end;
            Some((Ok::<_, Infallible>(Frame::data(piece)), rest))
        }
    });
    BodyExt::boxed_unsync(StreamBody::new(frames))
}

/// The one range of a header that can be given.
fn range(text: &str, bytes: u64) -> Option<Range<u64>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first, last) {
        ("", last) => bytes.saturating_sub(last.parse().ok()?)..bytes,
        (first, "") => first.parse().ok()?..bytes,
        (first, last) => first.parse().ok()?..last.parse::<u64>().ok()?.saturating_add(1).min(bytes),
    };
    (range.start < range.end).then_some(range)
}

#[cfg(test)]
mod tests;
