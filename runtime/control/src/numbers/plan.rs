//! A dial plan: how people of one place dial, checked once when it is configured. Reading with it is in `read.rs`.

use super::{Code, MAX_CODES, MAX_DIALLED_DIGITS, MAX_E164_DIGITS, MAX_INTERNATIONAL_PREFIXES, MAX_REWRITES, Prefix};
use std::collections::BTreeSet;
use std::fmt;

/// A dial plan as configured. The default reads only `+` numbers and knows no codes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlanSettings {
    /// The country whose numbers may be dialled without a country code.
    pub home: Option<Home>,
    /// What stands for `+`: `00`, `011`. At most eight, each 1 to 8 digits.
    pub international_prefixes: Vec<String>,
    /// What digits without any prefix are.
    pub bare: Bare,
    /// Emergency codes, like `112`. They come before everything else.
    pub emergency: Vec<String>,
    /// Other codes that are dialled as they are, like `115` or `*21`.
    pub short: Vec<String>,
    /// Applied before prefixes are looked at; the first that fits counts, once.
    pub rewrites: Vec<Rewrite>,
}

/// The home country of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Country code, like `49` or `1`.
    pub country_code: String,
    /// What stands before a national number: `0`, `1`, `06`; none where nothing does.
    pub national_prefix: Option<String>,
    /// Fewest digits of a national number without that prefix.
    pub min_digits: u8,
    /// Most digits of a national number without that prefix.
    pub max_digits: u8,
    /// The area code that local numbers belong to, without the national prefix.
    pub area_code: Option<String>,
}

/// What digits without any prefix are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bare {
    /// Not a number.
    #[default]
    Refused,
    /// A national number.
    National,
    /// A number in the home area.
    Local,
    /// An international number without its `+`, as many trunks send it.
    International,
}

/// One rewrite rule. It fits if the dialled text, without separators, begins with `from` and has a length in range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// Beginning of what was dialled: `0-9*#`, perhaps a leading `+`; empty fits everything.
    pub from: String,
    /// Shortest text it fits, in characters.
    pub min_length: u8,
    /// Longest text it fits, in characters.
    pub max_length: u8,
    /// How many characters go from the front, at most those of `min_length`.
    pub strip: u8,
    /// What is put in front instead: same characters as `from`.
    pub prepend: String,
}

/// Why a plan cannot be used: which entry, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    /// The setting.
    pub setting: &'static str,
    /// Which entry of a list, from 0.
    pub index: usize,
    /// What would be right.
    pub right: &'static str,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dial plan, {} entry {}: {}", self.setting, self.index, self.right)
    }
}

impl std::error::Error for PlanError {}

/// A dial plan that was checked.
#[derive(Debug, Clone)]
pub struct DialPlan {
    pub(super) settings: PlanSettings,
    pub(super) emergency: BTreeSet<Code>,
    pub(super) short: BTreeSet<Code>,
}

impl DialPlan {
    /// Checks the settings.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub fn new(settings: PlanSettings) -> Result<DialPlan, PlanError> {
        check_international(&settings.international_prefixes)?;
        if let Some(home) = &settings.home {
            check_home(home)?;
        }
        check_bare(&settings)?;
        check_rewrites(&settings.rewrites)?;
        Ok(DialPlan {
            emergency: codes("emergency", &settings.emergency)?,
            short: codes("short", &settings.short)?,
            settings,
        })
    }
}

fn wrong(setting: &'static str, index: usize, right: &'static str) -> PlanError {
    PlanError { setting, index, right }
}

fn is_digits(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn check_international(prefixes: &[String]) -> Result<(), PlanError> {
    const SETTING: &str = "international_prefixes";
    if prefixes.len() > MAX_INTERNATIONAL_PREFIXES {
        return Err(wrong(SETTING, MAX_INTERNATIONAL_PREFIXES, "eight at most"));
    }
    match prefixes.iter().position(|prefix| !is_digits(prefix, 8)) {
        Some(index) => Err(wrong(SETTING, index, "one to eight digits, like 00 or 011")),
        None => Ok(()),
    }
}

fn check_home(home: &Home) -> Result<(), PlanError> {
    let code = &home.country_code;
    let whole = Prefix::new(code).is_some_and(|_| super::e164::country_code_length(code) == code.len());
    if !whole || code.starts_with('+') {
        return Err(wrong("country_code", 0, "a whole country code without +, like 49 or 1"));
    }
    if home
        .national_prefix
        .as_ref()
        .is_some_and(|prefix| !is_digits(prefix, 4))
    {
        return Err(wrong("national_prefix", 0, "one to four digits, or none at all"));
    }
    let most = MAX_E164_DIGITS - code.len();
    let (low, high) = (usize::from(home.min_digits), usize::from(home.max_digits));
    if low < 2 || low > high || high > most {
        return Err(wrong(
            "min_digits",
            0,
            "2 <= min_digits <= max_digits <= 15 less the country code",
        ));
    }
    if home.area_code.as_ref().is_some_and(|area| !is_digits(area, high - 1)) {
        return Err(wrong("area_code", 0, "digits, fewer than a national number has"));
    }
    Ok(())
}

fn check_bare(settings: &PlanSettings) -> Result<(), PlanError> {
    let home = settings.home.as_ref();
    match settings.bare {
        Bare::National if home.is_none() => Err(wrong("bare", 0, "national numbers need a home country")),
        Bare::Local if home.is_none_or(|home| home.area_code.is_none()) => {
            Err(wrong("bare", 0, "local numbers need a home country with an area code"))
        }
        _ => Ok(()),
    }
}

fn check_rewrites(rewrites: &[Rewrite]) -> Result<(), PlanError> {
    const SETTING: &str = "rewrites";
    if rewrites.len() > MAX_REWRITES {
        return Err(wrong(SETTING, MAX_REWRITES, "128 at most"));
    }
    for (index, rewrite) in rewrites.iter().enumerate() {
        if !is_dialled(&rewrite.from) || !is_dialled(&rewrite.prepend) {
            return Err(wrong(
                SETTING,
                index,
                "from and prepend are of 0-9*# with perhaps a leading +",
            ));
        }
        if rewrite.min_length > rewrite.max_length || rewrite.strip > rewrite.min_length {
            return Err(wrong(SETTING, index, "strip <= min_length <= max_length"));
        }
        let longest = usize::from(rewrite.max_length - rewrite.strip) + rewrite.prepend.len();
        if longest > MAX_DIALLED_DIGITS {
            return Err(wrong(SETTING, index, "what comes out has 32 characters at most"));
        }
    }
    Ok(())
}

/// What may be dialled: at most 32 of `0-9*#`, perhaps after a `+`. Empty is fine.
fn is_dialled(text: &str) -> bool {
    let keys = text.strip_prefix('+').unwrap_or(text);
    text.len() <= MAX_DIALLED_DIGITS && keys.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'#'))
}

fn codes(setting: &'static str, texts: &[String]) -> Result<BTreeSet<Code>, PlanError> {
    if texts.len() > MAX_CODES {
        return Err(wrong(setting, MAX_CODES, "128 at most"));
    }
    let read =
        |(index, text): (usize, &String)| Code::new(text).ok_or_else(|| wrong(setting, index, "one to eight of 0-9*#"));
    texts.iter().enumerate().map(read).collect()
}
