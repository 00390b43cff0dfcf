//! What a shard can run: programs (a module with its prompts decoded) and the routes to them. Built outside the shards,
//! shared, and replaced as a whole.

use patchcord_control::call::PromptNames;
use patchcord_control::ids::Tenant;
use patchcord_control::route::Routes;
use patchcord_guest::Module;
use patchcord_media::{Clip, WavError};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// A version of a handler, ready to run.
pub struct Program {
    pub(crate) name: String,
    pub(crate) module: Module,
    pub(crate) clips: HashMap<String, Arc<Clip>>,
    pub(crate) prompts: Arc<PromptNames>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Program({}, {})", self.name, self.module.hash())
    }
}

/// Why a module cannot be run although its code is fine.
#[derive(Debug)]
pub struct ProgramError {
    /// The prompt's name.
    pub prompt: String,
    /// What is wrong with it.
    pub why: WavError,
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "prompt {:?} cannot be played: {}", self.prompt, self.why)
    }
}

impl std::error::Error for ProgramError {}

impl Program {
    /// Decodes the prompts that a module carries. Slow: not for a shard's thread.
    pub fn load(name: &str, module: Module) -> Result<Program, ProgramError> {
        let mut clips = HashMap::new();
        for (prompt, bytes) in module.prompts() {
            let clip = Clip::from_wav(bytes).map_err(|why| ProgramError {
                prompt: prompt.to_owned(),
                why,
            })?;
            clips.insert(prompt.to_owned(), Arc::new(clip));
        }
        let prompts = Arc::new(clips.keys().cloned().collect());
        Ok(Program {
            name: name.to_owned(),
            module,
            clips,
            prompts,
        })
    }

    /// The handler's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The module it runs.
    pub fn module(&self) -> &Module {
        &self.module
    }
}

/// Routes and what they lead to.
#[derive(Debug)]
pub struct Directory {
    routes: Routes,
    programs: HashMap<(Tenant, String), Arc<Program>>,
    pub(crate) announcement: Arc<Clip>,
}

impl Directory {
    /// Programs by tenant and handler name; `announcement` is what a caller hears when a handler fails.
    pub fn new(routes: Routes, programs: Vec<(Tenant, Arc<Program>)>, announcement: Arc<Clip>) -> Self {
        let programs = programs
            .into_iter()
            .map(|(tenant, program)| ((tenant, program.name.clone()), program));
        Self {
            routes,
            programs: programs.collect(),
            announcement,
        }
    }

    /// The program a called user leads to.
    pub(crate) fn find(&self, user: &str) -> Option<(Tenant, Arc<Program>)> {
        let route = self.routes.find(user)?;
        let program = self.programs.get(&(route.tenant.clone(), route.handler.clone()))?;
        Some((route.tenant.clone(), program.clone()))
    }
}
