//! What the metrics page says of who can be reached.

use super::Page;
use crate::figures::Figures;

pub(super) fn lines(page: &mut Page, figures: &Figures) {
    let presence = &figures.presence;
    page.gauge(
        "patchcord_presence_identities",
        "People that are known: with a client, a call, a watcher or something said of them.",
        presence.identities.get(),
    );
    page.gauge(
        "patchcord_presence_watchers",
        "Handlers, readers of the API and telephones that watch.",
        presence.watchers.get(),
    );
    page.counter(
        "patchcord_presence_messages_total",
        "Messages to watchers; each holds all that was new.",
        presence.messages.get(),
    );
    page.counter(
        "patchcord_presence_not_clients_total",
        "Registrations that could not be rung, because their user or the node has as many clients as it may.",
        presence.not_clients.get(),
    );
}
