//! Trunks as they are now: one shard watches them (liveness, registration, where their names lead), and tells the others
//! where each can be reached. What a trunk does is `patchcord_sip::Trunk`; here it meets the wire.

use crate::io::{Output, Query};
use crate::shard::Shard;
use patchcord_sip::{
    ExchangeId, ResolveError, Response, Target, Trunk, TrunkInput, TrunkOutput, TrunkRequest, TrustedPeer,
};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

/// Where a trunk can be reached, for every shard.
#[derive(Debug, Clone)]
pub struct TrunkTargets {
    /// Its name.
    pub trunk: Arc<str>,
    /// Best first, live ones before others; empty while none is known.
    pub targets: Vec<Target>,
    /// Who may come in as this trunk: the addresses its name leads to.
    pub peers: Vec<Target>,
}

impl Shard {
    /// Lets trunks begin: their names are looked up, and those that register do.
    pub(crate) fn start_trunks(&mut self, now: Instant) {
        for place in 0..self.trunks.len() {
            self.trunks[place].handle(now, TrunkInput::Deadline);
            self.trunk_outputs(now, place);
        }
    }

    /// The response to a request outside dialogs: only trunks send such.
    pub(crate) fn response(&mut self, now: Instant, exchange: ExchangeId, response: Option<&Response>) {
        if self.notice_answered(now, exchange, response.map(|response| response.status)) {
            return;
        }
        let Some((place, request)) = self.trunk_requests.remove(&exchange) else {
            return;
        };
        self.trunks[place].handle(now, TrunkInput::Response { request, response });
        self.trunk_outputs(now, place);
    }

    /// A trunk's name was looked up; false if the question was not a trunk's.
    pub(crate) fn trunk_resolved(&mut self, now: Instant, query: Query, targets: &[Target]) -> bool {
        let Some(place) = self.trunk_queries.remove(&query) else {
            return false;
        };
        let found = match targets.is_empty() {
            true => Err(ResolveError::NotFound),
            false => Ok(targets.to_vec()),
        };
        self.trunks[place].handle(now, TrunkInput::Resolved(found));
        self.trunk_outputs(now, place);
        true
    }

    pub(crate) fn trunks_wake_at(&self) -> Option<Instant> {
        self.trunks.iter().filter_map(Trunk::wake_at).min()
    }

    pub(crate) fn trunks_deadline(&mut self, now: Instant) {
        for place in 0..self.trunks.len() {
            if self.trunks[place].wake_at().is_some_and(|at| at <= now) {
                self.trunks[place].handle(now, TrunkInput::Deadline);
                self.trunk_outputs(now, place);
            }
        }
    }

    /// The node stops: registrations are given up.
    pub(crate) fn stop_trunks(&mut self, now: Instant) {
        for place in 0..self.trunks.len() {
            self.trunks[place].handle(now, TrunkInput::Stop);
            self.trunk_outputs(now, place);
        }
    }

    fn trunk_outputs(&mut self, now: Instant, place: usize) {
        let mut changed = false;
        while let Some(output) = self.trunks[place].poll() {
            match output {
                TrunkOutput::Resolve(uri) => {
                    self.next_query += 1;
                    let query = Query(self.next_query);
                    self.trunk_queries.insert(query, place);
                    self.outputs.push_back(Output::Resolve { query, uri });
                }
                TrunkOutput::Send { request, outgoing } => self.send_for_trunk(now, place, request, *outgoing),
                TrunkOutput::State(_) | TrunkOutput::Targets(_) => changed = true,
            }
        }
        if changed {
            self.publish_trunk(place);
        }
    }

    fn send_for_trunk(
        &mut self,
        now: Instant,
        place: usize,
        request: TrunkRequest,
        outgoing: patchcord_sip::OutgoingRequest,
    ) {
        match self.sip.request(now, outgoing) {
            Ok(exchange) => {
                self.trunk_requests.insert(exchange, (place, request));
            }
            // No room now: to the trunk it is as if nobody had answered.
            Err(_) => {
                let response = None;
                self.trunks[place].handle(now, TrunkInput::Response { request, response });
            }
        }
    }

    fn publish_trunk(&mut self, place: usize) {
        let trunk = &self.trunks[place];
        let targets = trunk.pick();
        let found = TrunkTargets {
            trunk: trunk.config().name.clone(),
            peers: targets.clone(),
            targets,
        };
        self.trunk_moved(found.clone());
        self.outputs.push_back(Output::Trunk(found));
    }

    /// Takes over where a trunk can be reached.
    pub(crate) fn trunk_moved(&mut self, found: TrunkTargets) {
        let configured = self
            .config
            .gate
            .as_ref()
            .map(|gate| gate.peers.clone())
            .unwrap_or_default();
        let mut peers: Vec<TrustedPeer> = configured
            .into_iter()
            .filter(|peer| peer.trunk == found.trunk)
            .collect();
        peers.extend(found.peers.iter().map(|target| peer(&found.trunk, target)));
        if let Some(gate) = self.sip.gate_mut() {
            // More peers than fit: those that were configured stay as they are.
            let _ = gate.set_peers(&found.trunk, peers);
        }
        self.trunk_targets.insert(found.trunk, found.targets);
    }
}

/// A carrier calls from where it is called.
fn peer(trunk: &Arc<str>, target: &Target) -> TrustedPeer {
    let network = target.flow.peer.ip();
    TrustedPeer {
        trunk: trunk.clone(),
        network,
        prefix: match network {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        },
        port: None,
        transport: None,
    }
}
