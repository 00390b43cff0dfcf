//! The metrics page: all figures of a node in Prometheus's text format 0.0.4. Written by hand: it is a page of lines.

mod browsers;
mod clients;
mod cluster;
mod presence;
mod telling;
mod tenants;

use crate::figures::Figures;
use crate::process;
use crate::watch::Watchers;
use patchcord_control::record::FaultKind;
use patchcord_sip::Class;
use patchcord_sip::stream::FramingError;
use std::fmt::{Display, Write};

/// The page.
pub(crate) fn page(figures: &Figures, watchers: &Watchers) -> String {
    let mut page = Page(String::with_capacity(8 * 1024));
    calls(&mut page, figures);
    sip(&mut page, figures);
    streams(&mut page, figures);
    dns(&mut page, figures);
    fetches(&mut page, figures);
    speech(&mut page, figures);
    web_files(&mut page, figures);
    store(&mut page, figures);
    web_requests(&mut page, figures);
    cluster::lines(&mut page, figures);
    telling::lines(&mut page, figures);
    tenants::lines(&mut page, &figures.tenancy);
    presence::lines(&mut page, figures);
    recognition(&mut page, figures);
    media(&mut page, figures);
    queues(&mut page, figures, watchers);
    traces(&mut page, figures);
    journals(&mut page, figures);
    recordings(&mut page, figures);
    live_streams(&mut page, figures);
    browsers::lines(&mut page, figures);
    clients::lines(&mut page, figures);
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
            ("computing", figures.sum(|shard| &shard.refused_working)),
            ("draining", figures.sum(|shard| &shard.refused_draining)),
            ("starting", figures.sum(|shard| &shard.refused_starting)),
            ("media", figures.sum(|shard| &shard.refused_media)),
        ],
    );
    page.gauge(
        "patchcord_instances",
        "Handler instances alive.",
        figures.sum(|shard| &shard.instances),
    );
    let faults: Vec<_> = FaultKind::ALL
        .iter()
        .map(|kind| (kind.name(), figures.sum(|shard| &shard.faults[*kind as usize])))
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

fn streams(page: &mut Page, figures: &Figures) {
    let streams = &figures.streams;
    page.gauge(
        "patchcord_sip_connections",
        "SIP connections open (TCP, TLS, WebSocket).",
        streams.connections.get(),
    );
    page.counters(
        "patchcord_sip_connections_total",
        "SIP connections begun, by who opened them.",
        "opened_by",
        &[("peer", streams.accepted.get()), ("us", streams.opened.get())],
    );
    page.counters(
        "patchcord_sip_connections_refused_total",
        "SIP connections that did not come about, by reason.",
        "reason",
        &[
            ("full", streams.refused_total.get()),
            ("source", streams.refused_source.get()),
            ("handshake", streams.handshakes_failed.get()),
            ("token", streams.tokens_refused.get()),
            ("not_opened", streams.not_opened.get()),
        ],
    );
    let mut closed = vec![
        ("idle", streams.idle.get()),
        ("stalled", streams.stalled.get()),
        ("queue_full", streams.queue_full.get()),
        ("websocket", streams.websocket_errors.get()),
        ("revoked", streams.revoked.get()),
    ];
    let kinds = FramingError::ALL.iter().zip(&streams.framing);
    closed.extend(kinds.map(|(kind, figure)| (framing(*kind), figure.get())));
    page.counters(
        "patchcord_sip_connections_closed_total",
        "SIP connections closed by us, by reason.",
        "reason",
        &closed,
    );
    page.counters(
        "patchcord_sip_stream_messages_total",
        "SIP messages on connections.",
        "direction",
        &[("in", streams.received.get()), ("out", streams.sent.get())],
    );
    page.counter(
        "patchcord_sip_pings_total",
        "Keep-alive pings answered.",
        streams.pings.get(),
    );
    page.counters(
        "patchcord_sip_stream_dropped_total",
        "SIP messages on connections dropped because a queue was full.",
        "queue",
        &[
            ("inbox", streams.inbox_dropped.get()),
            ("orders", streams.orders_dropped.get()),
        ],
    );
    page.counters(
        "patchcord_certificate_loads_total",
        "Certificates loaded again, and those that were refused.",
        "result",
        &[
            ("loaded", streams.certificate_loads.get()),
            ("refused", streams.certificate_errors.get()),
        ],
    );
}

fn framing(why: FramingError) -> &'static str {
    match why {
        FramingError::NotSip => "not_sip",
        FramingError::BareLineEnd => "bare_line_end",
        FramingError::NoContentLength => "no_content_length",
        FramingError::ContentLength => "content_length",
        FramingError::RepeatedContentLength => "repeated_content_length",
        FramingError::TooLong => "too_long",
    }
}

fn fetches(page: &mut Page, figures: &Figures) {
    page.counters(
        "patchcord_identity_signatures_total",
        "Signed calls that came in.",
        "verdict",
        &[
            ("good", figures.sum(|shard| &shard.signatures_good)),
            ("bad", figures.sum(|shard| &shard.signatures_bad)),
        ],
    );
    page.counter(
        "patchcord_identity_left_early_total",
        "Callers who left while their signature was looked at.",
        figures.sum(|shard| &shard.left_early),
    );
    let fetches = &figures.fetches;
    page.counter(
        "patchcord_identity_files_total",
        "Files of signers' certificates asked for.",
        fetches.files.get(),
    );
    page.counter(
        "patchcord_identity_files_failed_total",
        "Of these, not had.",
        fetches.failures.get(),
    );
    page.counter(
        "patchcord_identity_files_dropped_total",
        "Files of signers' certificates not asked for because too many waited.",
        fetches.dropped.get(),
    );
}

fn speech(page: &mut Page, figures: &Figures) {
    let speech = &figures.speech;
    page.counter(
        "patchcord_speech_texts_total",
        "Texts to be spoken.",
        speech.asked.get(),
    );
    page.counter(
        "patchcord_speech_remembered_total",
        "Of these, spoken before, or just being spoken for somebody else.",
        speech.remembered.get(),
    );
    page.counter(
        "patchcord_speech_failed_total",
        "Of these, not spoken.",
        speech.failed.get(),
    );
    page.counter(
        "patchcord_speech_dropped_total",
        "Texts not spoken because too many waited.",
        speech.dropped.get(),
    );
}

fn web_files(page: &mut Page, figures: &Figures) {
    let files = &figures.web_files;
    for (name, what, count) in [
        ("asked", "Sound files of the web that prompts wanted.", &files.asked),
        (
            "remembered",
            "Of these, fetched before, or just being fetched for somebody else.",
            &files.remembered,
        ),
        ("failed", "Of these, not fetched.", &files.failed),
        ("dropped", "Files not fetched because too many waited.", &files.dropped),
    ] {
        page.counter(&format!("patchcord_web_files_{name}_total"), what, count.get());
    }
}

fn store(page: &mut Page, figures: &Figures) {
    let store = &figures.store;
    for (name, what, count) in [
        ("operations", "What handlers asked of the store.", &store.operations),
        (
            "failed",
            "Of these, not done because the store could not.",
            &store.failed,
        ),
        (
            "dropped",
            "What was not asked of the store because too much waited.",
            &store.dropped,
        ),
    ] {
        page.counter(&format!("patchcord_store_{name}_total"), what, count.get());
    }
    page.gauge("patchcord_store_entries", "Entries in the store.", store.entries.get());
    page.gauge(
        "patchcord_store_bytes",
        "Bytes of their keys and values.",
        store.bytes.get(),
    );
}

fn web_requests(page: &mut Page, figures: &Figures) {
    let requests = &figures.web_requests;
    for (name, what, count) in [
        ("asked", "Requests of handlers to web servers.", &requests.asked),
        ("failed", "Of these, not answered.", &requests.failed),
        (
            "left",
            "Of these, given up because their call or their time was over.",
            &requests.left,
        ),
        (
            "refused",
            "Requests refused because too many were under way.",
            &requests.refused,
        ),
    ] {
        page.counter(&format!("patchcord_web_requests_{name}_total"), what, count.get());
    }
}

fn recognition(page: &mut Page, figures: &Figures) {
    let recognition = &figures.recognition;
    page.counter(
        "patchcord_recognition_sounds_total",
        "Things said that are to be recognised.",
        recognition.sounds.get(),
    );
    page.counter(
        "patchcord_recognition_unmatched_total",
        "Of these, none of what was asked for.",
        recognition.unmatched.get(),
    );
    page.counter(
        "patchcord_recognition_failed_total",
        "Of these, not recognised.",
        recognition.failed.get(),
    );
    page.counter(
        "patchcord_recognition_dropped_total",
        "Things said that are not recognised because too many waited.",
        recognition.dropped.get(),
    );
}

fn dns(page: &mut Page, figures: &Figures) {
    let dns = &figures.dns;
    page.counter("patchcord_dns_lookups_total", "Addresses looked up.", dns.lookups.get());
    page.counter(
        "patchcord_dns_nowhere_total",
        "Addresses looked up that lead nowhere.",
        dns.nowhere.get(),
    );
    page.counter(
        "patchcord_dns_questions_total",
        "Questions asked of name servers.",
        dns.questions.get(),
    );
    page.counter(
        "patchcord_dns_failures_total",
        "Questions that no name server answered.",
        dns.failures.get(),
    );
    page.counter(
        "patchcord_dns_dropped_total",
        "Addresses not looked up because too many waited.",
        dns.dropped.get(),
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
    let dropped = Class::ALL.map(|class| (class.name(), figures.dropped(class).get()));
    page.counter(
        "patchcord_inbox_dropped_total",
        "SIP datagrams dropped because a shard was too busy even to refuse them.",
        dropped.iter().map(|(_, dropped)| dropped).sum::<u64>(),
    );
    page.counters(
        "patchcord_overload_dropped_total",
        "The same by what they asked for.",
        "class",
        &dropped,
    );
    page.counters(
        "patchcord_overload_refused_total",
        "SIP requests refused with 503 because they had waited too long, by what they asked for.",
        "class",
        &[
            (Class::NewCall.name(), figures.sum(|shard| &shard.excess_calls)),
            (Class::Outside.name(), figures.sum(|shard| &shard.excess_registrations)),
        ],
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

fn traces(page: &mut Page, figures: &Figures) {
    let traces = &figures.traces;
    page.counters(
        "patchcord_traces_total",
        "Traces of calls written, and those that could not be.",
        "result",
        &[("written", traces.written.get()), ("failed", traces.failed.get())],
    );
    page.counter(
        "patchcord_trace_records_left_out_total",
        "Messages and turns that found no room in a trace.",
        traces.left_out.get(),
    );
}

fn journals(page: &mut Page, figures: &Figures) {
    let journals = &figures.journals;
    page.counters(
        "patchcord_journals_total",
        "Journals of calls begun, those that are whole, and those that broke off.",
        "what",
        &[
            ("begun", journals.begun.get()),
            ("whole", journals.whole.get()),
            ("broken", journals.broken.get()),
        ],
    );
    page.counter(
        "patchcord_journal_parts_lost_total",
        "Parts of journals that found no room on their way to the file.",
        journals.lost.get(),
    );
    page.counter(
        "patchcord_journal_bytes_total",
        "Bytes written to journals.",
        journals.bytes.get(),
    );
}

fn live_streams(page: &mut Page, figures: &Figures) {
    let streams = &figures.live_streams;
    page.gauge(
        "patchcord_streams_active",
        "Live streams of legs to servers.",
        streams.active.get(),
    );
    page.counters(
        "patchcord_streams_total",
        "Live streams by what came of their beginning: begun, or too many at once.",
        "result",
        &[("begun", streams.begun.get()), ("refused", streams.refused.get())],
    );
    page.gauge(
        "patchcord_recognitions_active",
        "Legs that are listened to all the time.",
        streams.recognitions_active.get(),
    );
    page.counters(
        "patchcord_recognitions_total",
        "Continuous recognitions by what came of their beginning: begun, or too many at once.",
        "result",
        &[
            ("begun", streams.recognitions_begun.get()),
            ("refused", streams.recognitions_refused.get()),
        ],
    );
    page.counters(
        "patchcord_stream_connections_total",
        "Connections to the servers of live streams and to the recogniser that came about, or did not.",
        "result",
        &[
            ("opened", streams.connected.get()),
            ("failed", streams.not_connected.get()),
        ],
    );
    page.counter(
        "patchcord_stream_frames_dropped_total",
        "Frames of 20 ms that found no room on their way to a live stream or a recognition.",
        streams.frames_dropped.get(),
    );
}

fn recordings(page: &mut Page, figures: &Figures) {
    let recordings = &figures.recordings;
    page.gauge(
        "patchcord_recordings_active",
        "Recordings that run or are being kept.",
        recordings.active.get(),
    );
    page.counters(
        "patchcord_recordings_total",
        "Recordings by what came of them: kept, not to be written, too many at once, too much waiting to be sent, left by a killed process.",
        "result",
        &[
            ("kept", recordings.kept.get()),
            ("failed", recordings.failed.get()),
            ("refused", recordings.refused.get()),
            ("no_room", recordings.no_room.get()),
            ("interrupted", recordings.interrupted.get()),
        ],
    );
    page.counter(
        "patchcord_recording_frames_dropped_total",
        "Frames of 20 ms that found no room on their way to the file; each ends its recording.",
        recordings.frames_dropped.get(),
    );
    page.gauge(
        "patchcord_recordings_waiting",
        "Recordings kept on this disk that the object store has not taken yet.",
        recordings.waiting.get(),
    );
    page.gauge(
        "patchcord_recordings_waiting_bytes",
        "The bytes of these recordings.",
        recordings.waiting_bytes.get(),
    );
    page.counter(
        "patchcord_recordings_sent_total",
        "Recordings that the object store has taken.",
        recordings.sent.get(),
    );
    page.counter(
        "patchcord_recording_send_failures_total",
        "Tries to send a recording that failed; it waits and is sent again.",
        recordings.not_sent.get(),
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
