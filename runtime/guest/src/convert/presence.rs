//! Conversions of who can be reached.

use super::same;
use crate::bindings::patchcord::handler::presence;
use patchcord_control::presence as known;
use patchcord_control::words;

same!(presence::Availability => known::Availability: Available, Busy, DoNotDisturb, Unavailable);
same!(known::Availability => presence::Availability: Available, Busy, DoNotDisturb, Unavailable);
same!(presence::Reason => known::Reason: OnACall, AwayShort, AwayLong);
same!(known::Reason => presence::Reason: OnACall, AwayShort, AwayLong);
same!(presence::Policy => known::Policy: InOrder, LeastBusy, LongestIdle);

impl From<presence::Status> for known::Status {
    fn from(it: presence::Status) -> Self {
        Self {
            availability: it.availability.into(),
            reason: it.reason.map(known::Reason::from),
            text: it.text.into(),
        }
    }
}

impl From<known::Status> for presence::Status {
    fn from(it: known::Status) -> Self {
        Self {
            availability: it.availability.into(),
            reason: it.reason.map(presence::Reason::from),
            text: it.text.into_inner(),
        }
    }
}

impl From<words::PresenceView> for presence::View {
    fn from(it: words::PresenceView) -> Self {
        let clients = it.clients.into_iter().map(|client| presence::Client {
            device: client.device,
            app: client.app,
            status: client.status.into(),
        });
        Self {
            identity: it.identity.into_inner(),
            status: it.status.into(),
            calls: it.calls,
            clients: clients.collect(),
        }
    }
}
