//! What is known of an endpoint's instances: names, devices, networks, places. Each value is checked once, where it is made. Not
//! here: which node says it, and how long it counts.

use super::name::Name;
use super::way::Way;
use crate::ids::Tenant;
use crate::presence::Status;
use crate::private::Private;
use crate::regions::{NodeId, Region};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// Bytes of a tenant's name here.
pub const TENANT_BYTES: usize = 256;
/// Bytes of an endpoint's name, of a device's and of an application's.
pub const NAME_BYTES: usize = 256;
/// Bytes of an instance's name: a URN with a UUID has 45.
pub const INSTANCE_BYTES: usize = 128;
/// What a device says that it can do.
pub const ABILITIES_MAX: usize = 16;
/// Bytes of each.
pub const ABILITY_BYTES: usize = 64;
/// Networks that an instance was on before; the oldest are forgotten.
pub const HISTORY_MAX: usize = 8;

/// Why a value is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAFact {
    /// A name is empty, too long or has control characters.
    Text {
        /// Whose.
        what: &'static str,
        /// Bytes it may have.
        longest: usize,
    },
    /// More abilities than [`ABILITIES_MAX`].
    Abilities,
    /// No such place on Earth.
    Place,
}

impl fmt::Display for NotAFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { what, longest } => {
                write!(f, "{what} has 1 to {longest} bytes and no control characters")
            }
            Self::Abilities => write!(f, "a device names at most {ABILITIES_MAX} abilities; leave some out"),
            Self::Place => f.write_str("a place has a latitude of -90 to 90 and a longitude of -180 to 180 degrees"),
        }
    }
}

impl std::error::Error for NotAFact {}

pub(super) fn checked<'a>(text: &'a str, longest: usize, what: &'static str) -> Result<&'a str, NotAFact> {
    match (1..=longest).contains(&text.len()) && !text.chars().any(char::is_control) {
        true => Ok(text),
        false => Err(NotAFact::Text { what, longest }),
    }
}

/// Somebody's address in a tenant, at which several devices may be reached. Cheap to copy. `Debug` leaves the name out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    pub(super) tenant: Arc<Tenant>,
    pub(super) name: Name,
}

impl Endpoint {
    /// The endpoint of this name.
    ///
    /// # Errors
    /// The name is not 1 to [`NAME_BYTES`], or that of the tenant not 1 to [`TENANT_BYTES`], without control characters.
    pub fn new(tenant: impl Into<Arc<Tenant>>, name: &str) -> Result<Self, NotAFact> {
        let name = Name::new(checked(name, NAME_BYTES, "the name of an endpoint")?);
        let tenant = tenant.into();
        checked(&tenant.0, TENANT_BYTES, "the name of a tenant")?;
        Ok(Self { tenant, name })
    }

    /// Whose.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Its name in the tenant.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/<private>", self.tenant)
    }
}

/// One device or application of an endpoint, the same at whichever node it comes in. Cheap to copy. `Debug` leaves the name out: it
/// may have a number or an address in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(Arc<str>);

impl fmt::Debug for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<private>")
    }
}

impl InstanceId {
    /// The instance of this name, which its endpoint has once.
    ///
    /// # Errors
    /// The name is not 1 to [`INSTANCE_BYTES`] without control characters.
    pub fn new(name: &str) -> Result<Self, NotAFact> {
        let name = checked(name, INSTANCE_BYTES, "the name of an instance")?;
        Ok(Self(Arc::from(name)))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClientKind {
    /// A telephone that speaks SIP.
    SipPhone,
    /// A page in a browser.
    Browser,
    /// An application of its own.
    App,
}

/// What an instance can take part in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Media {
    /// It hears and speaks.
    pub audio: bool,
    /// It shows and sees.
    pub video: bool,
    /// It reads and writes.
    pub text: bool,
}

/// What instances have in common: the same program on the same kind of device. Kept once for all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Profile {
    kind: ClientKind,
    device: Arc<str>,
    app: Arc<str>,
    media: Media,
    abilities: Vec<Arc<str>>,
}

impl Profile {
    /// An application on a device.
    ///
    /// # Errors
    /// One of the two is not 1 to [`NAME_BYTES`] without control characters.
    pub fn new(kind: ClientKind, device: &str, app: &str, media: Media) -> Result<Self, NotAFact> {
        Ok(Self {
            kind,
            device: checked(device, NAME_BYTES, "the name of a device")?.into(),
            app: checked(app, NAME_BYTES, "the name of an application")?.into(),
            media,
            abilities: Vec::new(),
        })
    }

    /// With what the device says that it can do, in words of its own, such as `opus` or `push`.
    ///
    /// # Errors
    /// There are more than [`ABILITIES_MAX`], or one is not 1 to [`ABILITY_BYTES`] without control characters.
    pub fn able(mut self, abilities: &[&str]) -> Result<Self, NotAFact> {
        if abilities.len() > ABILITIES_MAX {
            return Err(NotAFact::Abilities);
        }
        let each = abilities.iter();
        let each = each.map(|word| checked(word, ABILITY_BYTES, "an ability of a device").map(Arc::from));
        self.abilities = each.collect::<Result<_, _>>()?;
        self.abilities.sort();
        self.abilities.dedup();
        Ok(self)
    }

    /// What it is.
    pub fn kind(&self) -> ClientKind {
        self.kind
    }

    /// The device it runs on.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// The application.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// What it can take part in.
    pub fn media(&self) -> Media {
        self.media
    }

    /// What the device can do, in the order of the words, each once.
    pub fn abilities(&self) -> impl Iterator<Item = &str> {
        self.abilities.iter().map(|word| &**word)
    }
}

/// How a device is connected, as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Link {
    /// It does not say.
    #[default]
    Unknown,
    /// By a cable.
    Wired,
    /// By a wireless network of a house.
    Wireless,
    /// By a network of mobile telephones.
    Mobile,
}

/// The network an instance is on, as its gateway sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Network {
    /// Where it comes from: it may be an address translator.
    pub ip: Private<IpAddr>,
    /// The port there.
    pub port: u16,
    /// How the device is connected.
    pub link: Link,
}

/// A place on Earth, to a tenth of a degree: some eleven kilometres, near enough to choose a region by and no nearer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    latitude: i16,
    longitude: i16,
}

impl Place {
    /// The place at so many degrees, rounded.
    ///
    /// # Errors
    /// There is none there, or a number is none.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, NotAFact> {
        let tenths = |degrees: f64, most: f64| match degrees.abs() <= most {
            true => Ok((degrees * 10.0).round() as i16),
            false => Err(NotAFact::Place),
        };
        Self::of_tenths(tenths(latitude, 90.0)?, tenths(longitude, 180.0)?)
    }

    /// The place at so many tenths of a degree to the north and to the east.
    pub(super) fn of_tenths(latitude: i16, longitude: i16) -> Result<Self, NotAFact> {
        match latitude.unsigned_abs() <= 900 && longitude.unsigned_abs() <= 1_800 {
            true => Ok(Self { latitude, longitude }),
            false => Err(NotAFact::Place),
        }
    }

    /// Tenths of a degree to the north and to the east.
    pub(super) fn tenths(self) -> (i16, i16) {
        (self.latitude, self.longitude)
    }

    /// Degrees to the north of the equator.
    pub fn latitude(self) -> f64 {
        f64::from(self.latitude) / 10.0
    }

    /// Degrees to the east of Greenwich.
    pub fn longitude(self) -> f64 {
        f64::from(self.longitude) / 10.0
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<private>")
    }
}

/// How somebody is at an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum State {
    /// In use.
    #[default]
    Active,
    /// Not in use for a while.
    Idle,
    /// Left alone.
    Away,
    /// Registered, and to be woken before it can be reached.
    Offline,
}

/// Where an instance was before.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Before {
    /// When it went from there, in milliseconds since 1970 by the clock of the gateway that saw it next. For people: nothing is
    /// decided by it.
    pub until_ms: u64,
    /// Its gateway.
    pub node: NodeId,
    /// The region of that.
    pub region: Region,
    /// The network.
    pub network: Network,
}

/// Where an instance was before, the last first; at most [`HISTORY_MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct History(Vec<Before>);

impl History {
    /// One that was carried over, of which the last are kept.
    pub fn of(mut before: Vec<Before>) -> Self {
        before.truncate(HISTORY_MAX);
        Self(before)
    }

    /// All of it.
    pub fn iter(&self) -> impl Iterator<Item = &Before> {
        self.0.iter()
    }

    fn add(&mut self, before: Before) {
        self.0.truncate(HISTORY_MAX - 1);
        self.0.insert(0, before);
    }
}

/// What is said of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its name in the endpoint.
    pub id: InstanceId,
    /// What it is.
    pub profile: Arc<Profile>,
    /// Where from.
    pub network: Network,
    /// Kilobits a second that it can take, as measured or said; 0: not known.
    pub bandwidth_kbps: u32,
    /// Where on Earth, if it says.
    pub place: Option<Place>,
    /// When it connected to this gateway, in milliseconds since 1970 by the gateway's clock. For people: nothing is decided by it.
    pub connected_at_ms: u64,
    /// How somebody is at it.
    pub state: State,
    /// What it published of itself. Those that are available and say nothing else share one.
    pub status: Arc<Status>,
    /// How another node reaches it; none: by nothing but its gateway itself.
    pub way: Option<Way>,
    /// Where it was before; none if nowhere.
    pub history: Option<Arc<History>>,
}

impl Instance {
    /// It was on another network, or at another gateway, before.
    pub(super) fn was(&mut self, before: Before) {
        Arc::make_mut(self.history.get_or_insert_default()).add(before);
    }
}
