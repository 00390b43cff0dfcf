//! Foreign bytes: messages written down from the wire formats of other makers and from the shapes of RFC 4475 and
//! RFC 5118, fed to our parser and endpoint from outside the crate. Not here: our own endpoint on both ends (that is the
//! crate's own tests) and real programs (`tests/interop`).

mod captures;
mod door;
mod oracle;
mod phones;
mod torture;
mod torture_bad;
