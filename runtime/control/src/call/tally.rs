//! What a call counts for its record, and the bounded log of its handler.

use super::{Call, Output};
use crate::ask::Answer;
use crate::record::Usage;
use crate::words::LogLevel;

/// Counts of one call.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) usage: Usage,
    pub(crate) turns: u32,
    pub(crate) store_operations: usize,
    pub(crate) http_requests: usize,
    pub(crate) presence_requests: usize,
    pub(crate) log_bytes: usize,
    pub(crate) log_lines_dropped: u32,
    pub(crate) keys_dropped: u32,
}

impl Call {
    pub(super) fn log(&mut self, level: LogLevel, message: &str) -> Answer {
        let message = self.setup.grants.for_a_log(message);
        let line = cut(&message, self.setup.limits.log_line_bytes);
        if self.tally.log_bytes + line.len() > self.setup.limits.log_bytes {
            self.tally.log_lines_dropped += 1;
        } else {
            self.tally.log_bytes += line.len();
            self.outputs.push_back(Output::Log {
                level,
                message: line.to_owned(),
            });
        }
        Answer::Nothing
    }
}

/// The beginning of a text, cut at a character, at most `most` bytes.
pub(super) fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        text
    } else {
        &text[..text.floor_char_boundary(most)]
    }
}
