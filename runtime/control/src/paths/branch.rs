//! Services beside the path (MM-4 to MM-6): each has a copy from the nearest node of a path that is settled already. Nothing here can change
//! that path.

use super::cost::Score;
use super::explain::Reason;
use super::ground::Ground;
use super::links::Passage;
use super::plan::Branch;
use super::services::Service;
use super::snapshot::{Place, Where};
use crate::regions::Region;

/// A copy that could be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Copy {
    score: Score,
    from: Place,
    at: Place,
}

/// A branch for each service, from one of these nodes of the path. One that is held stays where it is as long as it may and no other
/// crosses fewer borders: a recording does not change hands for a few milliseconds that nobody hears.
///
/// # Errors
/// A service that nowhere can be had.
pub(super) fn branches(ground: &Ground<'_>, path: &[Place], passive: &[Service]) -> Result<Vec<Branch>, Service> {
    let branch = |service: &Service| {
        let copy = nearest(ground, path, service).ok_or_else(|| service.clone())?;
        let region = ground.snapshot.node(copy.at).region;
        Ok(Branch {
            service: service.clone(),
            from: ground.snapshot.node(copy.from).id.clone(),
            at: ground.snapshot.node(copy.at).id.clone(),
            region: ground.snapshot.region(region).clone(),
            tunnel: match service {
                Service::Record => tunnel(ground, region),
                _ => None,
            },
        })
    };
    passive.iter().map(branch).collect()
}

fn nearest(ground: &Ground<'_>, path: &[Place], service: &Service) -> Option<Copy> {
    let regions = ground.snapshot.regions().len();
    // Of each region the best node; nodes of the path are looked at one by one, since from them no hop is needed.
    let mut best: Vec<Option<(Score, Place)>> = vec![None; regions];
    let mut copies: Vec<Copy> = Vec::new();
    for offered in ground.snapshot.offering(service) {
        let Ok(costs) = ground.serving(service, *offered) else {
            continue;
        };
        let serving = Score::points(&costs);
        let region = &mut best[usize::from(ground.snapshot.node(offered.node).region)];
        if region.is_none_or(|(least, _)| serving < least) {
            *region = Some((serving, offered.node));
        }
        if path.contains(&offered.node) || ground.holds(service, offered.node) {
            copies.extend(from_nearest(ground, path, serving, offered.node));
        }
    }
    for (serving, node) in best.into_iter().flatten() {
        copies.extend(from_nearest(ground, path, serving, node));
    }
    let least = copies.iter().min().copied()?;
    let held = copies
        .into_iter()
        .filter(|copy| ground.holds(service, copy.at))
        .min()
        .filter(|copy| copy.score.borders() <= least.score.borders());
    Some(held.unwrap_or(least))
}

/// From the node of the path that is nearest to this one.
fn from_nearest(ground: &Ground<'_>, path: &[Place], serving: Score, at: Place) -> Option<Copy> {
    let copies = path.iter().map(|from| Copy {
        score: serving + ground.step(*from, at),
        from: *from,
        at,
    });
    copies.min().filter(|copy| copy.score.is_possible())
}

/// The nearest core region that a recording may go to and gets to, unless it is in one already.
fn tunnel(ground: &Ground<'_>, region: Where) -> Option<Region> {
    let core = ground.snapshot.core();
    if core.contains(&region) {
        return None;
    }
    let allowed = core.iter().filter(|core| ground.allowed(**core).is_ok());
    let open = allowed.filter(|core| ground.snapshot.way(region, **core).passage == Passage::Open);
    let (_, nearest) = open.map(|core| (ground.hop(region, *core), *core)).min()?;
    Some(ground.snapshot.region(nearest).clone())
}

/// Why a service cannot be had: of each region that has it, one reason.
pub(super) fn elsewhere(ground: &Ground<'_>, service: &Service) -> Vec<(Region, Reason)> {
    let mut regions: Vec<(Region, Reason)> = Vec::new();
    for offered in ground.snapshot.offering(service) {
        let region = ground.snapshot.region(ground.snapshot.node(offered.node).region);
        if regions.iter().any(|(known, _)| known == region) {
            continue;
        }
        if let Err(reason) = ground.serving(service, *offered) {
            regions.push((region.clone(), reason));
        }
    }
    regions.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    regions
}
