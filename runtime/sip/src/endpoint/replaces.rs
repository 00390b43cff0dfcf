//! Calls that take the place of another: the Replaces header, read and written. RFC 3891. Ending the replaced call is
//! `accept`'s business.

use super::reply::Refusal;
use super::{DialogError, DialogId, Endpoint};
use crate::address::params;
use crate::dialog::{Dialog, State};
use crate::message::Request;

/// A Replaces value.
struct Named<'a> {
    call_id: &'a str,
    to_tag: &'a str,
    from_tag: &'a str,
    early: Early,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Early {
    Only,
    Either,
}

impl Endpoint {
    /// A Replaces value that names this dialog as the peer knows it: for the Refer-To of an attended transfer to that
    /// peer (escape it there). `None`: no such dialog, or it is not established.
    pub fn replaces_header(&self, dialog: DialogId) -> Option<String> {
        let found = self.dialogs.get(&dialog).filter(|dialog| dialog.state == State::Up)?;
        let theirs = found.remote.tag.as_deref()?;
        Some(format!(
            "{};to-tag={theirs};from-tag={}",
            found.call_id, found.local_tag
        ))
    }

    /// The dialog a new INVITE wants to take the place of.
    pub(super) fn replaced_by(&self, request: &Request) -> Result<Option<DialogId>, Refusal> {
        let mut values = request.headers.values("Replaces");
        let Some(value) = values.next() else { return Ok(None) };
        let (Some(named), None) = (Named::read(value), values.next()) else {
            return Err(Refusal::new(400));
        };
        let Some(dialog) = self.named_dialog(&named) else {
            return Err(Refusal::new(481));
        };
        match (dialog.state, named.early) {
            (State::Closing, _) => Err(Refusal::new(603)),
            (State::Up, Early::Only) => Err(Refusal::new(486)),
            // A call that rings here may be taken by nobody else; one we placed may (RFC 3891 3).
            (State::Ringing, _) => Err(Refusal::new(481)),
            (State::Up, Early::Either) | (State::Calling(_), _) => Ok(Some(dialog.id)),
        }
    }

    /// The dialog of ours that the Replaces value of a Refer-To names, if it can be replaced.
    pub(super) fn dialog_to_replace(&self, value: &str) -> Option<DialogId> {
        let dialog = self.named_dialog(&Named::read(value)?)?;
        matches!(dialog.state, State::Up | State::Calling(_)).then_some(dialog.id)
    }

    /// Finds the dialog of ours that a Replaces value names, as `call-id;to-tag=..;from-tag=..`.
    ///
    /// # Errors
    /// `BadHeader` if it cannot be read, `Unknown` if there is none that could be replaced.
    pub fn find_replaced(&self, value: &str) -> Result<DialogId, DialogError> {
        Named::read(value).ok_or(DialogError::BadHeader)?;
        self.dialog_to_replace(value).ok_or(DialogError::Unknown)
    }

    fn named_dialog(&self, named: &Named<'_>) -> Option<&Dialog> {
        let key = (named.call_id.to_owned(), named.to_tag.to_owned());
        let dialog = self.dialogs.get(self.index.get(&key)?)?;
        let fits = |tag: Option<&str>| match tag {
            Some(tag) => tag == named.from_tag,
            // RFC 3891 3: a peer without a tag is named by 0.
            None => named.from_tag == "0",
        };
        let early = dialog.early.iter().map(|fork| fork.remote.tag.as_deref());
        std::iter::once(dialog.remote.tag.as_deref())
            .chain(early)
            .any(fits)
            .then_some(dialog)
    }
}

impl<'a> Named<'a> {
    fn read(value: &'a str) -> Option<Self> {
        let (call_id, rest) = value.split_once(';')?;
        let param = |name: &str| {
            let (_, found) = params(rest).find(|(found, _)| found.eq_ignore_ascii_case(name))?;
            Some(found.unwrap_or_default())
        };
        let call_id = call_id.trim_ascii();
        Some(Self {
            call_id: Some(call_id).filter(|id| !id.is_empty())?,
            to_tag: param("to-tag")?,
            from_tag: param("from-tag")?,
            early: match param("early-only") {
                Some(_) => Early::Only,
                None => Early::Either,
            },
        })
    }
}
