//! Values in bytes: each kind and variant comes back as it was, hidden ones hide, and no bytes make reading panic.

use super::super::record::{Beginning, Entry};
use super::{Bad, Page, PrivateValues, Seen, Sheet, Show, Wire};
use patchcord_control::ask::{Answer, Ask};
use patchcord_control::private::Private;
use patchcord_control::words::{Credentials, Key};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::fmt::Debug;

/// Made-up values of each variant.
const ROUNDS: usize = 200;

/// What values are made up from; the same for a seed.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.0.next_u64() % count as u64) as usize
    }

    /// Of any size: as many small as large ones.
    pub(crate) fn number(&mut self) -> u64 {
        let bits = self.below(65) as u32;
        self.0.next_u64().checked_shr(64 - bits).unwrap_or(0)
    }

    pub(crate) fn text(&mut self) -> String {
        const LETTERS: [char; 8] = ['a', '7', '+', '@', 'é', '\u{1f600}', '\0', '"'];
        (0..self.below(12))
            .map(|_| LETTERS[self.below(LETTERS.len())])
            .collect()
    }
}

fn bytes<T: Wire>(value: &T, private: PrivateValues) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.put(&mut Sheet::new(&mut bytes, private));
    bytes
}

fn value<T: Wire>(bytes: &[u8]) -> Result<T, Bad> {
    let mut page = Page::new(bytes);
    let value = T::get(&mut page)?;
    page.end()?;
    Ok(value)
}

/// Every variant, many times, comes back as it was; and what is hidden is read back and written again as the same bytes.
fn all_come_back<T: Wire + PartialEq + Debug>(least: usize) {
    assert!(T::TAGS.len() >= least, "all variants are listed");
    let mut dice = Dice::new(7);
    for tag in T::TAGS {
        for _ in 0..ROUNDS {
            let made_up = T::sample_of(*tag, &mut dice);
            let kept = bytes(&made_up, PrivateValues::Keep);
            assert_eq!(value::<T>(&kept).as_ref(), Ok(&made_up));
            let hidden = bytes(&made_up, PrivateValues::Hide);
            let read: T = value(&hidden).expect("what is hidden can be read");
            assert_eq!(bytes(&read, PrivateValues::Keep), hidden, "{made_up:?}");
            assert_eq!(bytes(&read, PrivateValues::Hide), hidden, "what is hidden stays so");
        }
    }
}

#[test]
fn every_ask_comes_back_as_it_was() {
    all_come_back::<Ask>(67);
}

#[test]
fn every_answer_comes_back_as_it_was() {
    all_come_back::<Answer>(31);
}

#[test]
fn every_record_comes_back_as_it_was() {
    all_come_back::<Entry>(7);
    all_come_back::<Beginning>(1);
}

#[test]
fn cut_anywhere_a_value_is_an_error_and_never_a_panic() {
    let mut dice = Dice::new(8);
    for tag in Ask::TAGS {
        let whole = bytes(&Ask::sample_of(*tag, &mut dice), PrivateValues::Keep);
        for end in 0..whole.len() {
            assert!(value::<Ask>(&whole[..end]).is_err());
        }
        let longer = [&whole[..], &[0]].concat();
        assert!(value::<Ask>(&longer).is_err(), "nothing may follow");
    }
}

#[test]
fn any_bytes_are_read_or_refused() {
    let mut dice = Dice::new(9);
    let mut read = 0;
    for _ in 0..50_000 {
        let noise: Vec<u8> = (0..dice.below(40)).map(|_| dice.number() as u8).collect();
        read += usize::from(value::<Ask>(&noise).is_ok()) + usize::from(value::<Answer>(&noise).is_ok());
        read += usize::from(value::<Entry>(&noise).is_ok());
    }
    assert!(read > 0, "some noise is a value");
    for tag in Answer::TAGS {
        let mut damaged = bytes(&Answer::sample_of(*tag, &mut dice), PrivateValues::Keep);
        for place in 0..damaged.len() {
            let before = damaged[place];
            for flipped in 0..8 {
                damaged[place] = before ^ (1 << flipped);
                let _ = value::<Answer>(&damaged);
            }
            damaged[place] = before;
        }
    }
}

#[test]
fn a_count_is_not_believed() {
    // A list of 2^60 texts in eleven bytes.
    let mut noise = vec![7, 0];
    Sheet::new(&mut noise, PrivateValues::Keep).number(1 << 60);
    assert_eq!(value::<Ask>(&noise), Err(Bad::Short));
}

#[test]
fn an_unknown_kind_is_named() {
    let told = value::<Ask>(&[250]).expect_err("there are not so many");
    assert_eq!(
        told.to_string(),
        "it has a Ask number 250, which this version does not know"
    );
}

#[test]
fn hidden_values_keep_their_shape_only() {
    let hidden = |text: &str| {
        let bytes = bytes(&Private::new(text.to_owned()), PrivateValues::Hide);
        String::from_utf8(bytes[1..].to_vec()).expect("it is ASCII")
    };
    assert_eq!(hidden("+4930123450"), "+0000000000");
    assert_eq!(hidden("sip:ann@example.org"), "xxx:xxx@xxxxxxx.xxx");
    assert_eq!(hidden("12#*A"), "0000x");
    assert_eq!(hidden("né 5"), "xxx0");
    let key = Key::from_event(9).expect("it is a key");
    assert_eq!(bytes(&key, PrivateValues::Hide), [0]);
}

#[test]
fn a_password_is_hidden_even_where_all_else_is_kept() {
    let credentials = Credentials {
        username: Private::new("ann".to_owned()),
        password: Private::new("correct horse".to_owned()),
    };
    let kept = bytes(&credentials, PrivateValues::Keep);
    assert!(kept.windows(3).any(|three| three == b"ann"));
    assert!(!kept.windows(4).any(|four| four == b"hors"));
    let shown = format!("{:?}", Seen(&credentials, Show::Everything));
    assert_eq!(shown, "Credentials { username: \"ann\", password: <private> }");
}

#[test]
fn what_is_private_is_shown_only_if_wanted() {
    let ask = Ask::Refer {
        leg: patchcord_control::ids::LegId(2),
        to: Private::new("sip:ann@example.org".to_owned()),
    };
    assert_eq!(
        format!("{:?}", Seen(&ask, Show::Harmless)),
        "Refer { leg: 2, to: <private> }"
    );
    assert_eq!(
        format!("{:?}", Seen(&ask, Show::Everything)),
        "Refer { leg: 2, to: \"sip:ann@example.org\" }"
    );
}
