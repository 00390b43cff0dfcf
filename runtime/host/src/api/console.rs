//! The console: pages for a browser at `/` of the API's port, in the binary. They ask the same API as everybody else, with the key
//! that is typed into them; nothing here knows who that is. No page loads anything from another host, and none may be framed. Its
//! telephone connects to the node's own doors for clients, and to nothing else.

use super::clients::ClientDoors;
use super::endpoint::{Reply, is_known, whole};
use crate::encoding::hex;
use aws_lc_rs::digest::{SHA256, digest};
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, REFERRER_POLICY};
use hyper::header::{X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use hyper::{HeaderMap, Method, Request, StatusCode};

/// What a page of ours needs of the browser beside what every page has: the microphone, for the telephone.
const PERMISSIONS: &str = "microphone=(self), camera=(), geolocation=()";
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// A file of the console.
struct File {
    path: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Every file; `types.js` is for the checker of types alone.
const FILES: &[File] = &[
    file("/", HTML, include_bytes!("../../console/index.html")),
    file("/console/style.css", STYLE, include_bytes!("../../console/style.css")),
    file(
        "/console/icon.svg",
        "image/svg+xml",
        include_bytes!("../../console/icon.svg"),
    ),
    script(
        "/console/sdk/call.js",
        include_bytes!("../../../../client-sdk/js/src/call.js"),
    ),
    script(
        "/console/sdk/connection.js",
        include_bytes!("../../../../client-sdk/js/src/connection.js"),
    ),
    script(
        "/console/sdk/device.js",
        include_bytes!("../../../../client-sdk/js/src/device.js"),
    ),
    script(
        "/console/sdk/emitter.js",
        include_bytes!("../../../../client-sdk/js/src/emitter.js"),
    ),
    script(
        "/console/sdk/index.js",
        include_bytes!("../../../../client-sdk/js/src/index.js"),
    ),
    script("/console/api.js", include_bytes!("../../console/api.js")),
    script("/console/dom.js", include_bytes!("../../console/dom.js")),
    script("/console/format.js", include_bytes!("../../console/format.js")),
    script("/console/keyboard.js", include_bytes!("../../console/keyboard.js")),
    script("/console/main.js", include_bytes!("../../console/main.js")),
    script("/console/pages/call.js", include_bytes!("../../console/pages/call.js")),
    script(
        "/console/pages/calls.js",
        include_bytes!("../../console/pages/calls.js"),
    ),
    script(
        "/console/pages/handler.js",
        include_bytes!("../../console/pages/handler.js"),
    ),
    script(
        "/console/pages/handlers.js",
        include_bytes!("../../console/pages/handlers.js"),
    ),
    script(
        "/console/pages/numbers.js",
        include_bytes!("../../console/pages/numbers.js"),
    ),
    script(
        "/console/pages/phone.js",
        include_bytes!("../../console/pages/phone.js"),
    ),
    script(
        "/console/pages/sign_in.js",
        include_bytes!("../../console/pages/sign_in.js"),
    ),
    script(
        "/console/pages/usage.js",
        include_bytes!("../../console/pages/usage.js"),
    ),
    script(
        "/console/parts/ladder.js",
        include_bytes!("../../console/parts/ladder.js"),
    ),
    script(
        "/console/parts/levels.js",
        include_bytes!("../../console/parts/levels.js"),
    ),
    script("/console/parts/log.js", include_bytes!("../../console/parts/log.js")),
    script(
        "/console/parts/quality.js",
        include_bytes!("../../console/parts/quality.js"),
    ),
    script(
        "/console/parts/ringing.js",
        include_bytes!("../../console/parts/ringing.js"),
    ),
    script(
        "/console/parts/waveform.js",
        include_bytes!("../../console/parts/waveform.js"),
    ),
    script("/console/shell.js", include_bytes!("../../console/shell.js")),
    script("/console/telephone.js", include_bytes!("../../console/telephone.js")),
];

const fn file(path: &'static str, media_type: &'static str, bytes: &'static [u8]) -> File {
    File {
        path,
        media_type,
        bytes,
    }
}

const fn script(path: &'static str, bytes: &'static [u8]) -> File {
    file(path, "text/javascript; charset=utf-8", bytes)
}

/// What a page may do: everything from here and nothing else, sound that it has fetched itself, and the doors for clients.
pub(super) fn policy(doors: &ClientDoors) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{}; media-src blob: mediastream:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        doors.sources()
    )
}

/// The file that a request is for, if it is for one.
pub(super) fn page<B>(request: &Request<B>, policy: &str) -> Option<Reply> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let file = FILES.iter().find(|file| file.path == request.uri().path());
    file.filter(|_| reads)
        .map(|file| reply(file, request.headers(), policy))
}

fn reply(file: &File, headers: &HeaderMap, policy: &str) -> Reply {
    let etag = etag(file.bytes);
    let fresh = is_known(headers, &etag);
    let always: [(HeaderName, &str); 7] = [
        (CONTENT_TYPE, file.media_type),
        // Asked for each time, and sent only if it is another: a new version is seen at once.
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, policy),
        (PERMISSIONS_POLICY, PERMISSIONS),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    let headers = always.into_iter().map(|(name, value)| (name, value.to_owned()));
    Reply {
        status: if fresh {
            StatusCode::NOT_MODIFIED
        } else {
            StatusCode::OK
        },
        headers: headers.chain([(ETAG, etag)]).collect(),
        body: whole(if fresh { Vec::new() } else { file.bytes.to_vec() }),
    }
}

/// The first half of the content's hash.
fn etag(bytes: &[u8]) -> String {
    format!("\"{}\"", hex(&digest(&SHA256, bytes).as_ref()[..16]))
}

#[cfg(test)]
mod tests;
