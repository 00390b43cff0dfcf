//! Whether a type of a module is the type of the contract. Both are walked in step, so the walk is never longer than the
//! contract's own types, whatever the module brings.

use wit_parser::{Function, FunctionKind, Handle, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner};

/// Compares a function; the error says what differs, theirs first.
pub(crate) fn same_function(
    theirs: &Resolve,
    found: &Function,
    ours: &Resolve,
    expected: &Function,
) -> Result<(), String> {
    let walk = Walk { theirs, ours };
    if is_async(&found.kind) {
        return Err("it is async, and the contract's functions are not".to_owned());
    }
    if found.params.len() != expected.params.len() {
        return Err(format!(
            "it takes {} arguments instead of {}",
            found.params.len(),
            expected.params.len()
        ));
    }
    for (found, expected) in found.params.iter().zip(&expected.params) {
        if found.name != expected.name {
            return Err(format!(
                "argument `{}` is called `{}` in the contract",
                found.name, expected.name
            ));
        }
        walk.same(&found.ty, &expected.ty, &format!("argument `{}`", expected.name))?;
    }
    walk.same_option(found.result.as_ref(), expected.result.as_ref(), "the result")
}

fn is_async(kind: &FunctionKind) -> bool {
    matches!(
        kind,
        FunctionKind::AsyncFreestanding | FunctionKind::AsyncMethod(_) | FunctionKind::AsyncStatic(_)
    )
}

struct Walk<'a> {
    theirs: &'a Resolve,
    ours: &'a Resolve,
}

impl Walk<'_> {
    fn same(&self, found: &Type, expected: &Type, at: &str) -> Result<(), String> {
        match (plain(self.theirs, found), plain(self.ours, expected)) {
            (Type::Id(found), Type::Id(expected)) => self.same_definition(found, expected, at),
            (found, expected) if found == expected => Ok(()),
            (found, expected) => {
                let (found, expected) = (describe(self.theirs, &found), describe(self.ours, &expected));
                Err(format!("{at} is {found} instead of {expected}"))
            }
        }
    }

    fn same_option(&self, found: Option<&Type>, expected: Option<&Type>, at: &str) -> Result<(), String> {
        match (found, expected) {
            (None, None) => Ok(()),
            (Some(found), Some(expected)) => self.same(found, expected, at),
            (Some(found), None) => Err(format!("{at} is {} instead of nothing", describe(self.theirs, found))),
            (None, Some(expected)) => Err(format!("{at} is nothing instead of {}", describe(self.ours, expected))),
        }
    }

    fn same_definition(&self, found_id: TypeId, expected_id: TypeId, at: &str) -> Result<(), String> {
        let (found, expected) = (&self.theirs.types[found_id], &self.ours.types[expected_id]);
        let name = expected.name.as_deref().unwrap_or(at);
        match (&found.kind, &expected.kind) {
            (TypeDefKind::Record(found), TypeDefKind::Record(expected)) => {
                let fields = |it: &wit_parser::Record| {
                    it.fields
                        .iter()
                        .map(|field| (field.name.clone(), Some(field.ty)))
                        .collect::<Vec<_>>()
                };
                self.same_members(&fields(found), &fields(expected), &format!("record `{name}`"))
            }
            (TypeDefKind::Variant(found), TypeDefKind::Variant(expected)) => {
                let cases = |it: &wit_parser::Variant| {
                    it.cases
                        .iter()
                        .map(|case| (case.name.clone(), case.ty))
                        .collect::<Vec<_>>()
                };
                self.same_members(&cases(found), &cases(expected), &format!("variant `{name}`"))
            }
            (TypeDefKind::Enum(found), TypeDefKind::Enum(expected)) => {
                let cases = |it: &wit_parser::Enum| {
                    it.cases
                        .iter()
                        .map(|case| (case.name.clone(), None))
                        .collect::<Vec<_>>()
                };
                self.same_members(&cases(found), &cases(expected), &format!("enum `{name}`"))
            }
            (TypeDefKind::Option(found), TypeDefKind::Option(expected))
            | (TypeDefKind::List(found), TypeDefKind::List(expected)) => self.same(found, expected, at),
            (TypeDefKind::Result(found), TypeDefKind::Result(expected)) => {
                self.same_option(found.ok.as_ref(), expected.ok.as_ref(), at)?;
                self.same_option(found.err.as_ref(), expected.err.as_ref(), &format!("the error of {at}"))
            }
            (TypeDefKind::Handle(Handle::Own(found)), TypeDefKind::Handle(Handle::Own(expected)))
            | (TypeDefKind::Handle(Handle::Borrow(found)), TypeDefKind::Handle(Handle::Borrow(expected))) => {
                self.same(&Type::Id(*found), &Type::Id(*expected), at)
            }
            (TypeDefKind::Resource, TypeDefKind::Resource) => self.same_resource(found, expected, at),
            _ => {
                let found = describe(self.theirs, &Type::Id(found_id));
                let expected = describe(self.ours, &Type::Id(expected_id));
                Err(format!("{at} is {found} instead of {expected}"))
            }
        }
    }

    fn same_members(
        &self,
        found: &[(String, Option<Type>)],
        expected: &[(String, Option<Type>)],
        at: &str,
    ) -> Result<(), String> {
        let names =
            |of: &[(String, Option<Type>)]| of.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>().join(", ");
        if found.len() != expected.len()
            || found
                .iter()
                .zip(expected)
                .any(|(found, expected)| found.0 != expected.0)
        {
            return Err(format!("{at} has ({}) instead of ({})", names(found), names(expected)));
        }
        for ((name, found), (_, expected)) in found.iter().zip(expected) {
            self.same_option(found.as_ref(), expected.as_ref(), &format!("`{name}` of {at}"))?;
        }
        Ok(())
    }

    fn same_resource(&self, found: &TypeDef, expected: &TypeDef, at: &str) -> Result<(), String> {
        let (found, expected) = (full_name(self.theirs, found), full_name(self.ours, expected));
        if found == expected {
            Ok(())
        } else {
            Err(format!("{at} is {found} instead of {expected}"))
        }
    }
}

/// The type behind its aliases.
fn plain(resolve: &Resolve, ty: &Type) -> Type {
    let mut ty = *ty;
    while let Type::Id(id) = ty {
        let TypeDefKind::Type(behind) = resolve.types[id].kind else {
            break;
        };
        ty = behind;
    }
    ty
}

/// A type in a few words.
fn describe(resolve: &Resolve, ty: &Type) -> String {
    let Type::Id(id) = ty else {
        return format!("`{}`", format!("{ty:?}").to_lowercase());
    };
    let definition = &resolve.types[*id];
    match &definition.name {
        Some(name) => format!("{} `{name}`", definition.kind.as_str()),
        None => format!("a {}", definition.kind.as_str()),
    }
}

fn full_name(resolve: &Resolve, definition: &TypeDef) -> String {
    let interface = match definition.owner {
        TypeOwner::Interface(id) => resolve.id_of(id),
        TypeOwner::World(_) | TypeOwner::None => None,
    };
    format!(
        "{}.{}",
        interface.unwrap_or_default(),
        definition.name.as_deref().unwrap_or_default()
    )
}
