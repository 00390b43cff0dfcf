//! How urgent a message is, by a fast look at its first lines: what a busy shard serves first. Not what it means: a wrong
//! guess costs a message its place in a queue, no more. After RFC 6357 and RFC 7339 5.10.1.

use crate::headers::is_header;

/// What a message asks for, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Something that goes on already: responses, and requests inside dialogs. An INVITE that replaces a call too.
    Inside,
    /// A registration, or something else that begins no call.
    Outside,
    /// An INVITE that begins a call.
    NewCall,
}

impl Class {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Inside, Self::Outside, Self::NewCall];

    /// The class of a message. Bytes that are no message are outside of everything.
    pub fn of(message: &[u8]) -> Self {
        let skipped = message.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let message = &message[skipped..];
        let end = message.iter().position(|byte| *byte == b' ').unwrap_or_default();
        match &message[..end] {
            b"INVITE" if is_of_a_call(message) => Self::Inside,
            b"INVITE" => Self::NewCall,
            b"SIP/2.0" | b"ACK" | b"BYE" | b"CANCEL" | b"PRACK" | b"UPDATE" | b"INFO" | b"REFER" | b"NOTIFY" => {
                Self::Inside
            }
            _ => Self::Outside,
        }
    }

    /// A word for it, for metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Outside => "outside",
            Self::NewCall => "new_call",
        }
    }
}

/// Whether an INVITE names a dialog, by a tag in To or by Replaces.
fn is_of_a_call(invite: &[u8]) -> bool {
    let lines = invite.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    for line in lines.skip(1).take_while(|line| !line.is_empty()) {
        // Only a few names come into question; most lines are told by their first letter.
        if !matches!(line[0] | 0x20, b't' | b'r') {
            continue;
        }
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let (name, value) = (line[..colon].trim_ascii_end(), &line[colon + 1..]);
        if is_header(name, "Replaces") || (is_header(name, "To") && has_tag(value)) {
            return true;
        }
    }
    false
}

/// Whether a value of To has a tag; parameters inside the angle brackets belong to the address.
fn has_tag(value: &[u8]) -> bool {
    let after = memchr::memrchr(b'>', value).map_or(0, |at| at + 1);
    let mut parameters = value[after..].split(|byte| *byte == b';').skip(1);
    parameters.any(|parameter| {
        let name = parameter.split(|byte| *byte == b'=').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"tag")
    })
}

#[cfg(test)]
mod tests;
