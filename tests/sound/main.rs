//! The sound modules against foreign programs: a voice that must not be heard as keys, and files of other encoders.
#![allow(
    clippy::disallowed_methods,
    reason = "tests run foreign programs and read what they wrote"
)]

mod memory;
mod prompts;
mod recordings;
mod talk_off;
