//! Trunks as they are now: one shard watches them (liveness, registration, where their names lead), and tells the others
//! where each can be reached. What a trunk does is `patchcord_sip::Trunk`; here it meets the wire.

use crate::io::{Output, Query, Reload};
use crate::shard::Shard;
use patchcord_sip::{
    ExchangeId, ResolveError, Response, Target, Trunk, TrunkConfig, TrunkInput, TrunkOutput, TrunkRequest, TrustedPeer,
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
        for name in self.trunk_names() {
            self.tell_trunk(now, &name, TrunkInput::Deadline);
        }
    }

    /// The response to a request outside dialogs: only trunks send such.
    pub(crate) fn response(&mut self, now: Instant, exchange: ExchangeId, response: Option<&Response>) {
        if self.notice_answered(now, exchange, response.map(|response| response.status)) {
            return;
        }
        if let Some((name, request)) = self.trunk_requests.remove(&exchange) {
            self.tell_trunk(now, &name, TrunkInput::Response { request, response });
        }
    }

    /// A trunk's name was looked up; false if the question was not a trunk's.
    pub(crate) fn trunk_resolved(&mut self, now: Instant, query: Query, targets: &[Target]) -> bool {
        let Some(name) = self.trunk_queries.remove(&query) else {
            return false;
        };
        let found = match targets.is_empty() {
            true => Err(ResolveError::NotFound),
            false => Ok(targets.to_vec()),
        };
        self.tell_trunk(now, &name, TrunkInput::Resolved(found));
        true
    }

    pub(crate) fn trunks_wake_at(&self) -> Option<Instant> {
        self.trunks.values().filter_map(Trunk::wake_at).min()
    }

    pub(crate) fn trunks_deadline(&mut self, now: Instant) {
        // Mostly none: this is asked at every deadline of the shard.
        let is_due = |trunk: &Trunk| trunk.wake_at().is_some_and(|at| at <= now);
        let due = self.trunks.iter().filter(|(_, trunk)| is_due(trunk));
        let due: Vec<_> = due.map(|(name, _)| name.clone()).collect();
        for name in due {
            self.tell_trunk(now, &name, TrunkInput::Deadline);
        }
    }

    /// The node stops: registrations are given up.
    pub(crate) fn stop_trunks(&mut self, now: Instant) {
        for name in self.trunk_names() {
            self.tell_trunk(now, &name, TrunkInput::Stop);
        }
    }

    /// The configuration was read again. A trunk that is as it was keeps its registration; one that is gone or another gives it up.
    pub(crate) fn reload(&mut self, now: Instant, reload: &Reload) {
        let Some(gate) = self.sip.gate_mut() else { return };
        if gate.renew(&reload.gate).is_err() {
            // It was tried before it came here.
            return;
        }
        self.config.gate = Some(reload.gate.clone());
        // Only one shard watches them: that of registrations.
        if self.registrar.is_some() {
            self.renew_trunks(now, &reload.trunks);
        }
        let targets = std::mem::take(&mut self.trunk_targets);
        for (trunk, targets) in targets {
            if reload.trunks.iter().any(|named| named.name == trunk) {
                let peers = targets.clone();
                self.trunk_moved(TrunkTargets { trunk, targets, peers });
            }
        }
    }

    fn renew_trunks(&mut self, now: Instant, wanted: &[TrunkConfig]) {
        let is_as_it_was = |trunk: &Trunk| {
            let seed = trunk.config().seed;
            let same = |new: &TrunkConfig| TrunkConfig { seed, ..new.clone() } == *trunk.config();
            wanted.iter().any(same)
        };
        for name in self.trunk_names() {
            if !self.trunks.get(&name).is_some_and(is_as_it_was) {
                self.give_up_trunk(now, &name);
            }
        }
        for config in wanted {
            if self.trunks.contains_key(&config.name) {
                continue;
            }
            // It was tried before it came here.
            let Ok(trunk) = Trunk::new(now, config.clone()) else {
                continue;
            };
            self.trunks.insert(config.name.clone(), trunk);
            self.tell_trunk(now, &config.name, TrunkInput::Deadline);
        }
    }

    /// What it still waits for is of no account to whoever has its name next.
    fn give_up_trunk(&mut self, now: Instant, name: &Arc<str>) {
        self.tell_trunk(now, name, TrunkInput::Stop);
        self.trunks.remove(name);
        self.trunk_requests.retain(|_, (of, _)| of != name);
        self.trunk_queries.retain(|_, of| of != name);
        self.trunk_targets.remove(name);
        self.outputs.push_back(Output::Trunk(TrunkTargets {
            trunk: name.clone(),
            targets: Vec::new(),
            peers: Vec::new(),
        }));
    }

    fn trunk_names(&self) -> Vec<Arc<str>> {
        self.trunks.keys().cloned().collect()
    }

    /// Gives it an input, and does what it wants.
    fn tell_trunk(&mut self, now: Instant, name: &Arc<str>, input: TrunkInput<'_>) {
        let Some(trunk) = self.trunks.get_mut(name) else { return };
        trunk.handle(now, input);
        let mut changed = false;
        while let Some(output) = self.trunks.get_mut(name).and_then(Trunk::poll) {
            match output {
                TrunkOutput::Resolve(uri) => {
                    self.next_query += 1;
                    let query = Query(self.next_query);
                    self.trunk_queries.insert(query, name.clone());
                    self.outputs.push_back(Output::Resolve { query, uri });
                }
                TrunkOutput::Send { request, outgoing } => self.send_for_trunk(now, name, request, *outgoing),
                TrunkOutput::State(_) | TrunkOutput::Targets(_) => changed = true,
            }
        }
        if changed {
            self.publish_trunk(name);
        }
    }

    fn send_for_trunk(
        &mut self,
        now: Instant,
        name: &Arc<str>,
        request: TrunkRequest,
        outgoing: patchcord_sip::OutgoingRequest,
    ) {
        match self.sip.request(now, outgoing) {
            Ok(exchange) => {
                self.trunk_requests.insert(exchange, (name.clone(), request));
            }
            // No room now: to the trunk it is as if nobody had answered.
            Err(_) => {
                let response = None;
                if let Some(trunk) = self.trunks.get_mut(name) {
                    trunk.handle(now, TrunkInput::Response { request, response });
                }
            }
        }
    }

    fn publish_trunk(&mut self, name: &Arc<str>) {
        let Some(trunk) = self.trunks.get(name) else { return };
        let targets = trunk.pick();
        let found = TrunkTargets {
            trunk: name.clone(),
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
        match found.targets.is_empty() {
            true => self.trunk_targets.remove(&found.trunk),
            false => self.trunk_targets.insert(found.trunk, found.targets),
        };
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
