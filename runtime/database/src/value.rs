//! What goes into statements and comes out of rows: whole numbers, texts and bytes, each perhaps absent. Not a query builder.

use crate::error::{Error, Result};

/// Bytes of any text that is stored.
pub(crate) const TEXT_MAX: usize = 1 << 20;

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Blob(Option<Vec<u8>>),
}

impl Value {
    /// PostgreSQL cannot store NUL in a text, so neither database is asked to.
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::Text(Some(text)) if text.len() > TEXT_MAX => Err(Error::Limit("bytes of a text", TEXT_MAX as i64)),
            Self::Text(Some(text)) if text.contains('\0') => Err(Error::Invalid("text", "without NUL characters")),
            _ => Ok(()),
        }
    }
}

macro_rules! from {
    ($($source:ty, $variant:ident, |$value:ident| $made:expr;)+) => {
        $(impl From<$source> for Value {
            fn from($value: $source) -> Self {
                Self::$variant($made)
            }
        })+
    };
}

from! {
    i64, Int, |value| Some(value);
    Option<i64>, Int, |value| value;
    &str, Text, |value| Some(value.to_owned());
    &String, Text, |value| Some(value.clone());
    String, Text, |value| Some(value);
    Option<&str>, Text, |value| value.map(str::to_owned);
    &Option<String>, Text, |value| value.clone();
    &[u8], Blob, |value| Some(value.to_vec());
    Option<&[u8]>, Blob, |value| value.map(<[u8]>::to_vec);
    &crate::TenantId, Text, |value| Some(value.as_str().to_owned());
}

/// A row, read column by column in the order of its statement.
#[derive(Debug)]
pub(crate) struct Row {
    columns: std::vec::IntoIter<Value>,
}

impl Row {
    pub(crate) fn new(columns: Vec<Value>) -> Self {
        Self {
            columns: columns.into_iter(),
        }
    }

    pub(crate) fn int(&mut self) -> Result<i64> {
        self.int_or_none()?.ok_or(Error::Damaged("the database"))
    }

    pub(crate) fn int_or_none(&mut self) -> Result<Option<i64>> {
        match self.columns.next() {
            Some(Value::Int(value)) => Ok(value),
            Some(Value::Text(None) | Value::Blob(None)) => Ok(None),
            _ => Err(Error::Damaged("the database")),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String> {
        self.text_or_none()?.ok_or(Error::Damaged("the database"))
    }

    pub(crate) fn text_or_none(&mut self) -> Result<Option<String>> {
        match self.columns.next() {
            Some(Value::Text(value)) => Ok(value),
            Some(Value::Int(None) | Value::Blob(None)) => Ok(None),
            _ => Err(Error::Damaged("the database")),
        }
    }

    pub(crate) fn blob(&mut self) -> Result<Vec<u8>> {
        self.blob_or_none()?.ok_or(Error::Damaged("the database"))
    }

    pub(crate) fn blob_or_none(&mut self) -> Result<Option<Vec<u8>>> {
        match self.columns.next() {
            Some(Value::Blob(value)) => Ok(value),
            Some(Value::Int(None) | Value::Text(None)) => Ok(None),
            _ => Err(Error::Damaged("the database")),
        }
    }

    /// A word of a closed set.
    pub(crate) fn word<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
        parse(&self.text()?).ok_or(Error::Damaged("the database"))
    }
}

/// Values of a statement, in the order of its placeholders.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::value::Value::from($value)),*] };
}
pub(crate) use values;
