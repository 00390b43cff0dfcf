//! Who may ask: the name and password of one ICE session (RFC 8445 section 5.3), and the fingerprint of a certificate (RFC 8122).
//! Passwords are in no log.

use crate::random::Random;
use aws_lc_rs::digest;
use std::fmt;
use std::str::FromStr;

/// Characters of our own names: 48 bits.
pub(crate) const OUR_UFRAG: usize = 8;
/// Characters of our own passwords: 144 bits, of the 128 that are demanded.
const OUR_PASSWORD: usize = 24;

/// Name and password of one side for one session of ICE.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    ufrag: String,
    password: String,
}

/// Why text is no [`Credentials`], candidate or [`Fingerprint`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextError {
    /// `ice-ufrag` has 4 to 256 characters, `ice-pwd` 22 to 256.
    Length(&'static str),
    /// Letters, digits, `+` and `/` are what names, passwords and foundations are made of.
    Character(&'static str),
    /// A field is not there.
    Missing(&'static str),
    /// A field is not a number in its range, or not one of its words.
    Value(&'static str),
    /// The address is a name (as browsers hide theirs behind `.local`): pass it over, the far end's checks tell where it is.
    NamedAddress,
    /// A function that does not count: `sha-256`, `sha-384` and `sha-512` do.
    WeakFunction,
}

impl Credentials {
    /// As the far end has told them.
    ///
    /// # Errors
    /// A name or password that RFC 8839 does not allow.
    pub fn new(ufrag: &str, password: &str) -> Result<Self, TextError> {
        for (what, text, shortest) in [("ice-ufrag", ufrag, 4), ("ice-pwd", password, 22)] {
            if !(shortest..=256).contains(&text.len()) {
                return Err(TextError::Length(what));
            }
            if !text.bytes().all(is_ice_character) {
                return Err(TextError::Character(what));
            }
        }
        Ok(Self {
            ufrag: ufrag.to_owned(),
            password: password.to_owned(),
        })
    }

    /// New ones of our own.
    pub(crate) fn make(random: &mut Random) -> Self {
        Self {
            ufrag: random.ice_characters(OUR_UFRAG),
            password: random.ice_characters(OUR_PASSWORD),
        }
    }

    /// `ice-ufrag`.
    #[must_use]
    pub fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// `ice-pwd`, for the description; a secret.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }
}

/// What names, passwords and foundations are made of.
pub(crate) fn is_ice_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, <secret>)", self.ufrag)
    }
}

/// The function that a fingerprint is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Sha256,
    Sha384,
    Sha512,
}

/// The digest of a certificate, as `a=fingerprint` has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Fingerprint {
    function: Function,
    digest: Vec<u8>,
}

impl Function {
    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
        }
    }

    fn of(self, certificate: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, certificate).as_ref().to_vec()
    }
}

impl Fingerprint {
    /// Of a certificate (DER), by SHA-256.
    pub(crate) fn of(certificate: &[u8]) -> Self {
        let function = Function::Sha256;
        Self {
            function,
            digest: function.of(certificate),
        }
    }

    /// Whether it is this certificate's.
    pub(crate) fn fits(&self, certificate: &[u8]) -> bool {
        self.function.of(certificate) == self.digest
    }
}

impl FromStr for Fingerprint {
    type Err = TextError;

    /// `sha-256 12:AB:...`, letters of either case.
    fn from_str(text: &str) -> Result<Self, TextError> {
        let (name, digits) = text.trim().split_once(' ').ok_or(TextError::Missing("fingerprint"))?;
        let function = match name.to_ascii_lowercase().as_str() {
            "sha-256" => Function::Sha256,
            "sha-384" => Function::Sha384,
            "sha-512" => Function::Sha512,
            _ => return Err(TextError::WeakFunction),
        };
        let byte = |pair: &str| {
            let is_pair = pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit());
            u8::from_str_radix(pair, 16).ok().filter(|_| is_pair)
        };
        let digest: Option<Vec<u8>> = digits.trim().split(':').take(65).map(byte).collect();
        let digest = digest.ok_or(TextError::Value("fingerprint"))?;
        if digest.len() != function.of(&[]).len() {
            return Err(TextError::Length("fingerprint"));
        }
        Ok(Self { function, digest })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.function.name())?;
        for (at, byte) in self.digest.iter().enumerate() {
            let before = if at == 0 { ' ' } else { ':' };
            write!(f, "{before}{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(what) => write!(f, "{what} is too short or too long"),
            Self::Character(what) => write!(f, "{what} has a character other than letters, digits, + and /"),
            Self::Missing(what) => write!(f, "{what} is missing"),
            Self::Value(what) => write!(f, "{what} has a value that it cannot have"),
            Self::NamedAddress => f.write_str("the address is a name; the far end's checks will tell it"),
            Self::WeakFunction => f.write_str("a fingerprint has to be by sha-256, sha-384 or sha-512"),
        }
    }
}

impl std::error::Error for TextError {}

#[cfg(test)]
mod tests;
