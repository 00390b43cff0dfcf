//! Who a tenant is: accounts and sub-accounts, keys, secrets, what was used, and what was changed by whom.

use super::endpoint::{Asked, Outcome, Reply};
use super::keys::{Scope, new_key};
use super::problem::{Code, Problem};
use super::stored::{change, name, next, time};
use crate::clients::{key_id, public_key};
use crate::deployments::{Changed, METRICS};
use hyper::StatusCode;
use hyper::header::LOCATION;
use patchcord_control::grants::{Grants, SECRET_BYTES_MAX, SECRET_BYTES_MIN};
use patchcord_control::ids::Tenant;
use patchcord_database::tenants::TenantState;
use patchcord_database::{Database, Error, TenantId, What, audit, keys, quotas, secrets, tenants};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

const DAY_MS: i64 = 86_400_000;
/// Days of usage in one answer.
const DAYS_MAX: i64 = 366;

/// Whether a tenant may do anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "TenantState")]
pub(crate) enum StateWord {
    /// All.
    Active,
    /// Nothing for now: its keys count for nothing and its handlers get no calls.
    Suspended,
    /// Nothing again.
    Closed,
}

impl From<TenantState> for StateWord {
    fn from(it: TenantState) -> Self {
        match it {
            TenantState::Active => Self::Active,
            TenantState::Suspended => Self::Suspended,
            TenantState::Closed => Self::Closed,
        }
    }
}

impl From<StateWord> for TenantState {
    fn from(it: StateWord) -> Self {
        match it {
            StateWord::Active => Self::Active,
            StateWord::Suspended => Self::Suspended,
            StateWord::Closed => Self::Closed,
        }
    }
}

/// An account, or a sub-account.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Tenant")]
pub(crate) struct TenantResource {
    id: String,
    /// Whose sub-account it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    name: String,
    state: StateWord,
    created_at: String,
}

impl From<&tenants::Tenant> for TenantResource {
    fn from(it: &tenants::Tenant) -> Self {
        Self {
            id: it.id.as_str().to_owned(),
            parent: it.parent.as_ref().map(|parent| parent.as_str().to_owned()),
            name: it.name.clone(),
            state: it.state.into(),
            created_at: time(it.created_at),
        }
    }
}

/// A page of tenants.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TenantList")]
pub(crate) struct TenantList {
    tenants: Vec<TenantResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A tenant to add.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenant {
    /// Its name in paths and in configuration: letters, digits, `-` and `_`.
    id: String,
    /// For people.
    name: String,
}

/// What is to change of a tenant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeTenant {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    state: Option<StateWord>,
}

fn is_operator(asked: &Asked) -> bool {
    asked.key.scopes.contains(&Scope::Operator)
}

/// The tenants that a key may look after: an operator's all of them, another its sub-accounts.
pub(crate) async fn list_tenants(asked: Asked) -> Outcome {
    let (database, paging) = (&asked.office.database, asked.paging()?);
    let page = match is_operator(&asked) {
        true => tenants::all(database, &paging).await?,
        false => tenants::children(database, &asked.tenant()?, &paging).await?,
    };
    let list = TenantList {
        tenants: page.items.iter().map(Into::into).collect(),
        next_cursor: next(page.next.as_ref()),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

pub(crate) async fn create_tenant(asked: Asked) -> Outcome {
    let wanted: NewTenant = asked.body()?;
    name("id", &wanted.id)?;
    let id = TenantId::new(&wanted.id)?;
    let database = &asked.office.database;
    match is_operator(&asked) {
        true => tenants::create(database, &id, &wanted.name, asked.now()).await?,
        false => {
            let parent = asked.tenant()?;
            let created = tenants::create_child(database, &parent, &id, &wanted.name, asked.now()).await;
            created.map_err(|error| match error {
                Error::NotFound(_) => Problem::new(Code::WrongState, "a sub-account cannot have sub-accounts"),
                other => other.into(),
            })?;
        }
    }
    asked
        .deployed_anew_of(&Tenant(wanted.id.clone()), &Changed::Account)
        .await?;
    let tenant = tenants::get(database, &id).await?;
    let place = format!("/v1/tenants/{}", wanted.id);
    Ok(Reply::json(StatusCode::CREATED, &TenantResource::from(&tenant)).with(LOCATION, place))
}

/// The tenant of the path, if this key may look after it.
async fn cared_for(asked: &Asked) -> Result<tenants::Tenant, Problem> {
    let unknown = |_| Problem::not_found(What::Tenant.as_str());
    let id = TenantId::new(asked.step(0)).map_err(unknown)?;
    let database = &asked.office.database;
    Ok(match is_operator(asked) {
        true => tenants::get(database, &id).await?,
        false => tenants::child(database, &asked.tenant()?, &id).await?,
    })
}

pub(crate) async fn get_tenant(asked: Asked) -> Outcome {
    let tenant = cared_for(&asked).await?;
    Ok(asked.revised(tenant.revision, &TenantResource::from(&tenant)))
}

pub(crate) async fn change_tenant(asked: Asked) -> Outcome {
    let tenant = cared_for(&asked).await?;
    let wanted: ChangeTenant = asked.body()?;
    if wanted.state.is_some() && tenant.id.as_str() == asked.key.tenant.0 {
        return Err(Problem::new(Code::WrongState, "a tenant cannot lock itself out"));
    }
    let database = &asked.office.database;
    change!(asked, tenants::get(database, &tenant.id).await?.revision, |from| {
        let name = wanted.name.as_ref().unwrap_or(&tenant.name);
        let state = wanted.state.map_or(tenant.state, Into::into);
        tenants::update(database, &tenant.id, from, name, state).await
    })?;
    asked
        .deployed_anew_of(&Tenant(tenant.id.as_str().to_owned()), &Changed::Account)
        .await?;
    let tenant = tenants::get(database, &tenant.id).await?;
    Ok(asked.revised(tenant.revision, &TenantResource::from(&tenant)))
}

/// An API key, without the key itself.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Key")]
pub(crate) struct KeyResource {
    id: String,
    name: String,
    scopes: Vec<Scope>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    /// The day it was last used, such as 2026-11-27.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<String>,
}

impl From<&keys::Key> for KeyResource {
    fn from(it: &keys::Key) -> Self {
        Self {
            id: it.id.clone(),
            name: it.name.clone(),
            scopes: it.scopes.iter().map(|scope| (*scope).into()).collect(),
            created_at: time(it.created_at),
            expires_at: it.expires_at.map(time),
            revoked_at: it.revoked_at.map(time),
            last_used: it.used_day.map(day),
        }
    }
}

/// A key that was just made. This is the only time that the key itself is shown.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "NewKey")]
pub(crate) struct NewKeyResource {
    /// The key itself: for `Authorization: Bearer`.
    key: String,
    #[serde(flatten)]
    rest: KeyResource,
}

/// A page of keys.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "KeyList")]
pub(crate) struct KeyList {
    keys: Vec<KeyResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A key to make.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeKey {
    /// By whom it is used, say.
    name: String,
    /// Of `read`, `write`, `admin` and `clients`, and none that the asking key lacks.
    scopes: Vec<Scope>,
    /// From when on it counts for nothing, in milliseconds since 1970; never without it.
    #[serde(default)]
    expires_at_ms: Option<u64>,
}

pub(crate) async fn list_keys(asked: Asked) -> Outcome {
    let page = keys::list(&asked.office.database, &asked.tenant()?, &asked.paging()?).await?;
    let list = KeyList {
        keys: page.items.iter().map(Into::into).collect(),
        next_cursor: next(page.next.as_ref()),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

pub(crate) async fn make_key(asked: Asked) -> Outcome {
    let tenant = asked.tenant()?;
    made_key(&asked, &tenant).await
}

/// For a tenant that this key looks after.
pub(crate) async fn make_key_of(asked: Asked) -> Outcome {
    let tenant = cared_for(&asked).await?.id;
    made_key(&asked, &tenant).await
}

async fn made_key(asked: &Asked, tenant: &TenantId) -> Outcome {
    let wanted: MakeKey = asked.body()?;
    name("name", &wanted.name)?;
    let mut scopes = Vec::new();
    for scope in &wanted.scopes {
        let known = scope.stored().filter(|_| asked.key.scopes.contains(scope));
        let known = known.ok_or_else(|| {
            let detail = format!("scopes: this key cannot give the scope {:?} away", scope.name());
            Problem::of_field(Code::Refused, "scopes", detail)
        })?;
        if !scopes.contains(&known) {
            scopes.push(known);
        }
    }
    let (key, hash) = new_key().map_err(|_| Problem::new(Code::Unavailable, "the system has no randomness"))?;
    let expires_at = wanted.expires_at_ms.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX));
    let new = keys::NewKey {
        id: key_id(&hash),
        hash: *hash.bytes(),
        name: wanted.name,
        scopes,
        expires_at,
        token_key: Some(public_key(&key)),
    };
    keys::create(&asked.office.database, tenant, &new, asked.now()).await?;
    let kept = keys::get(&asked.office.database, tenant, &new.id).await?;
    let shown = NewKeyResource {
        key,
        rest: (&kept).into(),
    };
    Ok(Reply::json(StatusCode::CREATED, &shown))
}

pub(crate) async fn revoke_key(asked: Asked) -> Outcome {
    let (database, tenant, id) = (&asked.office.database, asked.tenant()?, asked.step(0));
    let now = asked.now();
    change!(asked, keys::get(database, &tenant, id).await?.revision, |from| {
        keys::revoke(database, &tenant, id, from, now).await
    })?;
    Ok(Reply::nothing())
}

/// A secret, without its value.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Secret")]
pub(crate) struct SecretResource {
    name: String,
    changed_at: String,
}

/// A page of secrets.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SecretList")]
pub(crate) struct SecretList {
    secrets: Vec<SecretResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The value of a secret.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetSecret {
    /// 8 to 4,096 signs of ASCII that can be printed. It is never shown again.
    value: String,
}

pub(crate) async fn list_secrets(asked: Asked) -> Outcome {
    let page = secrets::list(&asked.office.database, &asked.tenant()?, &asked.paging()?).await?;
    let shown = |secret: &secrets::Secret| SecretResource {
        name: secret.name.clone(),
        changed_at: time(secret.changed_at),
    };
    let list = SecretList {
        secrets: page.items.iter().map(shown).collect(),
        next_cursor: next(page.next.as_ref()),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

pub(crate) async fn set_secret(asked: Asked) -> Outcome {
    let wanted: SetSecret = asked.body()?;
    let secret = asked.step(0).to_owned();
    name("name", &secret)?;
    if Grants::default().with_secret(&secret, &wanted.value).is_err() {
        let right = format!("value: give {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} signs of ASCII that can be printed");
        return Err(Problem::of_field(Code::Refused, "value", right));
    }
    let sealing = asked.office.deployments.loader().sealing().ok_or_else(|| {
        let detail = "this node keeps no secrets: its operator has to give [database] secrets_key";
        Problem::new(Code::Unavailable, detail)
    })?;
    let sealed = sealing.seal((&asked.key.tenant, &secret), &wanted.value);
    let sealed = sealed.map_err(|_| Problem::new(Code::Unavailable, "the system has no randomness"))?;
    let (database, tenant, now) = (&asked.office.database, asked.tenant()?, asked.now());
    match secrets::create(database, &tenant, &secret, &sealed, now).await {
        Ok(()) => {}
        Err(Error::Exists(_)) => {
            change!(asked, secrets::revision(database, &tenant, &secret).await?, |from| {
                secrets::update(database, &tenant, (&secret, from), &sealed, now).await
            })?;
        }
        Err(other) => return Err(other.into()),
    }
    asked.deployed_anew(&Changed::Secrets).await?;
    Ok(Reply::nothing())
}

pub(crate) async fn delete_secret(asked: Asked) -> Outcome {
    secrets::delete(&asked.office.database, &asked.tenant()?, asked.step(0)).await?;
    asked.deployed_anew(&Changed::Secrets).await?;
    Ok(Reply::nothing())
}

/// A limit of a tenant, in the place of what the configuration says.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Quota")]
pub(crate) struct QuotaResource {
    /// One of `calls_at_once`, `new_calls_per_second`, `fuel_per_minute`, `memory_bytes`, `http_per_minute`, `http_bytes_per_minute`,
    /// `recording_bytes`, and `spend_per_day` in whole units of the currency that prices are in.
    metric: String,
    most: i64,
}

/// All of them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "QuotaList")]
pub(crate) struct QuotaList {
    quotas: Vec<QuotaResource>,
}

/// How much is allowed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetQuota {
    #[schemars(range(min = 0))]
    most: i64,
}

pub(crate) async fn list_quotas(asked: Asked) -> Outcome {
    let all = quotas::list(&asked.office.database, &asked.tenant()?).await?;
    let shown = |quota: quotas::Quota| QuotaResource {
        metric: quota.metric,
        most: quota.most,
    };
    let list = QuotaList {
        quotas: all.into_iter().map(shown).collect(),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

pub(crate) async fn set_quota(asked: Asked) -> Outcome {
    let tenant = cared_for(&asked).await?.id;
    let metric = asked.step(1);
    if !METRICS.contains(&metric) {
        let right = format!("there is no quota of {metric:?}; give one of {}", METRICS.join(", "));
        return Err(Problem::of_field(Code::InvalidRequest, "metric", right));
    }
    let wanted: SetQuota = asked.body()?;
    if wanted.most < 0 {
        return Err(Problem::of_field(Code::Refused, "most", "most: give 0 or more"));
    }
    let database = &asked.office.database;
    match quotas::create(database, &tenant, metric, wanted.most).await {
        Ok(()) => {}
        Err(Error::Exists(_)) => {
            change!(asked, quota_revision(database, &tenant, metric).await?, |from| {
                quotas::update(database, &tenant, metric, from, wanted.most).await
            })?;
        }
        Err(other) => return Err(other.into()),
    }
    asked
        .deployed_anew_of(&Tenant(tenant.as_str().to_owned()), &Changed::Quotas)
        .await?;
    let shown = QuotaResource {
        metric: metric.to_owned(),
        most: wanted.most,
    };
    Ok(Reply::json(StatusCode::OK, &shown))
}

async fn quota_revision(database: &Database, tenant: &TenantId, metric: &str) -> Result<i64, Error> {
    let all = quotas::list(database, tenant).await?;
    let found = all.into_iter().find(|quota| quota.metric == metric);
    found.map(|quota| quota.revision).ok_or(Error::NotFound(What::Quota))
}

pub(crate) async fn delete_quota(asked: Asked) -> Outcome {
    let tenant = cared_for(&asked).await?.id;
    quotas::delete(&asked.office.database, &tenant, asked.step(1)).await?;
    asked
        .deployed_anew_of(&Tenant(tenant.as_str().to_owned()), &Changed::Quotas)
        .await?;
    Ok(Reply::nothing())
}

/// What was used of something in a day.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "UsageOfDay")]
pub(crate) struct UsageResource {
    /// Such as 2026-11-27 (UTC).
    day: String,
    /// `calls`, `call_seconds`, `fuel`, `http_bytes` (sent to web servers and received), `recording_bytes`, or `spend_micros` (what
    /// calls out have cost, in millionths of the currency).
    metric: String,
    amount: i64,
}

/// What was used.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "UsageList")]
pub(crate) struct UsageList {
    usage: Vec<UsageResource>,
}

pub(crate) async fn usage(asked: Asked) -> Outcome {
    let right = "a day such as 2026-11-27";
    let today = asked.now().div_euclid(DAY_MS);
    let from = asked.parsed("from", right, read_day)?;
    let before = asked.parsed("before", right, read_day)?.unwrap_or(today + 1);
    let from = from.unwrap_or(before - 30);
    if from > before || before - from > DAYS_MAX {
        let detail = format!("from: give a day before `before`, and not more than {DAYS_MAX} days");
        return Err(Problem::of_field(Code::InvalidRequest, "from", detail));
    }
    let used = quotas::usage(&asked.office.database, &asked.tenant()?, from, before).await?;
    let shown = |used: quotas::Usage| UsageResource {
        day: day(used.day),
        metric: used.metric,
        amount: used.amount,
    };
    let list = UsageList {
        usage: used.into_iter().map(shown).collect(),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

/// A day since 1970 as RFC 3339 has it.
fn day(number: i64) -> String {
    let text = time(number.saturating_mul(DAY_MS));
    text.split('T').next().unwrap_or_default().to_owned()
}

/// Days from 1970 to the end of the year 9999.
const DAYS_KNOWN: i64 = 2_932_897;

/// Back from such a text. They sort as their days do, so the day is searched for.
fn read_day(text: &str) -> Option<i64> {
    let (mut low, mut high) = (0, DAYS_KNOWN);
    while low < high {
        let middle = i64::midpoint(low, high);
        match day(middle).as_str().cmp(text) {
            Ordering::Equal => return Some(middle),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
        }
    }
    None
}

/// Something that was changed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditEntry")]
pub(crate) struct AuditResource {
    /// Grows within the tenant, without gaps.
    sequence: i64,
    at: String,
    /// The key that asked.
    actor: String,
    /// The operation, as its name stands in this document.
    action: String,
    /// The path that was asked for.
    object: String,
}

/// A page of what was changed, newest first.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditList")]
pub(crate) struct AuditList {
    entries: Vec<AuditResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

pub(crate) async fn list_audit(asked: Asked) -> Outcome {
    let page = audit::list(&asked.office.database, &asked.tenant()?, &asked.paging()?).await?;
    let shown = |entry: &audit::Entry| AuditResource {
        sequence: entry.sequence,
        at: time(entry.content.at),
        actor: entry.content.actor.clone(),
        action: entry.content.action.clone(),
        object: entry.content.object.clone(),
    };
    let list = AuditList {
        entries: page.items.iter().map(shown).collect(),
        next_cursor: next(page.next.as_ref()),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

#[cfg(test)]
mod tests;
