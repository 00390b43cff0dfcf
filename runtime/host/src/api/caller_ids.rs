//! Numbers that a tenant shows when it calls: it asks for one, is told a code, and whoever answers there keys the code (TS-23). Here is
//! what is asked for; what becomes of what was keyed is in `proving`.
//!
//! A number that another tenant has is called as any other is: nothing that is answered tells whose it is, and only somebody who
//! answers there can prove it.

use super::ProofHandler;
use super::calls::{busy, new_id, not_done, not_placed};
use super::endpoint::{Asked, Outcome, Reply};
use super::placing::Gone;
use super::problem::{Code, Problem};
use super::proving;
use super::stored::{next, time};
use crate::deployments::Changed;
use crate::live_calls::Busy;
use hyper::StatusCode;
use hyper::header::LOCATION;
use patchcord_control::call::{OnMachine, Opening};
use patchcord_control::ids::CallId;
use patchcord_control::numbers::E164;
use patchcord_control::outbound::Waiting;
use patchcord_control::policy::CallerIds;
use patchcord_control::words::{CallerId, Destination, Endpoint};
use patchcord_database::Error;
use patchcord_database::caller_ids::{self, Asking, State};
use patchcord_switch::{PlacedCall, Purpose};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a code counts, in milliseconds: ten minutes.
const CODE_MS: i64 = 600_000;
/// A call that cannot go out in so long is given up: its code would hardly count any more.
const WAITS: Duration = Duration::from_secs(300);
/// How long the number rings, in milliseconds.
const RING_MS: u32 = 45_000;
/// How long the call may last once it is answered.
const LONGEST: Duration = Duration::from_secs(180);

/// Where a caller id stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "CallerIdState")]
pub(crate) enum StateWord {
    /// The number is being called, and the code waited for.
    Pending,
    /// It may be shown.
    Verified,
    /// Nobody keyed the code in time; it can be asked for anew.
    Failed,
}

/// A number to call from.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CallerId")]
pub(crate) struct CallerIdResource {
    number: String,
    state: StateWord,
    /// When it was asked for.
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_at: Option<String>,
    /// Until when the code counts, while it is waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// The call that asked for the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<String>,
}

impl CallerIdResource {
    fn new(it: &caller_ids::CallerId, now: i64) -> Self {
        let state = match it.state(now) {
            State::Pending => StateWord::Pending,
            State::Verified => StateWord::Verified,
            State::Failed => StateWord::Failed,
        };
        Self {
            number: it.number.clone(),
            state,
            created_at: time(it.created_at),
            verified_at: it.verified_at.map(time),
            expires_at: (state == StateWord::Pending).then(|| time(it.expires_at)),
            call: it.call.clone(),
        }
    }
}

/// A number that is being proved. This is the only time that its code is shown.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NewCallerId")]
pub(crate) struct NewCallerIdResource {
    /// What whoever answers has to key: six digits.
    code: String,
    #[serde(flatten)]
    rest: CallerIdResource,
}

/// A page of caller ids.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CallerIdList")]
pub(crate) struct CallerIdList {
    caller_ids: Vec<CallerIdResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A number to be proved.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskCallerId {
    /// As E.164 has it, such as +15550123.
    number: String,
}

/// The number that is shown where nothing is said.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DefaultCallerId")]
pub(crate) struct DefaultCallerId {
    /// One that the tenant has, or has proved. Null: what the configuration says.
    number: Option<String>,
}

pub(crate) async fn list(asked: Asked) -> Outcome {
    let page = caller_ids::list(&asked.office.database, &asked.tenant()?, &asked.paging()?).await?;
    let now = asked.now();
    let list = CallerIdList {
        caller_ids: page.items.iter().map(|one| CallerIdResource::new(one, now)).collect(),
        next_cursor: next(page.next.as_ref()),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

pub(crate) async fn get(asked: Asked) -> Outcome {
    let found = caller_ids::get(&asked.office.database, &asked.tenant()?, asked.step(0)).await?;
    Ok(Reply::json(StatusCode::OK, &CallerIdResource::new(&found, asked.now())))
}

pub(crate) async fn delete(asked: Asked) -> Outcome {
    caller_ids::delete(&asked.office.database, &asked.tenant()?, asked.step(0)).await?;
    asked.deployed_anew(&Changed::Numbers).await?;
    Ok(Reply::nothing())
}

pub(crate) async fn ask(asked: Asked) -> Outcome {
    let wanted: AskCallerId = asked.body()?;
    let proof = asked.office.proof.as_ref().ok_or_else(|| {
        let detail = "this node proves no numbers: its operator has to give [caller_ids] handler";
        Problem::new(Code::Refused, detail)
    })?;
    let number = number(&wanted.number)?;
    let shown = asked.office.deployments.caller_ids(&asked.key.tenant);
    let shown = shown.ok_or_else(|| Problem::new(Code::Refused, "this tenant may not call numbers"))?;
    if shown.has(&number) {
        return Err(Problem::new(Code::Exists, "this number may be shown already"));
    }
    let id = new_id()?;
    let mut call = placed((proof, &asked), (id, &number), &shown);
    let may = asked.office.live.may_place(&call).await;
    call.trunk = may.map_err(|why| not_done(why, not_placed))?;
    let no_chance = |_| Problem::new(Code::Unavailable, "the system has no randomness");
    let code = proving::new_code().map_err(no_chance)?;
    let now = asked.now();
    let asking = Asking {
        number: number.reveal(),
        code_hash: &proving::hash(&asked.key.tenant, id, &code),
        call: &id.to_string(),
        expires_at: now + CODE_MS,
    };
    let (database, tenant) = (&asked.office.database, asked.tenant()?);
    caller_ids::ask(database, &tenant, asking, now)
        .await
        .map_err(too_often)?;
    let waiting = Waiting {
        id,
        tenant: call.tenant.clone(),
        trunk: call.trunk.clone(),
        not_before: None,
        expires_at: Some(Instant::now() + WAITS),
        wanted: call,
    };
    let queued = asked.office.placing.add(waiting).await;
    let queued = queued.map_err(|Gone| busy(Busy))?;
    queued.map_err(|why| Problem::new(Code::TooMany, why.to_string()))?;
    let kept = caller_ids::get(database, &tenant, number.reveal()).await?;
    let shown = NewCallerIdResource {
        code,
        rest: CallerIdResource::new(&kept, now),
    };
    let place = format!("/v1/caller-ids/{}", crate::encoding::percent(number.reveal()));
    Ok(Reply::json(StatusCode::CREATED, &shown).with(LOCATION, place))
}

/// The call that asks for the code: the tenant's, and the operator's handler.
fn placed((proof, asked): (&ProofHandler, &Asked), (id, number): (CallId, &E164), shown: &CallerIds) -> PlacedCall {
    let opening = Opening {
        to: Endpoint {
            to: Destination::Number(number.reveal().to_owned().into()),
            ring_ms: None,
            headers: Vec::new(),
            credentials: None,
        },
        // A tenant that proves its first number has none to show.
        caller_id: match shown.default_number() {
            Some(_) => CallerId::Caller,
            None => CallerId::Anonymous,
        },
        caller_name: None,
        ring_ms: RING_MS,
        longest: Some(LONGEST),
        detect_machine: None,
        on_machine: OnMachine::Handle,
        redirects: 0,
    };
    PlacedCall {
        id: Some(id),
        tenant: asked.key.tenant.clone(),
        handler: proof.handler.clone(),
        fallbacks: Arc::default(),
        opening,
        purpose: Purpose::Proof(proof.tenant.clone()),
        trunk: None,
    }
}

fn number(text: &str) -> Result<E164, Problem> {
    E164::parse(text).map_err(|_| {
        let right = "number: give one as E.164 has it, such as +15550123: + and 7 to 15 digits";
        Problem::of_field(Code::Refused, "number", right)
    })
}

fn too_often(error: Error) -> Problem {
    match error {
        Error::Limit(caller_ids::TENANT_ASKINGS | caller_ids::NUMBER_ASKINGS, _) => {
            Problem::of_field(Code::TooMany, "number", error.to_string())
        }
        other => other.into(),
    }
}

pub(crate) async fn get_default(asked: Asked) -> Outcome {
    Ok(Reply::json(StatusCode::OK, &default_of(&asked)))
}

fn default_of(asked: &Asked) -> DefaultCallerId {
    let shown = asked.office.deployments.caller_ids(&asked.key.tenant);
    let number = shown.and_then(|shown| shown.default_number());
    DefaultCallerId {
        number: number.map(|number| number.reveal().to_owned()),
    }
}

pub(crate) async fn set_default(asked: Asked) -> Outcome {
    let wanted: DefaultCallerId = asked.body()?;
    let wanted = wanted.number.as_deref().map(number).transpose()?;
    let shown = asked.office.deployments.caller_ids(&asked.key.tenant);
    if wanted.is_some_and(|number| !shown.is_some_and(|shown| shown.has(&number))) {
        let right = "number: give one that the tenant has, or has proved by /v1/caller-ids";
        return Err(Problem::of_field(Code::Refused, "number", right));
    }
    let text = wanted.as_ref().map(E164::reveal);
    caller_ids::set_default(&asked.office.database, &asked.tenant()?, text).await?;
    asked.deployed_anew(&Changed::Numbers).await?;
    Ok(Reply::json(StatusCode::OK, &default_of(&asked)))
}
