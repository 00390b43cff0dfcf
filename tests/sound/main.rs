//! The sound modules against foreign programs: a voice that must not be heard as keys.
#![allow(
    clippy::disallowed_methods,
    reason = "tests run foreign programs and read what they wrote"
)]

mod talk_off;
