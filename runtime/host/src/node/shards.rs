//! What each shard of a node is made from. Not here: its thread, and what it is connected with.

use super::{DIALOGS_PER_CALL, Ground, NodeConfig, SINKS_AT_ONCE, TRANSACTIONS_PER_CALL, WatchedTrunk};
use patchcord_control::call::Trace;
use patchcord_control::words::UnixTime;
use patchcord_sip::{Listener, ShardOf, TrunkMode, Uri};
use std::sync::Arc;
use std::time::Instant;

/// The trunks of a node whose doors are told so: a carrier reaches a registered one by the door of its transport.
pub(super) fn trunks(told: &[Listener], trunks: &[WatchedTrunk], seed: [u8; 32]) -> Vec<patchcord_sip::TrunkConfig> {
    let trunks = trunks.iter().zip(0_u64..).map(|(trunk, place)| {
        let mut machine = trunk.machine.clone();
        machine.seed = seed
            .first_chunk()
            .map_or(place, |bytes| u64::from_le_bytes(*bytes) ^ place);
        let door = told.iter().find(|door| door.transport == trunk.transport);
        if let (Some(expires), Some(door)) = (trunk.registers, door) {
            let contact = format!(
                "sip:{}@{};transport={}",
                machine.name,
                door.address,
                trunk.transport.param()
            );
            let contact = Uri::parse(&contact).expect("a name, an address and a token make a URI");
            machine.mode = TrunkMode::Registering { expires, contact };
        }
        machine
    });
    trunks.collect()
}

impl Ground {
    pub(super) fn shard(
        &self,
        config: &NodeConfig,
        index: usize,
        (clock, seed): ((Instant, UnixTime), [u8; 32]),
    ) -> patchcord_switch::Config {
        let runs_sinks = index == self.layout.shards;
        let calls = match runs_sinks {
            true => SINKS_AT_ONCE,
            false => config.calls.div_ceil(self.layout.shards),
        };
        let least = patchcord_sip::Limits::default();
        let user_agent = concat!("patchcord/", env!("CARGO_PKG_VERSION"));
        patchcord_switch::Config {
            sip: patchcord_sip::Config {
                limits: patchcord_sip::Limits {
                    transactions: least.transactions.max(calls * TRANSACTIONS_PER_CALL),
                    dialogs: least.dialogs.max(calls * DIALOGS_PER_CALL),
                    ..least
                },
                shard: ShardOf {
                    // Event sinks call nobody.
                    index: if runs_sinks { 0 } else { index },
                    of: self.layout.shards,
                    key: self.key,
                },
                ..patchcord_sip::Config::new(self.told(), user_agent)
            },
            domain: config.domain.clone(),
            identity: config.identity.clone(),
            media_address: config.media.advertise,
            codecs: config.media.codecs.clone(),
            ptime_ms: config.media.ptime_ms,
            srtp: config.media.srtp,
            browsers: self.browsers.clone().filter(|_| !runs_sinks),
            media_timeout: config.media.timeout,
            instance: config.instance,
            call: config.call.clone(),
            streams: Arc::new(config.streams.allow.clone()),
            listens: config.recognition.listens(),
            calls,
            tenancy: config.tenancy.clone(),
            gate: config.gate.clone().filter(|_| !runs_sinks),
            registrar: (index == 0).then(|| config.registrar.clone()),
            trunks: if index == 0 {
                trunks(&self.doors.told, &config.trunks, seed)
            } else {
                Vec::new()
            },
            // The turns stand between the messages of a trace, and are spans.
            trace: if config.traces.is_some() || config.telemetry.is_some() {
                Trace::On
            } else {
                config.trace
            },
            journal: config
                .journals
                .as_ref()
                .filter(|_| !runs_sinks)
                .map(|journals| journals.private),
            ladder: if config.traces.is_some() { Trace::On } else { Trace::Off },
            clock,
            seed,
        }
    }
}
