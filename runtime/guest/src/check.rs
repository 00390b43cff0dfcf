//! The upload check: what a component imports and exports, held against the contract, before it is compiled.

use crate::contract::{Contract, ModuleKind, Place, plain_name};
use crate::same_type::same_function;
use crate::{Import, Refused};
use wasmparser::{ComponentTypeRef, Encoding, Parser, Payload, TypeBounds};
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{Interface, Resolve, World, WorldItem, WorldKey};

/// Checks a component and gives what it is made for and its imports; only those of which it uses a function.
pub(crate) fn check(component: &[u8]) -> Result<(ModuleKind, Vec<Import>), Refused> {
    let contract = Contract::get();
    refuse_foreign(contract, component)?;
    let decoded = decode(component).map_err(|error| Refused::Invalid(format!("{error:#}")))?;
    let DecodedWasm::Component(theirs, world) = decoded else {
        return Err(Refused::Invalid("it holds only WIT definitions and no code".to_owned()));
    };
    let world = &theirs.worlds[world];
    let kind = kind_of(world);
    let imports = check_imports(contract, kind, &theirs, world)?;
    check_exports(contract, kind, &theirs, world)?;
    Ok((kind, imports))
}

/// A module that exports what event sinks do and not what handlers do is an event sink.
fn kind_of(world: &World) -> ModuleKind {
    let exports = |kind: ModuleKind| world.exports.contains_key(&WorldKey::Name(kind.export().to_owned()));
    if exports(ModuleKind::EventSink) && !exports(ModuleKind::CallHandler) {
        ModuleKind::EventSink
    } else {
        ModuleKind::CallHandler
    }
}

/// Refuses an import by its name alone, so that a module for another system is told so and not something about types.
fn refuse_foreign(contract: &Contract, component: &[u8]) -> Result<(), Refused> {
    let prefix = format!("{}/", contract.package_name());
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(|error| Refused::Invalid(error.to_string()))? {
            Payload::Version { encoding, .. } => {
                depth += 1;
                if depth == 1 && encoding != Encoding::Component {
                    return Err(Refused::NoComponentType);
                }
            }
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(imports) if depth == 1 => {
                for import in imports {
                    let import = import.map_err(|error| Refused::Invalid(error.to_string()))?;
                    // A world that uses a type of an interface repeats it as an import of its own: only a name.
                    let only_a_name = matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_)));
                    let name = import.name.name;
                    if !only_a_name && !name.starts_with(&prefix) {
                        return Err(Refused::ForeignImport { name: name.to_owned() });
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The first import of a core module that is not of the contract.
pub(crate) fn foreign_core_import(core_module: &[u8]) -> Option<Refused> {
    let prefix = format!("{}/", Contract::get().package_name());
    for payload in Parser::new(0).parse_all(core_module) {
        let Ok(Payload::ImportSection(imports)) = payload else {
            continue;
        };
        for import in imports.into_imports().flatten() {
            if !import.module.starts_with(&prefix) {
                return Some(Refused::ForeignImport {
                    name: format!("{} {}", import.module, import.name),
                });
            }
        }
    }
    None
}

fn check_imports(
    contract: &Contract,
    kind: ModuleKind,
    theirs: &Resolve,
    world: &World,
) -> Result<Vec<Import>, Refused> {
    let mut imports = Vec::new();
    for (key, item) in &world.imports {
        let name = theirs.name_world_key(key);
        let id = match item {
            WorldItem::Interface { id, .. } => id,
            WorldItem::Type { .. } => continue,
            WorldItem::Function(_) => return Err(Refused::ForeignImport { name }),
        };
        let Some(ours) = contract.interface(&name) else {
            let Place { file, line, .. } = contract.place(contract.world(kind).span);
            let known = contract.interface_names();
            return Err(Refused::UnknownImport {
                interface: name,
                function: None,
                wit_file: file,
                line,
                known,
            });
        };
        let functions = check_interface(contract, &name, ours, theirs, &theirs.interfaces[*id])?;
        if let (Some(function), false) = (functions.first(), kind.may_import(&name)) {
            let Place { file, line, .. } = contract.place(contract.world(kind).span);
            return Err(Refused::NotOfItsWorld {
                interface: name,
                function: function.clone(),
                world: kind.name(),
                wit_file: file,
                line,
            });
        }
        if !functions.is_empty() {
            imports.push(Import {
                interface: name,
                functions,
            });
        }
    }
    Ok(imports)
}

fn check_interface(
    contract: &Contract,
    name: &str,
    ours: &Interface,
    theirs_resolve: &Resolve,
    theirs: &Interface,
) -> Result<Vec<String>, Refused> {
    for (function, signature) in &theirs.functions {
        let Some(expected) = ours.functions.get(function) else {
            let Place { file, line, .. } = contract.place(ours.span);
            let known = ours
                .functions
                .values()
                .map(|known| plain_name(known).to_owned())
                .collect();
            let function = Some(plain_name(signature).to_owned());
            return Err(Refused::UnknownImport {
                interface: name.to_owned(),
                function,
                wit_file: file,
                line,
                known,
            });
        };
        same_function(theirs_resolve, signature, &contract.resolve, expected).map_err(|why| {
            let Place { file, line, text } = contract.place(expected.span);
            Refused::WrongSignature {
                interface: name.to_owned(),
                function: plain_name(expected).to_owned(),
                wit_file: file,
                line,
                wit_text: text,
                why,
            }
        })?;
    }
    let used = ours
        .functions
        .iter()
        .filter(|(function, _)| theirs.functions.contains_key(*function));
    Ok(used.map(|(_, function)| plain_name(function).to_owned()).collect())
}

/// The one export of its world. What else a module exports is not looked at and never called.
fn check_exports(contract: &Contract, kind: ModuleKind, theirs: &Resolve, world: &World) -> Result<(), Refused> {
    let name = kind.export();
    let key = WorldKey::Name(name.to_owned());
    let Some(WorldItem::Function(expected)) = contract.world(kind).exports.get(&key) else {
        unreachable!("each world exports one function, and instances call it");
    };
    let Place { file, line, text } = contract.place(expected.span);
    let Some(WorldItem::Function(found)) = world.exports.get(&key) else {
        return Err(Refused::MissingExport {
            name,
            wit_file: file,
            line,
            wit_text: text,
        });
    };
    same_function(theirs, found, &contract.resolve, expected).map_err(|why| Refused::WrongSignature {
        interface: kind.name().to_owned(),
        function: name.to_owned(),
        wit_file: file,
        line,
        wit_text: text,
        why,
    })
}

#[cfg(test)]
mod tests;
