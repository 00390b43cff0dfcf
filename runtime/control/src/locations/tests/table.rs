//! The table against a list that is read through, by random words of several writers.

use super::*;
use crate::presence::{Availability, Status};
use crate::replica::tests::Dice;
use std::collections::BTreeMap;

/// Endpoint, instance and writer; epoch and bandwidth.
type Model = BTreeMap<(String, String, u32), (u32, u32)>;

fn instance(name: &str, kbps: u32) -> Instance {
    let arrival = arrival(&endpoint("ann"), name);
    Instance {
        id: arrival.instance,
        profile: arrival.profile,
        network: arrival.network,
        bandwidth_kbps: kbps,
        place: None,
        connected_at_ms: 0,
        state: State::Active,
        status: Arc::new(Status::new(Availability::Available)),
        way: None,
        history: None,
    }
}

/// Instance, writer and bandwidth of what counts for an endpoint; the greater number has the greater name here.
fn counting(model: &Model, of: &str) -> Vec<(String, u32, u32)> {
    let mut first: BTreeMap<&str, (u32, u32, u32)> = BTreeMap::new();
    for ((_, instance, writer), (epoch, kbps)) in model.iter().filter(|((endpoint, ..), _)| endpoint == of) {
        let rank = (*epoch, *writer, *kbps);
        let known = first.entry(instance).or_insert(rank);
        *known = rank.max(*known);
    }
    first
        .into_iter()
        .map(|(instance, (_, writer, kbps))| (instance.to_owned(), writer, kbps))
        .collect()
}

fn compare(seed: u64, table: &Table, model: &Model) {
    let mut counts = BTreeMap::new();
    for name in ["a", "b", "c"] {
        let found = table.counting_of(&tenant("acme"), name).map(|id| {
            let entry = table.entry(id);
            *counts.entry(entry.writer).or_insert(0) += 1;
            let instance = entry.instance.id.as_str().to_owned();
            (instance, entry.writer, entry.instance.bandwidth_kbps)
        });
        let found: Vec<_> = found.collect();
        assert_eq!(found, counting(model, name), "seed {seed}: {model:?}");
    }
    assert_eq!(
        (table.len(), table.of_tenant(&tenant("acme"))),
        (model.len(), model.len()),
        "seed {seed}"
    );
    for writer in 0..3 {
        let expected = counts.get(&writer).copied().unwrap_or(0);
        assert_eq!(table.counting(writer), expected, "seed {seed}: writer {writer}");
        let all = model.keys().filter(|(_, _, of)| *of == writer).count();
        assert_eq!(table.of_writer(writer).count(), all, "seed {seed}: writer {writer}");
    }
}

#[test]
fn any_order_of_words_leads_to_what_a_list_says() {
    for seed in 0..400 {
        let dice = &mut Dice::new(seed);
        let mut table = Table::default();
        for writer in 0..3 {
            table.name(writer, &NodeId::new(&format!("n{writer}")).expect("a name"));
        }
        let mut model = Model::new();
        for _ in 0..60 {
            let name = ["a", "b", "c"][dice.below(3) as usize];
            let device = ["x", "y"][dice.below(2) as usize];
            let writer = dice.below(3) as u32;
            let key = (name.to_owned(), device.to_owned(), writer);
            let before = counting(&model, name);
            let turn = match dice.percent(60) {
                true => {
                    let (epoch, kbps) = (dice.below(4) as u32, dice.below(2) as u32);
                    model.insert(key, (epoch, kbps));
                    table.put(writer, &endpoint(name), epoch, instance(device, kbps)).turn
                }
                false => {
                    model.remove(&key);
                    let found = table.find(&endpoint(name), &id(device), writer);
                    found.map_or(Turn::None, |id| table.remove(id).2)
                }
            };
            compare(seed, &table, &model);
            let of = |all: &[(String, u32, u32)]| all.iter().find(|(instance, ..)| instance == device).cloned();
            let after = counting(&model, name);
            let allowed = match (of(&before), of(&after)) {
                (None, None) => turn == Turn::None,
                (None, Some(_)) => turn == Turn::Came,
                (Some(_), None) => turn == Turn::Gone,
                // A greater epoch alone may be told, and nothing else that is the same.
                (Some(one), Some(two)) if one == two => turn == Turn::None || one.1 == writer,
                (Some(_), Some(_)) => turn == Turn::Changed,
            };
            assert!(allowed, "seed {seed}: {turn:?} from {before:?} to {after:?}");
        }
    }
}

#[test]
fn what_repeats_is_kept_once_and_what_nobody_has_is_let_go() {
    let mut table = Table::default();
    table.name(ME, &NodeId::new("n0").expect("a name"));
    let profile = |number: usize| {
        let device = format!("device{number}");
        Arc::new(Profile::new(ClientKind::App, &device, "app", Media::default()).expect("good names"))
    };
    let put = |table: &mut Table, number: usize, of: &Arc<Profile>| {
        let mut instance = instance("x", 0);
        instance.profile = of.clone();
        table.put(ME, &endpoint(&format!("user{number}")), 1, instance).id
    };
    let (one, two) = (put(&mut table, 0, &profile(0)), put(&mut table, 1, &profile(0)));
    assert!(Arc::ptr_eq(
        &table.entry(one).instance.profile,
        &table.entry(two).instance.profile
    ));
    for number in 0..10_000 {
        let id = put(&mut table, 2, &profile(number));
        table.remove(id);
    }
    assert!(table.profiles() <= 512, "{} are kept", table.profiles());
}
