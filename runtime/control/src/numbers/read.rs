//! Reading what was dialled with a dial plan: scan, codes, rewrites, prefixes. Order matters and is the one of
//! [`DialPlan::read`]. RFC 3966 section 3 (grammar, `phone-context`), E.123 section 7 (brackets, spaces).

use super::e164::{country_code_length, keeps_leading_zero};
use super::error::{NumberError, NumberProblem};
use super::plan::{Bare, DialPlan, Home};
use super::{Code, E164, MAX_DIALLED_BYTES, MAX_DIALLED_DIGITS, MAX_PARAMETERS, Number};

/// What was dialled without its separators.
struct Dialled {
    /// `0-9*#`, perhaps after a `+`.
    keys: String,
    /// Where in `keys` a bracketed `(0)` stands, as people write it in international numbers.
    bracketed_zero: Option<usize>,
}

/// What a parameter of a tel URI says about the number.
#[derive(Default)]
struct Context {
    /// Digits of a global context, without `+`.
    global: Option<String>,
    /// There is a context of either kind.
    given: bool,
}

impl DialPlan {
    /// Reads a dialled text: a tel URI, the user part of a SIP address, or what a person wrote. Emergency codes come
    /// first (also after `+` and the home country's code, as some phones send them), then short codes, then the first
    /// rewrite that fits, then `+` or an international prefix, the national prefix, and digits without a prefix.
    ///
    /// # Errors
    /// What is wrong, at which byte, and what would be right.
    pub fn read(&self, dialled: &str) -> Result<Number, NumberError> {
        if dialled.len() > MAX_DIALLED_BYTES {
            let problem = NumberProblem::TextTooLong {
                most: MAX_DIALLED_BYTES,
                asked: dialled.len(),
            };
            return Err(NumberError::new(problem, MAX_DIALLED_BYTES));
        }
        let leading = dialled.len() - dialled.trim_start().len();
        let (start, is_uri) = match dialled.get(leading..leading + 4) {
            Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => (leading + 4, true),
            _ => (leading, false),
        };
        let end = dialled[start..].find(';').map_or(dialled.len(), |at| start + at);
        let scanned = scan(&dialled[start..end]).map_err(|problem| shift(problem, start))?;
        let context = parameters(dialled, end)?;
        if is_uri && !scanned.keys.starts_with('+') && !context.given {
            return Err(NumberError::new(NumberProblem::NoContext, end));
        }
        self.understand(scanned, &context)
            .map_err(|problem| NumberError::new(problem, start))
    }

    fn understand(&self, dialled: Dialled, context: &Context) -> Result<Number, NumberProblem> {
        if let Some(global) = context.global.as_ref().filter(|_| !dialled.keys.starts_with('+')) {
            let at_home = self
                .settings
                .home
                .as_ref()
                .is_none_or(|home| global.starts_with(&home.country_code));
            return match self.code(&dialled.keys).filter(|_| at_home) {
                Some(code) => Ok(code),
                None => self.international(&format!("{global}{}", dialled.keys), None),
            };
        }
        if let Some(code) = self.code(&dialled.keys) {
            return Ok(code);
        }
        let dialled = match self.rewritten(&dialled.keys) {
            None => dialled,
            Some(keys) => Dialled {
                keys,
                bracketed_zero: None,
            },
        };
        if let Some(code) = self.code(&dialled.keys) {
            return Ok(code);
        }
        self.prefixed(&dialled)
    }

    /// An emergency or short code, if that is what it is.
    fn code(&self, keys: &str) -> Option<Number> {
        let code = Code::new(keys)?;
        if self.emergency.contains(&code) {
            return Some(Number::Emergency(code));
        }
        self.short.contains(&code).then_some(Number::Short(code))
    }

    fn rewritten(&self, keys: &str) -> Option<String> {
        let fits = |rule: &&super::Rewrite| {
            let in_range = (usize::from(rule.min_length)..=usize::from(rule.max_length)).contains(&keys.len());
            in_range && keys.starts_with(&rule.from)
        };
        let rule = self.settings.rewrites.iter().find(fits)?;
        Some(format!("{}{}", rule.prepend, &keys[usize::from(rule.strip)..]))
    }

    fn prefixed(&self, dialled: &Dialled) -> Result<Number, NumberProblem> {
        let keys = dialled.keys.as_str();
        let zero = |skipped: usize| dialled.bracketed_zero.and_then(|at| at.checked_sub(skipped));
        if let Some(digits) = keys.strip_prefix('+') {
            return self.international(digits, zero(1));
        }
        if keys.is_empty() {
            return Err(NumberProblem::Empty);
        }
        if keys.contains(['*', '#', '+']) {
            return Err(NumberProblem::UnknownCode);
        }
        let international = self
            .settings
            .international_prefixes
            .iter()
            .filter(|prefix| keys.starts_with(*prefix));
        if let Some(prefix) = international.max_by_key(|prefix| prefix.len()) {
            return self.international(&keys[prefix.len()..], zero(prefix.len()));
        }
        self.domestic(keys)
    }

    /// Digits after `+` or an international prefix; `zero` is where a bracketed 0 stands in them.
    fn international(&self, digits: &str, zero: Option<usize>) -> Result<Number, NumberProblem> {
        let code_length = country_code_length(digits);
        let drops = zero == Some(code_length) && !keeps_leading_zero(&digits[..code_length]);
        let mut digits = digits.to_owned();
        if drops {
            digits.remove(code_length);
        }
        let Some(home) = self
            .settings
            .home
            .as_ref()
            .filter(|home| digits[..code_length] == home.country_code)
        else {
            return E164::from_digits(&digits).map(Number::E164);
        };
        let national = &digits[code_length..];
        match Code::new(national).filter(|code| self.emergency.contains(code)) {
            Some(code) => Ok(Number::Emergency(code)),
            None => at_home(home, national),
        }
    }

    fn domestic(&self, keys: &str) -> Result<Number, NumberProblem> {
        let home = self.settings.home.as_ref();
        let with_prefix = home.and_then(|home| {
            let national = keys.strip_prefix(home.national_prefix.as_deref()?)?;
            Some(at_home(home, national))
        });
        if let Some(Ok(number)) = with_prefix {
            return Ok(number);
        }
        let bare = match (self.settings.bare, home) {
            (Bare::Refused, None) => Err(NumberProblem::NoHome),
            (Bare::Refused, Some(_)) => Err(NumberProblem::NoPrefix),
            (Bare::International, _) => self.international(keys, None),
            (Bare::National, Some(home)) => at_home(home, keys),
            (Bare::Local, Some(home)) => {
                let area = home.area_code.as_deref().unwrap_or_default();
                at_home(home, &format!("{area}{keys}"))
            }
            (Bare::National | Bare::Local, None) => Err(NumberProblem::NoHome),
        };
        match (bare, with_prefix) {
            (Err(_), Some(Err(problem))) => Err(problem),
            (bare, _) => bare,
        }
    }
}

/// A national number of the home country, without its national prefix.
fn at_home(home: &Home, national: &str) -> Result<Number, NumberProblem> {
    let digits = national.len();
    let (least, most) = (usize::from(home.min_digits), usize::from(home.max_digits));
    if digits < least {
        return Err(NumberProblem::TooShort { least, digits });
    }
    if digits > most {
        return Err(NumberProblem::TooLong { most, digits });
    }
    E164::from_digits(&format!("{}{national}", home.country_code)).map(Number::E164)
}

fn shift(error: NumberError, by: usize) -> NumberError {
    NumberError::new(error.problem, error.at + by)
}

/// Takes separators and percent escapes out.
fn scan(text: &str) -> Result<Dialled, NumberError> {
    let bytes = text.as_bytes();
    let (mut keys, mut bracketed_zero, mut at) = (String::new(), None, 0);
    while at < bytes.len() {
        let (byte, width) = unescape(bytes, at)?;
        match byte {
            b'0'..=b'9' | b'*' | b'#' => keys.push(char::from(byte)),
            b'+' if keys.is_empty() => keys.push('+'),
            b'(' if bytes[at..].starts_with(b"(0)") => {
                bracketed_zero = bracketed_zero.or(Some(keys.len()));
                keys.push('0');
                at += 2;
            }
            b'-' | b'.' | b'(' | b')' | b' ' | b'/' | b'\t' => {}
            _ => match no_break_space(&bytes[at..]) {
                Some(more) => at += more,
                None if byte == b':' => return Err(NumberError::new(NumberProblem::Scheme, at)),
                None => return Err(NumberError::new(NumberProblem::Character, at)),
            },
        }
        if keys.len() > MAX_DIALLED_DIGITS {
            let problem = NumberProblem::TextTooLong {
                most: MAX_DIALLED_DIGITS,
                asked: keys.len(),
            };
            return Err(NumberError::new(problem, at));
        }
        at += width;
    }
    if keys.is_empty() || keys == "+" {
        return Err(NumberError::new(NumberProblem::Empty, 0));
    }
    Ok(Dialled { keys, bracketed_zero })
}

/// The byte at `at` and how many bytes it took.
fn unescape(bytes: &[u8], at: usize) -> Result<(u8, usize), NumberError> {
    if bytes[at] != b'%' {
        return Ok((bytes[at], 1));
    }
    let hex = |index: usize| bytes.get(index).and_then(|b| char::from(*b).to_digit(16));
    match (hex(at + 1), hex(at + 2)) {
        (Some(high), Some(low)) => Ok((u8::try_from(high * 16 + low).expect("two hexadecimal digits"), 3)),
        _ => Err(NumberError::new(NumberProblem::Escape, at)),
    }
}

/// Bytes to skip beyond the first, if a no-break space (U+00A0, U+202F) begins here: pasted numbers have them.
fn no_break_space(bytes: &[u8]) -> Option<usize> {
    ["\u{a0}", "\u{202f}"]
        .iter()
        .find(|space| bytes.starts_with(space.as_bytes()))
        .map(|space| space.len() - 1)
}

/// Reads the parameters of `text` from `from` on; only `phone-context` and `ext` mean something here.
fn parameters(text: &str, from: usize) -> Result<Context, NumberError> {
    let mut context = Context::default();
    let mut at = from;
    for (count, parameter) in text[from..].split(';').skip(1).enumerate() {
        at += 1;
        if count >= MAX_PARAMETERS {
            let problem = NumberProblem::TextTooLong {
                most: MAX_PARAMETERS,
                asked: count + 1,
            };
            return Err(NumberError::new(problem, at));
        }
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if name.eq_ignore_ascii_case("ext") {
            return Err(NumberError::new(NumberProblem::Extension, at));
        }
        if name.eq_ignore_ascii_case("phone-context") {
            if context.given {
                return Err(NumberError::new(NumberProblem::Context, at));
            }
            context = read_context(value).ok_or_else(|| NumberError::new(NumberProblem::Context, at))?;
        }
        at += parameter.len();
    }
    Ok(context)
}

/// A global context as digits, or a domain name, of which only its presence counts.
fn read_context(value: &str) -> Option<Context> {
    if value.starts_with('+') || value.to_ascii_lowercase().starts_with("%2b") {
        let digits = scan(value).ok()?.keys.strip_prefix('+')?.to_owned();
        let fits = digits.len() <= super::MAX_E164_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
        return fits.then_some(Context {
            global: Some(digits),
            given: true,
        });
    }
    let named = !value.is_empty()
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    named.then_some(Context {
        global: None,
        given: true,
    })
}
