//! When a plan gives way to another. Time is an argument. Not how a move is made without a gap.
//!
//! **A plan is kept while it is legal**, unless another crosses fewer borders, or is better by [`MARGIN_US`] and by [`MARGIN_SHARE`] for
//! as long as [`PATIENCE`] without a break. So a path that is measured now a little better, now a little worse does not flap: each move
//! is heard, and has to be worth it.
//!
//! What is needed may change at any time, and then there is a new plan at once (MM-2). What did not change stays where it is, by the same
//! margin: a service that starts does not move the others for a gain that nobody hears. Services beside the path never move the path,
//! except that the first one brings media in from clients that go without us; they go back once nothing is needed. And where a way that
//! is cut puts one out of reach of the path that is there, a new path is sought that has it: a recording may be the law.

use super::choose::{Form, Found, Stop, with_transcoding};
use super::codecs::{Speech, between};
use super::cost::Score;
use super::error::NoPath;
use super::explain::Reason;
use super::ground::{Ground, Held, Pins, Wanted};
use super::judge::judge;
use super::make::{explain, plan_of};
use super::plan::{Branch, Plan, Shape, moves};
use super::services::Service;
use super::snapshot::{Place, Snapshot};
use super::survey::{Asked, Question, Survey};
use std::time::{Duration, Instant};

/// Another plan is better by at least so much, in points ([`Score::cost`])...
pub const MARGIN_US: u64 = 15_000;
/// ...and by at least so many hundredths of what the kept one costs...
pub const MARGIN_SHARE: u64 = 15;
/// ...for so long, at each look in between.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Why the plan is the one it is after a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// There was none.
    First,
    /// Something else is needed, or other ends are there.
    Needs,
    /// The one before could not stay.
    Illegal(Reason),
    /// Another crosses fewer borders between regions.
    FewerBorders,
    /// Another was better by so many points, for long enough.
    Better {
        /// Points.
        by: u64,
    },
    /// The path is the one before; copies for services beside it may have moved.
    Kept,
}

/// What came of a look.
#[derive(Debug)]
pub struct Verdict<'k> {
    /// The plan now. What is to be done is in [`Plan::moves`]: nothing, if nothing changed.
    pub plan: &'k Plan,
    /// Why it is this one.
    pub why: Why,
}

/// The plan of one conversation over time.
#[derive(Debug, Clone, Default)]
pub struct Keeper {
    current: Option<Plan>,
    better_since: Option<Instant>,
}

impl Keeper {
    /// Looks at what there is now: called when something changed, and at [`Keeper::wake_at`].
    ///
    /// # Errors
    /// [`NoPath`]. The plan before is still [`Keeper::plan`]: whoever carries it out knows by the error whether it may go on.
    pub fn look(&mut self, now: Instant, question: Question<'_>) -> Result<Verdict<'_>, NoPath> {
        let held = self
            .current
            .as_ref()
            .map_or_else(Held::default, |plan| held(plan, question.snapshot));
        let asked = Asked::new(question, held).map_err(NoPath::Unplannable)?;
        let (mut plan, why) = match &self.current {
            None => (fresh(&asked)?, Why::First),
            Some(current) => next(&asked, current, now, &mut self.better_since)?,
        };
        if why != Why::Kept {
            self.better_since = None;
        }
        plan.moves = moves(self.current.as_ref(), &plan);
        Ok(Verdict {
            plan: self.current.insert(plan),
            why,
        })
    }

    /// The plan, as of the last look that gave one.
    pub fn plan(&self) -> Option<&Plan> {
        self.current.as_ref()
    }

    /// When to look again though nothing changed: when another plan will have been better for long enough.
    pub fn wake_at(&self) -> Option<Instant> {
        self.better_since.map(|since| since + PATIENCE)
    }
}

/// The best plan of all.
///
/// # Errors
/// [`NoPath`].
pub(super) fn fresh(asked: &Asked<'_>) -> Result<Plan, NoPath> {
    let survey = asked.survey(None);
    let (found, number, branches) = best(asked, &survey)?;
    Ok(explained(
        asked,
        &survey,
        &survey.grounds[number],
        found,
        branches,
        Patience::Over,
    ))
}

/// The plan after this one.
fn next(
    asked: &Asked<'_>,
    current: &Plan,
    now: Instant,
    better_since: &mut Option<Instant>,
) -> Result<(Plan, Why), NoPath> {
    let survey = asked.survey(None);
    let new = best(asked, &survey);
    let take = |why, (found, number, branches): (&Found, usize, Vec<Branch>)| {
        let plan = explained(asked, &survey, &survey.grounds[number], found, branches, Patience::Over);
        Ok((plan, why))
    };
    let (kept, branches_kept) = match stays(asked, current) {
        Ok(kept) => kept,
        Err(why) => {
            let new = new?;
            let Some((settled, branches)) = settled(asked, current, &survey, new.0) else {
                return take(why, new);
            };
            let ground = asked.ground_of(&settled.gates);
            let plan = explained(asked, &survey, &ground, &settled, branches, Patience::Over);
            return Ok((plan, why));
        }
    };
    let ground = asked.ground_of(&kept.gates);
    // What is there serves still, where nothing new would: it holds the last of a service, or is in reach of it.
    let Ok(new) = new else {
        *better_since = None;
        let plan = explained(asked, &survey, &ground, &kept, branches_kept, Patience::Over);
        return Ok((plan, Why::Kept));
    };
    let found = new.0;
    if found.score.borders() < kept.score.borders() {
        return take(Why::FewerBorders, new);
    }
    // Clients that came in for a copy go back to each other once nothing needs their media.
    if found.form == Form::Direct && kept.form != Form::Direct && !current.branches.is_empty() {
        return take(Why::Needs, new);
    }
    let patience = match is_worth_it(found.score, kept.score) {
        true => Patience::Asked,
        false => Patience::Over,
    };
    if patience == Patience::Asked {
        let since = *better_since.get_or_insert(now);
        if now.saturating_duration_since(since) >= PATIENCE {
            let by = kept.score.cost() - found.score.cost();
            return take(Why::Better { by }, new);
        }
    } else {
        *better_since = None;
    }
    let plan = explained(asked, &survey, &ground, &kept, branches_kept, patience);
    Ok((plan, Why::Kept))
}

/// Whether something that is worth a move has to wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    Asked,
    Over,
}

/// The way of a plan, where it may stay: with its score now, and the branches that it has now.
///
/// # Errors
/// Why it may not.
fn stays(asked: &Asked<'_>, current: &Plan) -> Result<(Found, Vec<Branch>), Why> {
    let mut kept = recall(asked, current)?;
    let ground = asked.ground_of(&kept.gates);
    kept.score = judge(&ground, &kept).map_err(Why::Illegal)?.score();
    let branches = asked.branches(&ground, &kept).map_err(|_| Why::Needs)?;
    Ok((kept, branches))
}

/// The best way of a survey, with the services beside it. Where the copy for one cannot be had from there, no other way is taken for
/// it: a service beside the path never moves it.
fn best<'s>(asked: &Asked<'_>, survey: &'s Survey<'_>) -> Result<(&'s Found, usize, Vec<Branch>), NoPath> {
    let (found, number) = survey.found.first().ok_or_else(|| asked.why_not(survey))?;
    match asked.branches(&survey.grounds[*number], found) {
        Ok(branches) => Ok((found, *number, branches)),
        Err(_) => Err(asked.why_not(survey)),
    }
}

/// The plan before cannot stay as it is: the best way that leaves all where it is that is needed still and may stay, unless `fresh` is
/// worth more.
fn settled(asked: &Asked<'_>, current: &Plan, survey: &Survey<'_>, fresh: &Found) -> Option<(Found, Vec<Branch>)> {
    // The same for what was in the path.
    if fresh.form == Form::Direct {
        return None;
    }
    let pins = pins(asked, current, survey);
    let survey = asked.survey(Some(&pins));
    let (found, _, branches) = best(asked, &survey).ok()?;
    let better = fresh.score.borders() < found.score.borders() || is_worth_it(fresh.score, found.score);
    (!better).then(|| (found.clone(), branches))
}

fn is_worth_it(score: Score, kept: Score) -> bool {
    let gain = kept.cost().saturating_sub(score.cost());
    score.borders() <= kept.borders() && gain >= MARGIN_US && gain * 100 >= kept.cost() * MARGIN_SHARE
}

fn explained(
    asked: &Asked<'_>,
    survey: &Survey<'_>,
    ground: &Ground<'_>,
    found: &Found,
    branches: Vec<Branch>,
    patience: Patience,
) -> Plan {
    let verdict = |other: &Found| {
        let better = patience == Patience::Asked && is_worth_it(other.score, found.score);
        better.then(|| Reason::NotLongEnough {
            by: found.score.cost() - other.score.cost(),
        })
    };
    let mut plan = plan_of(ground, found, branches);
    plan.explanation = explain(asked, survey, ground, found, &verdict);
    plan
}

/// What a plan has of services, so that it does not stand in its own way.
fn held(plan: &Plan, snapshot: &Snapshot) -> Held {
    let in_the_path = plan
        .hops
        .iter()
        .flat_map(|hop| hop.services.iter().map(move |service| (service, &hop.node)));
    let beside = plan.branches.iter().map(|branch| (&branch.service, &branch.at));
    let placed = |(service, node): (&Service, _)| Some((service.clone(), snapshot.node_of(node)?));
    Held(in_the_path.chain(beside).filter_map(placed).collect())
}

/// The instance of each end in a plan, as far as it is there still, at the same gateway.
fn instances(asked: &Asked<'_>, plan: &Plan) -> Vec<Option<(Place, u8)>> {
    let known = |end: &super::ends::End| {
        let at = plan.ends.iter().find(|at| at.end == end.name)?;
        let same = |instance: &super::ends::Instance| instance.name == at.instance && instance.gateway == at.gateway;
        let number = end.instances.iter().position(same)?;
        // At most INSTANCES_MAX.
        Some((asked.question.snapshot.node_of(&at.gateway)?, number as u8))
    };
    asked.question.conversation.ends.iter().map(known).collect()
}

/// What of a plan is there still, and may stay.
fn pins(asked: &Asked<'_>, plan: &Plan, survey: &Survey<'_>) -> Pins {
    let in_the_path = |service: &Service| plan.hops.iter().any(|hop| hop.services.contains(service));
    let may_stay = |(service, node): &(Service, Place)| {
        let offered = asked.question.snapshot.offered(service, *node);
        let serves = |ground: &Ground<'_>| offered.is_some_and(|offered| ground.serving(service, offered).is_ok());
        in_the_path(service) && survey.grounds.iter().any(serves)
    };
    let comes_in = |(end, at): (usize, Option<(Place, u8)>)| {
        let (_, instance) = at?;
        let open = |ground: &Ground<'_>| ground.gates[end].iter().any(|gate| gate.instance == instance);
        survey.grounds.iter().any(open).then_some(instance)
    };
    let services = held(plan, asked.question.snapshot).0;
    Pins {
        instances: instances(asked, plan).into_iter().enumerate().map(comes_in).collect(),
        services: services.into_iter().filter(may_stay).collect(),
    }
}

/// A plan as something that can be judged. Its score is not known yet.
///
/// # Errors
/// It is no answer to this question any more: a node is gone; or there are other ends, other instances, other needs in the path, or any
/// need while clients go without us.
fn recall(asked: &Asked<'_>, plan: &Plan) -> Result<Found, Why> {
    let snapshot = asked.question.snapshot;
    let gateways = plan.ends.iter().map(|at| &at.gateway);
    let nodes = gateways.chain(plan.hops.iter().map(|hop| &hop.node));
    if nodes.into_iter().any(|node| snapshot.node_of(node).is_none()) {
        return Err(Why::Illegal(Reason::NodeGone));
    }
    let conversation = asked.question.conversation;
    let gates: Option<Vec<(Place, u8)>> = instances(asked, plan).into_iter().collect();
    let gates = gates.filter(|gates| gates.len() == plan.ends.len()).ok_or(Why::Needs)?;
    if !codecs_fit(asked, plan, &gates) {
        return Err(Why::Needs);
    }
    let mut wanted: Vec<Wanted> = asked.active.iter().cloned().map(Wanted::Service).collect();
    if let (Shape::Chain | Shape::Direct, [one, other]) = (plan.shape, gates.as_slice()) {
        let codecs = |end: usize, instance: u8| &conversation.ends[end].instances[usize::from(instance)].codecs;
        if let Speech::Either(pairs) = between(codecs(0, one.1), codecs(1, other.1)) {
            wanted = with_transcoding(wanted, pairs);
        }
    }
    let mixed = asked.active.contains(&Service::Mix);
    let (form, first) = match plan.shape {
        Shape::Star(hub) if mixed => (Form::Star, hub),
        Shape::Chain if !mixed => (Form::Chain, 0),
        Shape::Direct if conversation.needs.is_empty() => (Form::Direct, 0),
        Shape::Star(_) | Shape::Chain | Shape::Direct => return Err(Why::Needs),
    };
    let mut stops = Vec::with_capacity(wanted.len());
    let mut done = 0;
    for hop in plan.hops[first..].iter().filter(|hop| !hop.services.is_empty()) {
        let mut set = 0;
        for service in &hop.services {
            let wanted = wanted.iter().position(|wanted| does(service, wanted));
            set |= 1 << wanted.ok_or(Why::Needs)?;
        }
        done |= set;
        let node = snapshot.node_of(&hop.node).expect("all nodes were looked up");
        stops.push(Stop { node, set });
    }
    match u16::from(done) + 1 == 1 << wanted.len() {
        true => Ok(found(form, gates, stops, wanted)),
        false => Err(Why::Needs),
    }
}

fn found(form: Form, gates: Vec<(Place, u8)>, stops: Vec<Stop>, wanted: Vec<Wanted>) -> Found {
    Found {
        score: Score::NEVER,
        form,
        gates,
        stops,
        wanted,
    }
}

/// Whether a service of a plan is what is wanted.
fn does(service: &Service, wanted: &Wanted) -> bool {
    match wanted {
        Wanted::Service(wanted) => wanted == service,
        Wanted::Transcoding(pairs) => pairs
            .iter()
            .any(|(first, second)| super::ground::transcode(*first, *second) == *service),
    }
}

/// Whether each end speaks still what it spoke.
fn codecs_fit(asked: &Asked<'_>, plan: &Plan, gates: &[(Place, u8)]) -> bool {
    let ends = asked.question.conversation.ends.iter().zip(gates).zip(&plan.ends);
    let mut fits =
        ends.map(|((end, (_, instance)), at)| end.instances[usize::from(*instance)].codecs.contains(&at.codec));
    fits.all(|fits| fits)
}
