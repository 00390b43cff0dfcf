//! The transports on loopback: real sockets, TLS and WebSocket against clients that behave and clients that do not.

mod misbehaving;
mod nodes;
mod rig;
mod secure;
mod streams;
mod tokens;
mod web;
mod weight;
