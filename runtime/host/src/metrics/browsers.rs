//! What the door of browsers counts. Not where it counts ([`crate::browsers`]).

use super::Page;
use crate::figures::Figures;

pub(super) fn lines(page: &mut Page, figures: &Figures) {
    let door = &figures.browsers;
    page.gauge(
        "patchcord_browsers",
        "Browsers that are expected at the door or have come, as of the last second.",
        door.peers.get(),
    );
    page.gauge(
        "patchcord_browser_connections",
        "TCP connections of browsers that no datagram reaches, as of the last second.",
        door.connections.get(),
    );
    page.counters(
        "patchcord_browser_handshakes_total",
        "Browsers whose keys were agreed on, and those that never proved who they are.",
        "result",
        &[("secured", door.secured.get()), ("failed", door.failed.get())],
    );
    page.counters(
        "patchcord_browser_datagrams_dropped_total",
        "Datagrams at the door that were not taken, by reason.",
        "reason",
        &[
            ("stranger", door.strangers.get()),
            ("flood", door.floods.get()),
            ("refused", door.refused.get()),
            ("media_busy", door.lost.get()),
        ],
    );
    page.counter(
        "patchcord_browser_events_waited_total",
        "Times the door had to wait for a shard to be told something.",
        door.waited.get(),
    );
}
