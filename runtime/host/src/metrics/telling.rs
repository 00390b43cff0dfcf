//! What the metrics page says of webhooks, event sinks, traces sent to others, and the API.

use super::Page;
use crate::figures::Figures;

pub(super) fn lines(page: &mut Page, figures: &Figures) {
    let telling = &figures.telling;
    for (name, what, count) in [
        (
            "told",
            "Events that webhooks and event sinks were to be told, each counted once for each.",
            &telling.told,
        ),
        ("received", "Of these, received.", &telling.received),
        ("failed", "Tries to tell one that failed.", &telling.failed),
        (
            "given_up",
            "Events that were tried often enough in vain.",
            &telling.given_up,
        ),
        (
            "dropped",
            "Events that were never tried because too much waited.",
            &telling.dropped,
        ),
    ] {
        page.counter(&format!("patchcord_events_{name}_total"), what, count.get());
    }
    page.gauge(
        "patchcord_events_waiting",
        "Events that wait, or are being told.",
        telling.waiting.get(),
    );
    let telemetry = &figures.telemetry;
    page.counters(
        "patchcord_telemetry_spans_total",
        "Spans of traces, by what became of them.",
        "result",
        &[
            ("sent", telemetry.sent.get()),
            ("failed", telemetry.failed.get()),
            ("dropped", telemetry.dropped.get()),
        ],
    );
    page.counter(
        "patchcord_api_requests_total",
        "Requests to the API.",
        figures.api.asked.get(),
    );
    page.counter(
        "patchcord_api_problems_total",
        "Of these, answered with a problem.",
        figures.api.refused.get(),
    );
    let past = &figures.api.past;
    page.counters(
        "patchcord_past_calls_total",
        "Records of calls on their way to the database, by what became of them; each is in the file of end records anyway.",
        "result",
        &[("written", past.written.get()), ("lost", past.lost.get())],
    );
}
