//! A slow watcher loses events; a gone one is forgotten.

use super::*;

fn event() -> Seen {
    Seen::Notice {
        call: CallId(1),
        notice: Notice::Fault("x".to_owned()),
    }
}

#[test]
fn a_watcher_that_does_not_read_loses_events_and_nobody_waits() {
    let watchers = Watchers::default();
    assert!(!watchers.any());
    let slow = watchers.watch();
    for _ in 0..WATCH_QUEUE + 3 {
        watchers.tell(&event());
    }
    assert_eq!(watchers.dropped(), 3);
    assert_eq!(slow.try_iter().count(), WATCH_QUEUE);
    drop(slow);
    watchers.tell(&event());
    assert!(!watchers.any());
    assert_eq!(watchers.dropped(), 3);
}
