//! The contract as the upload check reads it: the files of `wit/`, parsed, with the place of each function.

use std::sync::OnceLock;
use wit_parser::{Function, Interface, PackageId, Resolve, SourceMap, Span, World, WorldId};

/// A file of the contract: name and text.
const FILES: [(&str, &str); 23] = [
    ("types.wit", include_str!("../../../wit/types.wit")),
    ("call.wit", include_str!("../../../wit/call.wit")),
    ("play.wit", include_str!("../../../wit/play.wit")),
    ("gather.wit", include_str!("../../../wit/gather.wit")),
    ("record.wit", include_str!("../../../wit/record.wit")),
    ("stream.wit", include_str!("../../../wit/stream.wit")),
    ("dial.wit", include_str!("../../../wit/dial.wit")),
    ("transfer.wit", include_str!("../../../wit/transfer.wit")),
    ("bridge.wit", include_str!("../../../wit/bridge.wit")),
    ("wait.wit", include_str!("../../../wit/wait.wit")),
    ("clock.wit", include_str!("../../../wit/clock.wit")),
    ("random.wit", include_str!("../../../wit/random.wit")),
    ("log.wit", include_str!("../../../wit/log.wit")),
    ("room.wit", include_str!("../../../wit/room.wit")),
    ("recognise.wit", include_str!("../../../wit/recognise.wit")),
    ("store.wit", include_str!("../../../wit/store.wit")),
    ("secrets.wit", include_str!("../../../wit/secrets.wit")),
    ("http.wit", include_str!("../../../wit/http.wit")),
    ("events.wit", include_str!("../../../wit/events.wit")),
    ("report.wit", include_str!("../../../wit/report.wit")),
    ("inbox.wit", include_str!("../../../wit/inbox.wit")),
    ("presence.wit", include_str!("../../../wit/presence.wit")),
    ("worlds.wit", include_str!("../../../wit/worlds.wit")),
];

/// What a module is made for: the world of the contract that it implements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModuleKind {
    /// Call logic: `call-handler`.
    CallHandler,
    /// Told what happens in calls: `event-sink`.
    EventSink,
}

/// What an event sink may call functions of: nothing that changes a call. Its world imports more in the contract, because its
/// types come from there.
const OF_SINKS: [&str; 6] = ["clock", "random", "log", "store", "secrets", "http"];

impl ModuleKind {
    /// Its world's name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            ModuleKind::CallHandler => "call-handler",
            ModuleKind::EventSink => "event-sink",
        }
    }

    /// The one function that such a module exports.
    pub(crate) fn export(self) -> &'static str {
        match self {
            ModuleKind::CallHandler => "handle",
            ModuleKind::EventSink => "receive",
        }
    }

    /// Whether it may call functions of an interface of this full name.
    pub(crate) fn may_import(self, interface: &str) -> bool {
        let short = interface.split_once('/').map_or(interface, |(_, name)| name);
        let short = short.split_once('@').map_or(short, |(name, _)| name);
        self == ModuleKind::CallHandler || OF_SINKS.contains(&short)
    }
}

/// The contract, parsed.
pub(crate) struct Contract {
    pub(crate) resolve: Resolve,
    package: PackageId,
}

/// A place in the contract, to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: &'static str,
    /// From 1.
    pub(crate) line: usize,
    /// The line's text, without what surrounds it.
    pub(crate) text: String,
}

impl Contract {
    /// The contract this runtime was built with. Parsed at first use.
    pub(crate) fn get() -> &'static Contract {
        static CONTRACT: OnceLock<Contract> = OnceLock::new();
        CONTRACT.get_or_init(Contract::parse)
    }

    fn parse() -> Contract {
        let mut sources = SourceMap::default();
        for (name, text) in FILES {
            sources.push_str(name, text);
        }
        let mut resolve = Resolve::default();
        let group = sources
            .parse()
            .map_err(|(_, error)| error)
            .expect("the bindings were generated from this very text");
        let package = resolve
            .push_group(group)
            .expect("the contract depends on no other package");
        Contract { resolve, package }
    }

    /// `patchcord:handler`, without the version.
    pub(crate) fn package_name(&self) -> String {
        let name = &self.resolve.packages[self.package].name;
        format!("{}:{}", name.namespace, name.name)
    }

    /// The interface of this full name, version included.
    pub(crate) fn interface(&self, full_name: &str) -> Option<&Interface> {
        let package = &self.resolve.packages[self.package];
        package
            .interfaces
            .values()
            .find(|id| self.resolve.id_of(**id).as_deref() == Some(full_name))
            .map(|id| &self.resolve.interfaces[*id])
    }

    /// The full names of all interfaces.
    pub(crate) fn interface_names(&self) -> Vec<String> {
        let package = &self.resolve.packages[self.package];
        package
            .interfaces
            .values()
            .filter_map(|id| self.resolve.id_of(*id))
            .collect()
    }

    /// The world that such a module implements.
    pub(crate) fn world(&self, kind: ModuleKind) -> &World {
        &self.resolve.worlds[self.world_id(kind)]
    }

    pub(crate) fn world_id(&self, kind: ModuleKind) -> WorldId {
        self.resolve.packages[self.package].worlds[kind.name()]
    }

    /// Where a function, interface or world is written.
    pub(crate) fn place(&self, span: Span) -> Place {
        let location = self.resolve.render_location(span);
        let mut parts = location.split(':');
        let found = parts
            .next()
            .and_then(|name| FILES.iter().find(|(file, _)| *file == name));
        let (file, text) = found.expect("every span of the contract lies in one of its files");
        let line: usize = parts
            .next()
            .and_then(|line| line.parse().ok())
            .expect("locations read file:line:column");
        let text = text.lines().nth(line - 1).unwrap_or_default().trim().to_owned();
        Place { file, line, text }
    }
}

/// A function's name as a person writes it: `leg.answer` for `[method]leg.answer`.
pub(crate) fn plain_name(function: &Function) -> &str {
    function.name.rsplit(']').next().unwrap_or(&function.name)
}
