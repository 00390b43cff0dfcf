//! What the threads count, in atomics: each thread publishes its own figures, the metrics page adds them up. No decision
//! about a call is made from them; only a drain waits for `calls` to become zero.

use crate::api::ApiFigures;
use crate::border::BorderFigures;
use crate::browsers::BrowserFigures;
use crate::cluster::ClusterFigures;
use crate::dns::DnsFigures;
use crate::fetch::FetchFigures;
use crate::journals::JournalFigures;
use crate::layout::Layout;
use crate::live_streams::LiveFigures;
use crate::presence::PresenceFigures;
use crate::recognition::RecognitionFigures;
use crate::recordings::RecordingFigures;
use crate::sounds::SoundFigures;
use crate::telemetry::TelemetryFigures;
use crate::telling::TellingFigures;
use crate::tenant_store::TenantStoreFigures;
use crate::trace::store::TraceFigures;
use crate::transports::StreamFigures;
use crate::web_requests::WebRequestFigures;
use patchcord_control::record::{CallRecord, FaultKind, HandlerEnd};
use patchcord_control::tenancy::{Limits, Tenancy};
use patchcord_sip::{Class, Counters as SipCounters};
use patchcord_switch::Counts;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// One number that one thread writes and anybody reads.
#[derive(Debug, Default)]
pub(crate) struct Figure(AtomicU64);

impl Figure {
    /// Counts one more.
    pub(crate) fn one(&self) {
        self.add(1);
    }

    /// Counts more.
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Replaces the number.
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// The number.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a shard's thread publishes. Each field is a line of the metrics page, hence so many.
#[derive(Debug, Default)]
pub(crate) struct ShardFigures {
    pub(crate) calls: Figure,
    pub(crate) instances: Figure,
    pub(crate) ports_in_use: Figure,
    pub(crate) ports: Figure,
    pub(crate) started: Figure,
    pub(crate) refused_no_route: Figure,
    pub(crate) refused_full: Figure,
    pub(crate) refused_working: Figure,
    pub(crate) refused_draining: Figure,
    pub(crate) refused_starting: Figure,
    pub(crate) refused_media: Figure,
    pub(crate) signatures_good: Figure,
    pub(crate) signatures_bad: Figure,
    pub(crate) left_early: Figure,
    pub(crate) dialogs: Figure,
    pub(crate) transactions: Figure,
    pub(crate) sip_received_again: Figure,
    pub(crate) sip_sent_again: Figure,
    pub(crate) sip_malformed: Figure,
    pub(crate) sip_strays: Figure,
    pub(crate) sip_overload_refusals: Figure,
    pub(crate) excess_calls: Figure,
    pub(crate) excess_registrations: Figure,
    pub(crate) sip_timeouts: Figure,
    pub(crate) send_errors: Figure,
    pub(crate) media_queue_waits: Figure,
    pub(crate) record_queue_waits: Figure,
    pub(crate) faults: [Figure; FaultKind::ALL.len()],
    /// 1 once the shard has taken the order to drain: from then on `calls` can only fall.
    pub(crate) draining: Figure,
}

impl ShardFigures {
    /// Publishes what a shard and its endpoint count.
    pub(crate) fn publish(&self, counts: &Counts, sip: &SipCounters) {
        self.calls.set(counts.calls as u64);
        self.instances.set(counts.instances as u64);
        self.ports_in_use.set(counts.ports_in_use as u64);
        self.ports.set(counts.ports as u64);
        self.started.set(counts.started);
        self.refused_no_route.set(counts.refused_no_route);
        self.refused_full.set(counts.refused_full);
        self.refused_working.set(counts.refused_working);
        self.refused_draining.set(counts.refused_draining);
        self.refused_starting.set(counts.refused_starting);
        self.refused_media.set(counts.refused_media);
        self.signatures_good.set(counts.signatures_good);
        self.signatures_bad.set(counts.signatures_bad);
        self.left_early.set(counts.left_early);
        self.dialogs.set(sip.dialogs as u64);
        self.transactions.set(sip.transactions as u64);
        self.sip_received_again.set(sip.retransmissions_received);
        self.sip_sent_again.set(sip.retransmissions_sent);
        self.sip_malformed.set(sip.malformed);
        self.sip_strays.set(sip.strays);
        self.sip_overload_refusals.set(sip.overload_refusals);
        self.excess_calls.set(sip.excess_calls);
        self.excess_registrations.set(sip.excess_registrations);
        self.sip_timeouts.set(sip.timeouts);
    }

    /// Counts how a call's handler ended.
    pub(crate) fn count_fault(&self, record: &CallRecord) {
        if let HandlerEnd::Faulted(fault) = &record.handler_end {
            self.faults[fault.kind as usize].one();
        }
    }
}

/// What a media thread publishes.
#[derive(Debug, Default)]
pub(crate) struct MediaFigures {
    /// Sessions open.
    pub(crate) sessions: Figure,
    /// Slices of 5 ms that came more than a slice late, or were left out.
    pub(crate) slices_late: Figure,
    /// Datagrams the kernel did not take.
    pub(crate) send_errors: Figure,
    /// Datagrams that waited in a socket when its session opened, and were thrown away.
    pub(crate) flushed: Figure,
    /// Reports that had to wait because their shard's inbox was full.
    pub(crate) reports_waited: Figure,
    /// Datagrams for sessions that were not open.
    pub(crate) strays: Figure,
    /// Relayed packets dropped because the queue of the other media thread was full.
    pub(crate) relays_dropped: Figure,
    /// Relayed packets for sessions that were not open.
    pub(crate) relays_stray: Figure,
    /// Commands the engine refused.
    pub(crate) refused_commands: Figure,
}

/// All figures of a node.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) shards: Vec<ShardFigures>,
    pub(crate) media: Vec<MediaFigures>,
    /// Of the connections.
    pub(crate) streams: Arc<StreamFigures>,
    /// Of the names looked up.
    pub(crate) dns: Arc<DnsFigures>,
    /// Signers' certificates.
    pub(crate) fetches: Arc<FetchFigures>,
    /// Of the texts spoken.
    pub(crate) speech: Arc<SoundFigures>,
    /// Of sound files of the web.
    pub(crate) web_files: Arc<SoundFigures>,
    /// Of what was said and is recognised.
    pub(crate) recognition: Arc<RecognitionFigures>,
    /// Of what handlers keep beyond a call.
    pub(crate) store: Arc<TenantStoreFigures>,
    /// Of requests of handlers to web servers.
    pub(crate) web_requests: Arc<WebRequestFigures>,
    /// Of who can be reached.
    pub(crate) presence: Arc<PresenceFigures>,
    /// Of the API.
    pub(crate) api: Arc<ApiFigures>,
    /// Of the cluster.
    pub(crate) cluster: ClusterFigures,
    /// Of the SIP between nodes.
    pub(crate) border: Arc<BorderFigures>,
    /// Of what others are told of calls.
    pub(crate) telling: Arc<TellingFigures>,
    /// Of the journals of calls.
    pub(crate) journals: Arc<JournalFigures>,
    /// Of the traces.
    pub(crate) traces: Arc<TraceFigures>,
    /// Of the recordings.
    pub(crate) recordings: Arc<RecordingFigures>,
    /// Of the live streams of legs.
    pub(crate) live_streams: Arc<LiveFigures>,
    /// Of the door of browsers.
    pub(crate) browsers: Arc<BrowserFigures>,
    /// SIP datagrams received.
    pub(crate) datagrams: Figure,
    /// SIP datagrams dropped because a shard was too busy even to refuse them, in the order of [`Class::ALL`].
    inbox_dropped: [Figure; Class::ALL.len()],
    /// End records written.
    pub(crate) records: Figure,
    /// Times the end records could not be written and were tried again.
    pub(crate) record_retries: Figure,
    /// Whether the node takes calls, which it does once it knows what is deployed.
    pub(crate) open: AtomicBool,
    /// 1 while the node takes no new calls any more.
    pub(crate) draining: Figure,
    /// Of the traces sent to others.
    pub(crate) telemetry: Arc<TelemetryFigures>,
    /// What tenants may use, and how often they were refused more.
    pub(crate) tenancy: Arc<Tenancy>,
}

impl Figures {
    /// All zero.
    pub(crate) fn new(layout: Layout) -> Self {
        Self {
            // One more: that of the event sinks.
            shards: (0..=layout.shards).map(|_| ShardFigures::default()).collect(),
            media: (0..layout.media_threads).map(|_| MediaFigures::default()).collect(),
            streams: Arc::default(),
            dns: Arc::default(),
            fetches: Arc::default(),
            speech: Arc::default(),
            web_files: Arc::default(),
            recognition: Arc::default(),
            store: Arc::default(),
            web_requests: Arc::default(),
            presence: Arc::default(),
            api: Arc::default(),
            cluster: ClusterFigures::default(),
            border: Arc::default(),
            telling: Arc::default(),
            journals: Arc::default(),
            traces: Arc::default(),
            recordings: Arc::default(),
            live_streams: Arc::default(),
            browsers: Arc::default(),
            datagrams: Figure::default(),
            inbox_dropped: Default::default(),
            records: Figure::default(),
            record_retries: Figure::default(),
            open: AtomicBool::default(),
            draining: Figure::default(),
            telemetry: Arc::default(),
            tenancy: Arc::new(Tenancy::new(Instant::now(), Limits::default())),
        }
    }

    /// The same with the node's tenants.
    pub(crate) fn with_tenancy(self, tenancy: Arc<Tenancy>) -> Self {
        Self { tenancy, ..self }
    }

    /// What was dropped of a class.
    pub(crate) fn dropped(&self, class: Class) -> &Figure {
        let at = Class::ALL.iter().position(|known| *known == class);
        &self.inbox_dropped[at.expect("every class is among all")]
    }

    /// The sum of a figure over all shards.
    pub(crate) fn sum(&self, figure: impl Fn(&ShardFigures) -> &Figure) -> u64 {
        self.shards.iter().map(|shard| figure(shard).get()).sum()
    }

    /// The sum of a figure over all media threads.
    pub(crate) fn media_sum(&self, figure: impl Fn(&MediaFigures) -> &Figure) -> u64 {
        self.media.iter().map(|media| figure(media).get()).sum()
    }
}
