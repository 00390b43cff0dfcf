//! How somebody is, as XML: presence as PIDF with activities (RFC 3863, RFC 4479, RFC 4480), calls as dialog information (RFC 4235).
//! Always complete: a reader needs no document before this one. And PIDF that somebody publishes, as far as it is understood.

use super::Package;

/// Whether somebody takes calls (RFC 3863 4.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basic {
    /// A call may be answered.
    Open,
    /// It will not be.
    Closed,
}

/// What somebody does (RFC 4480 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// In a call.
    OnThePhone,
    /// Occupied.
    Busy,
    /// Not there.
    Away,
}

impl Activity {
    fn element(self) -> &'static str {
        match self {
            Self::OnThePhone => "on-the-phone",
            Self::Busy => "busy",
            Self::Away => "away",
        }
    }
}

/// How somebody is.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Its address, such as `sip:bob@office.example`.
    pub entity: String,
    /// Whether it takes calls.
    pub basic: Basic,
    /// What it does.
    pub activity: Option<Activity>,
    /// In its own words; may be empty.
    pub note: String,
    /// Calls it is in.
    pub calls: u32,
    /// Calls that ring at it.
    pub ringing: u32,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Person({:?}, {:?}, {} calls)", self.basic, self.activity, self.calls)
    }
}

/// Calls that are told one by one; of more nobody has lamps.
const CALLS_TOLD: u32 = 8;

/// The media type of a package's documents.
pub(super) fn kind(package: Package) -> &'static str {
    match package {
        Package::Presence => "application/pidf+xml",
        Package::Dialog => "application/dialog-info+xml",
    }
}

/// The document and its media type.
pub(super) fn write(package: Package, person: &Person, version: u32) -> (&'static str, Vec<u8>) {
    let text = match package {
        Package::Presence => pidf(person),
        Package::Dialog => dialog_info(person, version),
    };
    (kind(package), text.into_bytes())
}

fn pidf(person: &Person) -> String {
    let entity = escaped(&person.entity);
    let basic = match person.basic {
        Basic::Open => "open",
        Basic::Closed => "closed",
    };
    let note = match person.note.as_str() {
        "" => String::new(),
        note => format!("<note>{}</note>", escaped(note)),
    };
    let activity = person.activity.map_or_else(String::new, |activity| {
        let element = activity.element();
        format!("<dm:person id=\"person\"><rpid:activities><rpid:{element}/></rpid:activities></dm:person>\r\n")
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
         <presence xmlns=\"urn:ietf:params:xml:ns:pidf\" xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" \
         xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"{entity}\">\r\n\
         <tuple id=\"phone\"><status><basic>{basic}</basic></status><contact>{entity}</contact>{note}</tuple>\r\n\
         {activity}</presence>\r\n"
    )
}

/// A lamp is lit by a dialog that is confirmed, flashes by one that is early, and goes out by one that is terminated: some telephones wait
/// for just that. Calls that ring have names of their own, so that none is confirmed before it is.
fn dialog_info(person: &Person, version: u32) -> String {
    let entity = escaped(&person.entity);
    let mut dialogs: String = (1..=person.calls.min(CALLS_TOLD))
        .map(|number| format!("<dialog id=\"call{number}\"><state>confirmed</state></dialog>\r\n"))
        .collect();
    for number in 1..=person.ringing.min(CALLS_TOLD) {
        dialogs.push_str(&format!(
            "<dialog id=\"ring{number}\" direction=\"recipient\"><state>early</state></dialog>\r\n"
        ));
    }
    if dialogs.is_empty() {
        dialogs.push_str("<dialog id=\"call1\"><state>terminated</state></dialog>\r\n");
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
         <dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{version}\" state=\"full\" entity=\"{entity}\">\r\n\
         {dialogs}</dialog-info>\r\n"
    )
}

/// A text as it may stand in an element or an attribute; what XML cannot hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            control if control.is_control() => {}
            '\u{fffe}' | '\u{ffff}' => {}
            other => out.push(other),
        }
    }
    out
}
