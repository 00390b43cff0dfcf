//! Calls that stay: placing them until so many are up, and letting them go on. Not here: what is measured meanwhile.

use super::callers::Callers;
use super::listeners::Listeners;
use std::time::{Duration, Instant};

/// How long the last calls may take to be answered.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// Places calls, a second so many, until so many listen, while those that are up go on; `place` places one.
pub fn fill(
    (callers, listeners): (&mut Callers, &mut Listeners),
    listening: usize,
    rate: u32,
    mut place: impl FnMut(&mut Callers, &mut Listeners),
) {
    while listeners.calls() < listening {
        place(callers, listeners);
        attend(callers, listeners, Duration::from_secs(1) / rate);
    }
    let end = Instant::now() + ANSWERED_WITHIN;
    while callers.ringing() > 0 && Instant::now() < end {
        attend(callers, listeners, Duration::from_millis(20));
    }
    assert_eq!((callers.ringing(), callers.failed), (0, 0), "every call is answered");
}

/// Lets calls go on for so long.
pub fn attend(callers: &mut Callers, listeners: &mut Listeners, time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        listeners.connect(&std::mem::take(&mut callers.connected));
        listeners.work(Instant::now());
        callers.run_until(listeners.due().min(end));
    }
}
