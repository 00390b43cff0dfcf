//! From a request of ours to bytes on their way: Via and Contact by transport, the size rule, and starting a client
//! transaction. Not here: what a request is for. RFC 3261 8.1.1, 18.1.1; RFC 5923 (alias).

use std::time::Instant;

use super::reply::ALLOW;
use super::{DialogId, Endpoint, Output};
use crate::dialog::draft::Draft;
use crate::flow::{Flow, Target, Transport, door, shard_of};
use crate::method::Method;
use crate::transaction::client::{Client, Purpose, Sent};
use crate::transaction::table::TxId;
use crate::transaction::{Packet, key};
use crate::via::{MAGIC_COOKIE, Via};

/// A request above so many bytes goes over a stream if we have one: a path's usual MTU of 1500 less 200
/// (RFC 3261 18.1.1).
const DATAGRAM_BYTES: usize = 1300;

/// How often a Call-ID of our own shard is drawn, times the number of shards. Missing it is less likely than e^-64; the
/// last one drawn is then used, and its answers are lost as if the network had lost them.
const CALL_ID_DRAWS: usize = 64;

/// What to do with a request too long for a datagram.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Large {
    OverStream,
    /// The stream failed: a fragmented datagram is better than none.
    AsItIs,
}

impl Endpoint {
    pub(super) fn send(&mut self, to: Target, bytes: Packet, dialog: Option<DialogId>) {
        let Target { flow: to, name } = to;
        self.outputs.push_back(Output::Send {
            to,
            name,
            bytes,
            dialog,
        });
    }

    pub(super) fn send_again(&mut self, to: Target, bytes: Packet, dialog: Option<DialogId>) {
        self.counters.retransmissions_sent += 1;
        self.send(to, bytes, dialog);
    }

    /// Starts a client transaction and sends its request. A CANCEL keeps the Via of its INVITE.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        purpose: Purpose,
        dialog: Option<DialogId>,
        draft: Draft,
        to: Target,
    ) -> TxId {
        let sent = self.dispatch(draft, to, dialog, Large::OverStream);
        let key = client_key(&sent.draft);
        let mut client = Client::new(now, purpose, dialog, sent, &self.config.timers);
        let credentials = dialog.and_then(|id| self.dialogs.get(&id));
        client.credentials = credentials.and_then(|dialog| dialog.credentials.clone());
        self.flights.insert((client.to.flow, self.clients.next_id()));
        let tx = self.clients.add(client, vec![key]);
        self.set_client_timer(tx);
        tx
    }

    /// Sends the request of a transaction once more, another way.
    pub(super) fn begin_again(&mut self, now: Instant, tx: TxId, to: Target) {
        let Some(client) = self.clients.get(tx) else { return };
        let (draft, before, about) = (client.draft.clone(), client.to.flow, client.about);
        let mut sent = self.dispatch(draft, to, about, Large::AsItIs);
        // The way of last resort is tried once.
        sent.fallback = None;
        self.flights.remove(&(before, tx));
        self.flights.insert((sent.to.flow, tx));
        self.clients.rekey(tx, client_key(&sent.draft));
        if let Some(client) = self.clients.get_mut(tx) {
            client.sent_again(now, sent, &self.config.timers);
        }
        self.set_client_timer(tx);
    }

    /// Writes and sends a request; a large one over TCP if we have a door there.
    fn dispatch(&mut self, mut draft: Draft, to: Target, about: Option<DialogId>, large: Large) -> Sent {
        let (mut to, mut fallback) = (to, None);
        if draft.method != Method::Cancel {
            draft.head.via = self.new_via(to.flow);
        }
        let mut packet = self.render(&draft, to.flow);
        let stream = self
            .stream_for(&draft, to.flow, packet.len())
            .filter(|_| large == Large::OverStream);
        if let Some(stream) = stream {
            draft.head.via = self.new_via(stream);
            packet = self.render(&draft, stream);
            fallback = Some(std::mem::replace(&mut to, stream.into()));
        } else if to.flow.connection.is_some() {
            // The connection may be gone; its far end may still take a new one.
            fallback = Some(Target {
                flow: to.flow.any_connection(),
                name: to.name.clone(),
            });
        }
        self.counters.requests_sent += 1;
        self.send(to.clone(), packet.clone(), about);
        Sent {
            draft,
            to,
            fallback,
            packet,
        }
    }

    /// Takes a client transaction out of its tables.
    pub(super) fn remove_client(&mut self, tx: TxId) -> Option<Client> {
        let client = self.clients.remove(tx)?;
        self.flights.remove(&(client.to.flow, tx));
        self.set_client_timer(tx);
        Some(client)
    }

    fn stream_for(&self, draft: &Draft, flow: Flow, bytes: usize) -> Option<Flow> {
        let too_long = bytes > DATAGRAM_BYTES && flow.transport == Transport::Udp && draft.method != Method::Cancel;
        let has_door = self
            .config
            .listeners
            .iter()
            .any(|door| door.transport == Transport::Tcp);
        (too_long && has_door).then_some(Flow {
            transport: Transport::Tcp,
            ..flow
        })
    }

    /// The request as bytes.
    pub(super) fn render(&self, draft: &Draft, flow: Flow) -> Packet {
        let mut lines = draft.head.lines(draft.method.as_str());
        if draft.shows_contact() {
            lines.field("Contact", &self.contact(flow, draft.head.uri.starts_with("sips:")));
            lines.field("Allow", ALLOW);
        }
        if !self.config.user_agent.is_empty() {
            lines.field("User-Agent", &self.config.user_agent);
        }
        for (name, value) in &draft.fields {
            lines.field(name, value);
        }
        let body = draft.body.as_ref();
        lines.finish_with(body.map(|body| (body.kind.as_ref(), body.bytes.as_slice())))
    }

    /// How long the request will be, as near as it matters: its Via is not written yet.
    pub(super) fn size_of(&self, draft: &Draft) -> usize {
        const VIA: usize = 128;
        self.render(draft, Flow::udp(self.config.listeners[0].address)).len() + VIA
    }

    /// A fresh Via value; its branch is unique.
    pub(super) fn new_via(&mut self, flow: Flow) -> String {
        let door = door(&self.config.listeners, flow.transport, flow.peer.ip());
        // A peer may send its own requests back over this connection (RFC 5923).
        let alias = match flow.transport {
            Transport::Tcp | Transport::Tls | Transport::Node => ";alias",
            Transport::Udp | Transport::Ws | Transport::Wss => "",
        };
        format!(
            "SIP/2.0/{} {door};branch={MAGIC_COOKIE}{};rport{alias}",
            flow.transport.via(),
            self.tokens.token()
        )
    }

    /// Our address for the peer on this flow.
    pub(super) fn contact(&self, flow: Flow, is_secured: bool) -> String {
        let door = door(&self.config.listeners, flow.transport, flow.peer.ip());
        let scheme = if is_secured { "sips" } else { "sip" };
        match flow.transport {
            Transport::Udp => format!("<{scheme}:{door}>"),
            // In a sips address TLS goes without saying (RFC 3261 26.2.2).
            Transport::Tls | Transport::Node if is_secured => format!("<{scheme}:{door}>"),
            transport => format!("<{scheme}:{door};transport={}>", transport.param()),
        }
    }

    /// A Call-ID whose answers and requests come to this endpoint.
    pub(super) fn new_call_id(&mut self) -> String {
        let shard = self.config.shard;
        let mut id = String::new();
        for _ in 0..CALL_ID_DRAWS * shard.of.max(1) {
            id = format!("{}{}", self.tokens.token(), self.tokens.token());
            if shard_of(id.as_bytes(), shard.of, shard.key) == shard.index {
                break;
            }
        }
        id
    }
}

fn client_key(draft: &Draft) -> key::Key {
    let via = Via::parse(&draft.head.via).ok();
    let branch = via.and_then(|via| via.branch()).unwrap_or_default();
    key::client(branch, draft.method.as_str())
}
