//! The call's log: [`info!`](crate::info), [`warn!`](crate::warn), [`error!`](crate::error), [`debug!`](crate::debug).
//! Never put private values here: the runtime cannot know them.

use crate::bindings::patchcord::handler::log;
pub use crate::bindings::patchcord::handler::log::Level;

/// Writes a line. Over 4,096 bytes it is cut; over 65,536 bytes in one call further lines are dropped and counted.
pub fn write(level: Level, message: &str) {
    log::log(level, message);
}

/// Writes a line for the developer.
#[macro_export]
macro_rules! debug {
    ($($words:tt)*) => { $crate::log::write($crate::log::Level::Debug, &::std::format!($($words)*)) };
}

/// Writes a line about what happens.
#[macro_export]
macro_rules! info {
    ($($words:tt)*) => { $crate::log::write($crate::log::Level::Info, &::std::format!($($words)*)) };
}

/// Writes a line about something odd but handled.
#[macro_export]
macro_rules! warn {
    ($($words:tt)*) => { $crate::log::write($crate::log::Level::Warn, &::std::format!($($words)*)) };
}

/// Writes a line about something that went wrong.
#[macro_export]
macro_rules! error {
    ($($words:tt)*) => { $crate::log::write($crate::log::Level::Error, &::std::format!($($words)*)) };
}
