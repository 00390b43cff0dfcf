//! Modules, handlers and their versions, and which version serves: what is uploaded and rolled out. A change counts for the calls that
//! begin after it is answered.

use super::endpoint::{Asked, Outcome, Reply};
use super::problem::{Code, Problem};
use super::stored::{change, name, next, time};
use crate::deployments::{Changed, Permission, asked_for, covered};
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, LOCATION};
use patchcord_control::grants::SECRETS_MAX;
use patchcord_database::rollouts::{self, From, SHARE_MAX};
use patchcord_database::{Database, Error, Page, Paging, TenantId, What, handlers, modules, versions};
use patchcord_guest::ModuleKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Web servers that a version may ask for.
const SERVERS_MAX: usize = 64;
/// Earlier versions whose permissions are looked at: what was granted longer ago is asked for again.
const EARLIER: u32 = 1_000;

/// Where a handler comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Source {
    /// It was deployed.
    Database,
    /// The operator's configuration names it; it cannot be changed here.
    File,
}

/// An uploaded module.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Module")]
pub(crate) struct ModuleResource {
    /// Its SHA-256, which is its name.
    pub(crate) hash: String,
    /// The world of the contract that it was built for: `call-handler` or `event-sink`.
    pub(crate) kind: String,
    pub(crate) bytes: i64,
    /// The interfaces it imports that must be granted.
    pub(crate) permissions: Vec<String>,
    pub(crate) uploaded_at: String,
}

impl std::convert::From<&modules::Module> for ModuleResource {
    fn from(it: &modules::Module) -> Self {
        Self {
            hash: it.hash.clone(),
            kind: it.kind.clone(),
            bytes: it.size,
            permissions: it.imports.clone(),
            uploaded_at: time(it.created_at),
        }
    }
}

/// A page of modules.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ModuleList")]
pub(crate) struct ModuleList {
    pub(crate) modules: Vec<ModuleResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

pub(crate) async fn upload(asked: Asked) -> Outcome {
    let tenant = asked.tenant()?;
    let bytes = asked.body.to_vec();
    let checked = asked.office.deployments.loader().check(bytes).await;
    let checked = checked.map_err(|why| Problem::new(Code::BadModule, why.0))?;
    let module = modules::Module {
        hash: checked.hash,
        kind: checked.kind.name().to_owned(),
        imports: checked.permissions,
        size: checked.bytes as i64,
        created_at: asked.now(),
    };
    modules::put(&asked.office.database, &tenant, &module, &asked.body).await?;
    let kept = modules::get(&asked.office.database, &tenant, &module.hash).await?;
    let place = format!("/v1/modules/{}", kept.hash);
    Ok(Reply::json(StatusCode::CREATED, &ModuleResource::from(&kept)).with(LOCATION, place))
}

pub(crate) async fn list_modules(asked: Asked) -> Outcome {
    let page = modules::list(&asked.office.database, &asked.tenant()?, &asked.paging()?).await?;
    let list = ModuleList {
        modules: page.items.iter().map(Into::into).collect(),
        next_cursor: next(page.next.as_ref()),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

pub(crate) async fn get_module(asked: Asked) -> Outcome {
    let module = modules::get(&asked.office.database, &asked.tenant()?, asked.step(0)).await?;
    Ok(Reply::json(StatusCode::OK, &ModuleResource::from(&module)))
}

pub(crate) async fn module_content(asked: Asked) -> Outcome {
    let bytes = modules::bytes(&asked.office.database, &asked.tenant()?, asked.step(0)).await?;
    let mut reply = Reply::nothing();
    reply.status = StatusCode::OK;
    reply.body = super::endpoint::whole(bytes);
    Ok(reply.with(CONTENT_TYPE, "application/wasm".to_owned()))
}

pub(crate) async fn delete_module(asked: Asked) -> Outcome {
    modules::delete(&asked.office.database, &asked.tenant()?, asked.step(0)).await?;
    Ok(Reply::nothing())
}

/// Which version of a handler serves.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Rollout")]
pub(crate) struct RolloutResource {
    /// The version that is rolled out.
    pub(crate) version: i64,
    /// On how many of a hundred calls.
    pub(crate) percent: i64,
    /// The version of the other calls, and where a rollback leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<i64>,
    /// Whether it failed too often and gets no more calls, although its share is there.
    pub(crate) taken_out: bool,
}

/// A handler.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Handler")]
pub(crate) struct HandlerResource {
    pub(crate) name: String,
    pub(crate) source: Source,
    /// The number of its newest version; only of one that was deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) newest_version: Option<i64>,
    /// The module that the configuration names; only of one from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) module: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created_at: Option<String>,
    /// None until a version was rolled out: until then it has no calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rollout: Option<RolloutResource>,
}

/// A page of handlers; those of the configuration stand on the first.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "HandlerList")]
pub(crate) struct HandlerList {
    pub(crate) handlers: Vec<HandlerResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

pub(crate) async fn list_handlers(asked: Asked) -> Outcome {
    let tenant = asked.tenant()?;
    let page = handlers::list(&asked.office.database, &tenant, &asked.paging()?).await?;
    let mut all = Vec::new();
    if asked.parameter("cursor").is_none() {
        let fixed = asked.office.deployments.fixed(&asked.key.tenant);
        all.extend(fixed.into_iter().map(|(name, module)| of_file(name, module)));
    }
    for handler in &page.items {
        all.push(deployed(&asked, handler).await?.0);
    }
    let list = HandlerList {
        handlers: all,
        next_cursor: next(page.next.as_ref()),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

fn of_file(name: String, module: String) -> HandlerResource {
    HandlerResource {
        name,
        source: Source::File,
        newest_version: None,
        module: Some(module),
        created_at: None,
        rollout: None,
    }
}

/// A handler as it is shown, with the sum of what can change in it.
async fn deployed(asked: &Asked, handler: &handlers::Handler) -> Result<(HandlerResource, i64), Problem> {
    let rollout = rollouts::get(&asked.office.database, &asked.tenant()?, &handler.name).await;
    let rollout = match rollout {
        Ok(rollout) => Some(rollout),
        Err(Error::NotFound(_)) => None,
        Err(other) => return Err(other.into()),
    };
    let revision = handler.revision + rollout.as_ref().map_or(0, |rollout| rollout.revision);
    let resource = HandlerResource {
        name: handler.name.clone(),
        source: Source::Database,
        newest_version: Some(handler.last_version),
        module: None,
        created_at: Some(time(handler.created_at)),
        rollout: rollout.map(|rollout| shown(asked, &handler.name, &rollout)),
    };
    Ok((resource, revision))
}

fn shown(asked: &Asked, handler: &str, rollout: &rollouts::Rollout) -> RolloutResource {
    let deployed = asked.office.deployments.deployed(&asked.key.tenant, handler);
    let tried = deployed.and_then(|deployed| deployed.tried);
    RolloutResource {
        version: rollout.version,
        percent: rollout.share / (SHARE_MAX / 100),
        previous: rollout.previous,
        taken_out: tried.is_some_and(|tried| tried.version == rollout.version && tried.candidate.is_out()),
    }
}

pub(crate) async fn get_handler(asked: Asked) -> Outcome {
    let name = asked.step(0);
    let fixed = asked.office.deployments.fixed(&asked.key.tenant);
    if let Some((name, module)) = fixed.into_iter().find(|(fixed, _)| fixed == name) {
        return Ok(Reply::json(StatusCode::OK, &of_file(name, module)));
    }
    let handler = handlers::get(&asked.office.database, &asked.tenant()?, name).await?;
    let (resource, revision) = deployed(&asked, &handler).await?;
    let out = resource.rollout.as_ref().is_some_and(|rollout| rollout.taken_out);
    Ok(asked.revised(tag(revision, out), &resource))
}

pub(crate) async fn delete_handler(asked: Asked) -> Outcome {
    not_fixed(&asked)?;
    handlers::delete(&asked.office.database, &asked.tenant()?, asked.step(0)).await?;
    asked.deployed_anew(&Changed::Handler(asked.step(0).to_owned())).await?;
    Ok(Reply::nothing())
}

/// What the configuration names is not changed here.
fn not_fixed(asked: &Asked) -> Result<(), Problem> {
    let name = asked.step(0);
    if !asked.office.deployments.is_fixed(&asked.key.tenant, name) {
        return Ok(());
    }
    let detail = format!("the handler {name:?} is of the operator's configuration, and can be changed there only");
    Err(Problem::new(Code::WrongState, detail))
}

/// A version to publish.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublishVersion {
    /// The hash of an uploaded module.
    module: String,
    /// What is new, for people to read.
    #[serde(default)]
    note: String,
    /// Web servers it wants to ask: addresses; one that ends with `/` stands for all below it.
    #[serde(default)]
    http: Vec<String>,
    /// Secrets it wants to read, by name.
    #[serde(default)]
    secrets: Vec<String>,
}

/// A version of a handler.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Version")]
pub(crate) struct VersionResource {
    /// From 1.
    pub(crate) version: i64,
    pub(crate) module: String,
    pub(crate) note: String,
    /// What it may do: interfaces, `http:` with an address, `secret:` with a name.
    pub(crate) granted: Vec<String>,
    /// What it asks for and nobody granted; until then it serves no call.
    pub(crate) held: Vec<String>,
    /// The key that published it.
    pub(crate) created_by: String,
    pub(crate) created_at: String,
}

impl std::convert::From<&versions::Version> for VersionResource {
    fn from(it: &versions::Version) -> Self {
        Self {
            version: it.number,
            module: it.content.module.clone(),
            note: it.content.note.clone(),
            granted: it.content.granted.clone(),
            held: it.content.held.clone(),
            created_by: it.content.created_by.clone(),
            created_at: time(it.created_at),
        }
    }
}

/// A page of versions, newest first.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "VersionList")]
pub(crate) struct VersionList {
    pub(crate) versions: Vec<VersionResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

pub(crate) async fn publish(asked: Asked) -> Outcome {
    let handler = asked.step(0).to_owned();
    name("handler", &handler)?;
    not_fixed(&asked)?;
    let wanted: PublishVersion = asked.body()?;
    let tenant = asked.tenant()?;
    let database = &asked.office.database;
    let module = modules::get(database, &tenant, &wanted.module).await;
    let module = module.map_err(|error| match error {
        Error::NotFound(_) => Problem::of_field(Code::Refused, "module", "module: upload it first, and give its hash"),
        other => other.into(),
    })?;
    if module.kind != ModuleKind::CallHandler.name() {
        let detail = format!(
            "module: this is an {}, and calls need a {}",
            module.kind,
            ModuleKind::CallHandler.name()
        );
        return Err(Problem::of_field(Code::Refused, "module", detail));
    }
    let asks_for = permissions(&module.imports, &wanted.http, &wanted.secrets)?;
    let earlier = versions::list(database, &tenant, &handler, &Paging::new(EARLIER, None)?).await?;
    let (granted, held) = split(asks_for, &earlier);
    match handlers::create(database, &tenant, &handler, asked.now()).await {
        Ok(()) | Err(Error::Exists(_)) => {}
        Err(other) => return Err(other.into()),
    }
    let new = versions::NewVersion {
        module: wanted.module,
        note: wanted.note,
        granted,
        held,
        created_by: asked.key.name.clone(),
    };
    let number = versions::publish(database, &tenant, &handler, &new, asked.now()).await?;
    let version = versions::get(database, &tenant, &handler, number).await?;
    let place = format!("/v1/handlers/{handler}/versions/{number}");
    Ok(Reply::json(StatusCode::CREATED, &VersionResource::from(&version)).with(LOCATION, place))
}

/// What a module asks for that imports these interfaces and wants these web servers and secrets.
pub(super) fn permissions(imports: &[String], http: &[String], secrets: &[String]) -> Result<Vec<Permission>, Problem> {
    for (field, list, most) in [("http", http, SERVERS_MAX), ("secrets", secrets, SECRETS_MAX)] {
        if list.len() > most {
            let detail = format!("{field}: give at most {most}");
            return Err(Problem::of_field(Code::Refused, field, detail));
        }
    }
    let imports_http = imports.iter().any(|import| import == "http");
    // A request may carry a secret that the handler never sees.
    let imports_secrets = imports_http || imports.iter().any(|import| import == "secrets");
    let useless = [("http", imports_http, http), ("secrets", imports_secrets, secrets)];
    for (field, imports_it, list) in useless {
        if !imports_it && !list.is_empty() {
            let detail = format!("{field}: the module does not import `{field}`, so it can make no use of them");
            return Err(Problem::of_field(Code::Refused, field, detail));
        }
    }
    for secret in secrets {
        name("secrets", secret)?;
    }
    asked_for(imports, http, secrets).map_err(|url| {
        let detail = format!("http: {url:?} is no address such as \"https://crm.example.com/\"");
        Problem::of_field(Code::Refused, "http", detail)
    })
}

/// What is granted at once, and what is held: of the first version nothing, of a later one what none before it was granted.
fn split(asks_for: Vec<Permission>, earlier: &Page<versions::Version>) -> (Vec<String>, Vec<String>) {
    let granted: Vec<_> = earlier
        .items
        .iter()
        .flat_map(|version| &version.content.granted)
        .collect();
    let granted: Vec<_> = granted.into_iter().map(|text| Permission::read(text)).collect();
    let is_first = earlier.items.is_empty();
    let (now, later): (Vec<_>, Vec<_>) = asks_for
        .into_iter()
        .partition(|permission| is_first || covered(&granted, permission));
    let texts = |all: Vec<Permission>| all.iter().map(ToString::to_string).collect();
    (texts(now), texts(later))
}

pub(crate) async fn list_versions(asked: Asked) -> Outcome {
    let tenant = asked.tenant()?;
    handlers::get(&asked.office.database, &tenant, asked.step(0)).await?;
    let page = versions::list(&asked.office.database, &tenant, asked.step(0), &asked.paging()?).await?;
    let list = VersionList {
        versions: page.items.iter().map(Into::into).collect(),
        next_cursor: next(page.next.as_ref()),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

/// The number of a version in the path; one that is no number is no version.
fn number(asked: &Asked) -> Result<i64, Problem> {
    let number = asked.step(1).parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Problem::not_found(What::Version.as_str()))
}

pub(crate) async fn get_version(asked: Asked) -> Outcome {
    let found = versions::get(&asked.office.database, &asked.tenant()?, asked.step(0), number(&asked)?).await?;
    Ok(asked.revised(found.revision, &VersionResource::from(&found)))
}

pub(crate) async fn grant(asked: Asked) -> Outcome {
    let (tenant, number) = (asked.tenant()?, number(&asked)?);
    let (database, handler) = (&asked.office.database, asked.step(0));
    change!(
        asked,
        versions::get(database, &tenant, handler, number).await?.revision,
        |from| versions::grant(database, &tenant, handler, number, from).await
    )?;
    asked.deployed_anew(&Changed::Handler(asked.step(0).to_owned())).await?;
    let version = versions::get(database, &tenant, handler, number).await?;
    Ok(asked.revised(version.revision, &VersionResource::from(&version)))
}

/// Which version is to serve.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetRollout {
    version: i64,
    /// On how many of a hundred new calls, 1 to 100; all without it. The first version of a handler serves all.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    percent: Option<i64>,
}

pub(crate) async fn get_rollout(asked: Asked) -> Outcome {
    let rollout = rollouts::get(&asked.office.database, &asked.tenant()?, asked.step(0)).await?;
    let shown = shown(&asked, asked.step(0), &rollout);
    Ok(asked.revised(tag(rollout.revision, shown.taken_out), &shown))
}

/// A revision, and what changes without one: whether a trial has failed.
fn tag(revision: i64, taken_out: bool) -> String {
    format!("{revision}{}", if taken_out { "-out" } else { "" })
}

pub(crate) async fn set_rollout(asked: Asked) -> Outcome {
    not_fixed(&asked)?;
    let wanted: SetRollout = asked.body()?;
    let percent = wanted.percent.unwrap_or(100);
    if !(1..=100).contains(&percent) {
        let right = "percent: give a number from 1 to 100";
        return Err(Problem::of_field(Code::Refused, "percent", right));
    }
    let (database, tenant, handler) = (&asked.office.database, asked.tenant()?, asked.step(0));
    let share = (wanted.version, percent * (SHARE_MAX / 100));
    let first = rollouts::set(database, &tenant, handler, From::Nothing, share).await;
    let not_first = |error: &Error| match error {
        // A first one has all calls, so a share of them means that it is another's turn.
        Error::Invalid(..) => share.1 != SHARE_MAX,
        other => matches!(other, Error::Exists(_)),
    };
    match first {
        Ok(_) => {}
        Err(error) if not_first(&error) => {
            change!(asked, revision(database, &tenant, handler).await?, |from| {
                rollouts::set(database, &tenant, handler, From::Revision(from), share).await
            })?;
        }
        Err(error) => return Err(error.into()),
    }
    rolled_out(&asked).await
}

/// The revision of a rollout; a handler without one has all calls served by its first.
async fn revision(database: &Database, tenant: &TenantId, handler: &str) -> Result<i64, Error> {
    match rollouts::get(database, tenant, handler).await {
        Ok(rollout) => Ok(rollout.revision),
        Err(Error::NotFound(_)) => Err(Error::Invalid("percent", "100 for the first version that serves")),
        Err(other) => Err(other),
    }
}

pub(crate) async fn promote(asked: Asked) -> Outcome {
    let (database, tenant, handler) = (&asked.office.database, asked.tenant()?, asked.step(0));
    change!(
        asked,
        rollouts::get(database, &tenant, handler).await?.revision,
        |from| rollouts::promote(database, &tenant, handler, from).await
    )?;
    rolled_out(&asked).await
}

pub(crate) async fn rollback(asked: Asked) -> Outcome {
    let (database, tenant, handler) = (&asked.office.database, asked.tenant()?, asked.step(0));
    let done = change!(
        asked,
        rollouts::get(database, &tenant, handler).await?.revision,
        |from| rollouts::rollback(database, &tenant, handler, from).await
    );
    done.map_err(|problem| match problem.field.as_deref() {
        Some("rollback") => Problem::new(Code::WrongState, "there is no version before this one to go back to"),
        _ => problem,
    })?;
    rolled_out(&asked).await
}

async fn rolled_out(asked: &Asked) -> Outcome {
    asked.deployed_anew(&Changed::Handler(asked.step(0).to_owned())).await?;
    let rollout = rollouts::get(&asked.office.database, &asked.tenant()?, asked.step(0)).await?;
    let shown = shown(asked, asked.step(0), &rollout);
    Ok(asked.revised(tag(rollout.revision, shown.taken_out), &shown))
}
