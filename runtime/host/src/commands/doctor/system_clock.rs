//! Whether the clock can be right. Records, signatures of callers and certificates depend on it.

use super::{Finding, Verdict};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 2026-01-01: no node is older.
const EARLIEST: Duration = Duration::from_secs(1_767_225_600);

pub(super) fn look() -> Finding {
    let what = "the clock";
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    if now < EARLIEST {
        return Finding::wrong(
            what,
            "it is before 2026, so it was never set: start chrony or systemd-timesyncd",
        );
    }
    match synchronised().as_deref() {
        Some("yes") => Finding::new(what, Verdict::Fine),
        Some("no") => Finding::wrong(
            what,
            "the system says that nobody keeps it right: start chrony or systemd-timesyncd; a signature of a caller is \
             believed for a minute",
        ),
        _ => Finding::new(
            what,
            Verdict::Note("the system does not say whether it is kept right".to_owned()),
        ),
    }
}

/// What systemd says, where it is.
fn synchronised() -> Option<String> {
    let asked = Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .output();
    let said = asked.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}
