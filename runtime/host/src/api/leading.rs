//! What leads calls to handlers: routes by the called name, and the numbers of a tenant.

use super::deploying::Source;
use super::endpoint::{Asked, Outcome, Reply};
use super::problem::{Code, Problem};
use super::stored::{change, name, next};
use crate::deployments::{Changed, fallback_text, read_fallback};
use hyper::StatusCode;
use patchcord_control::ids::Tenant;
use patchcord_control::route::{FALLBACKS_MAX, Fallback};
use patchcord_control::words::Breakage;
use patchcord_database::{Error, TenantId, What, handlers, numbers, routes};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a handler can break of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Breakage")]
pub(crate) enum BreakageWord {
    /// It trapped: a panic, say.
    Trap,
    /// It used more than it may.
    Budget,
    /// It could not be started.
    Start,
    /// It returned an error, or left the caller unanswered.
    Returned,
}

impl From<Breakage> for BreakageWord {
    fn from(it: Breakage) -> Self {
        match it {
            Breakage::Trap => Self::Trap,
            Breakage::Budget => Self::Budget,
            Breakage::Start => Self::Start,
            Breakage::Returned => Self::Returned,
        }
    }
}

impl From<BreakageWord> for Breakage {
    fn from(it: BreakageWord) -> Self {
        match it {
            BreakageWord::Trap => Self::Trap,
            BreakageWord::Budget => Self::Budget,
            BreakageWord::Start => Self::Start,
            BreakageWord::Returned => Self::Returned,
        }
    }
}

/// Who takes over when the handler of a route breaks.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Fallback")]
pub(crate) struct FallbackResource {
    handler: String,
    /// For what it takes over; everything if nothing is said.
    #[serde(default)]
    on: Vec<BreakageWord>,
}

impl From<&Fallback> for FallbackResource {
    fn from(it: &Fallback) -> Self {
        Self {
            handler: it.handler.clone(),
            on: it.on.iter().map(|kind| (*kind).into()).collect(),
        }
    }
}

/// Where a called name leads.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Route")]
pub(crate) struct RouteResource {
    /// The user part of the called address, or `*` for every call that nothing else takes.
    to: String,
    handler: String,
    fallbacks: Vec<FallbackResource>,
    source: Source,
}

impl From<&routes::Route> for RouteResource {
    fn from(it: &routes::Route) -> Self {
        let fallbacks = it.fallbacks.iter().filter_map(|text| read_fallback(text));
        Self {
            to: it.pattern.clone(),
            handler: it.handler.clone(),
            fallbacks: fallbacks.map(|fallback| (&fallback).into()).collect(),
            source: Source::Database,
        }
    }
}

/// A page of routes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RouteList")]
pub(crate) struct RouteList {
    routes: Vec<RouteResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Where a called name is to lead.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetRoute {
    handler: String,
    /// In the order they are tried.
    #[serde(default)]
    #[schemars(length(max = 8))]
    fallbacks: Vec<FallbackResource>,
}

pub(crate) async fn list_routes(asked: Asked) -> Outcome {
    let handler = asked.parameter("handler");
    let page = routes::list(&asked.office.database, &asked.tenant()?, handler, &asked.paging()?).await?;
    let list = RouteList {
        routes: page.items.iter().map(Into::into).collect(),
        next_cursor: next(page.next.as_ref()),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

pub(crate) async fn get_route(asked: Asked) -> Outcome {
    let route = routes::get(&asked.office.database, &asked.tenant()?, asked.step(0)).await?;
    Ok(asked.revised(route.revision, &RouteResource::from(&route)))
}

pub(crate) async fn set_route(asked: Asked) -> Outcome {
    let wanted: SetRoute = asked.body()?;
    let (database, tenant, to) = (&asked.office.database, asked.tenant()?, asked.step(0));
    if to != "*" && to.contains(['@', ' ', ':', '*']) {
        let right = "give `*`, or the user part of the called address, such as 100";
        return Err(Problem::of_field(Code::InvalidRequest, "to", right));
    }
    if wanted.fallbacks.len() > FALLBACKS_MAX {
        let detail = format!("fallbacks: give at most {FALLBACKS_MAX}");
        return Err(Problem::of_field(Code::Refused, "fallbacks", detail));
    }
    let mut fallbacks = Vec::new();
    for fallback in &wanted.fallbacks {
        name("fallbacks", &fallback.handler)?;
        let kinds = fallback.on.iter().map(|kind| (*kind).into());
        let on: Vec<_> = kinds.collect();
        fallbacks.push(fallback_text(&Fallback {
            handler: fallback.handler.clone(),
            on: if on.is_empty() { Breakage::ALL.to_vec() } else { on },
        }));
    }
    let created = routes::create(database, &tenant, (to, &wanted.handler), &fallbacks, asked.now()).await;
    match created {
        Ok(()) => {}
        Err(Error::Exists(_)) => {
            change!(asked, routes::get(database, &tenant, to).await?.revision, |from| {
                routes::update(database, &tenant, (to, from), &wanted.handler, &fallbacks).await
            })
            .map_err(no_handler)?;
        }
        Err(error) => return Err(no_handler(error.into())),
    }
    asked.deployed_anew(&Changed::Routes).await?;
    let route = routes::get(database, &tenant, to).await?;
    Ok(asked.revised(route.revision, &RouteResource::from(&route)))
}

/// The path is right then, and what the body names is missing.
fn no_handler(problem: Problem) -> Problem {
    if problem.code == Code::NotFound && problem.detail == Error::NotFound(What::Handler).to_string() {
        let detail = "handler: there is no such handler: deploy a version of it first";
        return Problem::of_field(Code::Refused, "handler", detail);
    }
    problem
}

pub(crate) async fn delete_route(asked: Asked) -> Outcome {
    routes::delete(&asked.office.database, &asked.tenant()?, asked.step(0)).await?;
    asked.deployed_anew(&Changed::Routes).await?;
    Ok(Reply::nothing())
}

/// A number of a tenant.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Number")]
pub(crate) struct NumberResource {
    number: String,
    /// The handler that its calls go to; without one they are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    handler: Option<String>,
}

impl From<&numbers::Number> for NumberResource {
    fn from(it: &numbers::Number) -> Self {
        Self {
            number: it.number.clone(),
            handler: it.handler.clone(),
        }
    }
}

/// A page of numbers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "NumberList")]
pub(crate) struct NumberList {
    numbers: Vec<NumberResource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Where the calls of a number are to go.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetNumber {
    /// A handler of this tenant; null: nowhere.
    handler: Option<String>,
}

pub(crate) async fn list_numbers(asked: Asked) -> Outcome {
    let page = numbers::list(&asked.office.database, &asked.tenant()?, &asked.paging()?).await?;
    let list = NumberList {
        numbers: page.items.iter().map(Into::into).collect(),
        next_cursor: next(page.next.as_ref()),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}

pub(crate) async fn get_number(asked: Asked) -> Outcome {
    let number = numbers::get(&asked.office.database, &asked.tenant()?, asked.step(0)).await?;
    Ok(asked.revised(number.revision, &NumberResource::from(&number)))
}

pub(crate) async fn set_number(asked: Asked) -> Outcome {
    let wanted: SetNumber = asked.body()?;
    let (database, tenant, number) = (&asked.office.database, asked.tenant()?, asked.step(0));
    let handler = wanted.handler.as_deref();
    change!(asked, numbers::get(database, &tenant, number).await?.revision, |from| {
        numbers::update(database, &tenant, (number, from), handler).await
    })
    .map_err(no_handler)?;
    asked.deployed_anew(&Changed::Numbers).await?;
    let number = numbers::get(database, &tenant, number).await?;
    Ok(asked.revised(number.revision, &NumberResource::from(&number)))
}

pub(crate) async fn delete_number(asked: Asked) -> Outcome {
    numbers::delete(&asked.office.database, &asked.tenant()?, asked.step(0)).await?;
    asked.deployed_anew(&Changed::Numbers).await?;
    Ok(Reply::nothing())
}

/// An operator gives a tenant a number.
pub(crate) async fn give_number(asked: Asked) -> Outcome {
    let (tenant, number) = (asked.step(0).to_owned(), asked.step(1).to_owned());
    let wanted: SetNumber = asked.body()?;
    let digits = number.strip_prefix('+').unwrap_or(&number);
    if !(1..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let right = "give a number as E.164 has it, such as +15550100, at most 15 digits";
        return Err(Problem::of_field(Code::InvalidRequest, "number", right));
    }
    let id = TenantId::new(&tenant).map_err(|_| Problem::not_found(What::Tenant.as_str()))?;
    let database = &asked.office.database;
    if let Some(handler) = &wanted.handler {
        let found = handlers::get(database, &id, handler).await;
        found.map_err(|error| no_handler(error.into()))?;
    }
    numbers::create(database, &id, &number, wanted.handler.as_deref(), asked.now()).await?;
    asked.deployed_anew_of(&Tenant(tenant), &Changed::Numbers).await?;
    let number = numbers::get(database, &id, &number).await?;
    Ok(Reply::json(StatusCode::CREATED, &NumberResource::from(&number)))
}
