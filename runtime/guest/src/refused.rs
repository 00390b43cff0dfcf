//! Why a module is not accepted. Said in one sentence to the one who uploads it, with what to do about it.

use std::fmt;

/// Why a module was refused at load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The bytes are not WebAssembly.
    NotWasm,
    /// It is larger than accepted.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
        /// Its size in bytes.
        size: usize,
    },
    /// It imports something that is not of the contract, WASI for instance.
    ForeignImport {
        /// The import as the module spells it, e.g. `wasi:cli/environment@0.2.3`.
        name: String,
    },
    /// It imports an interface or function of our package that the contract does not have.
    UnknownImport {
        /// The interface, e.g. `patchcord:handler/gather@0.1.0`.
        interface: String,
        /// The function; none if the interface itself is unknown.
        function: Option<String>,
        /// Where the contract would have it: the interface's file, or `worlds.wit`.
        wit_file: &'static str,
        /// The line in that file, from 1.
        line: usize,
        /// What the contract has instead, as names.
        known: Vec<String>,
    },
    /// It calls something that modules of its kind may not: an event sink something that changes a call.
    NotOfItsWorld {
        /// The interface.
        interface: String,
        /// The first function of it that it calls.
        function: String,
        /// The world of its kind.
        world: &'static str,
        /// The file of the contract that says what such a module may import.
        wit_file: &'static str,
        /// The line in that file, from 1.
        line: usize,
    },
    /// It imports or exports something of the contract with other types.
    WrongSignature {
        /// The interface, or the world for an export.
        interface: String,
        /// The function or type.
        function: String,
        /// The file of the contract that says how it should be.
        wit_file: &'static str,
        /// The line in that file, from 1.
        line: usize,
        /// That line.
        wit_text: String,
        /// What differs, the module's first.
        why: String,
    },
    /// It does not export what the world demands.
    MissingExport {
        /// The export.
        name: &'static str,
        /// The file of the contract that asks for it.
        wit_file: &'static str,
        /// The line in that file, from 1.
        line: usize,
        /// That line.
        wit_text: String,
    },
    /// It is a core module without the section that says which world it was made for.
    NoComponentType,
    /// It is broken in another way.
    Invalid(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::NotWasm => {
                f.write_str("this is not WebAssembly; upload the .wasm file that `patchcord build` writes")
            }
            Refused::TooLarge { limit, size } => write!(
                f,
                "the module has {size} bytes and at most {limit} are accepted; build with `opt-level = \"s\"` and \
                 shorten its prompts"
            ),
            Refused::ForeignImport { name } => write_foreign(f, name),
            Refused::UnknownImport {
                interface,
                function,
                wit_file,
                line,
                known,
            } => {
                match function {
                    Some(function) => write!(f, "the module imports `{function}` of `{interface}`")?,
                    None => write!(f, "the module imports `{interface}`")?,
                }
                let known = known.join(", ");
                write!(
                    f,
                    ", which the contract does not have: {wit_file}:{line} has {known}; use the SDK of this runtime"
                )
            }
            Refused::NotOfItsWorld {
                interface,
                function,
                world,
                wit_file,
                line,
            } => write!(
                f,
                "the module imports `{function}` of `{interface}`, which the world `{world}` ({wit_file}:{line}) does not \
                 have: such a module is told of calls and changes none"
            ),
            Refused::WrongSignature {
                interface,
                function,
                wit_file,
                line,
                wit_text,
                why,
            } => write!(
                f,
                "`{function}` of `{interface}` does not fit the contract: {why}; {wit_file}:{line} says `{wit_text}`; \
                 rebuild with the SDK of this runtime"
            ),
            Refused::MissingExport {
                name,
                wit_file,
                line,
                wit_text,
            } => write!(
                f,
                "the module does not export `{name}`; {wit_file}:{line} asks for `{wit_text}`; in Rust add \
                 `patchcord::handler!(handle);`"
            ),
            Refused::NoComponentType => f.write_str(
                "this is a core module that does not say which world it was made for; build it with the patchcord SDK, \
                 or upload a component",
            ),
            Refused::Invalid(why) => write!(f, "the module is not valid: {why}"),
        }
    }
}

impl std::error::Error for Refused {}

fn write_foreign(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    write!(
        f,
        "the module imports `{name}`, which is not part of the contract: only `patchcord:handler` interfaces are; "
    )?;
    if name.starts_with("wasi") {
        f.write_str("build for the target wasm32-unknown-unknown instead of a wasi target")
    } else {
        f.write_str("remove what needs it")
    }
}
