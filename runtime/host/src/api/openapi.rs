//! The OpenAPI document, made from the table that the router goes by.

use super::endpoint::{Body, Endpoint, schema};
use super::problem::{Code, ProblemDetails};
use super::repeats::KEY_BYTES;
use super::server::IDEMPOTENCY_KEY;
use hyper::Method;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Problems that everything may answer.
const OF_ALL: [Code; 2] = [Code::InvalidRequest, Code::Unavailable];
/// Problems of what needs a key.
const OF_KEYS: [Code; 2] = [Code::NotAuthenticated, Code::OutOfScope];
/// Problems of what has a body.
const OF_BODIES: [Code; 4] = [Code::InvalidBody, Code::WrongMediaType, Code::TooLarge, Code::Refused];

/// The document.
pub(crate) fn document(table: &[Endpoint]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for endpoint in table {
        let method = endpoint.method.as_str().to_ascii_lowercase();
        let operation = operation(endpoint, &mut generator);
        paths.entry(endpoint.path).or_default().insert(method, operation);
    }
    let schemas = generator.take_definitions(true);
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Patchcord",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Live calls and what runs beside them. Every object belongs to the tenant of the API key; those of others \
                            are not found. Problems are application/problem+json (RFC 9457) with a `code`.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": { "type": "http", "scheme": "bearer", "description": "An API key, as `patchcord key` makes one." },
            },
        },
    });
    plain_words(&mut document);
    document
}

/// Closed sets of words as `enum`, which every generator of clients reads; what each word means goes into the description.
fn plain_words(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(plain_words),
        Value::Object(fields) => {
            fields.values_mut().for_each(plain_words);
            if let Some((words, meanings)) = words(fields) {
                fields.remove("oneOf");
                let about = fields.get("description").and_then(Value::as_str).unwrap_or_default();
                let about = format!("{about} {meanings}").trim().to_owned();
                fields.insert("type".to_owned(), json!("string"));
                fields.insert("enum".to_owned(), json!(words));
                fields.insert("description".to_owned(), json!(about));
            }
        }
        _ => {}
    }
}

/// The words of a set, and what they mean; none if it is another schema.
fn words(schema: &Map<String, Value>) -> Option<(Vec<String>, String)> {
    let choices = schema.get("oneOf")?.as_array()?;
    let (mut words, mut meanings) = (Vec::new(), Vec::new());
    for choice in choices {
        let about = choice.get("description").and_then(Value::as_str);
        let of_it: Vec<_> = match (choice.get("const"), choice.get("enum")) {
            (Some(word), _) => vec![word.as_str()?.to_owned()],
            (None, Some(Value::Array(several))) => {
                let several = several.iter().map(|word| word.as_str().map(str::to_owned));
                several.collect::<Option<_>>()?
            }
            _ => return None,
        };
        meanings.extend(about.map(|about| format!("`{}`: {about}", of_it.join("`, `"))));
        words.extend(of_it);
    }
    Some((words, meanings.join(" ")))
}

fn operation(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut operation = json!({
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "parameters": parameters(endpoint, generator),
        "responses": answers(endpoint, generator),
        "security": match endpoint.scope {
            Some(_) => json!([{ "key": [] }]),
            None => json!([]),
        },
    });
    if let Some(scope) = endpoint.scope {
        let about = format!("Needs a key with the scope `{}`. {}", scope.name(), endpoint.about);
        operation["description"] = json!(about.trim_end());
    }
    if let Some(body) = &endpoint.body {
        let content = match body {
            Body::Json { schema, example } => json!({ "schema": schema(generator), "example": example }),
            Body::Bytes { .. } => json!({ "schema": { "type": "string", "format": "binary" } }),
        };
        operation["requestBody"] = json!({ "required": true, "content": { body.media_type(): content } });
    }
    operation
}

fn parameters(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Vec<Value> {
    let steps = endpoint.path.split('/');
    let named = steps.filter_map(|step| step.strip_prefix('{')?.strip_suffix('}'));
    let path = named.map(
        |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } }),
    );
    let mut all: Vec<Value> = path.collect();
    if endpoint.method == Method::POST {
        all.push(json!({
            "name": IDEMPOTENCY_KEY, "in": "header", "schema": { "type": "string", "minLength": 1, "maxLength": KEY_BYTES },
            "description": "A request that carries the same one again within a day is not done again, but answered as the first was.",
        }));
    }
    for parameter in &endpoint.query {
        let schema = (parameter.schema)(generator);
        all.push(json!({
            "name": parameter.name, "in": "query", "description": parameter.about, "schema": schema,
        }));
    }
    all
}

fn answers(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Map<String, Value> {
    let mut all = Map::new();
    let answer = &endpoint.answer;
    let mut good = json!({ "description": answer.about });
    if let Some((kind, described)) = answer.content {
        let mut content = json!({ "schema": described(generator) });
        if let Some(example) = &answer.example {
            content["example"] = example.clone();
        }
        good["content"] = json!({ kind: content });
    }
    all.insert(answer.status.as_str().to_owned(), good.clone());
    for (status, about) in answer.also {
        let mut other = good.clone();
        other["description"] = json!(about);
        all.insert(status.as_str().to_owned(), other);
    }
    let problem = schema::<ProblemDetails>(generator);
    for (status, codes) in problems(endpoint) {
        let about: Vec<_> = codes
            .iter()
            .map(|code| format!("`{}`: {}", code.name(), code.title()))
            .collect();
        let answer = json!({
            "description": about.join(" "),
            "content": { "application/problem+json": { "schema": problem } },
        });
        all.insert(status.to_string(), answer);
    }
    all
}

/// The problems of a row by their status.
fn problems(endpoint: &Endpoint) -> BTreeMap<u16, Vec<Code>> {
    let keys = OF_KEYS.iter().filter(|_| endpoint.scope.is_some());
    let bodies = OF_BODIES.iter().filter(|_| endpoint.body.is_some());
    // What has a revision may be changed from one that the client names.
    let revised = [Code::ChangedMeanwhile];
    let revised = revised.iter().filter(|_| endpoint.audited);
    let repeats = [Code::WrongState, Code::KeyReused];
    let repeats = repeats.iter().filter(|_| endpoint.method == Method::POST);
    let path = [Code::NotFound];
    let path = path.iter().filter(|_| endpoint.path.contains('{'));
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in OF_ALL
        .iter()
        .chain(keys)
        .chain(bodies)
        .chain(repeats)
        .chain(revised)
        .chain(path)
        .chain(endpoint.problems)
    {
        let codes = by_status.entry(code.status().as_u16()).or_default();
        if !codes.contains(code) {
            codes.push(*code);
        }
    }
    by_status
}

#[cfg(test)]
mod tests;
