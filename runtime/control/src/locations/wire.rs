//! What a gateway tells the others as bytes. Not here: the message around it.

use super::facts::{
    ABILITIES_MAX, ABILITY_BYTES, Before, ClientKind, Endpoint, HISTORY_MAX, History, INSTANCE_BYTES, Instance,
    InstanceId, Link, Media, NAME_BYTES, Network, Place, Profile, State, TENANT_BYTES,
};
use super::way::{CONTACT_BYTES, Carrier, PATH_BYTES, Way};
use super::{Change, LEASE_MAX, Registration};
use crate::ids::Tenant;
use crate::presence::{NONE_BEFORE, STATUS_BYTES, read_status, write_status};
use crate::regions::{NODE_BYTES, NodeId, REGION_BYTES, Region};
use crate::replica::{Fault, IP_BYTES, Input, NUMBER_BYTES, Out, WORD_BYTES, Wire, WireError, text_bytes};
use std::sync::Arc;

/// Bytes of the name of an instance, at most.
pub(crate) const INSTANCE_WIRE_BYTES: usize = text_bytes(INSTANCE_BYTES);
const PROFILE_BYTES: usize = 4 + 2 * text_bytes(NAME_BYTES) + ABILITIES_MAX * text_bytes(ABILITY_BYTES);
const NETWORK_BYTES: usize = IP_BYTES + WORD_BYTES + 1;
const PLACE_BYTES: usize = 4;
const WAY_BYTES: usize = 1 + text_bytes(CONTACT_BYTES) + text_bytes(PATH_BYTES);
const HISTORY_BYTES: usize =
    1 + HISTORY_MAX * (NUMBER_BYTES + text_bytes(NODE_BYTES) + text_bytes(REGION_BYTES) + NETWORK_BYTES);
const REGISTRATION_BYTES: usize = text_bytes(TENANT_BYTES)
    + text_bytes(NAME_BYTES)
    + INSTANCE_WIRE_BYTES
    + 3 * WORD_BYTES
    + PROFILE_BYTES
    + NETWORK_BYTES
    + 1
    + PLACE_BYTES
    + NUMBER_BYTES
    + STATUS_BYTES
    + WAY_BYTES
    + HISTORY_BYTES;

impl Change {
    fn endpoint(&self) -> &Endpoint {
        match self {
            Self::Put(Registration { endpoint, .. }) | Self::Renew { endpoint, .. } | Self::Remove { endpoint, .. } => {
                endpoint
            }
        }
    }

    fn profile(&self) -> Option<&Arc<Profile>> {
        match self {
            Self::Put(registration) => Some(&registration.instance.profile),
            Self::Renew { .. } | Self::Remove { .. } => None,
        }
    }
}

impl Wire for Change {
    const KIND: u8 = b'l';
    const LARGEST: usize = 1 + REGISTRATION_BYTES;

    fn write(&self, before: Option<&Self>, out: &mut Out) {
        out.byte(match self {
            Self::Put(_) => 0,
            Self::Renew { .. } => 1,
            Self::Remove { .. } => 2,
        });
        write_endpoint(self.endpoint(), before.map(Self::endpoint), out);
        match self {
            Self::Put(Registration {
                epoch, instance, lease, ..
            }) => {
                out.number(u64::from(*epoch));
                out.duration(*lease);
                write_entry(instance, before.and_then(Self::profile), out);
            }
            Self::Renew { instance, lease, .. } => {
                write_instance(instance, out);
                out.duration(*lease);
            }
            Self::Remove { instance, .. } => write_instance(instance, out),
        }
    }

    fn read(before: Option<&Self>, input: &mut Input<'_>) -> Result<Self, WireError> {
        let kind = input.choice("a change", 2)?;
        let endpoint = read_endpoint(before.map(Self::endpoint), input)?;
        Ok(match kind {
            0 => {
                let epoch = input.word("an epoch")?;
                let lease = input.duration("a lease", LEASE_MAX)?;
                Self::Put(Registration {
                    endpoint,
                    epoch,
                    instance: read_entry(before.and_then(Self::profile), input)?,
                    lease,
                })
            }
            1 => Self::Renew {
                endpoint,
                instance: read_instance(input)?,
                lease: input.duration("a lease", LEASE_MAX)?,
            },
            _ => Self::Remove {
                endpoint,
                instance: read_instance(input)?,
            },
        })
    }
}

/// The tenant is left out where it is that of the endpoint before.
fn write_endpoint(endpoint: &Endpoint, before: Option<&Endpoint>, out: &mut Out) {
    match before.is_some_and(|before| before.tenant == endpoint.tenant) {
        true => out.text(""),
        false => out.text(&endpoint.tenant.0),
    }
    out.text(endpoint.name());
}

fn read_endpoint(before: Option<&Endpoint>, input: &mut Input<'_>) -> Result<Endpoint, WireError> {
    let tenant = match (input.text("a tenant", TENANT_BYTES)?, before) {
        ("", Some(before)) => before.tenant.clone(),
        ("", None) => return Err(input.fault("a tenant", Fault::Value(NONE_BEFORE.to_owned()))),
        (name, _) => Arc::new(Tenant(name.to_owned())),
    };
    input.value("the name of an endpoint", NAME_BYTES, |name| {
        Endpoint::new(tenant, name)
    })
}

/// What most instances are called: `urn:uuid:` and a UUID (RFC 9562), of which only the UUID is written.
const URN: &str = "urn:uuid:";
/// Where the dashes of a UUID are.
const DASHES: [usize; 4] = [8, 13, 18, 23];

fn uuid_of(name: &str) -> Option<u128> {
    let uuid = name.strip_prefix(URN)?;
    let digits: String = uuid.split('-').collect();
    let number = u128::from_str_radix(&digits, 16).ok()?;
    // The only text that is read back for the number.
    (urn_of(number) == name).then_some(number)
}

fn urn_of(uuid: u128) -> String {
    let mut urn = URN.to_owned();
    let digits = format!("{uuid:032x}");
    for (at, digit) in digits.chars().enumerate() {
        let is_after_dash = DASHES.iter().enumerate().any(|(before, dash)| at + before == *dash);
        if is_after_dash {
            urn.push('-');
        }
        urn.push(digit);
    }
    urn
}

/// One that is a URN of a UUID has 17 bytes.
pub(crate) fn write_instance(instance: &InstanceId, out: &mut Out) {
    match uuid_of(instance.as_str()) {
        Some(uuid) => {
            out.text("");
            out.bytes(&uuid.to_be_bytes());
        }
        None => out.text(instance.as_str()),
    }
}

pub(crate) fn read_instance(input: &mut Input<'_>) -> Result<InstanceId, WireError> {
    const WHAT: &str = "the name of an instance";
    let name = input.text(WHAT, INSTANCE_BYTES)?;
    let made = match name {
        "" => InstanceId::new(&urn_of(u128::from_be_bytes(input.array(WHAT)?))),
        name => InstanceId::new(name),
    };
    made.map_err(|why| input.refused(WHAT, why))
}

fn write_entry(instance: &Instance, before: Option<&Arc<Profile>>, out: &mut Out) {
    let Instance {
        id,
        profile,
        network,
        bandwidth_kbps,
        place,
        connected_at_ms,
        state,
        status,
        way,
        history,
    } = instance;
    write_instance(id, out);
    match before == Some(profile) {
        true => out.byte(0),
        false => write_profile(profile, out),
    }
    write_network(network, out);
    out.number(u64::from(*bandwidth_kbps));
    out.number(*connected_at_ms);
    let (state, has) = (*state as u8, |is: bool, place: u8| u8::from(is) << place);
    out.byte(state | has(place.is_some(), 2) | has(way.is_some(), 3) | has(history.is_some(), 4));
    write_status(status, out);
    if let Some(place) = place {
        let (north, east) = place.tenths();
        out.bytes(&north.to_be_bytes());
        out.bytes(&east.to_be_bytes());
    }
    if let Some(way) = way {
        write_way(way, out);
    }
    if let Some(history) = history {
        write_history(history, out);
    }
}

fn read_entry(before: Option<&Arc<Profile>>, input: &mut Input<'_>) -> Result<Instance, WireError> {
    let id = read_instance(input)?;
    let profile = read_profile(before, input)?;
    let network = read_network(input)?;
    let bandwidth_kbps = input.word("a bandwidth")?;
    let connected_at_ms = input.number("when an instance came", u64::MAX)?;
    let bits = input.choice("what is said of an instance", 0b11111)?;
    let status = Arc::new(read_status(input)?);
    let has = |place: u8| bits >> place & 1 != 0;
    Ok(Instance {
        id,
        profile,
        network,
        bandwidth_kbps,
        place: if has(2) { Some(read_place(input)?) } else { None },
        connected_at_ms,
        state: match bits & 0b11 {
            0 => State::Active,
            1 => State::Idle,
            2 => State::Away,
            _ => State::Offline,
        },
        status,
        way: if has(3) { Some(read_way(input)?) } else { None },
        history: if has(4) { Some(read_history(input)?) } else { None },
    })
}

/// What it is, from 1: 0 is the profile of the one before.
fn write_profile(profile: &Profile, out: &mut Out) {
    out.byte(1 + profile.kind() as u8);
    out.text(profile.device());
    out.text(profile.app());
    let Media { audio, video, text } = profile.media();
    out.byte(u8::from(audio) | u8::from(video) << 1 | u8::from(text) << 2);
    out.number(profile.abilities().count() as u64);
    for ability in profile.abilities() {
        out.text(ability);
    }
}

fn read_profile(before: Option<&Arc<Profile>>, input: &mut Input<'_>) -> Result<Arc<Profile>, WireError> {
    const WHAT: &str = "what a device is";
    let kind = match (input.choice(WHAT, 3)?, before) {
        (0, Some(before)) => return Ok(before.clone()),
        (0, None) => return Err(input.fault(WHAT, Fault::Value(NONE_BEFORE.to_owned()))),
        (1, _) => ClientKind::SipPhone,
        (2, _) => ClientKind::Browser,
        _ => ClientKind::App,
    };
    let device = input.text("the name of a device", NAME_BYTES)?;
    let app = input.text("the name of an application", NAME_BYTES)?;
    let bits = input.choice("what a device can take part in", 0b111)?;
    let media = Media {
        audio: bits & 1 != 0,
        video: bits & 2 != 0,
        text: bits & 4 != 0,
    };
    let mut abilities = Vec::new();
    for _ in 0..input.number("how many abilities a device has", ABILITIES_MAX as u64)? {
        abilities.push(input.text("an ability of a device", ABILITY_BYTES)?);
    }
    let profile = Profile::new(kind, device, app, media).and_then(|profile| profile.able(&abilities));
    profile.map(Arc::new).map_err(|why| input.refused(WHAT, why))
}

fn write_network(network: &Network, out: &mut Out) {
    out.ip(*network.ip.reveal());
    out.number(u64::from(network.port));
    out.byte(network.link as u8);
}

fn read_network(input: &mut Input<'_>) -> Result<Network, WireError> {
    Ok(Network {
        ip: input.ip("an address")?.into(),
        port: input.number("a port", u64::from(u16::MAX))? as u16,
        link: match input.choice("how a device is connected", 3)? {
            0 => Link::Unknown,
            1 => Link::Wired,
            2 => Link::Wireless,
            _ => Link::Mobile,
        },
    })
}

fn read_place(input: &mut Input<'_>) -> Result<Place, WireError> {
    const WHAT: &str = "a place";
    let north = i16::from_be_bytes(input.array(WHAT)?);
    let east = i16::from_be_bytes(input.array(WHAT)?);
    Place::of_tenths(north, east).map_err(|why| input.refused(WHAT, why))
}

fn write_way(way: &Way, out: &mut Out) {
    out.byte(way.carrier() as u8);
    out.text(way.contact().reveal());
    out.text(way.path().reveal());
}

fn read_way(input: &mut Input<'_>) -> Result<Way, WireError> {
    let carrier = match input.choice("what carries to a device", 4)? {
        0 => Carrier::Udp,
        1 => Carrier::Tcp,
        2 => Carrier::Tls,
        3 => Carrier::Ws,
        _ => Carrier::Wss,
    };
    let contact = input.text("the contact of a device", CONTACT_BYTES)?;
    let path = input.text("the path to a device", PATH_BYTES)?;
    Way::new(contact, path, carrier).map_err(|why| input.refused("the way to a device", why))
}

fn write_history(history: &History, out: &mut Out) {
    out.number(history.iter().count() as u64);
    for before in history.iter() {
        out.number(before.until_ms);
        out.text(before.node.as_str());
        out.text(before.region.as_str());
        write_network(&before.network, out);
    }
}

fn read_history(input: &mut Input<'_>) -> Result<Arc<History>, WireError> {
    let mut history = Vec::new();
    for _ in 0..input.number("how often an instance was elsewhere", HISTORY_MAX as u64)? {
        history.push(Before {
            until_ms: input.number("until when an instance was elsewhere", u64::MAX)?,
            node: input.value("a gateway", NODE_BYTES, NodeId::new)?,
            region: input.value("its region", REGION_BYTES, Region::new)?,
            network: read_network(input)?,
        });
    }
    Ok(Arc::new(History::of(history)))
}

#[cfg(test)]
mod tests;
