//! Who is told what happens in calls: `[[webhook]]` and `[[event_sink]]`.
//!
//! ```toml
//! [[webhook]]
//! name = "crm"
//! url = "https://crm.example.com/calls"
//! secret = "env:CRM_KEY"                          # signs; or "file:crm.key", or the secret itself
//! handlers = ["support"]                          # without it all of the tenant
//! events = ["call-started", "call-ended"]         # without it all
//!
//! [[event_sink]]
//! name = "billing"
//! module = "billing.wasm"                         # a component of the world event-sink
//! http = ["https://billing.example.com/"]         # with `secrets` as in [[handler]]
//! ```

use super::check::Placed;
use super::reader::{ConfigError, Table};
use super::secrets::Secrets;
use super::{NAME, module, name, tenant, web_requests};
use crate::telling::{TellingConfig, Webhook};
use patchcord_control::events::{EventKind, EventKinds, NAMED_RECEIVERS_MAX, Subscription};
use patchcord_control::grants::{Grants, SECRET_BYTES_MIN};
use patchcord_control::http_urls::HttpUrl;
use patchcord_control::ids::Tenant;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An event sink to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSink {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub tenant: Tenant,
    /// Its module's file.
    pub module: PathBuf,
    /// What it is granted.
    pub grants: Grants,
}

/// Who is told, and of what.
#[derive(Debug, Clone, Default)]
pub(super) struct Receivers {
    pub(super) telling: TellingConfig,
    pub(super) sinks: Vec<EventSink>,
    pub(super) subscriptions: Vec<Subscription>,
}

impl Receivers {
    pub(super) fn read<'a>(
        root: &Table<'a>,
        file: &Path,
        secrets: &Secrets,
        handlers: &[Placed<'a, super::Handler>],
    ) -> Result<Self, ConfigError> {
        let mut all = Self::default();
        let mut names = HashSet::new();
        let known = ["name", "tenant", "url", "secret", "handlers", "events"];
        for table in root.sections("webhook", &known)? {
            let subscription = subscription(&table, handlers, &mut names)?;
            all.telling.webhooks.push(webhook(&table, subscription.name.clone())?);
            all.subscriptions.push(subscription);
        }
        let known = ["name", "tenant", "module", "handlers", "events", "secrets", "http"];
        for table in root.sections("event_sink", &known)? {
            let subscription = subscription(&table, handlers, &mut names)?;
            let tenant = subscription.tenant.clone();
            all.sinks.push(EventSink {
                name: subscription.name.to_string(),
                module: module(&table, file)?,
                grants: secrets
                    .granted(&table, &tenant)?
                    .with_http(web_requests::allowed(&table)?),
                tenant,
            });
            all.subscriptions.push(subscription);
        }
        all.not_too_many(root, handlers)?;
        Ok(all)
    }

    /// Each handler's calls are told to so many.
    fn not_too_many(&self, root: &Table<'_>, handlers: &[Placed<'_, super::Handler>]) -> Result<(), ConfigError> {
        for Placed { value: handler, .. } in handlers {
            let told = self.subscriptions.iter();
            let told = told.filter(|one| one.is_for(&handler.tenant, &handler.name)).count();
            let most = NAMED_RECEIVERS_MAX;
            if told > most {
                let sentence = format!(
                    "{told} webhooks and event sinks are for calls of {:?}, and there may be {most}",
                    handler.name
                );
                return Err(root.wrong("webhook", &sentence));
            }
        }
        Ok(())
    }
}

fn subscription(
    table: &Table<'_>,
    handlers: &[Placed<'_, super::Handler>],
    names: &mut HashSet<Arc<str>>,
) -> Result<Subscription, ConfigError> {
    let tenant = tenant(table)?;
    let name: Arc<str> = table.required("name", NAME, name)?.into();
    if !names.insert(name.clone()) {
        return Err(table.wrong("name", "webhooks and event sinks have a name each, whoever's they are"));
    }
    let right = "the name of a [[handler]] of its tenant";
    let of_tenant = |text: &str| {
        let mut all = handlers.iter().map(|placed| &placed.value);
        let known = all.any(|handler| handler.tenant == tenant && handler.name == text);
        known.then(|| text.to_owned())
    };
    let named = table.parsed_list("handlers", right, of_tenant)?;
    let kinds = table.parsed_list("events", &kinds_in_words(), |text| {
        EventKind::ALL.into_iter().find(|kind| kind.name() == text)
    })?;
    Ok(Subscription {
        tenant,
        handlers: table.has("handlers").then_some(named),
        kinds: if kinds.is_empty() {
            EventKinds::ALL
        } else {
            EventKinds::of(&kinds)
        },
        name,
        webhook: None,
    })
}

fn webhook(table: &Table<'_>, name: Arc<str>) -> Result<Webhook, ConfigError> {
    let right = "an address such as \"https://crm.example.com/calls\"";
    let read = |text: &str| Some((HttpUrl::parse(text).ok()?, text.to_owned()));
    let (url, written) = table.required("url", right, read)?;
    let right = format!("it is missing: give {SECRET_BYTES_MIN} bytes or more, \"env:NAME\" or \"file:PATH\"");
    let secret = table.secret("secret")?.ok_or_else(|| table.wrong("secret", &right))?;
    if secret.len() < SECRET_BYTES_MIN {
        let sentence = format!("this is too short to sign with: give {SECRET_BYTES_MIN} bytes or more");
        return Err(table.wrong("secret", &sentence));
    }
    Ok(Webhook {
        name,
        url,
        written: written.into(),
        secret: secret.into(),
    })
}

fn kinds_in_words() -> String {
    let names: Vec<_> = EventKind::ALL.iter().map(|kind| format!("\"{kind}\"")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
