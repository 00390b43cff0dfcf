//! How a message finds its transaction: branch, sent-by and method, or the RFC 2543 fallback. RFC 3261 17.1.3, 17.2.3.

use crate::message::Request;
use crate::method::Method;
use crate::via::{DEFAULT_PORT, MAGIC_COOKIE};

/// A transaction's key. Ordered, not hashed: no peer can choose keys that make the table slow.
pub(crate) type Key = Box<[u8]>;

/// The key of the server transaction a request belongs to; an ACK and a CANCEL can ask for their INVITE's.
pub(crate) fn server(request: &Request, method: &Method) -> Option<Key> {
    let via = request.via().ok()?;
    let mut key = Vec::with_capacity(96);
    match via.branch() {
        Some(branch) if branch.len() > MAGIC_COOKIE.len() && starts_with_cookie(branch) => {
            join(&mut key, branch.as_bytes());
            join(&mut key, via.host.to_ascii_lowercase().as_bytes());
            join(&mut key, &via.port.unwrap_or(DEFAULT_PORT).to_be_bytes());
        }
        _ => {
            join(&mut key, b"2543");
            join(&mut key, request.uri.as_str().as_bytes());
            join(&mut key, request.headers.first("Via")?.as_bytes());
            join(&mut key, request.tag_of_from().unwrap_or_default().as_bytes());
            join(&mut key, request.call_id()?.as_bytes());
            join(&mut key, &request.cseq().ok()?.number.to_be_bytes());
        }
    }
    join(&mut key, method.as_str().as_bytes());
    Some(key.into())
}

/// The key of a client transaction: its branch is ours and unique, CANCEL shares it with its INVITE.
pub(crate) fn client(branch: &str, method: &str) -> Key {
    let mut key = Vec::with_capacity(48);
    join(&mut key, branch.as_bytes());
    join(&mut key, method.as_bytes());
    key.into()
}

/// The same call arriving over two paths has the same of these (RFC 3261 8.2.2.2).
pub(crate) fn merged(request: &Request) -> Option<Key> {
    let mut key = Vec::with_capacity(96);
    join(&mut key, b"merged");
    join(&mut key, request.call_id()?.as_bytes());
    join(&mut key, request.tag_of_from().unwrap_or_default().as_bytes());
    join(&mut key, &request.cseq().ok()?.number.to_be_bytes());
    Some(key.into())
}

pub(crate) fn starts_with_cookie(branch: &str) -> bool {
    branch
        .get(..MAGIC_COOKIE.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(MAGIC_COOKIE))
}

/// Length first, so that two parts cannot run into each other.
fn join(key: &mut Vec<u8>, part: &[u8]) {
    key.extend_from_slice(&(part.len() as u32).to_be_bytes());
    key.extend_from_slice(part);
}
