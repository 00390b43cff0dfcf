//! The API's port: connections, requests within limits, and the way from a request to the row of the table that is meant. What a
//! client does wrong ends its request or its connection, and nothing else.

use super::Office;
use super::console;
use super::elsewhere::{Elsewhere, or_elsewhere};
use super::endpoint::{AnswerBody, Asked, Endpoint, Reply, whole};
use super::keys::{ApiKey, Scope};
use super::paths;
use super::problem::{Code, Problem};
use super::repeats::{KEY_BYTES, Name, Repeat};
use super::websocket;
use crate::certificates::Certificates;
use crate::deployments::now_ms;
use crate::transports::tls;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use patchcord_control::ids::Tenant;
use patchcord_database::audit::{self, NewEntry};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Connections at the same time; further ones wait to be accepted.
const CONNECTIONS: usize = 512;
/// How long a client may take for the head of a request, and keep an idle connection.
const HEAD_TIME: Duration = Duration::from_secs(15);
/// How long it may take for the body.
const BODY_TIME: Duration = Duration::from_secs(30);
/// A large body may take so many times longer.
const BODY_TIMES: u32 = 10;
/// Bodies that are larger than [`BODY_BYTES`] and are read at the same time.
pub(super) const UPLOADS: usize = 4;
/// Signs of a path in the audit log.
const OBJECT_BYTES: usize = 255;
/// Bytes of a head at most.
const HEAD_BYTES: usize = 32 * 1024;
/// Bytes of a body of JSON at most.
pub(crate) const BODY_BYTES: usize = 1024 * 1024;
/// Pause when no connection can be accepted, for want of files for instance.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The header that names a POST, so that it is done once however often it is sent.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Serves until it is dropped.
pub(super) async fn accept(listener: TcpListener, certificates: Option<Arc<Certificates>>, office: Arc<Office>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = places.clone().acquire_owned().await;
        let place = place.expect("nobody closes the semaphore");
        let (stream, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted for the API");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (office, certificates) = (office.clone(), certificates.clone());
        // Ends with the runtime at the latest, which ends with its thread.
        tokio::spawn(async move {
            match certificates {
                None => serve(stream, office).await,
                Some(certificates) => {
                    // One that does not get so far is a scanner, or does not trust us.
                    let shaken = tokio::time::timeout(HEAD_TIME, tls::accept_websocket(&certificates, stream)).await;
                    if let Ok(Some(stream)) = shaken {
                        serve(stream, office).await;
                    }
                }
            }
            drop(place);
        });
    }
}

/// Serves one connection until it is closed.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, office: Arc<Office>) {
    let service = service_fn(|request| {
        let office = office.clone();
        async move { Ok::<_, Infallible>(answer(office, request).await) }
    });
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

async fn answer(office: Arc<Office>, request: Request<Incoming>) -> Response<AnswerBody> {
    office.figures.asked.one();
    let head = *request.method() == Method::HEAD;
    let reply = match (
        console::page(&request, &office.console_policy),
        found(&office, &request),
    ) {
        (Some(page), _) => Ok(page),
        (None, Ok((endpoint, path))) => ask(office.clone(), endpoint, path, request).await,
        (None, Err(problem)) => Err(problem),
    };
    let reply = reply.unwrap_or_else(|problem| refusal(&office, problem));
    let mut response = Response::new(if head { whole(Vec::new()) } else { reply.body });
    *response.status_mut() = reply.status;
    for (name, value) in reply.headers {
        // Values of ours that cannot stand in a header are left out rather than the answer.
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// The row that is meant, and what stood in its path. A path without this method says which ones it has.
fn found<'o>(office: &'o Office, request: &Request<Incoming>) -> Result<(&'o Endpoint, Vec<String>), Problem> {
    let path = request.uri().path();
    let mut methods = Vec::new();
    let method = match *request.method() {
        Method::HEAD => &Method::GET,
        ref other => other,
    };
    for endpoint in &office.table {
        let Some(found) = paths::matched(endpoint.path, path) else {
            continue;
        };
        if endpoint.method == *method {
            return Ok((endpoint, found));
        }
        methods.push(endpoint.method.as_str());
    }
    if methods.is_empty() {
        return Err(Problem::new(
            Code::NotFound,
            "there is nothing at this path; see /v1/openapi.json",
        ));
    }
    let detail = format!(
        "{} is not possible here; there is {}",
        request.method(),
        methods.join(", ")
    );
    Err(Problem::of_field(Code::NotPossible, &methods.join(", "), detail))
}

async fn ask(
    office: Arc<Office>,
    endpoint: &Endpoint,
    path: Vec<String>,
    request: Request<Incoming>,
) -> Result<Reply, Problem> {
    let key = authenticated(&office, endpoint.scope, &request).await?;
    let query = query(endpoint, request.uri().query().unwrap_or_default())?;
    let (mut parts, body) = request.into_parts();
    let (body, _place) = match &endpoint.body {
        Some(wanted) => {
            wanted.check(&parts.headers)?;
            // Large bodies are held in memory, so few at a time.
            let place = match wanted.most() > BODY_BYTES {
                true => Some(office.uploads.acquire().await.expect("nobody closes the semaphore")),
                false => None,
            };
            (read(body, wanted.most()).await?, place)
        }
        None => (Bytes::new(), None),
    };
    let name = repeat_name(&parts, &key.tenant)?;
    let entry = audit_entry(endpoint, &key, &parts);
    let asked = Asked {
        office: office.clone(),
        key,
        path,
        query,
        upgrade: parts.extensions.remove(),
        method: parts.method,
        headers: parts.headers,
        body: body.clone(),
    };
    let elsewhere = Elsewhere::of(&office, endpoint, &asked);
    let Some(name) = name else {
        let outcome = or_elsewhere((endpoint.handle)(asked), elsewhere).await;
        return done(&office, entry, outcome).await;
    };
    let request = [parts.uri.path().as_bytes(), b"\n", &body];
    if let Repeat::Again(reply) = office.repeats.look(now_ms(), &name, &request).await? {
        return Ok(reply);
    }
    let (handle, secrecy) = (endpoint.handle, endpoint.answer.secrecy);
    let office = office.clone();
    // A client that goes leaves nothing half done: it finds the answer when it asks again.
    let work = tokio::spawn(async move {
        let outcome = or_elsewhere(handle(asked), elsewhere).await;
        let outcome = done(&office, entry, outcome).await;
        office.repeats.keep((&name, now_ms()), secrecy, outcome).await
    });
    // A panic in it was printed when it happened.
    work.await
        .unwrap_or_else(|_| Err(Problem::new(Code::Unavailable, "this could not be done")))
}

/// What is to stand in the audit log once a request is done.
fn audit_entry(endpoint: &Endpoint, key: &ApiKey, parts: &Parts) -> Option<(Tenant, NewEntry)> {
    let entry = NewEntry {
        at: now_ms(),
        actor: key.name.clone(),
        action: endpoint.name.to_owned(),
        object: parts.uri.path().chars().take(OBJECT_BYTES).collect(),
        detail: String::new(),
    };
    endpoint.audited.then(|| (key.tenant.clone(), entry))
}

/// Writes the entry of a request that was done.
async fn done(
    office: &Office,
    entry: Option<(Tenant, NewEntry)>,
    outcome: Result<Reply, Problem>,
) -> Result<Reply, Problem> {
    if let Some((tenant, entry)) = entry.filter(|_| outcome.is_ok()) {
        let tenant = crate::database::tenant_id(&tenant)?;
        audit::append(&office.database, &tenant, &entry).await?;
    }
    outcome
}

/// The name under which a POST is done once, if it has one.
fn repeat_name(parts: &Parts, tenant: &Tenant) -> Result<Option<Name>, Problem> {
    let Some(key) = parts
        .headers
        .get(IDEMPOTENCY_KEY)
        .filter(|_| parts.method == Method::POST)
    else {
        return Ok(None);
    };
    let fits = |key: &&str| (1..=KEY_BYTES).contains(&key.len()) && !key.contains('\t');
    let key = key.to_str().ok().filter(fits);
    let key = key.ok_or_else(|| {
        let right = format!("{IDEMPOTENCY_KEY}: give 1 to {KEY_BYTES} signs of ASCII");
        Problem::of_field(Code::InvalidRequest, IDEMPOTENCY_KEY, right)
    })?;
    Ok(Some((tenant.clone(), key.to_owned())))
}

async fn authenticated(office: &Office, needed: Option<Scope>, request: &Request<Incoming>) -> Result<ApiKey, Problem> {
    let Some(needed) = needed else { return Ok(nobody()) };
    let given = key_text(request.headers());
    let given = match websocket::is_asked(request.method(), request.headers()) {
        true => given.or_else(|| websocket::key(request.headers())),
        false => given,
    };
    let known = match given {
        Some(key) => office.keys.find(key, now_ms()).await?,
        None => None,
    };
    let key = known.ok_or_else(|| {
        let right = "give an API key as \"Authorization: Bearer <key>\"";
        Problem::new(Code::NotAuthenticated, right)
    })?;
    if !key.scopes.contains(&needed) {
        let detail = format!("this key lacks the scope {:?}, which this needs", needed.name());
        return Err(Problem::new(Code::OutOfScope, detail));
    }
    Ok(key)
}

/// The text of the key in a request's headers, if there is one.
pub(super) fn key_text(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// Whoever asks for what needs no key.
fn nobody() -> ApiKey {
    ApiKey {
        name: String::new(),
        tenant: Tenant(String::new()),
        scopes: Vec::new(),
        hash: super::keys::KeyHash::of(""),
        token_key: None,
    }
}

/// Only parameters of the table are taken, each once.
fn query(endpoint: &Endpoint, text: &str) -> Result<Vec<(String, String)>, Problem> {
    let pairs = paths::query(text);
    let pairs = pairs.ok_or_else(|| Problem::new(Code::InvalidRequest, "the query is not percent-encoded UTF-8"))?;
    for (place, (name, _)) in pairs.iter().enumerate() {
        if !endpoint.query.iter().any(|known| known.name == name) {
            let known: Vec<_> = endpoint.query.iter().map(|known| known.name).collect();
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            let detail = format!("there is no parameter {name:?} here; there is {known}");
            return Err(Problem::of_field(Code::InvalidRequest, name, detail));
        }
        if pairs[..place].iter().any(|(earlier, _)| earlier == name) {
            let detail = format!("{name} may be given once");
            return Err(Problem::of_field(Code::InvalidRequest, name, detail));
        }
    }
    Ok(pairs)
}

async fn read(body: Incoming, most: usize) -> Result<Bytes, Problem> {
    // A large one may take longer.
    let time = BODY_TIME * u32::try_from(most.div_ceil(BODY_BYTES)).unwrap_or(1).min(BODY_TIMES);
    let whole = tokio::time::timeout(time, Limited::new(body, most).collect()).await;
    let late = |_| Problem::new(Code::InvalidRequest, "the body did not come in time");
    match whole.map_err(late)? {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let detail = format!("the body has more than {most} bytes");
            Err(Problem::new(Code::TooLarge, detail))
        }
        Err(_) => Err(Problem::new(Code::InvalidRequest, "the body broke off")),
    }
}

fn refusal(office: &Office, problem: Problem) -> Reply {
    office.figures.refused.one();
    let status = problem.code.status();
    let allow = (status == StatusCode::METHOD_NOT_ALLOWED)
        .then(|| problem.field.clone())
        .flatten();
    let mut details = problem;
    if allow.is_some() {
        details.field = None;
    }
    let mut reply = Reply::json(status, &details.details());
    reply.headers = vec![(CONTENT_TYPE, "application/problem+json".to_owned())];
    if status == StatusCode::UNAUTHORIZED {
        reply = reply.with(WWW_AUTHENTICATE, "Bearer".to_owned());
    }
    let extra: Option<(HeaderName, String)> = allow.map(|methods| (ALLOW, methods));
    reply.headers.extend(extra);
    reply
}
