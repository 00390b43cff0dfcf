//! THE PRETEND MACHINE: a virtual clock, a lossy network, scripted phones, and scenarios that say what a caller does and
//! must hear. The node inside is the production's own [`patchcord_switch::Shard`] and media engine.
//!
//! Pure like the cores it drives: the caller passes in the text of a scenario, the program and one [`std::time::Instant`]
//! as the origin of virtual time; the same seed gives the same log byte for byte. Handlers are held to their fuel limit,
//! not to CPU time: nobody ticks the engine's epoch here.
//!
//! Reading order: [`Network`], [`phone`], [`World`], [`scenario`], [`fuzz`]. The phone knows nothing of the rest and is also the test
//! phone of the command line.

mod agent;
pub mod fuzz;
mod network;
pub mod phone;
pub mod scenario;
mod transcriber;
mod world;

pub use agent::Agent;
pub use network::{Carried, Conditions, Fate, LinkId, Network, PACKETS_IN_FLIGHT, Packet};
pub use phone::Phone;
pub use transcriber::Transcriber;
pub use world::{
    DOMAIN, EVENTS_KEPT, LOG_LINES, Leftover, Line, Listener, Log, NODE, NumberAt, PHONES_MAX, PhoneId, PhoneOptions,
    RECORDING_SECONDS, Recording, Seat, Setup, Shelving, Spoken, Storage, TENANT, Tape, Voice, World, speech, users,
    way_out, words_said,
};
