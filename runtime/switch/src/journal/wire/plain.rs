//! Plain values in a journal: numbers, texts, lists, what may be missing.

#[cfg(test)]
use super::tests::Dice;
use super::{Bad, PRIVATE, Page, Seen, Sheet, Show, Wire};
use patchcord_control::private::Private;
use patchcord_control::words::{Credentials, HttpHeader, Key};
use std::fmt;
use std::time::Duration;

macro_rules! wire_unsigned {
    ($($type:ty),*) => {$(
        impl Wire for $type {
            fn put(&self, to: &mut Sheet<'_>) {
                to.number(u64::try_from(*self).expect("no number in a journal is wider than 64 bits"));
            }
            fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
                from.number()?.try_into().map_err(|_| Bad::Number)
            }
            fn show(&self, _: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
            #[cfg(test)]
            fn sample(dice: &mut Dice) -> Self {
                dice.number() as $type
            }
        }
    )*};
}

/// Small negative numbers are short too: the sign is the lowest bit.
macro_rules! wire_signed {
    ($($type:ty),*) => {$(
        impl Wire for $type {
            fn put(&self, to: &mut Sheet<'_>) {
                let wide = i64::from(*self);
                to.number(((wide << 1) ^ (wide >> 63)) as u64);
            }
            fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
                let number = from.number()?;
                let wide = (number >> 1) as i64 ^ -((number & 1) as i64);
                wide.try_into().map_err(|_| Bad::Number)
            }
            fn show(&self, _: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
            #[cfg(test)]
            fn sample(dice: &mut Dice) -> Self {
                dice.number() as $type
            }
        }
    )*};
}

wire_unsigned!(u16, u32, u64, usize);
wire_signed!(i8, i32, i64);

impl Wire for u8 {
    fn put(&self, to: &mut Sheet<'_>) {
        to.byte(*self);
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        from.byte()
    }
    fn show(&self, _: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        dice.number() as u8
    }
}

impl Wire for u128 {
    fn put(&self, to: &mut Sheet<'_>) {
        to.bytes.extend_from_slice(&self.to_be_bytes());
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        let bytes = from.take(16)?.try_into().map_err(|_| Bad::Short)?;
        Ok(u128::from_be_bytes(bytes))
    }
    fn show(&self, _: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:032x}")
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        u128::from(dice.number()) << 64 | u128::from(dice.number())
    }
}

impl Wire for [u8; 32] {
    fn put(&self, to: &mut Sheet<'_>) {
        to.bytes.extend_from_slice(self);
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        from.take(32)?.try_into().map_err(|_| Bad::Short)
    }
    fn show(&self, _: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        std::array::from_fn(|_| dice.number() as u8)
    }
}

impl Wire for bool {
    fn put(&self, to: &mut Sheet<'_>) {
        to.byte(u8::from(*self));
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        match from.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            tag => Err(Bad::Kind { of: "truth", tag }),
        }
    }
    fn show(&self, _: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        dice.below(2) == 1
    }
}

impl Wire for () {
    fn put(&self, _: &mut Sheet<'_>) {}
    fn get(_: &mut Page<'_>) -> Result<Self, Bad> {
        Ok(())
    }
    fn show(&self, _: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("()")
    }
    #[cfg(test)]
    fn sample(_: &mut Dice) -> Self {}
}

impl Wire for Duration {
    fn put(&self, to: &mut Sheet<'_>) {
        self.as_secs().put(to);
        self.subsec_nanos().put(to);
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        let (seconds, nanoseconds) = (from.number()?, u32::get(from)?);
        if nanoseconds >= 1_000_000_000 {
            return Err(Bad::Number);
        }
        Ok(Duration::new(seconds, nanoseconds))
    }
    fn show(&self, _: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        Duration::new(dice.number(), dice.below(1_000_000_000) as u32)
    }
}

impl Wire for String {
    fn put(&self, to: &mut Sheet<'_>) {
        let private = to.texts;
        to.text(self, private);
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        let count = from.count()?;
        let bytes = from.take(count)?;
        let text = std::str::from_utf8(bytes).map_err(|_| Bad::Text)?;
        Ok(text.to_owned())
    }
    fn show(&self, _: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        dice.text()
    }
}

impl Wire for Private<String> {
    fn put(&self, to: &mut Sheet<'_>) {
        let private = to.private;
        to.text(self.reveal(), private);
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        String::get(from).map(Private::new)
    }
    fn show(&self, show: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match show {
            Show::Everything => self.reveal().show(show, f),
            Show::Harmless => f.write_str(PRIVATE),
        }
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        Private::new(dice.text())
    }
}

impl Wire for Private<Vec<u8>> {
    fn put(&self, to: &mut Sheet<'_>) {
        to.private_bytes(self.reveal());
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        let count = from.count()?;
        Ok(Private::new(from.take(count)?.to_vec()))
    }
    fn show(&self, show: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match show {
            Show::Everything => write!(f, "{:?}", String::from_utf8_lossy(self.reveal())),
            Show::Harmless => f.write_str(PRIVATE),
        }
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        let bytes: Vec<u8> = (0..dice.below(12)).map(|_| dice.number() as u8).collect();
        Private::new(bytes)
    }
}

/// Which key is as private as a number: it may be one of a card.
impl Wire for Key {
    fn put(&self, to: &mut Sheet<'_>) {
        match to.private {
            super::PrivateValues::Keep => to.byte(self.event()),
            super::PrivateValues::Hide => {
                to.hidden += 1;
                to.byte(0);
            }
        }
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        Key::from_event(from.byte()?).ok_or(Bad::Number)
    }
    fn show(&self, show: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match show {
            Show::Everything => write!(f, "{:?}", self.char()),
            Show::Harmless => f.write_str(PRIVATE),
        }
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        Key::from_event(dice.below(16) as u8).expect("there are sixteen keys")
    }
}

/// A password is in no journal whatever its policy says: its length is enough to tell that the handler asks the same.
impl Wire for Credentials {
    fn put(&self, to: &mut Sheet<'_>) {
        let Self { username, password } = self;
        username.put(to);
        to.secret(password.reveal());
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        Ok(Self {
            username: Wire::get(from)?,
            password: Wire::get(from)?,
        })
    }
    fn show(&self, show: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { username, password: _ } = self;
        f.debug_struct("Credentials")
            .field("username", &Seen(username, show))
            .field("password", &format_args!("{PRIVATE}"))
            .finish()
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        Self {
            username: Wire::sample(dice),
            password: Private::new("x".repeat(dice.below(9))),
        }
    }
}

/// What proves who asks is in no journal whatever its policy says, nor is it in another writing (Basic is Base64).
impl Wire for HttpHeader {
    fn put(&self, to: &mut Sheet<'_>) {
        let Self { name, value, secret } = self;
        name.put(to);
        match self.proves_who_asks() {
            true => to.secret(value.reveal()),
            false => value.put(to),
        }
        secret.put(to);
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        Ok(Self {
            name: Wire::get(from)?,
            value: Wire::get(from)?,
            secret: Wire::get(from)?,
        })
    }
    fn show(&self, show: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, secret } = self;
        f.debug_struct("HttpHeader")
            .field("name", &Seen(name, show))
            .field("value", &Seen(value, show))
            .field("secret", &Seen(secret, show))
            .finish()
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        let plain = dice.below(2) == 1;
        Self {
            name: if plain { dice.text() } else { "Authorization".to_owned() },
            value: match plain {
                true => Wire::sample(dice),
                false => Private::new("x".repeat(dice.below(9))),
            },
            secret: Wire::sample(dice),
        }
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, to: &mut Sheet<'_>) {
        to.number(self.len() as u64);
        self.iter().for_each(|one| one.put(to));
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        // Grown as it is read: a count is a claim, and a value takes more memory than its one byte.
        let mut all = Vec::new();
        for _ in 0..from.count()? {
            all.push(T::get(from)?);
        }
        Ok(all)
    }
    fn show(&self, show: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|one| Seen(one, show))).finish()
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        (0..dice.below(4)).map(|_| T::sample(dice)).collect()
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, to: &mut Sheet<'_>) {
        match self {
            None => to.byte(0),
            Some(value) => {
                to.byte(1);
                value.put(to);
            }
        }
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        match from.byte()? {
            0 => Ok(None),
            1 => T::get(from).map(Some),
            tag => Err(Bad::Kind { of: "option", tag }),
        }
    }
    fn show(&self, show: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            None => f.write_str("none"),
            Some(value) => value.show(show, f),
        }
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        (dice.below(2) == 1).then(|| T::sample(dice))
    }
}

impl<T: Wire, E: Wire> Wire for Result<T, E> {
    fn put(&self, to: &mut Sheet<'_>) {
        match self {
            Ok(value) => {
                to.byte(0);
                value.put(to);
            }
            Err(error) => {
                to.byte(1);
                error.put(to);
            }
        }
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        match from.byte()? {
            0 => T::get(from).map(Ok),
            1 => E::get(from).map(Err),
            tag => Err(Bad::Kind { of: "result", tag }),
        }
    }
    fn show(&self, show: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ok(value) => f.debug_tuple("Ok").field(&Seen(value, show)).finish(),
            Err(error) => f.debug_tuple("Err").field(&Seen(error, show)).finish(),
        }
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        if dice.below(2) == 1 {
            Ok(T::sample(dice))
        } else {
            Err(E::sample(dice))
        }
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn put(&self, to: &mut Sheet<'_>) {
        self.0.put(to);
        self.1.put(to);
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        Ok((A::get(from)?, B::get(from)?))
    }
    fn show(&self, show: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("")
            .field(&Seen(&self.0, show))
            .field(&Seen(&self.1, show))
            .finish()
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        (A::sample(dice), B::sample(dice))
    }
}

impl<T: Wire> Wire for Box<T> {
    fn put(&self, to: &mut Sheet<'_>) {
        T::put(self, to);
    }
    fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
        T::get(from).map(Box::new)
    }
    fn show(&self, show: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::show(self, show, f)
    }
    #[cfg(test)]
    fn sample(dice: &mut Dice) -> Self {
        Box::new(T::sample(dice))
    }
}
