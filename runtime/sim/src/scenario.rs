//! Scenarios: what phones do and must hear, as a small typed TOML file, and the runner that plays them against a program
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
//! Phones that may be called stand in `[[callee]]` blocks and speak the same steps. One registers as a user of the office
//! (its `name`, or `user`), answers a telephone number behind a trunk (`number`), or a host name (`host`):
//!
//! ```toml
//! [[callee]]
//! name = "bob"
//! when_called = { answer_after_ms = 2000 }
//! hum_hz = 700
//! steps = [
//!   { called = "alice" },
//!   { answered = {} },
//!   { hear = "alice" },
//!   { transfer = "carol" },
//!   { transferred = { status = 200 } },
//!   { ended = { by = "callee" } },
//! ]
//! ```
//!
//! | key of a phone | means |
//! |---|---|
//! | `when_called` | `"ring"` (a callee's default), `"busy"` (a caller's), `"wait"`, `{ answer_after_ms = .. }`, `{ refuse = 603 }`, `{ ring_then_refuse = { ring_ms = .., status = .. } }`, `{ early_media_ms = .. }`, `{ redirect = "sip:.." }` |
//! | `hum_hz` | a tone it says in every call, from the answer on; `hear = "name"` listens for it |
//! | `lines` | calls a callee takes before it is busy; `{ line = 2 }` turns to the second |
//! | `user` | whom it registers as; a caller without it is a stranger to the node |
//!
//! What web servers answer stands in `[[http]]` blocks, secrets of the handler in `[secrets]`, and what the store holds at the
//! beginning in `[store]`. What a handler asks of a server that no block answers makes the scenario fail:
//!
//! ```toml
//! [secrets]
//! crm-token = "any eight signs"
//!
//! [store]
//! "calls of alice" = "7"
//!
//! [[http]]
//! method = "POST"                  # GET without it
//! url = "https://crm.example.com/calls"
//! body_holds = "alice"             # of the request; anything without it
//! status = 201
//! headers = { content-type = "text/plain" }
//! body = "noted"
//! delay_ms = 300
//! # fails = "never_answers"        # or "too_large", "refused", "breaks", "overloaded": no answer
//! ```
//!
//! Texts are spoken by a pretend voice, whose words `hear_speech` knows; `voice_fails = "why"` at the top makes it refuse.
//! What a phone says with `say_words` in the same voice, a pretend recogniser understands; `listener_fails` is for it.
//! Another one listens all the time to whom a handler wants written down; it understands the words of the hints.
//!
//! Pretend servers that legs are streamed to stand in `[[agent]]` blocks. One greets with a tone, answers what it hears (a
//! tenth of a second of sound, then quiet) with another, falls silent when it is interrupted, sends the text "a person is
//! wanted" when `*` is pressed, and ends the stream when `#` is. Only these servers are allowed:
//!
//! ```toml
//! [[agent]]
//! url = "ws://127.0.0.1:8765/agent"
//! greets_hz = 600             # not at all if greets_ms is 0, as it is unless said otherwise
//! greets_ms = 800
//! answers_hz = 440
//! answers_ms = 400
//! refuses = 403               # or absent = true, or breaks_after_ms = 1000 for its first connection
//! ```
//!
//! What is said of people of the office, before anything begins, stands in tables; what a telephone says of itself, in its steps:
//!
//! ```toml
//! [presence.bob]
//! availability = "do_not_disturb"     # or "available", "busy", "unavailable"
//! reason = "away_short"               # or "away_long", "on_a_call"; may be left out
//! text = "In the cinema until ten."
//! ```
//!
//! Registrations come first; time counts from the moment when all have succeeded.
//!
//! | step | does or expects |
//! |---|---|
//! | `call`, `called`, `not_called_ms` | a call out, in, or none |
//! | `ring`, `send_early_media`, `answer`, `refuse` | what a called phone does that waits or rings |
//! | `ringing`, `early_media`, `answered`, `changed`, `ended` | what happens to a call |
//! | `hear`, `hear_prompt`, `hear_speech`, `hear_tone`, `hear_silence`, `hear_announcement`, `keys_heard` | what is heard |
//! | `say`, `say_words`, `hum`, `quiet`, `press`, `press_by_info` | what is said |
//! | `hold`, `resume`, `transfer`, `transfer_to_line`, `transferred`, `line` | what an office phone can do with two calls |
//! | `publish` | what a telephone says of itself: `publish = { availability = "busy", text = "..." }` |
//! | `cancel`, `hang_up`, `register`, `unregister`, `wait_ms` | the rest |
//!
//! When all are done they leave, and what always holds is looked at: nothing is left alive, every call ended once and has one
//! end record, the handler ended well (or with `fault`). `[rules]` adds what must hold of this handler:
//!
//! ```toml
//! steps_may_fail = true       # what phones find does not matter, the rules alone do; for random callers
//!
//! [rules]
//! consent_key = "1"           # no recording begins before the caller has pressed it
//! ```
//!
//! A step that listens looks at what was heard after the last thing that was found; so order matters and silence between
//! does not.

mod awaited;
mod format;
mod heard;
mod likeness;
mod listen;
mod report;
mod rules;
mod run;
mod script;

pub use format::{
    AnnouncementStep, AvailabilityWord, CALLERS_MAX, CallStep, CalledStep, Callee, Caller, EndedBy, EndedStep,
    FaultsBlock, FormatError, HTTP_MAX, HearStep, HttpBlock, HttpFails, KEYS_MAX, KeysHeardStep, NetworkBlock, Nothing,
    OfferWord, PresenceBlock, PressStep, PromptStep, ReasonWord, RingThenRefuse, Rules, STEPS_MAX, SayStep, Scenario,
    SilenceStep, SpeechStep, Step, ToneStep, TransferStep, TransferredStep, Verb, WhenCalled, Within,
};
pub(crate) use likeness::Reference;
pub use report::{Breach, Failure, Reached, Report, StepSeen};
pub use run::{Cast, SCENARIO_TIME, run};
