//! The metrics page: all figures of a node in Prometheus's text format 0.0.4. Written by hand: it is a page of lines.

use crate::figures::{FAULT_KINDS, Figures};
use crate::process;
use crate::watch::Watchers;
use std::fmt::{Display, Write};

/// The page.
pub(crate) fn page(figures: &Figures, watchers: &Watchers) -> String {
    let mut page = Page(String::with_capacity(8 * 1024));
    calls(&mut page, figures);
    sip(&mut page, figures);
    media(&mut page, figures);
    queues(&mut page, figures, watchers);
    process_figures(&mut page);
    page.0
}

fn calls(page: &mut Page, figures: &Figures) {
    page.gauge(
        "patchcord_calls_active",
        "Calls alive.",
        figures.sum(|shard| &shard.calls),
    );
    page.counter(
        "patchcord_calls_total",
        "Calls begun.",
        figures.sum(|shard| &shard.started),
    );
    page.counters(
        "patchcord_calls_refused_total",
        "Calls refused, by reason.",
        "reason",
        &[
            ("no_route", figures.sum(|shard| &shard.refused_no_route)),
            ("full", figures.sum(|shard| &shard.refused_full)),
            ("draining", figures.sum(|shard| &shard.refused_draining)),
            ("media", figures.sum(|shard| &shard.refused_media)),
        ],
    );
    page.gauge(
        "patchcord_instances",
        "Handler instances alive.",
        figures.sum(|shard| &shard.instances),
    );
    let faults: Vec<_> = FAULT_KINDS
        .iter()
        .enumerate()
        .map(|(at, kind)| (kind.name(), figures.sum(|shard| &shard.faults[at])))
        .collect();
    page.counters(
        "patchcord_faults_total",
        "Calls whose handler failed, by kind.",
        "kind",
        &faults,
    );
    page.counter("patchcord_records_total", "End records written.", figures.records.get());
    page.gauge(
        "patchcord_draining",
        "1 while no new calls are taken.",
        figures.draining.get(),
    );
}

fn sip(page: &mut Page, figures: &Figures) {
    page.gauge(
        "patchcord_dialogs",
        "SIP dialogs alive.",
        figures.sum(|shard| &shard.dialogs),
    );
    page.gauge(
        "patchcord_transactions",
        "SIP transactions alive.",
        figures.sum(|shard| &shard.transactions),
    );
    page.counters(
        "patchcord_sip_retransmissions_total",
        "SIP messages received again, and sent again.",
        "direction",
        &[
            ("in", figures.sum(|shard| &shard.sip_received_again)),
            ("out", figures.sum(|shard| &shard.sip_sent_again)),
        ],
    );
    page.counter(
        "patchcord_sip_datagrams_total",
        "SIP datagrams received.",
        figures.datagrams.get(),
    );
    let malformed = figures.sum(|shard| &shard.sip_malformed);
    page.counter(
        "patchcord_sip_malformed_total",
        "Datagrams that were no acceptable SIP message.",
        malformed,
    );
    let strays = figures.sum(|shard| &shard.sip_strays);
    page.counter(
        "patchcord_sip_strays_total",
        "SIP messages that belong to nothing.",
        strays,
    );
    let refused = figures.sum(|shard| &shard.sip_overload_refusals);
    page.counter(
        "patchcord_sip_overload_refusals_total",
        "SIP requests refused because a table was full.",
        refused,
    );
    let timeouts = figures.sum(|shard| &shard.sip_timeouts);
    page.counter(
        "patchcord_sip_timeouts_total",
        "SIP requests of ours that nobody answered.",
        timeouts,
    );
    let errors = figures.sum(|shard| &shard.send_errors);
    page.counter(
        "patchcord_sip_send_errors_total",
        "SIP datagrams the kernel did not take.",
        errors,
    );
}

fn media(page: &mut Page, figures: &Figures) {
    page.gauge(
        "patchcord_media_ports",
        "Port pairs for audio.",
        figures.sum(|shard| &shard.ports),
    );
    let in_use = figures.sum(|shard| &shard.ports_in_use);
    page.gauge(
        "patchcord_media_ports_in_use",
        "Port pairs that belong to a call.",
        in_use,
    );
    let sessions = figures.media_sum(|media| &media.sessions);
    page.gauge("patchcord_media_sessions", "Audio sessions open.", sessions);
    let late = figures.media_sum(|media| &media.slices_late);
    page.counter(
        "patchcord_media_ticks_missed_total",
        "Slices of 5 ms that came late or were left out.",
        late,
    );
    let errors = figures.media_sum(|media| &media.send_errors);
    page.counter(
        "patchcord_media_send_errors_total",
        "Audio datagrams the kernel did not take.",
        errors,
    );
    let flushed = figures.media_sum(|media| &media.flushed);
    page.counter(
        "patchcord_media_flushed_total",
        "Audio datagrams of an earlier call thrown away.",
        flushed,
    );
    let strays = figures.media_sum(|media| &media.strays);
    page.counter(
        "patchcord_media_strays_total",
        "Audio datagrams for no open session.",
        strays,
    );
    let dropped = figures.media_sum(|media| &media.relays_dropped);
    page.counter(
        "patchcord_media_relays_dropped_total",
        "Bridged audio packets dropped because a media thread's queue was full.",
        dropped,
    );
    let strays = figures.media_sum(|media| &media.relays_stray);
    page.counter(
        "patchcord_media_relays_stray_total",
        "Bridged audio packets for no open session.",
        strays,
    );
    let refused = figures.media_sum(|media| &media.refused_commands);
    page.counter(
        "patchcord_media_commands_refused_total",
        "Commands a media engine refused.",
        refused,
    );
}

fn queues(page: &mut Page, figures: &Figures, watchers: &Watchers) {
    let dropped = figures.inbox_dropped.get();
    page.counter(
        "patchcord_inbox_dropped_total",
        "SIP datagrams dropped because a shard was busy.",
        dropped,
    );
    page.counters(
        "patchcord_queue_waits_total",
        "Times a full queue made somebody wait.",
        "queue",
        &[
            ("media_commands", figures.sum(|shard| &shard.media_queue_waits)),
            ("media_reports", figures.media_sum(|media| &media.reports_waited)),
            ("records", figures.sum(|shard| &shard.record_queue_waits)),
        ],
    );
    let retries = figures.record_retries.get();
    page.counter(
        "patchcord_record_write_retries_total",
        "Failed writes of end records.",
        retries,
    );
    page.counter(
        "patchcord_watch_dropped_total",
        "Events a slow watcher did not get.",
        watchers.dropped(),
    );
}

fn process_figures(page: &mut Page) {
    let used = process::usage();
    page.gauge("process_resident_memory_bytes", "Memory in use.", used.resident_bytes);
    page.gauge("process_threads", "Threads.", used.threads);
    page.gauge("process_open_fds", "Open files and sockets.", used.open_files);
    page.counter("process_cpu_seconds_total", "CPU time used.", used.cpu_seconds);
}

/// The text so far.
struct Page(String);

impl Page {
    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, help, "gauge");
        self.line(format_args!("{name} {value}"));
    }

    fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, help, "counter");
        self.line(format_args!("{name} {value}"));
    }

    fn counters(&mut self, name: &str, help: &str, label: &str, values: &[(&str, u64)]) {
        self.head(name, help, "counter");
        for (which, value) in values {
            self.line(format_args!("{name}{{{label}=\"{which}\"}} {value}"));
        }
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{text}").expect("a string takes every write");
    }
}

#[cfg(test)]
mod tests;
