//! What may be asked and said of who can be reached.

use super::{invalid, over};
use crate::limits::PRESENCE_IDENTITIES;
use crate::presence::{NAME_BYTES, TEXT_BYTES};
use crate::private::Private;
use crate::words::{Error, LimitName, PresenceAction};

pub(crate) fn presence(action: &PresenceAction) -> Result<(), Error> {
    match action {
        PresenceAction::Get { identities: names } => identities("identities", names),
        PresenceAction::Pick { candidates, .. } => identities("candidates", candidates),
        PresenceAction::Set { identity: who, status } => {
            identity("identity", who)?;
            let bytes = status.as_ref().map_or(0, |status| status.text.reveal().len());
            match bytes {
                0..=TEXT_BYTES => Ok(()),
                _ => invalid("status.text", &format!("{bytes} bytes; up to {TEXT_BYTES} are allowed")),
            }
        }
    }
}

pub(crate) fn identities(argument: &str, names: &[Private<String>]) -> Result<(), Error> {
    if names.is_empty() {
        return invalid(argument, &format!("none; name 1 to {PRESENCE_IDENTITIES}"));
    }
    over(LimitName::Presence, names.len(), PRESENCE_IDENTITIES)?;
    names.iter().try_for_each(|name| identity(argument, name))
}

fn identity(argument: &str, name: &Private<String>) -> Result<(), Error> {
    match name.reveal().len() {
        1..=NAME_BYTES => Ok(()),
        bytes => invalid(
            argument,
            &format!("a name of {bytes} bytes; 1 to {NAME_BYTES} are allowed"),
        ),
    }
}
