//! What the desk of a node in a cluster shares with those of the others: where devices are registered, which calls identities are in,
//! and what was said of them. The copies are kept by two cores of `control`; here they meet the desk, and messages become bytes. Not here:
//! how bytes travel ([`super::speaking`]).

use crate::border::BorderProxy;
use crate::cluster::Named;
use crate::deployments::now_ms;
use bytes::Bytes;
use patchcord_cluster::Topic;
use patchcord_control::ids::Tenant;
use patchcord_control::locations::{
    Arrival, Carrier, ClientKind, Dropped, Endpoint, Event, Found, Instance, InstanceId, LEASE_MAX, LEASE_MIN, Link,
    Media, NAME_BYTES, Network, Output, Profile, Refusal, Registrar, State, Update, Way,
};
use patchcord_control::parts::{self, Part, Parts};
use patchcord_control::presence::{Identity, Status};
use patchcord_control::private::Private;
use patchcord_control::regions::{NodeId, Region};
use patchcord_control::replica::{Me, Message, Outgoing, To};
use patchcord_sip::{Binding, CLIENTS_DOMAIN, LocationChange, Transport, Uri, by_device};
use patchcord_switch::{Elsewhere, Legs, PresenceDesk, ToOthers, WayElsewhere, instance_name};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Messages that wait to be sent. One more is dropped; whoever misses it asks for everything.
const WAITING: usize = 4_096;
/// What a device is called that does not say.
const UNNAMED: &str = "telephone";

/// The border of this node, once it is there: devices that registered before it have no way for others until they renew.
pub(crate) type BorderPlace = Arc<OnceLock<Arc<BorderProxy>>>;

/// A message to be sent, of which topic.
pub(super) type ToSend = (Topic, To, Bytes);

/// Where an instance is registered, at whichever node.
#[derive(Debug, Clone)]
pub(crate) struct Located {
    pub(crate) node: NodeId,
    pub(crate) region: Region,
    pub(crate) instance: Instance,
    pub(crate) until: Instant,
}

/// A device that is registered here, as it was told to others.
struct Here {
    endpoint: Endpoint,
    instance: InstanceId,
    network: Network,
    way: Option<Way>,
}

/// By tenant and address of record.
type Place = (Arc<str>, Arc<str>);

/// See the module.
pub(super) struct Sharing {
    node: NodeId,
    border: BorderPlace,
    locations: Registrar,
    parts: Parts,
    /// As large as the registrar of SIP.
    here: BTreeMap<Place, Vec<Here>>,
    /// The last notices that were read.
    read: (u64, u64),
    /// At most [`WAITING`].
    waiting: VecDeque<ToSend>,
    dropped: u64,
}

impl Sharing {
    pub(super) fn new(now: Instant, me: &Named, border: BorderPlace) -> Self {
        let me = Me {
            node: me.node.clone(),
            region: me.region.clone(),
            incarnation: me.incarnation,
        };
        Self {
            node: me.node.clone(),
            border,
            locations: Registrar::new(now, me.clone()),
            parts: Parts::new(now, me),
            here: BTreeMap::new(),
            read: (0, 0),
            waiting: VecDeque::new(),
            dropped: 0,
        }
    }

    /// Somebody registered here, renewed, or left.
    pub(super) fn located(&mut self, now: Instant, change: &LocationChange) {
        let place = (change.tenant.clone(), change.aor.clone());
        let mut before = self.here.remove(&place).unwrap_or_default();
        let tenant = Tenant(change.tenant.to_string());
        let name = change.aor.rsplit_once('@').map_or(&*change.aor, |(name, _)| name);
        let mut after = Vec::new();
        if let Ok(endpoint) = Endpoint::new(tenant, name) {
            for ways in by_device(&change.bindings) {
                let Some(device) = self.device(&endpoint, change, &ways) else {
                    continue;
                };
                let known = before.iter().position(|known| known.instance == device.instance);
                let known = known.map(|at| before.swap_remove(at));
                match self.register(now, &ways, known, device) {
                    Ok(here) => after.push(here),
                    // It can be reached at this node, and by no other.
                    Err(why) => tracing::warn!(%why, "other nodes are not told of a device"),
                }
            }
        }
        for gone in before {
            self.locations.leave(now, &gone.endpoint, &gone.instance);
        }
        if !after.is_empty() {
            self.here.insert(place, after);
        }
    }

    /// A device as others are told of it.
    fn device(&self, endpoint: &Endpoint, change: &LocationChange, ways: &[&Binding]) -> Option<Here> {
        let best = ways.first()?;
        let instance = instance_name(ways, Some(self.node.as_str()))?;
        Some(Here {
            endpoint: endpoint.clone(),
            instance: InstanceId::new(&instance).ok()?,
            network: Network {
                ip: Private::new(best.flow.peer.ip()),
                port: best.flow.peer.port(),
                link: Link::Unknown,
            },
            way: self.way(change, best),
        })
    }

    /// How other nodes reach a device: through the border. None if it is behind a proxy of its own, which the border would pass by.
    fn way(&self, change: &LocationChange, best: &Binding) -> Option<Way> {
        let border = self.border.get().filter(|_| best.path.is_empty())?;
        // Whoever registers there has proved its identity where its connection was opened.
        let client = change
            .aor
            .rsplit_once('@')
            .filter(|(_, domain)| *domain == CLIENTS_DOMAIN);
        let path = border.path(best.flow, client.map(|(name, _)| (&*change.tenant, name)));
        let carrier = match best.flow.transport {
            Transport::Udp => Carrier::Udp,
            Transport::Tcp => Carrier::Tcp,
            Transport::Tls | Transport::Node => Carrier::Tls,
            Transport::Ws => Carrier::Ws,
            Transport::Wss => Carrier::Wss,
        };
        Way::new(&best.contact.to_string(), &path, carrier).ok()
    }

    fn register(
        &mut self,
        now: Instant,
        ways: &[&Binding],
        known: Option<Here>,
        device: Here,
    ) -> Result<Here, Refusal> {
        let until = ways.iter().map(|binding| binding.expires_at).max().unwrap_or(now);
        let lease = until.saturating_duration_since(now).clamp(LEASE_MIN, LEASE_MAX);
        let same = known.is_some_and(|known| known.network == device.network && known.way == device.way);
        if same
            && self
                .locations
                .renew(now, &device.endpoint, &device.instance, lease)
                .is_ok()
        {
            return Ok(device);
        }
        let best = ways[0];
        let kind = match best.flow.transport {
            Transport::Ws | Transport::Wss => ClientKind::Browser,
            _ => ClientKind::SipPhone,
        };
        let agent = best.user_agent.as_deref().map_or(UNNAMED, cut);
        let media = Media {
            audio: true,
            ..Media::default()
        };
        let profile = Profile::new(kind, agent, agent, media)
            .or_else(|_| Profile::new(kind, UNNAMED, UNNAMED, media))
            .expect("a short word is a name");
        let arrival = Arrival {
            endpoint: device.endpoint.clone(),
            instance: device.instance.clone(),
            profile: Arc::new(profile),
            network: device.network.clone(),
            bandwidth_kbps: 0,
            place: None,
            at_ms: u64::try_from(now_ms()).unwrap_or_default(),
            state: State::Active,
            status: None,
            way: device.way.clone(),
            lease,
        };
        self.locations.register(now, arrival).map(|_| device)
    }

    /// A message of another node came. One that cannot be read is of a program that says something else.
    pub(super) fn heard(&mut self, now: Instant, topic: Topic, bytes: &[u8]) {
        let read = match topic {
            Topic::Locations => Message::from_bytes(bytes).map(|message| self.locations.handle(now, message)),
            Topic::Presence => Message::from_bytes(bytes).map(|message| self.parts.handle(now, message)),
        };
        if let Err(why) = read {
            tracing::warn!(%topic, %why, "another node says what is not understood");
        }
    }

    /// Time passed.
    pub(super) fn deadline(&mut self, now: Instant) {
        if self.locations.wake_at().is_some_and(|at| at <= now) {
            self.locations.deadline(now);
        }
        if self.parts.wake_at().is_some_and(|at| at <= now) {
            self.parts.deadline(now);
        }
    }

    /// When [`Sharing::deadline`] is due.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        let due = [self.locations.wake_at(), self.parts.wake_at()];
        due.into_iter().flatten().min()
    }

    /// The node leaves: the others are told once.
    pub(super) fn shut(&mut self, now: Instant, desk: &mut PresenceDesk) {
        self.locations.shut(now);
        self.parts.shut();
        self.settle(now, desk);
    }

    /// Tells others what is new at the desk, and the desk what is new elsewhere.
    pub(super) fn settle(&mut self, now: Instant, desk: &mut PresenceDesk) {
        while let Some(news) = desk.poll_to_others() {
            self.tell(now, news);
        }
        while let Some(output) = self.locations.poll() {
            self.carry_out(now, desk, output);
        }
        while let Some(output) = self.parts.poll() {
            match output {
                parts::Output::Send(Outgoing { to, message }) => self.send(Topic::Presence, to, message.to_bytes()),
                parts::Output::Replaced => replaced(),
            }
        }
        self.read_locations(now, desk);
        self.read_parts(now, desk);
    }

    /// The next message to be sent.
    pub(super) fn poll(&mut self) -> Option<ToSend> {
        self.waiting.pop_front()
    }

    /// Whether something waits to be sent.
    pub(super) fn speaks(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Messages that were dropped because too many waited.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Registrations of all nodes.
    pub(super) fn registrations(&self) -> usize {
        self.locations.registrations()
    }

    /// Where an identity is registered, at whichever node.
    pub(super) fn find(&self, tenant: &Tenant, name: &str) -> Vec<Located> {
        let located = |found: Found<'_>| Located {
            node: found.node.clone(),
            region: found.region.clone(),
            instance: found.instance.clone(),
            until: found.until,
        };
        self.locations.instances(tenant, name).map(located).collect()
    }

    fn tell(&mut self, now: Instant, news: ToOthers) {
        let done = match news {
            ToOthers::Legs(who, legs) => {
                let part = Part {
                    said: None,
                    ..part_of(&legs)
                };
                self.parts.set_part(now, &who, part)
            }
            ToOthers::Word(who, status) => {
                let at_ms = u64::try_from(now_ms()).unwrap_or_default();
                self.parts.say(now, &who, at_ms, status).map(drop)
            }
            ToOthers::Status(who, instance, status) => return self.update(now, &who, &instance, status),
        };
        if let Err(why) = done {
            tracing::warn!(%why, "other nodes are not told how somebody is");
        }
    }

    fn update(&mut self, now: Instant, who: &Identity, instance: &str, status: Status) {
        let endpoint = Endpoint::new(who.tenant().clone(), who.name());
        if let (Ok(endpoint), Ok(instance)) = (endpoint, InstanceId::new(instance)) {
            // One that is not registered, or not here any more, is told of with its next registration.
            let _ = self.locations.update(now, &endpoint, &instance, Update::Status(status));
        }
    }

    fn carry_out(&mut self, now: Instant, desk: &mut PresenceDesk, output: Output) {
        match output {
            Output::Send(Outgoing { to, message }) => self.send(Topic::Locations, to, message.to_bytes()),
            Output::Drop {
                endpoint,
                instance,
                why,
            } => {
                self.forget(&endpoint, &instance);
                if matches!(why, Dropped::Moved(_) | Dropped::Crowded) {
                    desk.moved_away(now, (endpoint.tenant(), endpoint.name()), instance.as_str());
                }
            }
            Output::Replaced => replaced(),
        }
    }

    /// A device is told to others no more, until it registers again. Its addresses of record stand side by side: `name@`, and what follows.
    fn forget(&mut self, endpoint: &Endpoint, instance: &InstanceId) {
        let tenant: Arc<str> = endpoint.tenant().0.as_str().into();
        let first = (tenant.clone(), Arc::from(format!("{}@", endpoint.name())));
        let of_it = |place: &Place| place.0 == tenant && place.1.starts_with(&*first.1);
        for (_, devices) in self
            .here
            .range_mut(first.clone()..)
            .take_while(|(place, _)| of_it(place))
        {
            devices.retain(|here| here.endpoint != *endpoint || here.instance != *instance);
        }
    }

    fn send(&mut self, topic: Topic, to: To, bytes: Vec<u8>) {
        match self.waiting.len() < WAITING {
            true => self.waiting.push_back((topic, to, bytes.into())),
            false => self.dropped += 1,
        }
    }

    fn read_locations(&mut self, now: Instant, desk: &mut PresenceDesk) {
        let Self { locations, node, .. } = self;
        match locations.since(self.read.0) {
            Ok(notices) => {
                for notice in notices {
                    let (tenant, name) = (notice.endpoint.tenant(), notice.endpoint.name());
                    let mut instances = locations.instances(tenant, name);
                    let found = instances.find(|found| found.instance.id == notice.instance && found.node != node);
                    match found.filter(|_| notice.event != Event::Gone) {
                        Some(found) => came(now, desk, &notice.endpoint, &found),
                        None => desk.gone_elsewhere(now, (tenant, name), notice.instance.as_str()),
                    }
                }
            }
            Err(_) => {
                desk.forget_elsewhere(now);
                for (endpoint, found) in locations.elsewhere() {
                    came(now, desk, &endpoint, &found);
                }
            }
        }
        self.read.0 = locations.newest();
    }

    fn read_parts(&mut self, now: Instant, desk: &mut PresenceDesk) {
        let changed: Vec<Identity> = match self.parts.since(self.read.1) {
            Ok(notices) => notices.map(|notice| notice.identity.clone()).collect(),
            Err(_) => self.parts.identities().cloned().collect(),
        };
        self.read.1 = self.parts.newest();
        for who in changed {
            let sum = self.parts.sum(&who);
            let at = (who.tenant(), who.name());
            desk.legs_elsewhere(now, at, &legs_of(&sum));
            let word = sum.said.and_then(|said| said.status);
            if desk.set_status(at) != word
                && let Err(why) = desk.word_elsewhere(now, at, word)
            {
                tracing::warn!(%why, "what was said of somebody at another node is not known here");
            }
        }
    }
}

fn replaced() {
    tracing::error!("another process has the name of this node and began later: stop one of them");
}

/// A device at another node is one of the desk's.
fn came(now: Instant, desk: &mut PresenceDesk, endpoint: &Endpoint, found: &Found<'_>) {
    let device = Elsewhere {
        instance: found.instance.id.as_str().into(),
        agent: found.instance.profile.app().into(),
        node: found.node.as_str().into(),
        region: found.region.as_str().into(),
        status: Status::clone(&found.instance.status),
        way: found.instance.way.as_ref().and_then(|way| way_to(found.node, way)),
    };
    // Refused if there are as many clients as there may be: it cannot be rung from here then.
    if let Err(why) = desk.came_elsewhere(now, (endpoint.tenant(), endpoint.name()), device) {
        tracing::warn!(%why, "a device of another node is not known here");
    }
}

/// The way to a device of another node; none if its node says what is no way.
fn way_to(node: &NodeId, way: &Way) -> Option<WayElsewhere> {
    let path = way.path();
    let door = path.reveal().trim_start_matches('<').split('>').next()?;
    let door = Uri::parse(door).ok()?;
    Some(WayElsewhere {
        contact: Uri::parse(way.contact().reveal()).ok()?,
        path: (*path.reveal()).to_owned(),
        door: SocketAddr::new(door.ip()?, door.port()?),
        node: node.as_str().into(),
        is_browser: way.carrier().is_websocket(),
    })
}

fn part_of(legs: &Legs) -> Part {
    let mut part = Part {
        ringing: legs.ringing,
        ..Part::default()
    };
    for (instance, calls) in &legs.calls {
        let instance = instance.as_deref().and_then(|name| InstanceId::new(name).ok());
        *part.legs.entry(instance).or_default() += calls;
    }
    part
}

fn legs_of(part: &Part) -> Legs {
    Legs {
        calls: part
            .legs
            .iter()
            .map(|(instance, calls)| (instance.as_ref().map(|name| name.as_str().into()), *calls))
            .collect(),
        ringing: part.ringing,
    }
}

/// As much of a text as a name may have.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(NAME_BYTES)]
}

#[cfg(test)]
mod tests;
