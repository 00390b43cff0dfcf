//! The endpoint as a peer and as a user see it: raw messages in, raw messages and events out, under a virtual clock.

mod calling;
mod refusals;
mod sequences;
mod serving;
mod streams;
mod weather;
