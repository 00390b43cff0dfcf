//! What the metrics page says of clients and their tokens. Which client or tenant it was is not there, for labels are to be few.

use super::Page;
use crate::figures::Figures;

pub(super) fn lines(page: &mut Page, figures: &Figures) {
    page.counters(
        "patchcord_clients_refused_total",
        "Clients refused because of their tokens, where they signed in or for what they asked, by the code that they were told.",
        "reason",
        &figures.streams.tokens.by_reason(),
    );
}
