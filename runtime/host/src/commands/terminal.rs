//! How the command line looks: colours where a person is looking, sizes and times in words.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// Puts colours around text, or leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// A terminal.
    Colours,
    /// A file, a pipe, or `NO_COLOR` is set.
    Plain,
}

impl Paint {
    /// For standard output.
    pub(crate) fn stdout() -> Self {
        Self::of(std::io::stdout().is_terminal())
    }

    /// For standard error.
    pub(crate) fn stderr() -> Self {
        Self::of(std::io::stderr().is_terminal())
    }

    fn of(is_terminal: bool) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if is_terminal && !refused {
            Self::Colours
        } else {
            Self::Plain
        }
    }

    /// For headings and what matters.
    pub(crate) fn bold(self, text: impl Display) -> String {
        self.around("1", text)
    }

    /// For what is there if one looks for it.
    pub(crate) fn dim(self, text: impl Display) -> String {
        self.around("2", text)
    }

    /// For what went well.
    pub(crate) fn green(self, text: impl Display) -> String {
        self.around("32", text)
    }

    /// For what to look at.
    pub(crate) fn yellow(self, text: impl Display) -> String {
        self.around("33", text)
    }

    /// For what went wrong.
    pub(crate) fn red(self, text: impl Display) -> String {
        self.around("31", text)
    }

    fn around(self, code: &str, text: impl Display) -> String {
        match self {
            Paint::Colours => format!("\x1b[{code}m{text}\x1b[0m"),
            Paint::Plain => text.to_string(),
        }
    }
}

/// One sentence about what went wrong, on standard error.
pub(crate) fn error(sentence: &str) {
    eprintln!("{} {sentence}", Paint::stderr().red("error:"));
}

/// What is being done, on standard error: for steps that take a while.
pub(crate) fn step(sentence: &str) {
    let paint = Paint::stderr();
    eprintln!("{} {sentence}", paint.green("patchcord:"));
}

/// A line on standard output. A reader that has gone is no reason to end a call.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Bytes in words, e.g. `48.2 KiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNIT: f64 = 1024.0;
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let bytes_shown = bytes as f64;
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{:.1} KiB", bytes_shown / UNIT),
        _ => format!("{:.1} MiB", bytes_shown / UNIT / UNIT),
    }
}

/// A short time in words, e.g. `640 us`, `12.5 ms`, `3.20 s`.
pub(crate) fn time(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match duration.as_micros() {
        0..1_000 => format!("{} us", duration.as_micros()),
        1_000..1_000_000 => format!("{:.1} ms", seconds * 1e3),
        _ => format!("{seconds:.2} s"),
    }
}

#[cfg(test)]
mod tests;
