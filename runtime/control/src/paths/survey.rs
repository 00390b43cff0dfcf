//! One question put to the search: which rules apply, all ways that answer it, and why there is none if so.

use super::branch::{branches, elsewhere};
use super::choose::{Best, Found, search};
use super::codecs::{Codec, CodecPair, Speech, between};
use super::ends::{Conversation, Unplannable};
use super::error::NoPath;
use super::explain::Reason;
use super::ground::{Ground, Held, Pins};
use super::links::Passage;
use super::plan::Branch;
use super::policy::{Policy, Rule, Rules, Scope};
use super::services::{Class, Service};
use super::snapshot::{Place, Snapshot, Where};
use super::{FOUND_MAX, REFUSED_MAX, REGION_RULES_MAX};
use crate::regions::Region;

/// What is planned, and from what.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// All that is there now.
    pub snapshot: &'a Snapshot,
    /// What needs a way.
    pub conversation: &'a Conversation,
    /// The rules of its tenant.
    pub rules: &'a Rules,
    /// The minute of the day by UTC, less than [`super::DAY_MINUTES`].
    pub minute_utc: u16,
}

/// What is the same for each search that a question needs.
pub(super) struct Asked<'a> {
    pub(super) question: Question<'a>,
    pub(super) active: Vec<Service>,
    pub(super) passive: Vec<Service>,
    pub(super) held: Held,
}

/// The ways that were found, each with the ground it is on.
pub(super) struct Survey<'a> {
    pub(super) grounds: Vec<Ground<'a>>,
    /// The best first, at most [`FOUND_MAX`].
    pub(super) found: Vec<(Found, usize)>,
    pub(super) left_off: u32,
}

/// Regions with rules of their own that an end may come in at.
struct Regional {
    /// Their rules apply to some choices of gateways and to others not.
    choices: Vec<Region>,
    /// There are too many to try: their rules apply to all choices, which is the stricter reading.
    always: Vec<Region>,
}

impl<'a> Asked<'a> {
    /// # Errors
    /// What is wrong with the conversation.
    pub(super) fn new(question: Question<'a>, held: Held) -> Result<Self, Unplannable> {
        question.conversation.check()?;
        Ok(Self {
            active: question.conversation.needed(Class::Active),
            passive: question.conversation.needed(Class::Passive),
            question,
            held,
        })
    }

    /// All ways there are, or that are left by pins.
    pub(super) fn survey(&'a self, pins: Option<&'a Pins>) -> Survey<'a> {
        let regional = self.regional();
        let mut survey = Survey {
            grounds: Vec::new(),
            found: Vec::new(),
            left_off: 0,
        };
        for set in 0..1_usize << regional.choices.len() {
            let applying: Vec<&Region> = (0..regional.choices.len())
                .filter(|bit| set >> bit & 1 == 1)
                .map(|bit| &regional.choices[bit])
                .collect();
            let number = survey.grounds.len();
            let ground = self.ground(&regional, &applying, pins);
            let mut best = Best::default();
            search(&ground, &self.active, &mut best);
            survey.left_off += best.left_off;
            // What has an end in fewer of these regions is found, at what it costs, where only their rules apply.
            let all_apply = |found: &Found| {
                let regions = found.gates.iter().map(|(node, _)| ground.snapshot.node(*node).region);
                let regions: Vec<&Region> = regions.map(|region| ground.snapshot.region(region)).collect();
                applying.iter().all(|region| regions.contains(region))
            };
            let found = best.found.into_iter().filter(all_apply);
            survey.found.extend(found.map(|found| (found, number)));
            survey.grounds.push(ground);
        }
        survey.found.sort();
        let more = survey.found.len().saturating_sub(FOUND_MAX);
        // At most FOUND_MAX for each ground.
        survey.left_off += more as u32;
        survey.found.truncate(FOUND_MAX);
        survey
    }

    /// The ground on which a way with these gateways is judged.
    pub(super) fn ground_of(&'a self, gates: &[(Place, u8)]) -> Ground<'a> {
        let snapshot = self.question.snapshot;
        let regional = self.regional();
        let regions: Vec<Where> = gates.iter().map(|(node, _)| snapshot.node(*node).region).collect();
        let passes = |region: &&Region| regions.iter().any(|known| snapshot.region(*known) == *region);
        let applying: Vec<&Region> = regional.choices.iter().filter(passes).collect();
        self.ground(&regional, &applying, None)
    }

    fn rules(&self) -> impl Iterator<Item = &'a Rule> {
        self.question.rules.at(self.question.minute_utc)
    }

    fn regional(&self) -> Regional {
        let instances = self.question.conversation.ends.iter().flat_map(|end| &end.instances);
        let nodes = instances.filter_map(|instance| self.question.snapshot.node_of(&instance.gateway));
        let regions: Vec<Where> = nodes.map(|node| self.question.snapshot.node(node).region).collect();
        let comes_in = |region: &Region| {
            let known = self.question.snapshot.region_of(region);
            known.is_some_and(|known| regions.contains(&known))
        };
        let ruled = self.rules().filter_map(|rule| match &rule.scope {
            Scope::Region(region) => Some(region),
            Scope::Tenant | Scope::End(_) => None,
        });
        let mut choices: Vec<Region> = ruled.filter(|region| comes_in(region)).cloned().collect();
        choices.sort_unstable();
        choices.dedup();
        let always = choices.split_off(choices.len().min(REGION_RULES_MAX));
        Regional { choices, always }
    }

    /// With the rules of these regions, and without gateways in those whose rules do not apply.
    fn ground(&'a self, regional: &Regional, applying: &[&Region], pins: Option<&'a Pins>) -> Ground<'a> {
        let conversation = self.question.conversation;
        let counts = |rule: &&Rule| match &rule.scope {
            Scope::Tenant => true,
            Scope::End(name) => conversation.ends.iter().any(|end| end.name == *name),
            Scope::Region(region) => applying.contains(&region) || regional.always.contains(region),
        };
        let policy = Policy::of(self.question.snapshot, self.rules().filter(counts));
        let mut ground = Ground::new(self.question.snapshot, conversation, policy, &self.held, pins);
        for gates in &mut ground.gates {
            gates.retain(|gate| {
                let region = ground.snapshot.region(gate.region);
                !regional.choices.contains(region) || applying.contains(&region)
            });
        }
        ground
    }

    /// Branches for what is needed beside a way.
    ///
    /// # Errors
    /// A service that cannot be had, or the first thing needed while clients go without us.
    pub(super) fn branches(&self, ground: &Ground<'_>, found: &Found) -> Result<Vec<Branch>, Service> {
        let gates = found.gates.iter().map(|(node, _)| *node);
        let mut path: Vec<Place> = gates.chain(found.stops.iter().map(|stop| stop.node)).collect();
        path.sort_unstable();
        path.dedup();
        branches(ground, &path, &self.passive)
    }

    /// Why there is no way: the first thing that is missing, by the rules that always apply, then with those of all regions.
    pub(super) fn why_not(&self, survey: &Survey<'_>) -> NoPath {
        let grounds = [survey.grounds.first(), survey.grounds.last()];
        let missing = |ground: &Ground<'_>| {
            let needed = self.active.iter().chain(&self.passive);
            closed_end(ground)
                .or_else(|| needed.clone().find_map(|service| without(ground, service)))
                .or_else(|| self.no_codec(ground))
        };
        grounds
            .into_iter()
            .flatten()
            .find_map(missing)
            .unwrap_or_else(|| self.apart())
    }

    fn no_codec(&self, ground: &Ground<'_>) -> Option<NoPath> {
        let [first, second] = self.question.conversation.ends.as_slice() else {
            return None;
        };
        if self.active.contains(&Service::Mix) {
            return None;
        }
        let mut pairs: Vec<CodecPair> = Vec::new();
        for one in &first.instances {
            for other in &second.instances {
                match between(&one.codecs, &other.codecs) {
                    Speech::Same(_) => return None,
                    Speech::Either(some) => {
                        pairs.extend(some.into_iter().filter_map(|(one, other)| CodecPair::new(one, other)));
                    }
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        let mut reasons: Vec<(Region, Reason)> = Vec::new();
        for pair in pairs {
            let service = Service::Transcode(pair);
            let offering = ground.snapshot.offering(&service);
            if offering
                .iter()
                .any(|offered| ground.serving(&service, *offered).is_ok())
            {
                return None;
            }
            reasons.extend(elsewhere(ground, &service));
        }
        reasons.sort_by(|one, other| one.0.cmp(&other.0));
        reasons.dedup_by(|one, other| one.0 == other.0);
        Some(NoPath::Codecs {
            first: spoken(first),
            second: spoken(second),
            elsewhere: reasons,
        })
    }

    fn apart(&self) -> NoPath {
        let snapshot = self.question.snapshot;
        let regions = snapshot.regions();
        let mut cut = Vec::new();
        for one in 0..regions.len() as Where {
            for other in one + 1..regions.len() as Where {
                if snapshot.way(one, other).passage == Passage::Cut && cut.len() < REFUSED_MAX {
                    cut.push((snapshot.region(one).clone(), snapshot.region(other).clone()));
                }
            }
        }
        NoPath::Apart { cut }
    }
}

/// What instances of an end speak, each once.
fn spoken(end: &super::ends::End) -> Vec<Codec> {
    let mut codecs: Vec<Codec> = end
        .instances
        .iter()
        .flat_map(|instance| instance.codecs.clone())
        .collect();
    codecs.sort_unstable();
    codecs.dedup();
    codecs
}

/// An end that may come in nowhere.
fn closed_end(ground: &Ground<'_>) -> Option<NoPath> {
    for (number, end) in ground.conversation.ends.iter().enumerate() {
        // At most INSTANCES_MAX.
        let gates = (0..end.instances.len() as u8).map(|instance| ground.gate(number, instance));
        let reasons: Option<Vec<Reason>> = gates.map(Result::err).collect();
        if let Some(reasons) = reasons {
            let names = end.instances.iter().map(|instance| instance.name.clone());
            return Some(NoPath::End {
                end: end.name.clone(),
                instances: names.zip(reasons).collect(),
            });
        }
    }
    None
}

/// A service that can be had nowhere.
fn without(ground: &Ground<'_>, service: &Service) -> Option<NoPath> {
    let offering = ground.snapshot.offering(service);
    let can = offering.iter().any(|offered| ground.serving(service, *offered).is_ok());
    (!can).then(|| NoPath::Service {
        service: service.clone(),
        elsewhere: elsewhere(ground, service),
    })
}
