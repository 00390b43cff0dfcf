//! What a shard can run: programs (a module with its prompts decoded) and the routes to them. Built outside the shards,
//! shared, and replaced as a whole.

use crate::outgoing::Outgoing;
use crate::sinks::Sink;
use crate::trial::Candidate;
use patchcord_control::call::PromptNames;
use patchcord_control::events::Subscription;
use patchcord_control::grants::Grants;
use patchcord_control::ids::Tenant;
use patchcord_control::ledger::Ledger;
use patchcord_control::policy::CallerIds;
use patchcord_control::route::{Pattern, Route, Routes};
use patchcord_guest::Module;
use patchcord_media::{Clip, SoundError};
use patchcord_sip::{MayCall, Origin, Uri};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

/// A version of a handler, ready to run.
pub struct Program {
    pub(crate) name: String,
    pub(crate) module: Module,
    pub(crate) clips: Arc<HashMap<String, Arc<Clip>>>,
    pub(crate) prompts: Arc<PromptNames>,
    /// What this version is granted; none: what the directory grants the handler.
    granted: Option<Arc<Grants>>,
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
    pub why: SoundError,
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
            let clip = Clip::from_file(bytes).map_err(|why| ProgramError {
                prompt: prompt.to_owned(),
                why,
            })?;
            clips.insert(prompt.to_owned(), Arc::new(clip));
        }
        let prompts = Arc::new(clips.keys().cloned().collect());
        Ok(Program {
            name: name.to_owned(),
            module,
            clips: Arc::new(clips),
            prompts,
            granted: None,
        })
    }

    /// The same module with grants of its own, under a name.
    #[must_use]
    pub fn granted(&self, name: &str, grants: Arc<Grants>) -> Program {
        Self {
            name: name.to_owned(),
            module: self.module.clone(),
            clips: self.clips.clone(),
            prompts: self.prompts.clone(),
            granted: Some(grants),
        }
    }

    /// What this version is granted, if that is its own.
    pub fn grants(&self) -> Option<&Arc<Grants>> {
        self.granted.as_ref()
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

/// Routes and what they lead to. A clone shares the programs.
#[derive(Debug, Clone)]
pub struct Directory {
    routes: Routes,
    programs: HashMap<(Tenant, String), Arc<Program>>,
    /// Versions that are tried, by the handler they are of.
    candidates: HashMap<(Tenant, String), Arc<Candidate>>,
    pub(crate) announcement: Arc<Clip>,
    users: Users,
    /// Nothing to those who are not in it.
    grants: HashMap<(Tenant, String), Arc<Grants>>,
    /// Who is told what happens.
    subscriptions: HashMap<Tenant, Vec<Arc<Subscription>>>,
    sinks: HashMap<Arc<str>, Sink>,
    pub(crate) outgoing: Arc<Outgoing>,
    /// What tenants may show that have more than the configuration gives them.
    caller_ids: HashMap<Tenant, Arc<CallerIds>>,
}

/// Users with phones, by tenant.
#[derive(Debug, Clone, Default)]
pub struct Users {
    /// Lower case; the first is the one that a bare name means.
    domains: HashMap<Tenant, Vec<Arc<str>>>,
    names: HashSet<(Tenant, String)>,
}

impl Users {
    /// Adds a user by name and domain.
    pub fn add(&mut self, tenant: &Tenant, name: &str, domain: &str) {
        let domain = domain.to_ascii_lowercase();
        let domains = self.domains.entry(tenant.clone()).or_default();
        if !domains.iter().any(|known| **known == *domain) {
            domains.push(domain.into());
        }
        self.names.insert((tenant.clone(), name.to_owned()));
    }
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
            candidates: HashMap::new(),
            users: Users::default(),
            grants: HashMap::new(),
            subscriptions: HashMap::new(),
            sinks: HashMap::new(),
            outgoing: Arc::default(),
            caller_ids: HashMap::new(),
        }
    }

    /// The same with calls that may go out.
    pub fn with_outgoing(self, outgoing: Outgoing) -> Self {
        Self {
            outgoing: Arc::new(outgoing),
            ..self
        }
    }

    /// The same with what a tenant may show, in the place of what the configuration says.
    #[must_use]
    pub fn with_caller_ids(mut self, tenant: &Tenant, ids: CallerIds) -> Self {
        self.caller_ids.insert(tenant.clone(), Arc::new(ids));
        self
    }

    /// The books of calls out, if there are any.
    pub fn ledger(&self) -> Option<&Arc<Ledger>> {
        self.outgoing.ledger.as_ref()
    }

    /// Whether a tenant may call numbers at all.
    pub fn calls_numbers(&self, tenant: &Tenant) -> bool {
        self.outgoing.tenants.contains_key(tenant)
    }

    /// What a tenant may show; none if it calls nobody outside.
    pub fn caller_ids(&self, tenant: &Tenant) -> Option<&CallerIds> {
        let configured = || self.outgoing.tenants.get(tenant).map(|calling| &calling.caller_ids);
        self.caller_ids.get(tenant).map(|ids| &**ids).or_else(configured)
    }

    /// The same with versions that are tried; one for each handler.
    pub fn with_candidates(self, candidates: Vec<Candidate>) -> Self {
        let named = candidates.into_iter().map(|candidate| {
            let name = (candidate.tenant.clone(), candidate.program.name.clone());
            (name, Arc::new(candidate))
        });
        Self {
            candidates: named.collect(),
            ..self
        }
    }

    /// The same with users that have phones.
    pub fn with_users(self, users: Users) -> Self {
        Self { users, ..self }
    }

    /// The same with what a tenant's handler is granted.
    #[must_use]
    pub fn with_grants(mut self, tenant: &Tenant, handler: &str, grants: Grants) -> Self {
        let place = (tenant.clone(), handler.to_owned());
        self.grants.insert(place, Arc::new(grants));
        self
    }

    /// The same with those who are told what happens in calls.
    #[must_use]
    pub fn with_subscriptions(self, subscriptions: Vec<Subscription>) -> Self {
        let mut of_tenants: HashMap<Tenant, Vec<_>> = HashMap::new();
        for one in subscriptions {
            of_tenants.entry(one.tenant.clone()).or_default().push(Arc::new(one));
        }
        Self {
            subscriptions: of_tenants,
            ..self
        }
    }

    /// The same with one more who is told.
    #[must_use]
    pub fn with_subscription(mut self, one: Arc<Subscription>) -> Self {
        self.subscriptions.entry(one.tenant.clone()).or_default().push(one);
        self
    }

    /// Who is told what happens in calls of a tenant.
    pub fn told(&self, tenant: &Tenant) -> &[Arc<Subscription>] {
        self.subscriptions.get(tenant).map_or(&[], Vec::as_slice)
    }

    /// Whether somebody of this name is told what happens in calls of a tenant.
    pub fn is_told(&self, tenant: &Tenant, name: &str) -> bool {
        self.told(tenant).iter().any(|one| *one.name == *name)
    }

    /// The same with a handler that a tenant deployed, and the version of it that is tried. The operator's of that name stays.
    #[must_use]
    pub fn with_deployed(mut self, tenant: &Tenant, program: Arc<Program>, candidate: Option<Arc<Candidate>>) -> Self {
        let place = (tenant.clone(), program.name.clone());
        if self.programs.contains_key(&place) {
            return self;
        }
        if let Some(candidate) = candidate {
            self.candidates.insert(place.clone(), candidate);
        }
        self.programs.insert(place, program);
        self
    }

    /// The same with other routes.
    #[must_use]
    pub fn with_routes(self, routes: Routes) -> Self {
        Self { routes, ..self }
    }

    /// The routes.
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Whether a tenant has a handler of this name.
    pub fn has_handler(&self, tenant: &Tenant, name: &str) -> bool {
        self.programs.contains_key(&(tenant.clone(), name.to_owned()))
    }

    /// The handlers of a tenant.
    pub fn handlers<'d>(&'d self, tenant: &'d Tenant) -> impl Iterator<Item = &'d Arc<Program>> {
        let ours = self.programs.iter().filter(move |((of, _), _)| of == tenant);
        ours.map(|(_, program)| program)
    }

    /// The same with event sinks, by their names.
    #[must_use]
    pub fn with_sinks(self, sinks: Vec<Sink>) -> Self {
        let named = sinks
            .into_iter()
            .map(|sink| (Arc::from(sink.program.name.as_str()), sink));
        let sinks = named.collect();
        Self { sinks, ..self }
    }

    /// The same with one event sink more, by the name of its program.
    #[must_use]
    pub fn with_sink(mut self, sink: Sink) -> Self {
        self.sinks.insert(sink.program.name.as_str().into(), sink);
        self
    }

    /// Who is told what happens in calls of a tenant's handler.
    pub(crate) fn receivers(&self, tenant: &Tenant, handler: &str) -> Vec<Arc<Subscription>> {
        let all = self.told(tenant).iter();
        all.filter(|one| one.is_for(tenant, handler)).cloned().collect()
    }

    /// A sink by its name.
    pub(crate) fn sink(&self, name: &str) -> Option<&Sink> {
        self.sinks.get(name)
    }

    /// What a tenant's handler is granted.
    pub(crate) fn grants(&self, tenant: &Tenant, program: &Program) -> Arc<Grants> {
        let place = (tenant.clone(), program.name.clone());
        let granted = program.granted.as_ref().or_else(|| self.grants.get(&place));
        granted.cloned().unwrap_or_default()
    }

    /// The domains of a tenant's users.
    pub(crate) fn domains(&self, tenant: &Tenant) -> &[Arc<str>] {
        self.users.domains.get(tenant).map_or(&[], Vec::as_slice)
    }

    /// Whether a tenant has a user of this name.
    pub(crate) fn has_user(&self, tenant: &Tenant, name: &str) -> bool {
        self.users.names.contains(&(tenant.clone(), name.to_owned()))
    }

    /// A tenant's handler by name.
    pub(crate) fn program(&self, tenant: &Tenant, name: &str) -> Option<Arc<Program>> {
        self.programs.get(&(tenant.clone(), name.to_owned())).cloned()
    }

    /// The version of a handler that is tried, if there is one.
    pub(crate) fn candidate(&self, tenant: &Tenant, name: &str) -> Option<Arc<Candidate>> {
        self.candidates.get(&(tenant.clone(), name.to_owned())).cloned()
    }

    /// Whose call it is: of the user who calls, or of the one tenant whose users are at this host.
    pub(crate) fn tenant_of(&self, origin: &Origin, host: &str) -> Option<Tenant> {
        match origin {
            Origin::User { tenant, .. } => return Some(Tenant(tenant.to_string())),
            Origin::Client(proven) => return Some(Tenant(proven.tenant.to_string())),
            Origin::Trunk(_) | Origin::Anyone => {}
        }
        let at_home =
            |(_, domains): &(&Tenant, &Vec<Arc<str>>)| domains.iter().any(|one| one.eq_ignore_ascii_case(host));
        let mut there = self.users.domains.iter().filter(at_home).map(|(tenant, _)| tenant);
        let one = there.next()?;
        there.next().is_none().then(|| one.clone())
    }

    /// Where a call from outside leads, and the program there.
    pub(crate) fn route(&self, origin: &Origin, called: &Uri) -> Option<(Route, Arc<Program>)> {
        let tenant = self.tenant_of(origin, called.host());
        if let (Origin::Client(proven), Some(tenant)) = (origin, &tenant)
            && let MayCall::Handler { name, .. } = &proven.calls
        {
            // Its own handler, whatever it dials; who takes over from that one stands where the handler has a number.
            let program = self.program(tenant, name)?;
            let any = || Route::new(Pattern::Any, tenant.clone(), &**name);
            let route = self.routes.of_handler(tenant, name).cloned().unwrap_or_else(any);
            return Some((route, program));
        }
        let (route, program) = self.find(called.user().unwrap_or_default(), tenant.as_ref())?;
        Some((route.clone(), program))
    }

    /// The route of a called user, and the program it leads to.
    pub(crate) fn find(&self, user: &str, tenant: Option<&Tenant>) -> Option<(&Route, Arc<Program>)> {
        let route = self.routes.find(user, tenant)?;
        let program = self.program(&route.tenant, &route.handler)?;
        Some((route, program))
    }
}
