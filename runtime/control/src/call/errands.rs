//! What a handler has done elsewhere, beside its legs: in the store, or by a web server. The handler waits for it, and at most so long as a limit
//! says; what comes after that is dropped. Not here: whoever does it.

use super::asks::Reply;
use super::{Call, Errand, Handler, HttpOrder, Output, Wait, check};
use crate::ask::Answer;
use crate::http_urls::HttpUrl;
use crate::private::Private;
use crate::words::{Error, HttpHeader, HttpRequest, HttpResponse, LimitName, NoResponse, StoreAction, StoreReply};
use std::time::{Duration, Instant};

impl Call {
    pub(super) fn secret(&self, name: &str) -> Answer {
        if let Err(error) = check::over(LimitName::StringBytes, name.len(), self.setup.limits.string_bytes) {
            return Answer::Secret(Err(error));
        }
        let secret = self.setup.grants.secret(name);
        Answer::Secret(secret.cloned().ok_or_else(|| Error::NoSuchSecret(name.to_owned())))
    }

    /// The end of the call does not interrupt it: a handler that cleans up keeps what it found out.
    pub(super) fn store(&mut self, now: Instant, key: &Private<String>, action: &StoreAction) -> Reply {
        let asked = self.tally.store_operations + 1;
        let fine = check::store(key.reveal(), action).and_then(|()| {
            let most = self.setup.limits.store_operations;
            check::over(LimitName::StoreOperations, asked, most)
        });
        if let Err(error) = fine {
            return Reply::Now(Answer::Stored(Err(error)));
        }
        self.tally.store_operations = asked;
        let number = self.begin_errand(Errand::Store {
            key: key.clone(),
            action: action.clone(),
        });
        let until = now + self.setup.limits.store_wait;
        Reply::Wait(Wait::Store { number, until })
    }

    pub(super) fn begin_errand(&mut self, errand: Errand) -> u32 {
        self.errands += 1;
        let number = self.errands;
        self.outputs.push_back(Output::Errand { number, errand });
        number
    }

    /// The store has done something, or not. Of no use to a handler that waits for something else by now.
    pub(super) fn stored(&mut self, now: Instant, of: u32, reply: Result<StoreReply, Error>) {
        if let Handler::Waiting {
            wait: Wait::Store { number, .. },
            ..
        } = &self.handler
            && *number == of
        {
            self.resume_waiting(now, Answer::Stored(reply));
        }
    }

    pub(super) fn store_late(&self) -> Answer {
        let most = self.setup.limits.store_wait.as_millis();
        let why = format!("the store did not answer within {most} ms");
        Answer::Stored(Err(Error::Unavailable(why)))
    }

    /// A request under way ends with the call; a handler that cleans up may send others.
    pub(super) fn http(&mut self, now: Instant, request: &HttpRequest) -> Reply {
        let order = match self.may_send(request) {
            Ok(order) => order,
            Err(error) => return Reply::Now(Answer::Responded(Err(error))),
        };
        self.tally.http_requests += 1;
        let until = now + order.time;
        Reply::Wait(Wait::Http {
            number: self.begin_errand(Errand::Http(Box::new(order))),
            until,
            cleaning_up: self.legs.interruption().is_some(),
        })
    }

    fn may_send(&self, request: &HttpRequest) -> Result<HttpOrder, Error> {
        check::http(request)?;
        let url = self.may_ask("request.url", request.url.reveal())?;
        let most = self.setup.limits.http_requests;
        check::over(LimitName::HttpRequests, self.tally.http_requests + 1, most)?;
        let headers = request.headers.iter().map(|header| self.header_with_secret(header));
        Ok(HttpOrder {
            method: request.method,
            url,
            headers: headers.collect::<Result<_, _>>()?,
            body: request.body.clone(),
            time: Duration::from_millis(u64::from(request.timeout_ms)),
        })
    }

    /// An address that the operator allows this handler.
    pub(super) fn may_ask(&self, argument: &str, url: &str) -> Result<HttpUrl, Error> {
        let url = HttpUrl::parse(url).or_else(|why| check::invalid(argument, why))?;
        if self.setup.grants.http().allows(&url) {
            return Ok(url);
        }
        let rule = "the address is at or below none that `http` of this handler's configuration names";
        Err(Error::NotAllowed(rule.to_owned()))
    }

    fn header_with_secret(&self, header: &HttpHeader) -> Result<(String, Private<String>), Error> {
        let mut value = header.value.reveal().clone();
        if let Some(name) = &header.secret {
            let secret = self.setup.grants.secret(name);
            value += secret.ok_or_else(|| Error::NoSuchSecret(name.clone()))?.reveal();
        }
        Ok((header.name.clone(), value.into()))
    }

    /// A web server has answered, or not. Of no use to a handler that waits for something else by now.
    pub(super) fn responded(&mut self, now: Instant, of: u32, response: Result<HttpResponse, NoResponse>) {
        if let Handler::Waiting {
            wait: Wait::Http { number, .. },
            ..
        } = &self.handler
            && *number == of
        {
            self.resume_waiting(now, Answer::Responded(response.map_err(Error::NoResponse)));
        }
    }

    pub(super) fn http_ready(
        &mut self,
        now: Instant,
        (number, until): (u32, Instant),
        cleaning_up: bool,
    ) -> Option<Answer> {
        let gone = self.legs.interruption().filter(|_| !cleaning_up);
        let why = match gone {
            Some(why) => Error::Interrupted(why),
            None if now >= until => Error::NoResponse(NoResponse::TimedOut),
            None => return None,
        };
        self.outputs.push_back(Output::CancelErrand { number });
        Some(Answer::Responded(Err(why)))
    }
}
