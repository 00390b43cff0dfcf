//! An uploaded module: checked and compiled once, shared by all its instances.

use crate::bindings::CallHandlerPre;
use crate::contract::ModuleKind;
use crate::sections::{Kind, kind, sections};
use crate::slot::State;
use crate::wrap::{PROMPT, WrapError, componentize, prompt_name_is_good};
use crate::{CpuClock, MAX_MODULE_BYTES, Refused, Runtime, check};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre};

/// An interface that a module imports, and what of it: a line of its permission list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The interface, e.g. `patchcord:handler/gather@0.1.0`.
    pub interface: String,
    /// Its functions the module calls, e.g. `gather` or `leg.answer`; without duplicates, in the contract's order.
    pub functions: Vec<String>,
}

/// A compiled module. Cloning is cheap and shares it.
#[derive(Clone)]
pub struct Module(Arc<Loaded>);

/// Where an instance begins.
pub(crate) enum Entry {
    Handler(CallHandlerPre<State>),
    Sink(InstancePre<State>),
}

impl Entry {
    pub(crate) fn engine(&self) -> &Engine {
        match self {
            Entry::Handler(handler) => handler.engine(),
            Entry::Sink(sink) => sink.engine(),
        }
    }
}

/// What all clones and instances of a module share.
pub(crate) struct Loaded {
    pub(crate) entry: Entry,
    pub(crate) cpu_clock: Option<CpuClock>,
    pub(crate) memory_max: u64,
    hash: String,
    size: usize,
    imports: Vec<Import>,
    prompts: BTreeMap<String, Vec<u8>>,
}

impl Module {
    /// Checks and compiles a component, or a core module that carries its component-type section. Takes about a tenth of
    /// a second of CPU or more: not for a thread that runs calls.
    pub fn load(runtime: &Runtime, bytes: &[u8]) -> Result<Module, Refused> {
        if bytes.len() > MAX_MODULE_BYTES {
            return Err(Refused::TooLarge {
                limit: MAX_MODULE_BYTES,
                size: bytes.len(),
            });
        }
        let component = match kind(bytes).ok_or(Refused::NotWasm)? {
            Kind::Component => Cow::Borrowed(bytes),
            Kind::Module => Cow::Owned(component_of(bytes)?),
        };
        let (kind, imports) = check::check(&component)?;
        let prompts = prompts(bytes)?;
        let entry = compile(runtime, kind, &component).map_err(|error| Refused::Invalid(format!("{error:#}")))?;
        Ok(Module(Arc::new(Loaded {
            entry,
            cpu_clock: runtime.config.cpu_clock,
            memory_max: runtime.config.memory_max,
            hash: hex(&Sha256::digest(bytes)),
            size: bytes.len(),
            imports,
            prompts,
        })))
    }

    /// SHA-256 of the bytes that were loaded, in lower-case hex: the module's name everywhere.
    pub fn hash(&self) -> &str {
        &self.0.hash
    }

    /// What it is made for.
    pub fn kind(&self) -> ModuleKind {
        match self.0.entry {
            Entry::Handler(_) => ModuleKind::CallHandler,
            Entry::Sink(_) => ModuleKind::EventSink,
        }
    }

    /// How many bytes were loaded.
    pub fn size(&self) -> usize {
        self.0.size
    }

    /// What it may do: the interfaces it imports, and their functions it calls.
    pub fn imports(&self) -> &[Import] {
        &self.0.imports
    }

    /// The prompts it carries, by name: name below `prompts/`, and the file's bytes, unchecked.
    pub fn prompts(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0
            .prompts
            .iter()
            .map(|(name, content)| (name.as_str(), content.as_slice()))
    }

    pub(crate) fn loaded(&self) -> &Arc<Loaded> {
        &self.0
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module")
            .field("hash", &self.0.hash)
            .field("size", &self.0.size)
            .finish_non_exhaustive()
    }
}

fn compile(runtime: &Runtime, kind: ModuleKind, component: &[u8]) -> wasmtime::Result<Entry> {
    let component = Component::new(&runtime.engine, component)?;
    let linked = runtime.linker.instantiate_pre(&component)?;
    match kind {
        ModuleKind::CallHandler => CallHandlerPre::new(linked).map(Entry::Handler),
        ModuleKind::EventSink => Ok(Entry::Sink(linked)),
    }
}

/// Wraps a core module. One that was made for another system is told so first: its imports say it best.
fn component_of(core_module: &[u8]) -> Result<Vec<u8>, Refused> {
    componentize(core_module).map_err(|error| match error {
        WrapError::NoComponentType => check::foreign_core_import(core_module).unwrap_or(Refused::NoComponentType),
        WrapError::NotCoreModule => Refused::NotWasm,
        WrapError::PromptName(why) | WrapError::Invalid(why) => Refused::Invalid(why),
    })
}

fn prompts(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Refused> {
    let mut prompts = BTreeMap::new();
    for section in sections(bytes).map_err(Refused::Invalid)? {
        let Some((section_name, content)) = section.custom else {
            continue;
        };
        let Some(name) = section_name.strip_prefix(PROMPT) else {
            continue;
        };
        if !prompt_name_is_good(name) || prompts.insert(name.to_owned(), content.to_vec()).is_some() {
            return Err(Refused::Invalid(format!(
                "the prompt name {name:?} is empty, too long or used twice"
            )));
        }
    }
    Ok(prompts)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
