//! From the rows of a tenant's webhooks and event sinks to who is told of its calls. One that cannot be made ready, because its
//! secret was sealed with another key say, is told nothing, and that is logged; the others are.

use super::permissions::Permission;
use super::reading::{Reader, all};
use patchcord_control::events::{EventKind, EventKinds, SubscribedWebhook, Subscription};
use patchcord_control::http_urls::HttpUrl;
use patchcord_control::ids::Tenant;
use patchcord_database::sinks::{self, SinkContent, SinkKind, SinkState, SinkTarget};
use patchcord_database::{Error, LIMIT_MAX, Paging, modules};
use patchcord_switch::{Program, Sink};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Who is told of the calls of a tenant, beside those that the configuration names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Receivers {
    pub(super) subscriptions: Vec<Arc<Subscription>>,
    /// By their names in the tenant.
    pub(super) sinks: BTreeMap<String, Sink>,
}

/// What the secret of a webhook is sealed for. No secret of a handler has such a name.
pub(crate) fn sealed_for(webhook: &str) -> String {
    format!("webhook:{webhook}")
}

/// A receiver's name in the node: no name of the configuration has a slash.
fn name_in_node(tenant: &Tenant, name: &str) -> Arc<str> {
    format!("{}/{name}", tenant.0).into()
}

impl Reader<'_> {
    pub(super) async fn receivers(&self) -> Result<Receivers, Error> {
        let mut receivers = Receivers::default();
        for kind in [SinkKind::Webhook, SinkKind::Module] {
            let rows = all!(|paging| sinks::list(self.database, self.id, kind, &paging));
            for row in rows {
                if row.content.state == SinkState::Active {
                    self.receiver(&row.id, &row.content, &mut receivers).await?;
                }
            }
        }
        Ok(receivers)
    }

    async fn receiver(&self, name: &str, content: &SinkContent, receivers: &mut Receivers) -> Result<(), Error> {
        let webhook = match &content.target {
            SinkTarget::Webhook { url, sealed } => match self.webhook(name, url, sealed) {
                Some(webhook) => Some(Arc::new(webhook)),
                None => return Ok(()),
            },
            SinkTarget::Module { hash, granted } => match self.sink(name, hash, granted).await? {
                Some(sink) => {
                    receivers.sinks.insert(name.to_owned(), sink);
                    None
                }
                None => return Ok(()),
            },
        };
        receivers.subscriptions.push(Arc::new(Subscription {
            tenant: self.tenant.clone(),
            handlers: (!content.handlers.is_empty()).then(|| content.handlers.clone()),
            kinds: kinds(&content.events),
            name: name_in_node(&self.tenant, name),
            webhook,
        }));
        Ok(())
    }

    fn webhook(&self, name: &str, url: &str, sealed: &[u8]) -> Option<SubscribedWebhook> {
        let place = sealed_for(name);
        let opened = self
            .loader
            .sealing()
            .and_then(|key| key.open((&self.tenant, &place), sealed));
        let Some(secret) = opened else {
            tracing::error!(tenant = %self.tenant, webhook = name, "the secret of this webhook was sealed with another key: make a new one");
            return None;
        };
        Some(SubscribedWebhook {
            // It was read when it was written.
            url: HttpUrl::parse(url).ok()?,
            written: url.to_owned().into(),
            secret: secret.into(),
        })
    }

    async fn sink(&self, name: &str, hash: &str, granted: &[String]) -> Result<Option<Sink>, Error> {
        let Some(program) = self.sink_program(name, hash).await? else {
            return Ok(None);
        };
        let permissions: Vec<_> = granted.iter().map(|text| Permission::read(text)).collect();
        Ok(Some(Sink {
            tenant: self.tenant.clone(),
            program,
            grants: Arc::new(self.grants(&permissions).await?),
        }))
    }

    /// The module ready to run; none if it cannot.
    async fn sink_program(&self, name: &str, hash: &str) -> Result<Option<Arc<Program>>, Error> {
        let before = self.before.receivers.sinks.get(name);
        if let Some(before) = before.filter(|before| before.program.module().hash() == hash) {
            return Ok(Some(before.program.clone()));
        }
        let bytes = modules::bytes(self.database, self.id, hash).await?;
        match self.loader.load(&name_in_node(&self.tenant, name), bytes).await {
            Ok(program) => Ok(Some(program)),
            Err(why) => {
                tracing::error!(tenant = %self.tenant, sink = name, why = why.0, "this event sink cannot be run and is told nothing");
                Ok(None)
            }
        }
    }
}

/// No names are all kinds.
fn kinds(names: &[String]) -> EventKinds {
    let known = |name: &String| EventKind::ALL.into_iter().find(|kind| kind.name() == name);
    match names {
        [] => EventKinds::ALL,
        names => EventKinds::of(&names.iter().filter_map(known).collect::<Vec<_>>()),
    }
}
