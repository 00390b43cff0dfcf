//! The endpoint as a peer and as a user see it: raw messages in, raw messages and events out, under a virtual clock.

mod calling;
mod changes;
mod credentials;
mod door;
mod exchanges;
mod keys;
mod nodes;
mod overload;
mod refusals;
mod reliable;
mod replaces;
mod sequences;
mod serving;
mod session_timers;
mod streams;
mod transfers;
mod weather;
