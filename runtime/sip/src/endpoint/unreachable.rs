//! A message could not be sent, or its connection is gone: try the other way there is, else it is as if the peer had
//! answered 503. RFC 3261 8.1.3.1, 18.1.1, 18.2.2, 18.4.

use std::time::Instant;

use super::Endpoint;
use crate::event::EndCause;
use crate::flow::Flow;
use crate::transaction::server::second_reply_flow;
use crate::transaction::table::TxId;

impl Endpoint {
    pub(super) fn send_failed(&mut self, now: Instant, flow: Flow) {
        self.counters.send_failures += 1;
        let on_this = (flow, TxId::MIN)..=(flow, TxId::MAX);
        let clients: Vec<TxId> = self.flights.range(on_this.clone()).map(|(_, tx)| *tx).collect();
        for tx in clients {
            self.request_failed(now, tx);
        }
        let servers: Vec<TxId> = self.arrivals.range(on_this).map(|(_, tx)| *tx).collect();
        for tx in servers {
            self.response_failed(tx);
        }
    }

    fn request_failed(&mut self, now: Instant, tx: TxId) {
        let Some(client) = self.clients.get_mut(tx) else { return };
        if !client.is_unanswered() {
            return;
        }
        // What was answered provisionally has arrived; its final answer may find another connection. Timers decide.
        if client.is_proceeding() {
            return;
        }
        if let Some(to) = client.fallback.take() {
            return self.begin_again(now, tx, to);
        }
        let Some(client) = self.remove_client(tx) else { return };
        self.counters.unreachable += 1;
        self.gone_unanswered(now, &client, EndCause::Unreachable);
    }

    /// A final response that was lost with its connection is sent over a new one.
    fn response_failed(&mut self, tx: TxId) {
        let Some(server) = self.servers.get_mut(tx) else { return };
        let Some(again) = second_reply_flow(&server.request, server.reply_to) else {
            return;
        };
        let before = server.reply_to;
        self.arrivals.remove(&(before, tx));
        server.reply_to = again;
        let (packet, about) = (server.repeated(), server.about);
        // A 200 to an INVITE is repeated by its dialog.
        if let Some(waiting) = about
            .and_then(|id| self.dialogs.get_mut(&id))
            .and_then(|dialog| dialog.unacknowledged.as_mut())
            .filter(|waiting| waiting.to == before)
        {
            waiting.to = again;
        }
        if let Some(packet) = packet {
            self.send_again(again.into(), packet, about);
        }
    }
}
