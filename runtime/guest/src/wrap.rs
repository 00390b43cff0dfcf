//! Makes a component of a core module and puts its prompts inside: one artefact, known by one hash.

use crate::MAX_PROMPT_NAME_BYTES;
use crate::sections::{Kind, kind, sections};
use std::collections::BTreeSet;
use std::fmt;
use wasm_encoder::{ComponentSection as _, CustomSection};
use wit_component::ComponentEncoder;

/// Custom sections with this prefix hold what a core module says of its world.
const COMPONENT_TYPE: &str = "component-type";

/// Custom sections with this prefix hold a prompt; the rest of the name is the prompt's.
pub(crate) const PROMPT: &str = "patchcord:prompt/";

/// Why a core module could not be wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrapError {
    /// The bytes are not a core module.
    NotCoreModule,
    /// It does not say which world it was made for.
    NoComponentType,
    /// A prompt's name is empty, too long or used twice.
    PromptName(String),
    /// It does not fit what it says of itself.
    Invalid(String),
}

impl fmt::Display for WrapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WrapError::NotCoreModule => f.write_str("this is not a core WebAssembly module"),
            WrapError::NoComponentType => {
                f.write_str("the module does not say which world it was made for; does it use `patchcord::handler!`?")
            }
            WrapError::PromptName(name) => write!(
                f,
                "the prompt name {name:?} is empty, longer than {MAX_PROMPT_NAME_BYTES} bytes or used twice; rename the \
                 file"
            ),
            WrapError::Invalid(why) => write!(f, "the module cannot be made a component: {why}"),
        }
    }
}

impl std::error::Error for WrapError {}

/// Wraps `core_module` into a component and adds each prompt (name below `prompts/`, file bytes) as a custom section
/// `patchcord:prompt/<name>`. Function names are kept for the traces of traps, debug information is not. The same input
/// gives the same bytes.
pub fn wrap(core_module: &[u8], prompts: &[(String, Vec<u8>)]) -> Result<Vec<u8>, WrapError> {
    let mut component = componentize(core_module)?;
    let mut names = BTreeSet::new();
    for (name, content) in prompts {
        if !prompt_name_is_good(name) || !names.insert(name) {
            return Err(WrapError::PromptName(name.clone()));
        }
        let section = CustomSection {
            name: format!("{PROMPT}{name}").into(),
            data: content.into(),
        };
        section.append_to_component(&mut component);
    }
    Ok(component)
}

/// The component of a core module, without prompts.
pub(crate) fn componentize(core_module: &[u8]) -> Result<Vec<u8>, WrapError> {
    if kind(core_module) != Some(Kind::Module) {
        return Err(WrapError::NotCoreModule);
    }
    let slim = without_debug_information(core_module)?;
    let encoded = ComponentEncoder::default()
        .validate(true)
        .module(&slim)
        .and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| WrapError::Invalid(format!("{error:#}")))
}

pub(crate) fn prompt_name_is_good(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_PROMPT_NAME_BYTES
}

/// Drops DWARF and prompts of the core module itself; checks that it names its world.
fn without_debug_information(core_module: &[u8]) -> Result<Vec<u8>, WrapError> {
    let mut slim = core_module[..8].to_vec();
    let mut says_its_world = false;
    for section in sections(core_module).map_err(WrapError::Invalid)? {
        let name = section.custom.map_or("", |(name, _)| name);
        says_its_world |= name.starts_with(COMPONENT_TYPE);
        if !name.starts_with(".debug") && !name.starts_with(PROMPT) {
            slim.extend_from_slice(&core_module[section.range]);
        }
    }
    if says_its_world {
        Ok(slim)
    } else {
        Err(WrapError::NoComponentType)
    }
}
