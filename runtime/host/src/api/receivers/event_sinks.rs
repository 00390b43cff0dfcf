//! Event sinks of a tenant: modules of the event-sink world that are run for each event. What one may do is granted as a handler's
//! permissions are: all that it asks for when it is made; what a change asks for beyond that only by an administrator's key.

use super::{Change, KindWord, StateWord, create, module_missing, shown};
use crate::api::deploying::permissions;
use crate::api::endpoint::{Asked, Outcome, Reply};
use crate::api::keys::Scope;
use crate::api::problem::{Code, Problem};
use crate::api::stored::{change, name, next, time};
use crate::deployments::{Changed, Permission, covered};
use hyper::StatusCode;
use hyper::header::LOCATION;
use patchcord_database::sinks::{self, Sink, SinkContent, SinkKind, SinkState, SinkTarget};
use patchcord_database::{Error, TenantId, modules};
use patchcord_guest::ModuleKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An event sink.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EventSink")]
pub(crate) struct SinkResource {
    name: String,
    /// The hash of its module.
    module: String,
    /// What it may do: interfaces, `http:` with an address, `secret:` with a name.
    granted: Vec<String>,
    /// The kinds of events it is told; none: all.
    events: Vec<KindWord>,
    /// The handlers whose calls it is told of; none: all.
    handlers: Vec<String>,
    state: StateWord,
    created_at: String,
}

impl From<&Sink> for SinkResource {
    fn from(it: &Sink) -> Self {
        let (module, granted) = match &it.content.target {
            SinkTarget::Module { hash, granted } => (hash.clone(), granted.clone()),
            SinkTarget::Webhook { .. } => Default::default(),
        };
        Self {
            name: it.id.clone(),
            module,
            granted,
            events: shown(&it.content.events),
            handlers: it.content.handlers.clone(),
            state: it.content.state.into(),
            created_at: time(it.created_at),
        }
    }
}

/// A page of event sinks.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EventSinkList")]
pub(crate) struct SinkList {
    event_sinks: Vec<SinkResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// An event sink to make.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeEventSink {
    /// Letters, digits, `-` and `_`; no webhook has it.
    name: String,
    /// The hash of an uploaded module of the world `event-sink`.
    module: String,
    /// Web servers it wants to ask: addresses; one that ends with `/` stands for all below it.
    #[serde(default)]
    http: Vec<String>,
    /// Secrets it wants to read, by name.
    #[serde(default)]
    secrets: Vec<String>,
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

/// What is to change of an event sink; what is not named stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeEventSink {
    #[serde(default)]
    module: Option<String>,
    /// In the place of the web servers it may ask.
    #[serde(default)]
    http: Option<Vec<String>>,
    /// In the place of the secrets it may read.
    #[serde(default)]
    secrets: Option<Vec<String>>,
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

async fn found(asked: &Asked, tenant: &TenantId) -> Result<Sink, Problem> {
    let found = sinks::get(&asked.office.database, tenant, SinkKind::Module, asked.step(0)).await;
    found.map_err(missing)
}

fn missing(error: Error) -> Problem {
    match error {
        Error::NotFound(_) => Problem::not_found("event sink"),
        other => other.into(),
    }
}

pub(crate) async fn list(asked: Asked) -> Outcome {
    let (database, tenant, paging) = (&asked.office.database, asked.tenant()?, asked.paging()?);
    let page = sinks::list(database, &tenant, SinkKind::Module, &paging).await?;
    let list = SinkList {
        event_sinks: page.items.iter().map(Into::into).collect(),
        next_cursor: next(page.next.as_ref()),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

pub(crate) async fn get(asked: Asked) -> Outcome {
    let sink = found(&asked, &asked.tenant()?).await?;
    Ok(asked.revised(sink.revision, &SinkResource::from(&sink)))
}

/// What a module asks for with these servers and secrets; it has to be an event sink.
async fn asks_for(
    asked: &Asked,
    tenant: &TenantId,
    hash: &str,
    (http, secrets): (&[String], &[String]),
) -> Result<Vec<Permission>, Problem> {
    let module = modules::get(&asked.office.database, tenant, hash).await;
    let module = module.map_err(|error| match error {
        Error::NotFound(_) => module_missing(),
        other => other.into(),
    })?;
    let right = ModuleKind::EventSink.name();
    if module.kind != right {
        let detail = format!(
            "module: this is a {}, and an event sink needs a module of the world {right}",
            module.kind
        );
        return Err(Problem::of_field(Code::Refused, "module", detail));
    }
    permissions(&module.imports, http, secrets)
}

pub(crate) async fn make(asked: Asked) -> Outcome {
    let wanted: MakeEventSink = asked.body()?;
    let tenant = asked.tenant()?;
    name("name", &wanted.name)?;
    let granted = asks_for(&asked, &tenant, &wanted.module, (&wanted.http, &wanted.secrets)).await?;
    let change = Change {
        events: Some(wanted.events),
        handlers: Some(wanted.handlers),
        state: wanted.state,
    };
    change.check(&asked, &tenant).await?;
    let mut content = SinkContent {
        target: SinkTarget::Module {
            hash: wanted.module,
            granted: granted.iter().map(ToString::to_string).collect(),
        },
        handlers: Vec::new(),
        events: Vec::new(),
        state: SinkState::Active,
    };
    change.made_to(&mut content);
    create(&asked, &tenant, &wanted.name, &content).await?;
    asked.deployed_anew(&Changed::Receivers).await?;
    let kept = sinks::get(&asked.office.database, &tenant, SinkKind::Module, &wanted.name).await;
    let kept = kept.map_err(missing)?;
    let place = format!("/v1/event-sinks/{}", kept.id);
    Ok(Reply::json(StatusCode::CREATED, &SinkResource::from(&kept)).with(LOCATION, place))
}

pub(crate) async fn change(asked: Asked) -> Outcome {
    let wanted: ChangeEventSink = asked.body()?;
    let tenant = asked.tenant()?;
    let before = found(&asked, &tenant).await?;
    let target = new_target(&asked, &tenant, &before, &wanted).await?;
    let change = Change {
        events: wanted.events,
        handlers: wanted.handlers,
        state: wanted.state,
    };
    change.check(&asked, &tenant).await?;
    let (database, id) = (&asked.office.database, &before.id);
    change!(
        asked,
        sinks::get(database, &tenant, SinkKind::Module, id).await?.revision,
        |from| match sinks::get(database, &tenant, SinkKind::Module, id).await {
            Ok(mut current) => {
                change.made_to(&mut current.content);
                if let Some(target) = &target {
                    current.content.target.clone_from(target);
                }
                sinks::update(database, &tenant, (id, from), &current.content).await
            }
            Err(error) => Err(error),
        }
    )?;
    asked.deployed_anew(&Changed::Receivers).await?;
    let sink = found(&asked, &tenant).await?;
    Ok(asked.revised(sink.revision, &SinkResource::from(&sink)))
}

/// The module and its permissions as they are to be; none if neither is named.
async fn new_target(
    asked: &Asked,
    tenant: &TenantId,
    before: &Sink,
    wanted: &ChangeEventSink,
) -> Result<Option<SinkTarget>, Problem> {
    let SinkTarget::Module { hash, granted } = &before.content.target else {
        return Err(Problem::not_found("event sink"));
    };
    if wanted.module.is_none() && wanted.http.is_none() && wanted.secrets.is_none() {
        return Ok(None);
    }
    let granted: Vec<_> = granted.iter().map(|text| Permission::read(text)).collect();
    let (mut http, mut secrets) = (Vec::new(), Vec::new());
    for permission in &granted {
        match permission {
            Permission::Interface(_) => {}
            Permission::Http(url) => http.push(url.clone()),
            Permission::Secret(name) => secrets.push(name.clone()),
        }
    }
    let http = wanted.http.clone().unwrap_or(http);
    let secrets = wanted.secrets.clone().unwrap_or(secrets);
    let hash = wanted.module.as_ref().unwrap_or(hash);
    let wants = asks_for(asked, tenant, hash, (&http, &secrets)).await?;
    let more = wants.iter().find(|permission| !covered(&granted, permission));
    if let Some(more) = more.filter(|_| !asked.key.scopes.contains(&Scope::Admin)) {
        let detail =
            format!("it asks for {more}, which it is not granted: a key with the scope \"admin\" may grant it");
        return Err(Problem::new(Code::PermissionsHeld, detail));
    }
    Ok(Some(SinkTarget::Module {
        hash: hash.clone(),
        granted: wants.iter().map(ToString::to_string).collect(),
    }))
}

pub(crate) async fn delete(asked: Asked) -> Outcome {
    let (database, tenant) = (&asked.office.database, asked.tenant()?);
    let deleted = sinks::delete(database, &tenant, SinkKind::Module, asked.step(0)).await;
    deleted.map_err(missing)?;
    asked.deployed_anew(&Changed::Receivers).await?;
    Ok(Reply::nothing())
}
