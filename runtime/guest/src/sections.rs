//! The outermost sections of a wasm binary, module or component, without looking into them.

use std::ops::Range;
use wasmparser::BinaryReader;

/// The eight bytes before the first section.
const HEADER_BYTES: usize = 8;

/// Which of the two kinds of binary it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A core module.
    Module,
    /// A component.
    Component,
}

/// What kind of binary starts like this; none if it is not WebAssembly.
pub(crate) fn kind(bytes: &[u8]) -> Option<Kind> {
    match bytes.get(..HEADER_BYTES)? {
        [0, b'a', b's', b'm', 1, 0, 0, 0] => Some(Kind::Module),
        [0, b'a', b's', b'm', _, 0, 1, 0] => Some(Kind::Component),
        _ => None,
    }
}

/// A section.
pub(crate) struct Section<'a> {
    /// Where it lies, its id and size included.
    pub(crate) range: Range<usize>,
    /// Name and content, if it is a custom section.
    pub(crate) custom: Option<(&'a str, &'a [u8])>,
}

/// The sections in order. The error says what is broken.
pub(crate) fn sections(bytes: &[u8]) -> Result<Vec<Section<'_>>, String> {
    let mut sections = Vec::new();
    let mut at = HEADER_BYTES;
    while at < bytes.len() {
        let section = section(bytes, at).map_err(|why| why.to_string())?;
        at = section.range.end;
        sections.push(section);
    }
    Ok(sections)
}

fn section(bytes: &[u8], at: usize) -> wasmparser::Result<Section<'_>> {
    let mut reader = BinaryReader::new(&bytes[at..], at);
    let id = reader.read_u8()?;
    let size = reader.read_var_u32()? as usize;
    let content = reader.read_bytes(size)?;
    let range = at..reader.original_position();
    if id != 0 {
        return Ok(Section { range, custom: None });
    }
    let mut reader = BinaryReader::new(content, range.end - content.len());
    let name = reader.read_string()?;
    let rest = reader.read_bytes(reader.bytes_remaining())?;
    Ok(Section {
        range,
        custom: Some((name, rest)),
    })
}
