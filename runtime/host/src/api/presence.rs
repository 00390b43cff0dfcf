//! Who can be reached, by the API: how identities are, what is said of them, where their clients are registered, and what changes as
//! it changes. All of it is in memory and true now. Not here: what clients say of themselves, which they say where they register.

use super::endpoint::{Asked, Outcome, Reply};
use super::events::{HEARTBEAT, server_sent};
use super::keys::Scope;
use super::problem::{Code, Problem};
use super::readers::Place;
use super::stored::time;
use super::websocket::{self, Tells};
use crate::presence::{Located, PresenceReader, Reading};
use futures_util::stream::unfold;
use hyper::StatusCode;
use patchcord_control::limits::PRESENCE_IDENTITIES;
use patchcord_control::locations::Network;
use patchcord_control::presence::{
    Availability, ClientView, NAME_BYTES, PresenceError, Reason, Status, TEXT_BYTES, View, WATCHED_MAX,
};
use patchcord_switch::InstanceView;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::Instant;

/// Whether somebody can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Availability")]
pub(crate) enum AvailabilityWord {
    /// It rings.
    Available,
    /// In a call, or occupied.
    Busy,
    /// Does not want to be called.
    DoNotDisturb,
    /// Nobody is there.
    Unavailable,
}

/// Why, where that passes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "PresenceReason")]
pub(crate) enum ReasonWord {
    OnACall,
    /// For minutes.
    AwayShort,
    AwayLong,
}

impl From<Availability> for AvailabilityWord {
    fn from(it: Availability) -> Self {
        match it {
            Availability::Available => Self::Available,
            Availability::Busy => Self::Busy,
            Availability::DoNotDisturb => Self::DoNotDisturb,
            Availability::Unavailable => Self::Unavailable,
        }
    }
}

impl From<AvailabilityWord> for Availability {
    fn from(it: AvailabilityWord) -> Self {
        match it {
            AvailabilityWord::Available => Self::Available,
            AvailabilityWord::Busy => Self::Busy,
            AvailabilityWord::DoNotDisturb => Self::DoNotDisturb,
            AvailabilityWord::Unavailable => Self::Unavailable,
        }
    }
}

impl From<Reason> for ReasonWord {
    fn from(it: Reason) -> Self {
        match it {
            Reason::OnACall => Self::OnACall,
            Reason::AwayShort => Self::AwayShort,
            Reason::AwayLong => Self::AwayLong,
        }
    }
}

impl From<ReasonWord> for Reason {
    fn from(it: ReasonWord) -> Self {
        match it {
            ReasonWord::OnACall => Self::OnACall,
            ReasonWord::AwayShort => Self::AwayShort,
            ReasonWord::AwayLong => Self::AwayLong,
        }
    }
}

/// What is said of a client or an identity.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PresenceStatus")]
pub(crate) struct StatusBody {
    availability: AvailabilityWord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonWord>,
    /// In words, up to 256 bytes. A handler can speak them to a caller.
    #[serde(default)]
    text: String,
}

/// What is to be said otherwise; what is left out stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChangePresence")]
pub(crate) struct ChangeStatus {
    availability: Option<AvailabilityWord>,
    /// Null takes it away.
    #[serde(default, deserialize_with = "there")]
    #[schemars(with = "Option<ReasonWord>")]
    reason: Option<Option<ReasonWord>>,
    text: Option<String>,
}

/// What is null is there, too.
fn there<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<ReasonWord>>, D::Error> {
    Option::<ReasonWord>::deserialize(from).map(Some)
}

impl From<&Status> for StatusBody {
    fn from(it: &Status) -> Self {
        Self {
            availability: it.availability.into(),
            reason: it.reason.map(ReasonWord::from),
            text: it.text.reveal().clone(),
        }
    }
}

impl From<StatusBody> for Status {
    fn from(it: StatusBody) -> Self {
        Self {
            availability: it.availability.into(),
            reason: it.reason.map(Reason::from),
            text: it.text.into(),
        }
    }
}

/// A client application.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PresenceClient")]
pub(crate) struct ClientBody {
    device: String,
    app: String,
    #[serde(flatten)]
    status: StatusBody,
}

impl From<&ClientView> for ClientBody {
    fn from(it: &ClientView) -> Self {
        Self {
            device: it.device.clone(),
            app: it.app.clone(),
            status: StatusBody {
                availability: it.availability.into(),
                reason: it.reason.map(ReasonWord::from),
                text: it.text.reveal().clone(),
            },
        }
    }
}

/// How an identity is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Presence")]
pub(crate) struct PresenceResource {
    identity: String,
    /// The best of its clients, or what was said of it if that is worse.
    #[serde(flatten)]
    status: StatusBody,
    /// Calls it is in.
    calls: u32,
    /// By device and application.
    clients: Vec<ClientBody>,
    /// What was said of the identity itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<StatusBody>,
}

impl PresenceResource {
    fn new(view: &View, said: Option<&Status>) -> Self {
        Self {
            identity: view.name.to_string(),
            status: (&view.status).into(),
            calls: view.calls,
            clients: view.clients.iter().map(ClientBody::from).collect(),
            said: said.map(StatusBody::from),
        }
    }
}

/// How several are.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PresenceList")]
pub(crate) struct PresenceList {
    /// In the order they were named.
    presence: Vec<PresenceResource>,
}

/// Where a client is registered.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ClientInstance")]
pub(crate) struct InstanceBody {
    /// The same as long as it is the same device or application.
    instance: String,
    /// What it calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    /// `udp`, `tcp`, `tls`, `ws`, `wss`; empty of one at a node that passes no calls on to it.
    transport: String,
    /// Since when it has been registered without a break.
    since: String,
    /// Until when, unless it renews.
    until: String,
    /// From where. Only an administrator's key is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The node it is registered at, in a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    /// Where that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// Where it was registered before, in a cluster: the last comes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Vec<BeforeBody>>,
}

/// Where a client was registered before.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ClientInstanceBefore")]
pub(crate) struct BeforeBody {
    node: String,
    region: String,
    /// When it went from there.
    until: String,
    /// From where it registered. Only an administrator's key is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

/// Where an identity is registered.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ClientInstanceList")]
pub(crate) struct InstanceList {
    instances: Vec<InstanceBody>,
}

pub(crate) async fn get(asked: Asked) -> Outcome {
    let (view, said) = asked
        .office
        .presence
        .view(&asked.key.tenant, asked.step(0))
        .map_err(refused)?;
    Ok(Reply::json(
        StatusCode::OK,
        &PresenceResource::new(&view, said.as_ref()),
    ))
}

pub(crate) async fn list(asked: Asked) -> Outcome {
    let names = identities(&asked, PRESENCE_IDENTITIES)?;
    let (desk, tenant) = (&asked.office.presence, &asked.key.tenant);
    let one = |name: &String| {
        let (view, said) = desk.view(tenant, name).map_err(refused)?;
        Ok(PresenceResource::new(&view, said.as_ref()))
    };
    let presence = names.iter().map(one).collect::<Result<_, Problem>>()?;
    Ok(Reply::json(StatusCode::OK, &PresenceList { presence }))
}

pub(crate) async fn put(asked: Asked) -> Outcome {
    let said: StatusBody = asked.body()?;
    say(&asked, Some(said.into()))?;
    get(asked).await
}

pub(crate) async fn patch(asked: Asked) -> Outcome {
    let change: ChangeStatus = asked.body()?;
    let (_, said) = asked
        .office
        .presence
        .view(&asked.key.tenant, asked.step(0))
        .map_err(refused)?;
    let mut said = said.unwrap_or_else(|| Status::new(Availability::Available));
    if let Some(availability) = change.availability {
        said.availability = availability.into();
    }
    if let Some(reason) = change.reason {
        said.reason = reason.map(Reason::from);
    }
    if let Some(text) = change.text {
        said.text = text.into();
    }
    say(&asked, Some(said))?;
    get(asked).await
}

pub(crate) async fn delete(asked: Asked) -> Outcome {
    say(&asked, None)?;
    Ok(Reply::nothing())
}

fn say(asked: &Asked, said: Option<Status>) -> Result<(), Problem> {
    let tenant = &asked.key.tenant;
    asked.office.presence.set(tenant, asked.step(0), said).map_err(refused)
}

pub(crate) async fn instances(asked: Asked) -> Outcome {
    let now = (Instant::now(), asked.now());
    let shows = asked.key.scopes.contains(&Scope::Admin);
    let (desk, tenant, identity) = (&asked.office.presence, &asked.key.tenant, asked.step(0));
    let mut instances: Vec<_> = desk
        .instances(tenant, identity)
        .iter()
        .map(|view| instance(view, now, shows))
        .collect();
    for located in desk.locations(tenant, identity) {
        let known = |one: &&mut InstanceBody| one.instance == located.instance.id.as_str();
        match instances.iter_mut().find(known) {
            Some(one) => one.place(&located, shows),
            None => instances.push(elsewhere(&located, now, shows)),
        }
    }
    Ok(Reply::json(StatusCode::OK, &InstanceList { instances }))
}

fn instance(view: &InstanceView, (now, now_ms): (Instant, i64), shows: bool) -> InstanceBody {
    let before = now.saturating_duration_since(view.since).as_millis() as i64;
    let left = view.until.saturating_duration_since(now).as_millis() as i64;
    InstanceBody {
        instance: view.instance.to_string(),
        agent: view.agent.as_ref().map(ToString::to_string),
        transport: format!("{:?}", view.transport).to_ascii_lowercase(),
        since: time(now_ms - before),
        until: time(now_ms + left),
        address: shows.then(|| view.address.to_string()),
        node: None,
        region: None,
        before: None,
    }
}

/// One that is registered at another node.
fn elsewhere(located: &Located, (now, now_ms): (Instant, i64), shows: bool) -> InstanceBody {
    let instance = &located.instance;
    let left = located.until.saturating_duration_since(now).as_millis() as i64;
    let carrier = instance.way.as_ref().map(|way| format!("{:?}", way.carrier()));
    let mut body = InstanceBody {
        instance: instance.id.as_str().to_owned(),
        agent: Some(instance.profile.app().to_owned()),
        transport: carrier.unwrap_or_default().to_ascii_lowercase(),
        since: time(i64::try_from(instance.connected_at_ms).unwrap_or(i64::MAX)),
        until: time(now_ms + left),
        address: shows.then(|| address(&instance.network)),
        node: None,
        region: None,
        before: None,
    };
    body.place(located, shows);
    body
}

fn address(network: &Network) -> String {
    SocketAddr::new(*network.ip.reveal(), network.port).to_string()
}

impl InstanceBody {
    fn place(&mut self, located: &Located, shows: bool) {
        self.node = Some(located.node.to_string());
        self.region = Some(located.region.to_string());
        let history = located.instance.history.iter().flat_map(|history| history.iter());
        let before = history.map(|before| BeforeBody {
            node: before.node.to_string(),
            region: before.region.to_string(),
            until: time(i64::try_from(before.until_ms).unwrap_or(i64::MAX)),
            address: shows.then(|| address(&before.network)),
        });
        self.before = Some(before.collect());
    }
}

/// What changes of several: first how they are.
pub(crate) async fn events(asked: Asked) -> Outcome {
    let names = identities(&asked, WATCHED_MAX)?;
    let place = asked.office.readers.enter(&asked.key.tenant)?;
    let names = names.iter().map(String::as_str);
    let reader = asked.office.presence.watch(&asked.key.tenant, names).map_err(refused)?;
    match websocket::is_asked(&asked.method, &asked.headers) {
        true => websocket::open(asked, reader, place),
        false => Ok(stream(reader, place)),
    }
}

impl Tells for PresenceReader {
    async fn next_text(&mut self) -> Option<String> {
        Some(data(&self.next().await))
    }
}

fn stream(reader: PresenceReader, place: Place) -> Reply {
    let texts = unfold(reader, |mut reader| async move {
        let text = match tokio::time::timeout(HEARTBEAT, reader.next()).await {
            Err(_) => ": nothing yet\n\n".to_owned(),
            Ok(news) => format!("event: presence\ndata: {}\n\n", data(&news)),
        };
        Some((text, reader))
    });
    server_sent(texts, place)
}

/// One message: what is new, each identity once.
fn data(news: &Reading) -> String {
    let presence: Vec<_> = news.iter().map(|view| PresenceResource::new(view, None)).collect();
    serde_json::json!({ "event": "presence", "presence": presence }).to_string()
}

/// The identities that the query names.
fn identities(asked: &Asked, most: usize) -> Result<Vec<String>, Problem> {
    let wrong = || {
        let right =
            format!("identities: give 1 to {most} names, with commas between them, each of 1 to {NAME_BYTES} bytes");
        Problem::of_field(Code::InvalidRequest, "identities", right)
    };
    let text = asked.parameter("identities").ok_or_else(wrong)?;
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    match names.len() <= most && names.iter().all(|name| (1..=NAME_BYTES).contains(&name.len())) {
        true => Ok(names),
        false => Err(wrong()),
    }
}

fn refused(why: PresenceError) -> Problem {
    match why {
        PresenceError::Name => {
            let right = format!("identity: give a name of 1 to {NAME_BYTES} bytes");
            Problem::of_field(Code::InvalidRequest, "identity", right)
        }
        PresenceError::Text => {
            let right = format!("text: give at most {TEXT_BYTES} bytes");
            Problem::of_field(Code::Refused, "text", right)
        }
        PresenceError::Watched | PresenceError::Watchers | PresenceError::Identities => {
            Problem::new(Code::TooMany, why.to_string())
        }
        _ => Problem::new(Code::Unavailable, why.to_string()),
    }
}
