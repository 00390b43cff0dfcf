//! Rows of tenants, keys, secrets, usage and the audit log.

use super::{body, change, created, get, json_answer, nothing, pages, parameter, secret};
use crate::api::accounts::{
    self, AuditList, ChangeTenant, KeyList, MakeKey, NewKeyResource, NewTenant, QuotaList, QuotaResource, SecretList,
    SetQuota, SetSecret, TenantList, TenantResource, UsageList,
};
use crate::api::endpoint::Endpoint;
use crate::api::keys::Scope;
use crate::api::problem::Code;
use hyper::Method;
use serde_json::{Value, json};

pub(super) fn rows() -> Vec<Endpoint> {
    let mut all = tenants();
    all.extend(keys());
    all.extend(secrets());
    all.extend(quotas());
    all.extend(records());
    all
}

fn tenant() -> Value {
    json!({ "id": "acme", "name": "Acme Ltd", "state": "active", "created_at": "2026-11-27T09:00:00.000Z" })
}

fn key() -> Value {
    json!({ "id": "key_9f86d081884c7d65", "name": "ci", "scopes": ["read", "write"], "created_at": "2026-11-27T09:00:00.000Z" })
}

fn new_key() -> Value {
    let mut shown = key();
    shown["key"] = json!("pck_0000000000000000000000000000000000000000000000000000000000000001");
    shown
}

/// For administrators: to look at too.
fn admin(row: Endpoint) -> Endpoint {
    Endpoint {
        scope: Some(Scope::Admin),
        ..row
    }
}

fn tenants() -> Vec<Endpoint> {
    vec![
        admin(Endpoint {
            query: pages(),
            answer: json_answer::<TenantList>(
                "An operator's key sees all tenants, another its sub-accounts.",
                json!({ "tenants": [tenant()] }),
            ),
            ..get("/v1/tenants", "listTenants", "Tenants", |asked| {
                Box::pin(accounts::list_tenants(asked))
            })
        }),
        admin(change(
            Method::POST,
            Endpoint {
                body: body::<NewTenant>(json!({ "id": "acme", "name": "Acme Ltd" })),
                answer: created(json_answer::<TenantResource>(
                    "An operator's is an account of its own, another's a sub-account.",
                    tenant(),
                )),
                problems: &[Code::Exists],
                ..get("/v1/tenants", "createTenant", "Add a tenant", |asked| {
                    Box::pin(accounts::create_tenant(asked))
                })
            },
        )),
        admin(Endpoint {
            answer: json_answer::<TenantResource>("The tenant.", tenant()),
            ..get("/v1/tenants/{tenant}", "getTenant", "A tenant", |asked| {
                Box::pin(accounts::get_tenant(asked))
            })
        }),
        admin(change(
            Method::PATCH,
            Endpoint {
                body: body::<ChangeTenant>(json!({ "state": "suspended" })),
                answer: json_answer::<TenantResource>("The tenant as it is now.", tenant()),
                problems: &[Code::WrongState],
                ..get(
                    "/v1/tenants/{tenant}",
                    "changeTenant",
                    "Rename, suspend or close a tenant",
                    |asked| Box::pin(accounts::change_tenant(asked)),
                )
            },
        )),
        admin(change(
            Method::POST,
            Endpoint {
                body: body::<MakeKey>(json!({ "name": "first", "scopes": ["read", "write", "admin", "clients"] })),
                answer: secret(created(json_answer::<NewKeyResource>(
                    "The key, which is shown this once.",
                    new_key(),
                ))),
                ..get(
                    "/v1/tenants/{tenant}/keys",
                    "makeKeyOf",
                    "Make an API key of another tenant",
                    |asked| Box::pin(accounts::make_key_of(asked)),
                )
            },
        )),
    ]
}

fn keys() -> Vec<Endpoint> {
    vec![
        admin(Endpoint {
            query: pages(),
            answer: json_answer::<KeyList>(
                "Those of the database, also the revoked ones.",
                json!({ "keys": [key()] }),
            ),
            ..get("/v1/keys", "listKeys", "API keys", |asked| {
                Box::pin(accounts::list_keys(asked))
            })
        }),
        admin(change(
            Method::POST,
            Endpoint {
                body: body::<MakeKey>(json!({ "name": "ci", "scopes": ["read", "write"] })),
                answer: secret(created(json_answer::<NewKeyResource>(
                    "The key, which is shown this once.",
                    new_key(),
                ))),
                ..get("/v1/keys", "makeKey", "Make an API key", |asked| {
                    Box::pin(accounts::make_key(asked))
                })
            },
        )),
        admin(change(
            Method::DELETE,
            Endpoint {
                answer: nothing(),
                ..get(
                    "/v1/keys/{key}",
                    "revokeKey",
                    "Revoke an API key, at once and for good",
                    |asked| Box::pin(accounts::revoke_key(asked)),
                )
            },
        )),
    ]
}

fn secrets() -> Vec<Endpoint> {
    vec![
        Endpoint {
            query: pages(),
            answer: json_answer::<SecretList>(
                "Their names; values are never shown.",
                json!({ "secrets": [{ "name": "crm-token", "changed_at": "2026-11-27T09:00:00.000Z" }] }),
            ),
            ..get("/v1/secrets", "listSecrets", "Secrets of handlers", |asked| {
                Box::pin(accounts::list_secrets(asked))
            })
        },
        admin(change(
            Method::PUT,
            Endpoint {
                body: body::<SetSecret>(json!({ "value": "correct horse battery staple" })),
                answer: nothing(),
                ..get(
                    "/v1/secrets/{secret}",
                    "setSecret",
                    "Set a secret, for the calls that begin from now on",
                    |asked| Box::pin(accounts::set_secret(asked)),
                )
            },
        )),
        admin(change(
            Method::DELETE,
            Endpoint {
                answer: nothing(),
                ..get("/v1/secrets/{secret}", "deleteSecret", "Forget a secret", |asked| {
                    Box::pin(accounts::delete_secret(asked))
                })
            },
        )),
    ]
}

fn quotas() -> Vec<Endpoint> {
    let quota = || json!({ "metric": "calls_at_once", "most": 100 });
    let operator = |row: Endpoint| Endpoint {
        scope: Some(Scope::Operator),
        ..row
    };
    let path = "/v1/tenants/{tenant}/quotas/{metric}";
    vec![
        Endpoint {
            answer: json_answer::<QuotaList>(
                "Those that are set; what is not is as the configuration says.",
                json!({ "quotas": [quota()] }),
            ),
            ..get("/v1/quotas", "listQuotas", "What the tenant may use", |asked| {
                Box::pin(accounts::list_quotas(asked))
            })
        },
        operator(change(
            Method::PUT,
            Endpoint {
                body: body::<SetQuota>(json!({ "most": 100 })),
                answer: json_answer::<QuotaResource>("It counts from now on, for running calls too.", quota()),
                ..get(path, "setQuota", "Limit what a tenant may use", |asked| {
                    Box::pin(accounts::set_quota(asked))
                })
            },
        )),
        operator(change(
            Method::DELETE,
            Endpoint {
                answer: nothing(),
                ..get(
                    path,
                    "deleteQuota",
                    "Leave a limit to the configuration again",
                    |asked| Box::pin(accounts::delete_quota(asked)),
                )
            },
        )),
    ]
}

fn records() -> Vec<Endpoint> {
    vec![
        Endpoint {
            query: vec![
                parameter::<String>(
                    "from",
                    "The first day, such as 2026-11-01; 30 days before `before` without it.",
                ),
                parameter::<String>(
                    "before",
                    "The day after the last; tomorrow without it. At most 366 days.",
                ),
            ],
            answer: json_answer::<UsageList>(
                "By day (UTC) and metric.",
                json!({ "usage": [{ "day": "2026-11-27", "metric": "calls", "amount": 1_204 }] }),
            ),
            ..get("/v1/usage", "getUsage", "What was used", |asked| {
                Box::pin(accounts::usage(asked))
            })
        },
        admin(Endpoint {
            query: pages(),
            answer: json_answer::<AuditList>(
                "Newest first.",
                json!({ "entries": [{ "sequence": 7, "at": "2026-11-27T09:00:00.000Z", "actor": "ci",
                                      "action": "setRollout", "object": "/v1/handlers/support/rollout" }] }),
            ),
            ..get(
                "/v1/audit",
                "listAudit",
                "What was changed, and by which key",
                |asked| Box::pin(accounts::list_audit(asked)),
            )
        }),
    ]
}
