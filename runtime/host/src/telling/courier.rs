//! Who carries one event to one webhook, once: for the thread that tells, and for whoever tries a webhook through the API.

use super::{Failed, TellingConfig, Webhook, webhook};
use crate::start_error::StartError;
use crate::web_requests::{Client, WebRequestsConfig};
use patchcord_control::events::{Event, SubscribedWebhook};
use patchcord_control::http_urls::HttpUrl;
use std::net::SocketAddr;
use std::time::Duration;

/// Sends events.
pub(crate) struct Courier {
    client: Client,
    attempt_time: Duration,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tried {
    /// The status of the answer, if there was one.
    pub(crate) status: Option<u16>,
    /// Why the event was not received; none if it was.
    pub(crate) why: Option<String>,
}

impl Courier {
    /// # Errors
    /// The certificates cannot be loaded.
    pub(crate) fn new(
        (config, web): (&TellingConfig, &WebRequestsConfig),
        name_server: Option<SocketAddr>,
    ) -> Result<Self, StartError> {
        Ok(Self {
            client: Client::new(web, name_server)?,
            attempt_time: config.attempt_time,
        })
    }

    /// Whether an address may be asked, as far as that can be said before its name is looked up.
    pub(crate) fn may_ask(&self, url: &HttpUrl) -> bool {
        self.client.may_ask(url)
    }

    /// Tells a webhook an event; any answer counts, and nothing is tried again.
    pub(crate) async fn try_once(&self, to: &SubscribedWebhook, event: &Event) -> Tried {
        let sent = self.status(&Webhook::subscribed(to), event, 1).await;
        let (status, received) = match sent {
            Ok(status) => (Some(status), webhook::judged(status)),
            Err(why) => (None, Err(why)),
        };
        Tried {
            status,
            why: received.err().map(|why| why.to_string()),
        }
    }

    /// Sends an event once, within the time of a try.
    pub(super) async fn send(&self, to: &Webhook, event: &Event, sequence: u32) -> Result<(), Failed> {
        webhook::judged(self.status(to, event, sequence).await?)
    }

    async fn status(&self, to: &Webhook, event: &Event, sequence: u32) -> Result<u16, Failed> {
        let sent = webhook::send(&self.client, to, event, sequence);
        match tokio::time::timeout(self.attempt_time, sent).await {
            Ok(sent) => sent,
            Err(_) => Err(Failed::Again("it did not answer in time".to_owned())),
        }
    }
}
