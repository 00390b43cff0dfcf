//! Makes a component of a core module and puts its prompts inside: one artefact, known by one hash.

use std::fmt;

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
            WrapError::PromptName(name) => {
                write!(
                    f,
                    "the prompt name {name:?} is empty, longer than 255 bytes or used twice; rename the file"
                )
            }
            WrapError::Invalid(why) => write!(f, "the module cannot be made a component: {why}"),
        }
    }
}

impl std::error::Error for WrapError {}

/// Wraps `core_module` into a component and adds each prompt (name below `prompts/`, file bytes) as a custom section
/// `patchcord:prompt/<name>`. The same input gives the same bytes.
pub fn wrap(core_module: &[u8], prompts: &[(String, Vec<u8>)]) -> Result<Vec<u8>, WrapError> {
    let _ = (core_module, prompts);
    todo!()
}
