//! Identity headers without signatures: which ones are believed of a peer, and what the next peer is told. RFC 3325
//! (P-Asserted-Identity inside a trust domain), RFC 3323 (Privacy), and the older Remote-Party-ID that trunks still send.
//! Who is trusted is configuration. The `header` and `session` kinds of privacy need nothing here: a call that ends in
//! our own dialogs and media carries no Via, Contact or address of the other side.

use std::fmt;

use crate::address::NameAddr;
use crate::headers::{Headers, is_header};
use crate::uri::{Scheme, Uri};

/// Values of an identity header that are looked at. Further ones are ignored; RFC 3325 9.1 allows two.
const VALUES: usize = 4;

/// Whether a peer belongs to our trust domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trust {
    /// It asserts identities and honours privacy, as a carrier's trunk does by contract.
    Trusted,
    /// Anyone else, a registered phone included.
    Untrusted,
}

/// One value of the Privacy header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrivacyKind {
    /// `header`: hide the path.
    Header,
    /// `session`: hide the media addresses.
    Session,
    /// `user`: hide what the user wrote.
    User,
    /// `id`: hide the asserted identity (RFC 3325).
    Id,
    /// `history`: hide History-Info (RFC 7044).
    History,
    /// `critical`: rather no call than no privacy. All the other kinds are provided here.
    Critical,
    /// `none`: hide nothing, even if a rule says so.
    None,
}

/// What a caller wants hidden: a set of [`PrivacyKind`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Privacy(u8);

/// Up to two identities of one caller, without header parameters. `Debug` tells only which there are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Asserted {
    /// The SIP address.
    pub sip: Option<NameAddr>,
    /// The telephone number.
    pub tel: Option<NameAddr>,
}

/// What a request says about its caller, as far as its sender is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Believed {
    /// Who the caller is. Empty unless the peer is trusted.
    pub asserted: Asserted,
    /// Which of its identities an untrusted peer would like to use: a wish, to be held against what it owns.
    pub preferred: Asserted,
    /// What it wants hidden.
    pub privacy: Privacy,
}

/// What a peer is told about a caller.
#[derive(Clone, PartialEq, Eq)]
pub struct Told {
    /// The From header, without tag.
    pub from: NameAddr,
    /// Headers to add: name and value.
    pub headers: Vec<(&'static str, String)>,
}

/// What becomes of a header that a call passes from one leg to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It may pass.
    Keep,
    /// It may not.
    Strip,
}

const KINDS: [(PrivacyKind, &str); 7] = [
    (PrivacyKind::Header, "header"),
    (PrivacyKind::Session, "session"),
    (PrivacyKind::User, "user"),
    (PrivacyKind::Id, "id"),
    (PrivacyKind::History, "history"),
    (PrivacyKind::Critical, "critical"),
    (PrivacyKind::None, "none"),
];

/// Written anew for each leg, never copied.
const OURS: [&str; 4] = [
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "Privacy",
    "Remote-Party-ID",
];

/// What `user` hides beside From (RFC 3323 4.1 and 5.3), and what names the caller in another way.
const USER_WRITTEN: [&str; 10] = [
    "Call-Info",
    "In-Reply-To",
    "Organization",
    "Referred-By",
    "Reply-To",
    "Server",
    "Subject",
    "User-Agent",
    "User-to-User",
    "Warning",
];

impl Privacy {
    /// This set and one more.
    #[must_use]
    pub fn with(self, kind: PrivacyKind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    /// Whether this kind is in the set.
    pub fn contains(self, kind: PrivacyKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// Whether the caller's name and number must not reach an untrusted peer. `none` overrides (RFC 3323 4.2).
    pub fn hides_caller(self) -> bool {
        !self.contains(PrivacyKind::None) && (self.contains(PrivacyKind::Id) || self.contains(PrivacyKind::User))
    }

    /// The Privacy headers of a request; values not known are ignored.
    pub fn read(headers: &Headers) -> Self {
        // The values are separated by semicolons; some senders write commas.
        let words = headers.list("Privacy").flat_map(|value| value.split(';'));
        words.take(2 * KINDS.len()).fold(Self::default(), |set, word| {
            let kind = KINDS
                .iter()
                .find(|(_, name)| word.trim_ascii().eq_ignore_ascii_case(name));
            kind.map_or(set, |(kind, _)| set.with(*kind))
        })
    }
}

impl fmt::Display for Privacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = KINDS
            .iter()
            .filter(|(kind, _)| self.contains(*kind))
            .map(|(_, name)| *name);
        f.write_str(&names.collect::<Vec<_>>().join(";"))
    }
}

impl Asserted {
    /// The identity to show: the number if there is one.
    pub fn best(&self) -> Option<&NameAddr> {
        self.tel.as_ref().or(self.sip.as_ref())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sip.is_none() && self.tel.is_none()
    }

    /// The first SIP address and the first number of the headers called `name` (RFC 3325 9.1).
    fn read(headers: &Headers, name: &str) -> Self {
        let mut found = Self::default();
        for value in headers.list(name).take(VALUES) {
            if let Ok(address) = NameAddr::parse(value) {
                found.take(address);
            }
        }
        found
    }

    fn take(&mut self, mut address: NameAddr) {
        address.params.clear();
        let place = match address.uri.scheme() {
            Scheme::Sip | Scheme::Sips => &mut self.sip,
            Scheme::Tel => &mut self.tel,
            Scheme::Urn | Scheme::Other => return,
        };
        place.get_or_insert(address);
    }
}

/// What a request's headers say about its caller, as far as the peer that sent it is believed.
pub fn believe(headers: &Headers, peer: Trust) -> Believed {
    let privacy = Privacy::read(headers);
    match peer {
        Trust::Untrusted => Believed {
            asserted: Asserted::default(),
            preferred: Asserted::read(headers, "P-Preferred-Identity"),
            privacy,
        },
        Trust::Trusted => {
            let asserted = Asserted::read(headers, "P-Asserted-Identity");
            let mut believed = Believed {
                asserted,
                preferred: Asserted::default(),
                privacy,
            };
            if believed.asserted.is_empty() {
                believe_remote_party(headers, &mut believed);
            }
            believed
        }
    }
}

/// The calling party of Remote-Party-ID, unless its sender says it was not screened, and its own wish for privacy.
fn believe_remote_party(headers: &Headers, believed: &mut Believed) {
    for value in headers.list("Remote-Party-ID").take(VALUES) {
        let Ok(address) = NameAddr::parse(value) else {
            continue;
        };
        let is = |name: &str, word: &str| {
            address
                .param(name)
                .is_some_and(|value| value.eq_ignore_ascii_case(word))
        };
        if (address.param("party").is_some() && !is("party", "calling")) || is("screen", "no") {
            continue;
        }
        if ["full", "name", "uri"].iter().any(|word| is("privacy", word)) {
            believed.privacy = believed.privacy.with(PrivacyKind::Id);
        }
        believed.asserted.take(address);
    }
}

/// What a peer is told about a caller: From, P-Asserted-Identity and Privacy. `caller` is what an open call would show.
///
/// Inside the trust domain everything is told, with the wish for privacy. Outside it a hidden caller is anonymous; one
/// that is not hidden keeps its asserted identity (RFC 3325 7).
pub fn tell(caller: &NameAddr, asserted: &Asserted, privacy: Privacy, peer: Trust) -> Told {
    let hidden = peer == Trust::Untrusted && privacy.hides_caller();
    let mut headers = Vec::new();
    if !hidden {
        let identities = [&asserted.sip, &asserted.tel].into_iter().flatten();
        headers.extend(identities.map(|identity| ("P-Asserted-Identity", identity.to_string())));
    }
    let wish = match peer {
        Trust::Trusted => privacy,
        // What was asked for is done; only the wish that nobody further on hides anything is left to say.
        Trust::Untrusted if privacy.contains(PrivacyKind::None) => Privacy::default().with(PrivacyKind::None),
        Trust::Untrusted => Privacy::default(),
    };
    if wish != Privacy::default() {
        headers.push(("Privacy", wish.to_string()));
    }
    let from = if hidden {
        anonymous()
    } else {
        without_parameters(caller)
    };
    Told { from, headers }
}

/// Whether a header may pass from one leg to another that leads to this peer. For headers of the caller's own; those
/// that make a message work are never copied anyway.
pub fn fate(name: &str, privacy: Privacy, peer: Trust) -> Fate {
    let is_in = |names: &[&str]| names.iter().any(|known| is_header(name.as_bytes(), known));
    let hidden = peer == Trust::Untrusted && privacy.hides_caller();
    let user = hidden && privacy.contains(PrivacyKind::User);
    let history = hidden || (peer == Trust::Untrusted && privacy.contains(PrivacyKind::History));
    // A signed identity names the caller's number for all to read.
    let strip = is_in(&OURS)
        || (hidden && is_in(&["Identity", "Diversion"]))
        || (user && is_in(&USER_WRITTEN))
        || (history && is_in(&["History-Info"]));
    if strip { Fate::Strip } else { Fate::Keep }
}

/// `"Anonymous" <sip:anonymous@anonymous.invalid>` (RFC 3323 4.1.1.3).
pub fn anonymous() -> NameAddr {
    let uri = Uri::parse("sip:anonymous@anonymous.invalid").expect("a SIP address, spelled out here");
    NameAddr {
        display: Some("Anonymous".to_owned()),
        uri,
        params: Vec::new(),
    }
}

fn without_parameters(address: &NameAddr) -> NameAddr {
    NameAddr {
        params: Vec::new(),
        ..address.clone()
    }
}

impl fmt::Debug for Asserted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sip, tel) = (self.sip.is_some(), self.tel.is_some());
        write!(f, "Asserted(sip: {sip}, tel: {tel})")
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Told({} headers)", self.headers.len())
    }
}

#[cfg(test)]
mod tests;
