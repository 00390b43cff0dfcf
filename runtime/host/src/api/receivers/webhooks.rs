//! Webhooks of a tenant: web servers that are told by signed requests (`wit/webhooks.md`). The secret that signs is made here, shown
//! once, and kept sealed.

use super::{Change, KindWord, StateWord, create, shown};
use crate::api::endpoint::{Asked, Outcome, Reply};
use crate::api::problem::{Code, Problem};
use crate::api::stored::{change, name, next, time};
use crate::database::SealingKey;
use crate::deployments::{Changed, sealed_for};
use crate::encoding::hex;
use crate::node::time_of_day;
use hyper::StatusCode;
use hyper::header::LOCATION;
use patchcord_control::events::{Event, Happening, SubscribedWebhook};
use patchcord_control::http_urls::HttpUrl;
use patchcord_control::ids::CallId;
use patchcord_database::sinks::{self, Sink, SinkContent, SinkKind, SinkState, SinkTarget};
use patchcord_database::{Error, TenantId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Webhooks that are tried at the same time, of all tenants.
pub(crate) const TRIES: usize = 16;
/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;
/// What the event of a try is called.
const TRY_NAME: &str = "webhook-test";

/// A webhook, without its secret.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Webhook")]
pub(crate) struct WebhookResource {
    name: String,
    url: String,
    /// The kinds of events it is told; none: all.
    events: Vec<KindWord>,
    /// The handlers whose calls it is told of; none: all.
    handlers: Vec<String>,
    state: StateWord,
    created_at: String,
}

impl From<&Sink> for WebhookResource {
    fn from(it: &Sink) -> Self {
        let url = match &it.content.target {
            SinkTarget::Webhook { url, .. } => url.clone(),
            SinkTarget::Module { .. } => String::new(),
        };
        Self {
            name: it.id.clone(),
            url,
            events: shown(&it.content.events),
            handlers: it.content.handlers.clone(),
            state: it.content.state.into(),
            created_at: time(it.created_at),
        }
    }
}

/// A webhook that was just made. This is the only time that its secret is shown.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "NewWebhook")]
pub(crate) struct NewWebhookResource {
    /// What its requests are signed with.
    secret: String,
    #[serde(flatten)]
    rest: WebhookResource,
}

/// A new secret of a webhook, shown this once.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WebhookSecret {
    /// What the requests of calls are signed with that begin from now on.
    secret: String,
}

/// A page of webhooks.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WebhookList {
    webhooks: Vec<WebhookResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A webhook to make.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeWebhook {
    /// Letters, digits, `-` and `_`; no event sink has it.
    name: String,
    /// An address of http or https in the public network, at most 2,048 bytes. It is signed as it stands here.
    url: String,
    /// Only these kinds of events; all without it.
    #[serde(default)]
    events: Vec<KindWord>,
    /// Only calls of these handlers; of all without it.
    #[serde(default)]
    #[schemars(length(max = 64))]
    handlers: Vec<String>,
    /// Active without it.
    #[serde(default)]
    state: Option<StateWord>,
}

/// What is to change of a webhook; what is not named stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeWebhook {
    #[serde(default)]
    url: Option<String>,
    /// An empty list: all kinds.
    #[serde(default)]
    events: Option<Vec<KindWord>>,
    /// An empty list: all handlers.
    #[serde(default)]
    #[schemars(length(max = 64))]
    handlers: Option<Vec<String>>,
    #[serde(default)]
    state: Option<StateWord>,
}

/// What came of trying a webhook.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WebhookTry {
    /// Whether it has received the event: whether it answered with a status from 200 to 299.
    received: bool,
    /// The status of its answer, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// How long it took, in milliseconds.
    time_ms: u64,
    /// Why it was not received.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

async fn found(asked: &Asked, tenant: &TenantId) -> Result<Sink, Problem> {
    let found = sinks::get(&asked.office.database, tenant, SinkKind::Webhook, asked.step(0)).await;
    found.map_err(missing)
}

fn missing(error: Error) -> Problem {
    match error {
        Error::NotFound(_) => Problem::not_found("webhook"),
        other => other.into(),
    }
}

pub(crate) async fn list(asked: Asked) -> Outcome {
    let (database, tenant, paging) = (&asked.office.database, asked.tenant()?, asked.paging()?);
    let page = sinks::list(database, &tenant, SinkKind::Webhook, &paging).await?;
    let list = WebhookList {
        webhooks: page.items.iter().map(Into::into).collect(),
        next_cursor: next(page.next.as_ref()),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

pub(crate) async fn get(asked: Asked) -> Outcome {
    let webhook = found(&asked, &asked.tenant()?).await?;
    Ok(asked.revised(webhook.revision, &WebhookResource::from(&webhook)))
}

pub(crate) async fn make(asked: Asked) -> Outcome {
    let wanted: MakeWebhook = asked.body()?;
    let tenant = asked.tenant()?;
    name("name", &wanted.name)?;
    address(&asked, &wanted.url)?;
    let change = Change {
        events: Some(wanted.events),
        handlers: Some(wanted.handlers),
        state: wanted.state,
    };
    change.check(&asked, &tenant).await?;
    let (secret, sealed) = new_secret(&asked, &wanted.name)?;
    let mut content = SinkContent {
        target: SinkTarget::Webhook {
            url: wanted.url,
            sealed,
        },
        handlers: Vec::new(),
        events: Vec::new(),
        state: SinkState::Active,
    };
    change.made_to(&mut content);
    create(&asked, &tenant, &wanted.name, &content).await?;
    asked.deployed_anew(&Changed::Receivers).await?;
    let kept = sinks::get(&asked.office.database, &tenant, SinkKind::Webhook, &wanted.name).await;
    let kept = kept.map_err(missing)?;
    let place = format!("/v1/webhooks/{}", kept.id);
    let shown = NewWebhookResource {
        secret,
        rest: (&kept).into(),
    };
    Ok(Reply::json(StatusCode::CREATED, &shown).with(LOCATION, place))
}

/// Reads an address that may be told.
fn address(asked: &Asked, url: &str) -> Result<HttpUrl, Problem> {
    let wrong = |why: &str| {
        let right = format!("url: {why}; give an address such as https://crm.example.com/calls");
        Problem::of_field(Code::Refused, "url", right)
    };
    let read = HttpUrl::parse(url).map_err(wrong)?;
    if !asked.office.courier.may_ask(&read) {
        return Err(wrong("it is not of the public network"));
    }
    Ok(read)
}

/// What seals secrets on this node.
fn sealing(asked: &Asked) -> Result<&SealingKey, Problem> {
    asked.office.deployments.loader().sealing().ok_or_else(|| {
        let detail = "this node keeps no secrets: its operator has to give [database] secrets_key";
        Problem::new(Code::Unavailable, detail)
    })
}

/// A new secret, and the same sealed for a webhook.
fn new_secret(asked: &Asked, webhook: &str) -> Result<(String, Vec<u8>), Problem> {
    let sealing = sealing(asked)?;
    let random = |_| Problem::new(Code::Unavailable, "the system has no randomness");
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(random)?;
    let secret = format!("whs_{}", hex(&bytes));
    let sealed = sealing.seal((&asked.key.tenant, &sealed_for(webhook)), &secret);
    Ok((secret, sealed.map_err(random)?))
}

pub(crate) async fn change(asked: Asked) -> Outcome {
    let wanted: ChangeWebhook = asked.body()?;
    let tenant = asked.tenant()?;
    let before = found(&asked, &tenant).await?;
    if let Some(url) = &wanted.url {
        address(&asked, url)?;
    }
    let change = Change {
        events: wanted.events,
        handlers: wanted.handlers,
        state: wanted.state,
    };
    change.check(&asked, &tenant).await?;
    let to = |content: &mut SinkContent| {
        change.made_to(content);
        if let (SinkTarget::Webhook { url, .. }, Some(new)) = (&mut content.target, &wanted.url) {
            url.clone_from(new);
        }
    };
    let webhook = changed(&asked, &tenant, before, to).await?;
    Ok(asked.revised(webhook.revision, &WebhookResource::from(&webhook)))
}

/// Makes a change from the revision that the client names, or from whichever there is; the webhook as it is then.
async fn changed(
    asked: &Asked,
    tenant: &TenantId,
    before: Sink,
    to: impl Fn(&mut SinkContent),
) -> Result<Sink, Problem> {
    let database = &asked.office.database;
    let id = before.id;
    change!(
        asked,
        sinks::get(database, tenant, SinkKind::Webhook, &id).await?.revision,
        |from| {
            let current = sinks::get(database, tenant, SinkKind::Webhook, &id).await;
            match current {
                Ok(mut current) => {
                    to(&mut current.content);
                    sinks::update(database, tenant, (&id, from), &current.content).await
                }
                Err(error) => Err(error),
            }
        }
    )?;
    asked.deployed_anew(&Changed::Receivers).await?;
    sinks::get(database, tenant, SinkKind::Webhook, &id)
        .await
        .map_err(missing)
}

pub(crate) async fn delete(asked: Asked) -> Outcome {
    let (database, tenant) = (&asked.office.database, asked.tenant()?);
    let deleted = sinks::delete(database, &tenant, SinkKind::Webhook, asked.step(0)).await;
    deleted.map_err(missing)?;
    asked.deployed_anew(&Changed::Receivers).await?;
    Ok(Reply::nothing())
}

/// A new secret in the place of the one there is.
pub(crate) async fn replace_secret(asked: Asked) -> Outcome {
    let tenant = asked.tenant()?;
    let before = found(&asked, &tenant).await?;
    let (secret, new) = new_secret(&asked, &before.id)?;
    let to = |content: &mut SinkContent| {
        if let SinkTarget::Webhook { sealed, .. } = &mut content.target {
            sealed.clone_from(&new);
        }
    };
    changed(&asked, &tenant, before, to).await?;
    Ok(Reply::json(StatusCode::OK, &WebhookSecret { secret }))
}

/// Sends one event now, and answers what came of it.
pub(crate) async fn try_now(asked: Asked) -> Outcome {
    let webhook = found(&asked, &asked.tenant()?).await?;
    let to = opened(&asked, &webhook)?;
    let place = asked.office.tries.try_acquire();
    let _place = place.map_err(|_| {
        let detail = format!("{TRIES} webhooks are being tried on this node now; try again shortly");
        Problem::new(Code::TooMany, detail)
    })?;
    let event = Event {
        call: CallId(0),
        tenant: asked.key.tenant.clone(),
        handler: TRY_NAME.to_owned(),
        module: "0".repeat(64),
        at: time_of_day(),
        what: Happening::Custom {
            name: TRY_NAME.to_owned(),
            data: "This is no event of a call: somebody tries this webhook."
                .to_owned()
                .into(),
        },
    };
    let began = Instant::now();
    let tried = asked.office.courier.try_once(&to, &event).await;
    let shown = WebhookTry {
        received: tried.why.is_none(),
        status: tried.status,
        time_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        why: tried.why,
    };
    Ok(Reply::json(StatusCode::OK, &shown))
}

/// A webhook with its secret.
fn opened(asked: &Asked, webhook: &Sink) -> Result<SubscribedWebhook, Problem> {
    let SinkTarget::Webhook { url, sealed } = &webhook.content.target else {
        return Err(Problem::not_found("webhook"));
    };
    let secret = sealing(asked)?.open((&asked.key.tenant, &sealed_for(&webhook.id)), sealed);
    let secret = secret.ok_or_else(|| {
        let detail = "its secret was sealed with another key than this node has: make a new one";
        Problem::new(Code::WrongState, detail)
    })?;
    Ok(SubscribedWebhook {
        url: address(asked, url)?,
        written: url.clone().into(),
        secret: secret.into(),
    })
}
