//! Browsers and apps as endpoints: the tokens they sign in with, which keys made those, and the gateway that speaks with them in
//! messages of our own. Not here: their media (`webrtc`), and SIP over WebSocket as such (`transports`).
//!
//! Order to read: `token` (what a token says and whether it is good), `minting` (how one is made), `signing_keys` (whose key made it),
//! `ice` (what its sound finds a way with), `gateway`, `figures` (what is refused).

mod figures;
pub(crate) mod gateway;
pub(crate) mod ice;
pub(crate) mod minting;
pub(crate) mod signing_keys;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod token;

pub(crate) use figures::TokenFigures;
pub use ice::{IceServers, IceServersError, IceUrl};
pub use minting::{Minting, key_id, mint, public_key, token_name};
pub use token::{CallGrant, Grants, PresenceGrant, TokenError, Watch};
