//! THE DECISIONS: what a call does next. Pure cores without I/O, clocks, randomness of their own, or any knowledge of
//! SIP, RTP and wasm.
//!
//! [`call::Call`] is the machine of one call. A handler's host calls reach it as [`ask::Ask`]s and leave as
//! [`ask::Answer`]s; everything else is a [`call::LegSignal`] in and an [`call::Output`] out.

pub mod ask;
pub mod call;
pub mod describe;
pub mod destinations;
pub mod events;
pub mod grants;
pub mod http_urls;
pub mod ids;
pub mod ledger;
pub mod limits;
pub mod locations;
pub mod nodes;
pub mod numbers;
pub mod outbound;
pub mod parts;
pub mod paths;
pub mod policy;
pub mod presence;
pub mod private;
pub mod record;
pub mod regions;
pub mod replica;
pub mod route;
pub mod speech;
pub mod store;
pub mod stream_urls;
pub mod tenancy;
pub mod trunks;
pub mod words;
