//! Builds the handlers that tests run, and a pretend call that answers them at once.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests build handlers, read files, and tick as the host does"
)]

#[path = "../../../../tests/support/wasm.rs"]
mod wasm;

use patchcord_control::ask::{Answer, Ask};
use patchcord_control::ids::{LegId, OperationId};
use patchcord_control::words::{
    BridgeEnd, Bridged, Destination, DialOutcome, Error, GatherEnd, GatherFailure, Gathered, Interruption, LegInfo,
    LegState, PlayEnd, Played, UnixTime,
};
use patchcord_guest::{Config, EPOCH_MS, Instance, Limits, Module, Runtime, Step};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// More steps than any handler here needs: a test that goes on for ever must fail instead.
const MOST_STEPS: usize = 100_000;

/// One runtime for all tests of a file, with a thread that ticks as the host does.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = Runtime::new(Config {
            max_instances: 64,
            ..Config::default()
        })
        .expect("there is room for 64");
        let ticking = runtime.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(EPOCH_MS.into()));
                ticking.tick();
            }
        });
        runtime
    })
}

/// The core module of a hostile handler, by the name of its file in `tests/guests/modules/examples`.
pub fn hostile(name: &str) -> Vec<u8> {
    read(&wasm::hostile(name))
}

/// The core module of a handler in `examples/`.
pub fn example(name: &str) -> Vec<u8> {
    read(&wasm::example(name))
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What came of a handler that a [`PretendCall`] answered.
pub struct Ran {
    pub end: Step,
    pub asks: Vec<Ask>,
    pub log: Vec<String>,
    pub instance: Instance,
}

/// Answers like a call in which everything works, until the far end hangs up.
#[derive(Default)]
pub struct PretendCall {
    /// Waiting functions answered before the hang-up; none: it never comes.
    pub hangs_up_after: Option<usize>,
    /// Stop feeding the handler after this many asks; none: go on to its end.
    pub stop_after: Option<usize>,
    /// The keys that gatherings bring, in order; then none come.
    pub keys: Vec<&'static str>,
    /// Whom the caller called.
    pub called: &'static str,
    /// What diallings bring, in order; then nothing is reached.
    pub dials: Vec<Result<DialOutcome, Error>>,
    /// How bridges end, in order; then the second party hangs up.
    pub bridges: Vec<BridgeEnd>,
    /// The leg that asks for a transfer.
    pub asker: u32,
    /// The leg that an attended transfer brings; none: its call is gone. The other kind is to a number.
    pub attended: Option<Option<u32>>,
    /// Operations started until now.
    pub started: u32,
    /// Waiting functions asked until now.
    pub waits: usize,
}

impl PretendCall {
    /// Runs a module from its first step; ends with `Asked` only if it was told to stop early.
    pub fn run(mut self, module: &Module, limits: Limits) -> Ran {
        let mut instance = Instance::start(module, limits).expect("the limits fit the runtime");
        let (mut asks, mut log) = (Vec::new(), Vec::new());
        let mut step = instance.resume(None);
        for _ in 0..MOST_STEPS {
            let Step::Asked(ask) = step else {
                return Ran {
                    end: step,
                    asks,
                    log,
                    instance,
                };
            };
            if self.stop_after.is_some_and(|most| asks.len() >= most) {
                return Ran {
                    end: Step::Asked(ask),
                    asks,
                    log,
                    instance,
                };
            }
            if let Ask::Log { message, .. } = &ask {
                log.push(message.clone());
            }
            let (answer, waited) = self.answer(&ask);
            asks.push(ask);
            if waited {
                instance.begin_turn();
            }
            step = instance.resume(Some(answer));
        }
        panic!("the handler goes on for ever: {:?}", asks.last());
    }

    fn answer(&mut self, ask: &Ask) -> (Answer, bool) {
        let gone = Error::Interrupted(Interruption::HungUp);
        let waits = matches!(
            ask,
            Ask::Answer { .. }
                | Ask::Play { .. }
                | Ask::Gather { .. }
                | Ask::Dial { .. }
                | Ask::Bridge { .. }
                | Ask::TransferTake { .. }
                | Ask::Sleep { .. }
                | Ask::WaitAny { .. }
        );
        self.waits += usize::from(waits);
        if waits && self.hangs_up_after.is_some_and(|most| self.waits > most) {
            let answer = match ask {
                Ask::Play { .. } => Answer::Played(Err(gone)),
                Ask::Gather { .. } => Answer::Gathered(Err(GatherFailure {
                    reason: gone,
                    keys: String::new().into(),
                })),
                Ask::Dial { .. } => Answer::Dialled(Err(gone)),
                Ask::Bridge { .. } => Answer::Bridged(Err(gone)),
                Ask::TransferTake { .. } => Answer::Taken(Err(gone)),
                Ask::WaitAny { .. } => Answer::Any(Err(gone)),
                _ => Answer::Unit(Err(gone)),
            };
            return (answer, false);
        }
        (self.good_answer(ask), waits)
    }

    fn good_answer(&mut self, ask: &Ask) -> Answer {
        match ask {
            Ask::Ring { .. } | Ask::EarlyMedia { .. } | Ask::Answer { .. } | Ask::Reject { .. } | Ask::Sleep { .. } => {
                Answer::Unit(Ok(()))
            }
            Ask::Play { .. } | Ask::StopPlay { .. } => Answer::Played(Ok(Played {
                played_ms: 1_000,
                position_ms: 1_000,
                ended_by: PlayEnd::Finished,
            })),
            Ask::StartPlay { .. } | Ask::StartGather { .. } => {
                self.started += 1;
                Answer::Started(Ok(OperationId(self.started)))
            }
            Ask::Gather { .. } | Ask::CancelGather { .. } => Answer::Gathered(Ok(self.gathered())),
            Ask::Info { .. } => Answer::Info(LegInfo {
                to: self.called.to_owned().into(),
                ..LegInfo::default()
            }),
            Ask::State { .. } => Answer::State(LegState::Answered),
            Ask::Header { .. } => Answer::Header(Vec::new()),
            Ask::Now => Answer::Now(UnixTime {
                seconds: 1_700_000_000,
                nanoseconds: 0,
            }),
            Ask::Log { .. } | Ask::Forget { .. } | Ask::HangUp { .. } | Ask::Flush { .. } => Answer::Nothing,
            other => self.party_answer(other),
        }
    }

    fn party_answer(&mut self, ask: &Ask) -> Answer {
        match ask {
            Ask::Dial { .. } if self.dials.is_empty() => Answer::Dialled(Ok(DialOutcome::Unreachable)),
            Ask::Dial { .. } => Answer::Dialled(self.dials.remove(0)),
            Ask::Bridge { .. } => Answer::Bridged(Ok(Bridged {
                lasted_ms: 5_000,
                ended_by: if self.bridges.is_empty() {
                    BridgeEnd::SecondLeft(Interruption::HungUp)
                } else {
                    self.bridges.remove(0)
                },
            })),
            Ask::TransferAskedBy { .. } => Answer::Leg(LegId(self.asker)),
            Ask::TransferIsAttended { .. } => Answer::Flag(self.attended.is_some()),
            Ask::TransferDestination { .. } => {
                Answer::Destination(Destination::Number("+12025550100".to_owned().into()))
            }
            Ask::TransferTake { .. } => Answer::Taken(match self.attended.flatten() {
                Some(leg) => Ok(LegId(leg)),
                None => Err(Error::NoSuchCall),
            }),
            Ask::TransferAccept { .. } | Ask::TransferFinish { .. } | Ask::TransferDrop { .. } => Answer::Nothing,
            other => panic!("no handler of these tests asks {other:?}"),
        }
    }

    fn gathered(&mut self) -> Gathered {
        if self.keys.is_empty() {
            return Gathered {
                keys: String::new().into(),
                ended_by: GatherEnd::FirstKeyTimeout,
                complete: false,
                said: None,
            };
        }
        Gathered {
            keys: self.keys.remove(0).to_owned().into(),
            ended_by: GatherEnd::MaxKeys,
            complete: true,
            said: None,
        }
    }
}
