//! An uploaded module: checked and compiled once, shared by all its instances.

use crate::{Refused, Runtime};

/// An interface that a module imports, and what of it: its permission list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The interface, e.g. `patchcord:handler/gather@0.1.0`.
    pub interface: String,
    /// Its functions the module calls, as the contract spells them, e.g. `gather` or `leg.answer`; without duplicates, in
    /// the contract's order.
    pub functions: Vec<String>,
}

/// A compiled module. Cloning is cheap and shares it.
#[derive(Clone)]
pub struct Module {}

impl Module {
    /// Checks and compiles a component, or a core module that carries its component-type section. Takes about a tenth of
    /// a second or more of CPU: not for a thread that runs calls.
    pub fn load(runtime: &Runtime, bytes: &[u8]) -> Result<Module, Refused> {
        let _ = (runtime, bytes);
        todo!()
    }

    /// SHA-256 of the bytes that were loaded, in lower-case hex: the module's name everywhere.
    pub fn hash(&self) -> &str {
        todo!()
    }

    /// How many bytes were loaded.
    pub fn size(&self) -> usize {
        todo!()
    }

    /// What it may do: the interfaces it imports.
    pub fn imports(&self) -> &[Import] {
        todo!()
    }

    /// The prompts it carries: name below `prompts/`, and the file's bytes, unchecked.
    pub fn prompts(&self) -> impl Iterator<Item = (&str, &[u8])> {
        std::iter::empty()
    }
}
