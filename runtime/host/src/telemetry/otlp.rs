//! Spans as OTLP has them in JSON (OTLP 1.5 over HTTP): ids in hexadecimal, whole numbers of 64 bits as text, kinds by
//! number.

use super::spans::{Kind, Span, Value};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// A status that says that something failed.
const ERROR: u8 = 2;

/// The body of a request to `/v1/traces`.
pub(super) fn body(service: &str, spans: &[Span]) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let resource = [("service.name", text(service)), ("service.version", text(version))];
    let body = json!({
        "resourceSpans": [{
            "resource": { "attributes": attributes(&resource) },
            "scopeSpans": [{
                "scope": { "name": "patchcord", "version": version },
                "spans": spans.iter().map(span).collect::<Vec<_>>(),
            }],
        }],
    });
    body.to_string().into_bytes()
}

fn span(span: &Span) -> Json {
    let mut json = json!({
        "traceId": format!("{:032x}", span.trace.0),
        "spanId": format!("{:016x}", span.id.0),
        "name": span.name,
        "kind": match span.kind {
            Kind::Internal => 1,
            Kind::Server => 2,
            Kind::Client => 3,
        },
        "startTimeUnixNano": nanoseconds(span.start),
        "endTimeUnixNano": nanoseconds(span.end),
        "attributes": attributes(&span.attributes),
    });
    if let Some(parent) = span.parent {
        json["parentSpanId"] = format!("{:016x}", parent.0).into();
    }
    if let Some(why) = span.failed {
        json["status"] = json!({ "code": ERROR, "message": why });
    }
    if let Some((trace, root)) = span.continues {
        let link = json!({ "traceId": format!("{:032x}", trace.0), "spanId": format!("{:016x}", root.0) });
        json["links"] = json!([link]);
    }
    json
}

fn attributes(attributes: &[(&'static str, Value)]) -> Json {
    let each = attributes.iter().map(|(key, value)| {
        let value = match value {
            Value::Text(text) => json!({ "stringValue": text }),
            Value::Number(number) => json!({ "intValue": number.to_string() }),
            Value::Real(real) => json!({ "doubleValue": real }),
        };
        json!({ "key": key, "value": value })
    });
    each.collect()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn nanoseconds(since_1970: Duration) -> String {
    since_1970.as_nanos().to_string()
}
