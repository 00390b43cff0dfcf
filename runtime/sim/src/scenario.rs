//! Scenarios: what callers do and must hear, as a small typed TOML file, and the runner that plays them against a program
//! in a [`crate::World`].
//!
//! ```toml
//! about = "Key 1 leads to sales."
//! seed = 1
//!
//! [network]
//! loss = 0.05
//!
//! [[caller]]
//! name = "alice"
//! steps = [
//!   { call = "100" },
//!   { answered = { within_ms = 1000 } },
//!   { hear_prompt = { file = "menu.wav", first_ms = 800 } },
//!   { press = "1" },
//!   { hear_tone = { hz = 440, for_ms = 1500 } },
//!   { ended = { by = "handler" } },
//! ]
//! ```
//!
//! A step that listens looks at what was heard after the last thing that was found; so order matters and silence between
//! does not.

mod format;
mod likeness;
mod listen;
mod report;
mod run;
mod script;

pub use format::{
    AnnouncementStep, CALLERS_MAX, CallStep, Caller, EndedBy, EndedStep, FaultsBlock, FormatError, KEYS_MAX,
    NetworkBlock, Nothing, OfferWord, PressStep, PromptStep, STEPS_MAX, Scenario, SilenceStep, Step, ToneStep, Verb,
    Within,
};
pub use report::{Failure, Report};
pub use run::{Cast, SCENARIO_TIME, run};
