//! DER, the little of it that certificates need on top of the `der` crate: an element with its raw bytes. X.690.

use der::asn1::{AnyRef, GeneralizedTime, UtcTime};
use der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};

/// Not DER, or not what stands there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotDer;

impl From<der::Error> for NotDer {
    fn from(_: der::Error) -> Self {
        Self
    }
}

/// The elements inside one constructed element.
pub(super) struct Elements<'a>(SliceReader<'a>);

impl<'a> Elements<'a> {
    /// Opens `bytes` as exactly one element with this tag.
    pub(super) fn of(bytes: &'a [u8], tag: Tag) -> Result<Self, NotDer> {
        Self::inside(AnyRef::from_der(bytes)?, tag)
    }

    /// Opens an element that must have this tag.
    pub(super) fn inside(element: AnyRef<'a>, tag: Tag) -> Result<Self, NotDer> {
        if element.tag() != tag {
            return Err(NotDer);
        }
        Ok(Self(SliceReader::new(element.value())?))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_finished()
    }

    /// Whether the next element has this tag.
    pub(super) fn next_is(&self, tag: Tag) -> bool {
        self.0.peek_tag().is_ok_and(|next| next == tag)
    }

    pub(super) fn next<T: Decode<'a>>(&mut self) -> Result<T, NotDer> {
        Ok(T::decode(&mut self.0)?)
    }

    /// The next element with its tag and length.
    pub(super) fn next_raw(&mut self) -> Result<&'a [u8], NotDer> {
        Ok(self.0.tlv_bytes()?)
    }

    /// The next element, opened.
    pub(super) fn open(&mut self, tag: Tag) -> Result<Self, NotDer> {
        Self::inside(self.next()?, tag)
    }

    /// Nothing may follow.
    pub(super) fn end(self) -> Result<(), NotDer> {
        if self.is_empty() { Ok(()) } else { Err(NotDer) }
    }
}

/// `[number]` of the explicit kind.
pub(super) fn explicit(number: u8) -> Tag {
    Tag::ContextSpecific {
        constructed: true,
        number: TagNumber::new(number),
    }
}

/// `[number]` of the implicit kind over a primitive type.
pub(super) fn implicit(number: u8) -> Tag {
    Tag::ContextSpecific {
        constructed: false,
        number: TagNumber::new(number),
    }
}

/// UTCTime or GeneralizedTime as unix seconds.
pub(super) fn time(elements: &mut Elements<'_>) -> Result<u64, NotDer> {
    let date = match elements.next_is(Tag::UtcTime) {
        true => elements.next::<UtcTime>()?.to_unix_duration(),
        false => elements.next::<GeneralizedTime>()?.to_unix_duration(),
    };
    Ok(date.as_secs())
}
