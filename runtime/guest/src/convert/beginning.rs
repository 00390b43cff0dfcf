//! Conversions of why a handler has a call.

use crate::bindings::patchcord::handler::call;
use patchcord_control::words;

impl From<words::Began> for call::Beginning {
    fn from(it: words::Began) -> Self {
        match it {
            words::Began::Offered => Self::Offered,
            words::Began::Given => Self::Given,
            words::Began::Fallback(broken) => Self::Fallback(broken.into()),
            words::Began::Redirected(text) => Self::Redirected(text),
            words::Began::Placed(answered_by) => Self::Placed(answered_by.map(call::AnsweredBy::from)),
        }
    }
}

impl From<words::Broken> for call::Broken {
    fn from(it: words::Broken) -> Self {
        Self {
            handler: it.handler,
            kind: it.kind.into(),
            text: it.text,
            last_request: it.last_request,
        }
    }
}

impl From<words::Breakage> for call::Breakage {
    fn from(it: words::Breakage) -> Self {
        match it {
            words::Breakage::Trap => Self::Trap,
            words::Breakage::Budget => Self::Budget,
            words::Breakage::Start => Self::Start,
            words::Breakage::Returned => Self::Returned,
        }
    }
}
