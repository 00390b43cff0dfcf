//! THE DECISIONS: what a call does next. Pure cores without I/O, clock, randomness or knowledge of SIP, RTP or wasm.
pub mod ask;
pub mod ids;
pub mod private;
pub mod words;
