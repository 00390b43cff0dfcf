//! A node's place in its cluster: it joins before it starts, says where it is, what it has and how busy it is, and leaves when it
//! stops. Which of the others has a door for SIP it tells to those who connect ([`NodeDoors`]). What tenants change through one node is
//! told to the others, so that it counts there for the next call too. Not here: how nodes find and reach each other
//! (`patchcord_cluster`), and requests that another node can answer (`api/elsewhere`).

mod doors;
mod entry;
mod telling;

pub use doors::{ClusterConfig, NodeDoor};
pub(crate) use doors::{NodeDoors, NodeListener, OwnDoor, bind, can_be_certified};
pub(crate) use entry::Entry;
pub(crate) use telling::{KIND as CHANGED, Notice, Others};

use crate::async_thread;
use crate::figures::{Figure, Figures};
use crate::node::NodeConfig;
use crate::presence::Speaking;
use crate::start_error::StartError;
use patchcord_cluster::{Cluster, Joined, NodeEvent, Requests, State};
use patchcord_control::regions::{NodeId, Region};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;

/// How often a node looks whether its entry is still true, and whether somebody has still to hear of changes.
const LOOK: Duration = Duration::from_secs(2);

/// How the node stands to its cluster.
#[derive(Debug, Default)]
pub(crate) struct ClusterFigures {
    /// 1 while it is in it.
    pub(crate) joined: Figure,
    /// Other nodes that are there.
    pub(crate) nodes: Figure,
    /// Times it was cut off and came back.
    pub(crate) cuts: Figure,
}

/// What this node is called, where it is, and which start of it this is.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) node: NodeId,
    pub(crate) region: Region,
    /// Greater than in any life before.
    pub(crate) incarnation: u64,
}

/// A node's place, and what comes with it.
pub(crate) struct Membership {
    pub(crate) place: ClusterThread,
    pub(crate) others: Arc<Others>,
    /// What other nodes ask.
    pub(crate) requests: Requests,
    /// For what desks of presence tell each other.
    pub(crate) speaking: Option<Speaking>,
}

/// The thread that keeps a node in its cluster; dropping it leaves. Whoever has its [`Others`] has to be gone by then.
pub(crate) struct ClusterThread {
    stop: Option<oneshot::Sender<()>>,
    thread: async_thread::AsyncThread,
}

impl Drop for ClusterThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.wait();
    }
}

/// Joins, and waits until that is done; none if the node is to be alone. `door`: its own for the SIP of the others, if it has one.
///
/// # Errors
/// [`StartError::Cluster`], which says who did not let it in and what would be right.
pub(crate) fn join(
    config: &NodeConfig,
    figures: &Arc<Figures>,
    door: Option<&OwnDoor>,
) -> Result<Option<Membership>, StartError> {
    let Some(wanted) = config.cluster.as_ref().map(|cluster| cluster.membership.clone()) else {
        return Ok(None);
    };
    let now = Entry::of(config, figures, door.map(|door| door.address));
    let doors = door.map(|door| door.nodes.clone());
    let border = door.map(|door| door.border.clone()).unwrap_or_default();
    let wanted = patchcord_cluster::Config {
        // A later life of this node has a greater one, as long as its clock does not go back.
        incarnation: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
        entry: now.bytes(),
        ..wanted
    };
    let me = Named {
        node: wanted.node.clone(),
        region: wanted.region.clone(),
        incarnation: wanted.incarnation,
    };
    let (told, joined) = sync_channel(1);
    let (stop, stopped) = oneshot::channel::<()>();
    let figures = figures.clone();
    let work = async move {
        let joined = match Cluster::join(wanted).await {
            Ok(joined) => joined,
            Err(why) => {
                let _ = told.send(Err(why));
                return;
            }
        };
        let Joined {
            cluster,
            requests,
            locations,
            presence,
        } = joined;
        let others = Arc::new(Others::new(cluster));
        let _ = told.send(Ok((others.clone(), requests, (locations, presence))));
        stay((&others, doors.as_deref()), now, &figures, stopped).await;
        match Arc::into_inner(others) {
            Some(others) => others.leave().await,
            None => tracing::error!("somebody still speaks for a node that leaves its cluster"),
        }
    };
    let thread = async_thread::start("cluster", work).map_err(StartError::Thread)?;
    // A thread that says nothing has panicked, which was printed when it happened.
    let died = |_| StartError::Thread(std::io::Error::other("the cluster's thread has died"));
    let (others, requests, (locations, presence)) = joined.recv().map_err(died)?.map_err(StartError::Cluster)?;
    let speaking = Speaking {
        me,
        others: others.clone(),
        locations,
        presence,
        border,
    };
    Ok(Some(Membership {
        place: ClusterThread {
            stop: Some(stop),
            thread,
        },
        others,
        requests,
        speaking: Some(speaking),
    }))
}

/// Keeps the entry true and says who comes and goes, until the node stops.
async fn stay(
    (others, doors): (&Others, Option<&NodeDoors>),
    mut told: Entry,
    figures: &Figures,
    mut stopped: oneshot::Receiver<()>,
) {
    let cluster = others.cluster();
    let (mut watch, mut state) = (cluster.watch(), cluster.state());
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    figures.cluster.joined.set(1);
    loop {
        tokio::select! {
            // Either the word, or its sender is gone.
            _ = &mut stopped => return,
            _ = look.tick() => {
                let now = told.as_of(figures);
                if now != told {
                    // Refused only once the node is none any more, which its state says.
                    let _ = cluster.set_entry(now.bytes());
                    told = now;
                }
                others.catch_up().await;
            }
            event = watch.next() => match event {
                Some(event) => {
                    if let Some(doors) = doors {
                        doors.heard(&event);
                    }
                    figures.cluster.nodes.set(cluster.nodes().len() as u64);
                    say(&event);
                }
                None => return,
            },
            changed = state.changed() => {
                if changed.is_err() {
                    return;
                }
                stands(figures, *state.borrow_and_update());
            }
        }
    }
}

fn say(event: &NodeEvent) {
    match event {
        NodeEvent::Joined(node) => tracing::info!(node = %node.node, region = %node.region, "a node is there"),
        NodeEvent::Changed(_) => {}
        NodeEvent::Left { node, .. } => tracing::info!(%node, "a node has left"),
        NodeEvent::Lost { node, .. } => tracing::warn!(%node, "a node is lost"),
    }
}

fn stands(figures: &Figures, state: State) {
    let is_in = matches!(state, State::Joined | State::Healed { .. });
    figures.cluster.joined.set(u64::from(is_in));
    match state {
        State::Joined => tracing::info!("joined the cluster"),
        State::Cut { .. } => {
            tracing::warn!("cut off from the cluster; calls go on, and what others would have to do fails")
        }
        State::Healed { lasted, .. } => {
            figures.cluster.cuts.one();
            tracing::info!(seconds = lasted.as_secs(), "back in the cluster");
        }
        State::Replaced { by } => tracing::error!(by, "another process has the name of this node: stop one of them"),
        State::Left => {}
    }
}
