//! The document: whole, without loose ends, and true to the table.

use super::*;
use crate::api::table::table;
use std::collections::BTreeSet;

/// All values under `$ref`.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("$ref", Value::String(to)) => {
                        found.insert(to.clone());
                    }
                    _ => references(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_row_is_in_it_once_and_every_reference_leads_somewhere() {
    let table = table();
    let document = document(&table);
    let mut names = BTreeSet::new();
    for endpoint in &table {
        let method = endpoint.method.as_str().to_ascii_lowercase();
        let operation = &document["paths"][endpoint.path][&method];
        assert_eq!(operation["operationId"], endpoint.name);
        assert!(names.insert(endpoint.name), "{} twice", endpoint.name);
        assert!(operation["responses"][endpoint.answer.status.as_str()].is_object());
    }
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 10, "{found:?}");
    for to in found {
        let pointer = to.strip_prefix('#').expect("within the document");
        assert!(document.pointer(pointer).is_some(), "{to} leads nowhere");
    }
}

#[test]
fn examples_of_bodies_are_bodies() {
    let read = |endpoint: &Endpoint| {
        let Some(Body::Json { example, .. }) = &endpoint.body else {
            return None;
        };
        let (name, text) = (endpoint.name, example.to_string());
        fn is<T: serde::de::DeserializeOwned>(text: &str) -> Result<(), serde_json::Error> {
            serde_json::from_str::<T>(text).map(drop)
        }
        use crate::api::receivers::{event_sinks, webhooks};
        use crate::api::{accounts, caller_ids, clients, deploying, leading, orders, presence, recordings};
        Some(match name {
            "linkRecording" => is::<recordings::MakeLink>(&text),
            "publishVersion" => is::<deploying::PublishVersion>(&text),
            "setRollout" => is::<deploying::SetRollout>(&text),
            "setRoute" => is::<leading::SetRoute>(&text),
            "setNumber" | "giveNumber" => is::<leading::SetNumber>(&text),
            "makeWebhook" => is::<webhooks::MakeWebhook>(&text),
            "changeWebhook" => is::<webhooks::ChangeWebhook>(&text),
            "makeEventSink" => is::<event_sinks::MakeEventSink>(&text),
            "changeEventSink" => is::<event_sinks::ChangeEventSink>(&text),
            "createTenant" => is::<accounts::NewTenant>(&text),
            "changeTenant" => is::<accounts::ChangeTenant>(&text),
            "makeKey" | "makeKeyOf" => is::<accounts::MakeKey>(&text),
            "setQuota" => is::<accounts::SetQuota>(&text),
            "setSecret" => is::<accounts::SetSecret>(&text),
            "askCallerId" => is::<caller_ids::AskCallerId>(&text),
            "makeToken" => is::<clients::MakeToken>(&text),
            "setPresence" => is::<presence::StatusBody>(&text),
            "changePresence" => is::<presence::ChangeStatus>(&text),
            "setDefaultCallerId" => is::<caller_ids::DefaultCallerId>(&text),
            "placeCall" => is::<orders::PlaceCall>(&text),
            "redirectCall" => is::<orders::RedirectCall>(&text),
            "joinCalls" => is::<orders::JoinCalls>(&text),
            "sendMessage" => is::<orders::SendMessage>(&text),
            "sendKeys" => is::<orders::SendKeys>(&text),
            "playPrompt" => is::<orders::PlayPrompt>(&text),
            "startRecording" => is::<orders::StartRecording>(&text),
            "changeRecording" => is::<orders::ChangeRecording>(&text),
            other => panic!("{other} has a body that this test does not know"),
        })
    };
    let read: Vec<_> = table().iter().filter_map(read).collect();
    let bodies = table()
        .iter()
        .filter(|row| matches!(row.body, Some(Body::Json { .. })))
        .count();
    assert_eq!(read.len(), bodies);
    assert!(bodies >= 18, "{bodies}");
    for one in read {
        one.expect("the example can be read");
    }
}

#[test]
fn problems_of_one_status_are_told_together() {
    let table = table();
    let place = table
        .iter()
        .find(|endpoint| endpoint.name == "sendKeys")
        .expect("a row");
    let statuses: Vec<u16> = problems(place).into_keys().collect();
    assert_eq!(statuses, [400, 401, 403, 404, 409, 413, 415, 422, 429, 503]);
}

#[test]
fn closed_sets_of_words_are_enums_with_their_meanings() {
    let document = document(&table());
    let scope = &document["components"]["schemas"]["Scope"];
    assert_eq!(scope["enum"], json!(["read", "write", "admin", "clients", "operator"]));
    assert!(
        scope["description"]
            .as_str()
            .is_some_and(|about| about.contains("`write`: "))
    );
    fn no_const(value: &Value) -> bool {
        match value {
            Value::Array(items) => items.iter().all(no_const),
            Value::Object(fields) => {
                let all_words = fields.get("oneOf").and_then(Value::as_array);
                let all_words = all_words.is_some_and(|all| all.iter().all(|one| one["const"].is_string()));
                !all_words && fields.values().all(no_const)
            }
            _ => true,
        }
    }
    assert!(no_const(&document));
}
