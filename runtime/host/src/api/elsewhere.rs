//! Calls of other nodes: what is asked of a call that is not here is asked of the other nodes, and the one that has it answers. Whose
//! key it was goes along and not the key, since nodes of a cluster believe each other; the audit log and idempotency stay where
//! the request came in. Not here: the wire (`patchcord_cluster`).

use super::Office;
use super::calls;
use super::endpoint::{Asked, Endpoint, Outcome, Reply, whole};
use super::keys::{ApiKey, KeyHash, Scope};
use super::problem::{Code, Problem};
use crate::cluster::{Notice, Others};
use crate::presence::{HEARD, topic_of};
use futures_util::future::join_all;
use http_body_util::BodyExt;
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode};
use patchcord_cluster::{Error, Requests, State};
use patchcord_control::ids::Tenant;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// The kind of these requests.
const KIND: &str = "api";
/// How long another node may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Rows below this are of one call.
const OF_A_CALL: &str = "/v1/calls/{call}";
/// Between what is said of a request and its body.
const END_OF_HEAD: u8 = b'\n';

/// What is asked of another node.
#[derive(Debug, Serialize, Deserialize)]
struct Question {
    /// The row of the table.
    row: String,
    method: String,
    path: Vec<String>,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    key: String,
    tenant: String,
    scopes: Vec<Scope>,
}

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answered {
    Done {
        status: u16,
        headers: Vec<(String, String)>,
    },
    Refused {
        code: Code,
        detail: String,
        field: Option<String>,
    },
}

/// A request as other nodes would be asked it.
pub(super) struct Elsewhere {
    others: Arc<Others>,
    question: Question,
    body: Bytes,
}

impl Elsewhere {
    /// None if no other node could answer it: it is not of one call, or what comes back is no short answer, or there is no other.
    pub(super) fn of(office: &Office, endpoint: &Endpoint, asked: &Asked) -> Option<Self> {
        let others = office.others.as_ref()?;
        let is_short = endpoint
            .answer
            .content
            .is_none_or(|(media_type, _)| media_type == "application/json");
        if !endpoint.path.starts_with(OF_A_CALL) || !is_short || others.cluster().nodes().is_empty() {
            return None;
        }
        let text =
            |(name, value): (&HeaderName, &HeaderValue)| Some((name.to_string(), value.to_str().ok()?.to_owned()));
        let may_go = |name: &HeaderName| matches!(name.as_str(), "if-match" | "if-none-match" | "content-type");
        let question = Question {
            row: endpoint.name.to_owned(),
            method: asked.method.to_string(),
            path: asked.path.clone(),
            query: asked.query.clone(),
            headers: asked
                .headers
                .iter()
                .filter(|(name, _)| may_go(name))
                .filter_map(text)
                .collect(),
            key: asked.key.name.clone(),
            tenant: asked.key.tenant.0.clone(),
            scopes: asked.key.scopes.clone(),
        };
        Some(Self {
            others: others.clone(),
            question,
            body: asked.body.clone(),
        })
    }

    /// Asks everybody; who has the call answers. None if nobody has it.
    async fn ask(self) -> Option<Outcome> {
        let cluster = self.others.cluster();
        let (nodes, bytes) = (cluster.nodes(), joined(&self.question, &self.body));
        let asked = nodes
            .iter()
            .map(|node| cluster.ask(&node.node, KIND, bytes.clone(), PATIENCE));
        let mut silent = None;
        for answer in join_all(asked).await {
            match answer {
                Ok(bytes) => match outcome(&bytes) {
                    Err(problem) if problem.code == Code::NotFound => {}
                    other => return Some(other),
                },
                // It is gone, and its calls with it.
                Err(Error::Nobody(_)) => {}
                Err(why) => silent = Some(why),
            }
        }
        silent.map(|why| {
            let detail = format!("this node has no such call, and another that may have it does not answer: {why}");
            Err(Problem::new(Code::Unavailable, detail))
        })
    }
}

/// What came of it here, or, where a call is not here, elsewhere.
pub(super) async fn or_elsewhere(here: impl Future<Output = Outcome>, elsewhere: Option<Elsewhere>) -> Outcome {
    match (here.await, elsewhere) {
        (Err(problem), Some(elsewhere)) if problem.code == Code::NotFound => {
            elsewhere.ask().await.unwrap_or(Err(problem))
        }
        (outcome, _) => outcome,
    }
}

/// Nodes that were asked something and did not answer.
pub(super) struct Unanswered(pub(super) Vec<String>);

/// Asks all other nodes the same, and gives what those said who answered; nothing if this node is alone.
pub(super) async fn ask_all<T: DeserializeOwned>(
    office: &Office,
    kind: &str,
    question: &impl Serialize,
) -> (Vec<T>, Option<Unanswered>) {
    let Some(others) = &office.others else {
        return (Vec::new(), None);
    };
    let cluster = others.cluster();
    let bytes = Bytes::from(serde_json::to_vec(question).expect("words and numbers are JSON"));
    let nodes = cluster.nodes();
    let asked = nodes
        .iter()
        .map(|node| cluster.ask(&node.node, kind, bytes.clone(), PATIENCE));
    let (mut answers, mut silent) = (Vec::new(), Vec::new());
    for (node, answer) in nodes.iter().zip(join_all(asked).await) {
        let read = match &answer {
            // It is gone, and what it had with it.
            Err(Error::Nobody(_)) => continue,
            Err(_) => None,
            Ok(bytes) => serde_json::from_slice(bytes).ok(),
        };
        match read {
            Some(answer) => answers.push(answer),
            None => silent.push(node.node.to_string()),
        }
    }
    (answers, (!silent.is_empty()).then_some(Unanswered(silent)))
}

fn joined(head: &impl Serialize, body: &[u8]) -> Bytes {
    let mut bytes = serde_json::to_vec(head).expect("words and numbers are JSON");
    bytes.push(END_OF_HEAD);
    bytes.extend_from_slice(body);
    bytes.into()
}

/// What is said, and the body behind it; JSON itself has no line's end in it.
fn split<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Option<(T, &'b [u8])> {
    let end = bytes.iter().position(|byte| *byte == END_OF_HEAD)?;
    Some((serde_json::from_slice(&bytes[..end]).ok()?, &bytes[end + 1..]))
}

fn outcome(bytes: &[u8]) -> Outcome {
    let strange = || {
        Problem::new(
            Code::Unavailable,
            "another node answered what this one does not understand",
        )
    };
    match split::<Answered>(bytes).ok_or_else(strange)? {
        (Answered::Done { status, headers }, body) => Ok(Reply {
            status: StatusCode::from_u16(status).map_err(|_| strange())?,
            headers: headers
                .into_iter()
                .filter_map(|(name, value)| Some((name.parse().ok()?, value)))
                .collect(),
            body: whole(body.to_vec()),
        }),
        (Answered::Refused { code, detail, field }, _) => Err(Problem { code, detail, field }),
    }
}

/// Answers other nodes for as long as this one is in the cluster.
pub(super) async fn answer(office: Arc<Office>, mut requests: Requests) {
    while let Some(asked) = requests.next().await {
        let office = office.clone();
        // As many as the cluster lets in at once.
        tokio::spawn(async move {
            let answer = match asked.kind.as_str() {
                KIND => answered(office, &asked.bytes).await,
                calls::LISTED => match calls::listed(&office, &asked.bytes).await {
                    Some(answer) => answer,
                    // It was not understood: whoever asks hears that nobody answers.
                    None => return,
                },
                crate::cluster::CHANGED => Notice::answer(read_again(&office, Notice::read(&asked.bytes)).await),
                kind => match topic_of(kind) {
                    Some(topic) => {
                        office.presence.heard(topic, &asked.bytes);
                        HEARD
                    }
                    // Of a later program: it hears that nobody answers.
                    None => return,
                },
            };
            asked.answer(answer);
        });
    }
}

async fn read_again(office: &Office, notice: Notice) -> bool {
    let read = match notice {
        Notice::Of { tenant, changed } => office.deployments.reread(&Tenant(tenant), &changed).await,
        Notice::All => office.deployments.reread_all().await,
    };
    if let Err(why) = &read {
        tracing::error!(%why, "what was changed through another node could not be read");
    }
    read.is_ok()
}

async fn answered(office: Arc<Office>, bytes: &[u8]) -> Bytes {
    let reply = match asked(&office, bytes) {
        Some((handle, asked)) => handle(asked).await,
        None => Err(Problem::new(Code::NotFound, "there is nothing of this name here")),
    };
    match reply {
        Ok(reply) => {
            let headers = reply.headers.into_iter().map(|(name, value)| (name.to_string(), value));
            let head = Answered::Done {
                status: reply.status.as_u16(),
                headers: headers.collect(),
            };
            let Ok(body) = reply.body.collect().await;
            joined(&head, &body.to_bytes())
        }
        Err(Problem { code, detail, field }) => joined(&Answered::Refused { code, detail, field }, &[]),
    }
}

/// The row that is meant, and the request as if it had come here. A row that is not there is of another program.
fn asked(office: &Arc<Office>, bytes: &[u8]) -> Option<(super::endpoint::Handle, Asked)> {
    let (question, body) = split::<Question>(bytes)?;
    let may = |row: &Endpoint| row.scope.is_none_or(|scope| question.scopes.contains(&scope));
    let of_a_call = |row: &&Endpoint| row.name == question.row && row.path.starts_with(OF_A_CALL) && may(row);
    let row = office.table.iter().find(of_a_call)?;
    let mut headers = HeaderMap::new();
    for (name, value) in &question.headers {
        headers.append(name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?);
    }
    let asked = Asked {
        office: office.clone(),
        key: ApiKey {
            name: question.key,
            tenant: Tenant(question.tenant),
            scopes: question.scopes,
            hash: KeyHash::of(""),
            token_key: None,
        },
        path: question.path,
        query: question.query,
        method: question.method.parse::<Method>().ok()?,
        headers,
        body: Bytes::copy_from_slice(body),
        upgrade: None,
    };
    Some((row.handle, asked))
}

/// Reads everything again each time that this node is back in its cluster: it has not heard what was changed meanwhile.
pub(super) async fn keep_up(office: Arc<Office>, others: Arc<Others>) {
    let mut state = others.cluster().state();
    drop(others);
    while state.changed().await.is_ok() {
        let healed = matches!(*state.borrow_and_update(), State::Healed { .. });
        if healed {
            read_again(&office, Notice::All).await;
        }
    }
}

#[cfg(test)]
mod tests;
