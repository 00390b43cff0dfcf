//! The keys of a telephone by their characters.

use crate::bindings::patchcord::handler::gather::Key;

/// The key of a character.
///
/// # Panics
/// If there is no such key on a telephone.
pub(crate) fn named(key: char) -> Key {
    match key.to_ascii_uppercase() {
        '0' => Key::Zero,
        '1' => Key::One,
        '2' => Key::Two,
        '3' => Key::Three,
        '4' => Key::Four,
        '5' => Key::Five,
        '6' => Key::Six,
        '7' => Key::Seven,
        '8' => Key::Eight,
        '9' => Key::Nine,
        '*' => Key::Star,
        '#' => Key::Hash,
        'A' => Key::A,
        'B' => Key::B,
        'C' => Key::C,
        'D' => Key::D,
        _ => panic!("{key:?} is no key: those are 0 to 9, *, #, A to D"),
    }
}
