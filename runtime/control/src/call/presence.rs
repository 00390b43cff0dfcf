//! Who can be reached, as a handler asks: how identities are, what is said of them, which to call, and what changes while it
//! watches. Who knows it stands outside the call. Not here: that `dial` reads presence, which is whoever locates a user.

use super::asks::Reply;
use super::operation::Operation;
use super::{Call, Errand, Handler, Output, Wait, check};
use crate::ask::Answer;
use crate::ids::OperationId;
use crate::private::Private;
use crate::words::{Error, LimitName, PresenceAction, PresenceReply, PresenceView};
use std::collections::BTreeMap;
use std::time::Instant;

/// What is new of identities that are watched, by name: of each the newest. Bounded by how many are watched.
pub(crate) type PresenceNews = BTreeMap<String, PresenceView>;

impl Call {
    /// The end of the call does not interrupt it: a handler that cleans up may still say that somebody is free again.
    pub(super) fn presence(&mut self, now: Instant, action: &PresenceAction) -> Reply {
        if let Err(error) = check::presence(action).and_then(|()| self.one_more_request()) {
            return Reply::Now(Answer::Presence(Err(error)));
        }
        let number = self.begin_errand(Errand::Presence(action.clone()));
        let until = now + self.setup.limits.store_wait;
        Reply::Wait(Wait::Presence { number, until })
    }

    fn one_more_request(&mut self) -> Result<(), Error> {
        let asked = self.tally.presence_requests + 1;
        check::over(LimitName::Presence, asked, self.setup.limits.presence_requests)?;
        self.tally.presence_requests = asked;
        Ok(())
    }

    /// Whoever knows it has answered. Of no use to a handler that waits for something else by now.
    pub(super) fn presence_told(&mut self, now: Instant, of: u32, reply: Result<PresenceReply, Error>) {
        if let Handler::Waiting {
            wait: Wait::Presence { number, .. },
            ..
        } = &self.handler
            && *number == of
        {
            self.resume_waiting(now, Answer::Presence(reply));
        }
    }

    pub(super) fn presence_late(&self) -> Answer {
        let most = self.setup.limits.store_wait.as_millis();
        let why = format!("nobody who knows presence answered within {most} ms");
        Answer::Presence(Err(Error::Unavailable(why)))
    }

    pub(super) fn watch_presence(&mut self, now: Instant, identities: &[Private<String>]) -> Result<Wait, Error> {
        self.not_interrupted()?;
        check::identities("identities", identities)?;
        self.room_for_operation()?;
        self.one_more_request()?;
        self.errands += 1;
        let number = self.errands;
        self.outputs.push_back(Output::Watch {
            number,
            identities: identities.to_vec(),
        });
        let news = PresenceNews::new();
        let operation = self.operations.add(Operation::Watching { number, news });
        let until = now + self.setup.limits.store_wait;
        Ok(Wait::Watch {
            number,
            operation,
            until,
        })
    }

    /// How identities are that are watched. A handler that has just begun to watch goes on.
    pub(super) fn presence_changed(&mut self, now: Instant, of: u32, views: Result<Vec<PresenceView>, String>) {
        let begun = match &self.handler {
            Handler::Waiting {
                wait: Wait::Watch { number, operation, .. },
                ..
            } if *number == of => Some(*operation),
            _ => None,
        };
        let refused = views.as_ref().err().cloned();
        if let (Some(news), Ok(views)) = (self.operations.watching(of), views) {
            news.extend(views.into_iter().map(|view| (view.identity.reveal().clone(), view)));
        }
        match (begun, refused) {
            (Some(operation), None) => self.resume_waiting(now, Answer::Started(Ok(operation))),
            (Some(operation), Some(why)) => {
                self.operations.remove(operation);
                self.resume_waiting(now, Answer::Started(Err(Error::Unavailable(why))));
            }
            (None, _) => {}
        }
    }

    /// A handler that waits to watch, and will not.
    pub(super) fn watch_ready(
        &mut self,
        now: Instant,
        (number, operation): (u32, OperationId),
        until: Instant,
    ) -> Option<Answer> {
        let why = match self.legs.interruption() {
            Some(why) => Error::Interrupted(why),
            None if now >= until => Error::Unavailable("nobody who knows presence answered in time".to_owned()),
            None => return None,
        };
        self.operations.remove(operation);
        self.outputs.push_back(Output::Unwatch { number });
        Some(Answer::Started(Err(why)))
    }

    /// What is new; the handler has it from now on.
    pub(super) fn take_presence_news(&mut self, id: OperationId) -> Vec<PresenceView> {
        match self.operations.get_mut(id) {
            Some(Operation::Watching { news, .. }) => std::mem::take(news).into_values().collect(),
            _ => Vec::new(),
        }
    }
}
