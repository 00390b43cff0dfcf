//! Foreign bytes: the torture messages of RFC 4475 and RFC 5118 as their archives have them, and messages written down
//! from the wire formats of other makers, fed to our parser and endpoint from outside the crate. Not here: our own endpoint on both ends (that is the
//! crate's own tests) and real programs (`tests/interop`).

mod captures;
mod door;
mod oracle;
mod phones;
mod refused;
mod torture;
