//! A request of ours before it is bytes: enough to write it again for another way, number or set of credentials. Not a
//! transaction: nothing here knows whether it was sent. RFC 3261 8.1.1, 18.1.1.

use std::borrow::Cow;

use super::head::Head;
use crate::method::Method;

/// The type of a session description.
pub(crate) const SDP_TYPE: &str = "application/sdp";

/// A request to be written.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) method: Method,
    pub(crate) head: Head,
    /// Fields beyond those of [`Head`] and those that say who we are, in order.
    pub(crate) fields: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Option<Body>,
}

/// A body and its type.
#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) kind: Cow<'static, str>,
    pub(crate) bytes: Vec<u8>,
}

impl Draft {
    pub(crate) fn new(method: Method, head: Head) -> Self {
        Self {
            method,
            head,
            fields: Vec::new(),
            body: None,
        }
    }

    pub(crate) fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    pub(crate) fn with_sdp(self, sdp: Option<Vec<u8>>) -> Self {
        match sdp {
            Some(bytes) => self.with_body(SDP_TYPE, bytes),
            None => self,
        }
    }

    pub(crate) fn with_body(mut self, kind: impl Into<Cow<'static, str>>, bytes: Vec<u8>) -> Self {
        self.body = Some(Body {
            kind: kind.into(),
            bytes,
        });
        self
    }

    /// Sets a field to one value, whether it is there or not.
    pub(crate) fn set(&mut self, name: &'static str, value: String) {
        self.remove(name);
        self.fields.push((name.into(), value));
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.fields.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The session description it carries.
    pub(crate) fn sdp(&self) -> Option<&[u8]> {
        self.body
            .as_ref()
            .filter(|body| body.kind == SDP_TYPE)
            .map(|body| body.bytes.as_slice())
    }

    /// Whether it has to say where the peer reaches us: it makes a dialog or moves its target (RFC 3261 12.2, RFC 3311,
    /// RFC 3515, RFC 6665).
    pub(crate) fn shows_contact(&self) -> bool {
        matches!(
            self.method,
            Method::Invite | Method::Update | Method::Refer | Method::Notify
        )
    }
}
