//! The handlers in `examples/`, from upload to their end.

#[path = "examples/parties.rs"]
mod parties;
mod support;

use patchcord_control::ask::Ask;
use patchcord_control::words::Segment;
use patchcord_guest::{Limits, Module, Step, WrapError, wrap};
use support::{PretendCall, example, runtime};

/// What the handler played, in order: file names, and frequencies of tones.
fn heard(asks: &[Ask]) -> Vec<String> {
    let prompts = asks.iter().filter_map(|ask| match ask {
        Ask::Play { prompt, .. } => Some(prompt),
        Ask::Gather { options, .. } => options.prompt.as_ref(),
        _ => None,
    });
    prompts
        .flatten()
        .map(|segment| match segment {
            Segment::File(name) => name.clone(),
            Segment::Tone(tone) => format!("{:?} Hz", tone.frequencies),
            Segment::Silence(ms) => format!("{ms} ms"),
            Segment::Url(address) => address.reveal().clone(),
            Segment::Speech(speech) => format!("{:?}", speech.text.reveal()),
        })
        .collect()
}

fn menu(keys: Vec<&'static str>) -> Vec<String> {
    let module = Module::load(runtime(), &example("menu")).expect("accepted");
    let ran = PretendCall {
        keys,
        ..PretendCall::default()
    }
    .run(&module, Limits::default());
    assert_eq!(ran.end, Step::Finished(Ok(())));
    heard(&ran.asks)
}

#[test]
fn hello_answers_plays_its_tone_and_returns() {
    let module = Module::load(runtime(), &example("hello")).expect("accepted");
    let ran = PretendCall::default().run(&module, Limits::default());
    assert_eq!(ran.end, Step::Finished(Ok(())));
    assert!(ran.asks.iter().any(|ask| matches!(ask, Ask::Answer { .. })));
    assert_eq!(heard(&ran.asks), ["[440] Hz"]);
    let usage = ran.instance.usage();
    assert_eq!(usage.host_calls, ran.asks.len() as u64);
    assert!(usage.fuel > 100 && usage.memory_peak >= 65_536, "{usage:?}");
}

#[test]
fn what_hello_may_do_is_what_it_calls() {
    let module = Module::load(runtime(), &example("hello")).expect("accepted");
    let names: Vec<_> = module
        .imports()
        .iter()
        .map(|import| import.interface.as_str())
        .collect();
    assert!(names.contains(&"patchcord:handler/play@0.1.0"), "{names:?}");
    assert!(
        !names
            .iter()
            .any(|name| name.contains("gather") || name.contains("random")),
        "{names:?}"
    );
    let call = module
        .imports()
        .iter()
        .find(|import| import.interface.contains("/call@"))
        .expect("it answers");
    assert!(call.functions.contains(&"leg.answer".to_owned()), "{call:?}");
}

#[test]
fn each_choice_of_the_menu_has_its_tone() {
    for (key, tone) in [("1", "[440] Hz"), ("2", "[620] Hz"), ("3", "[880] Hz")] {
        assert!(menu(vec![key]).contains(&tone.to_owned()), "{key}");
    }
}

#[test]
fn three_wrong_keys_end_the_menu() {
    let heard = menu(vec!["9", "8", "7"]);
    assert_eq!(heard.iter().filter(|name| *name == "menu.wav").count(), 3, "{heard:?}");
    assert_eq!(
        heard.iter().filter(|name| *name == "invalid.wav").count(),
        3,
        "{heard:?}"
    );
    assert_eq!(heard.last().map(String::as_str), Some("goodbye.wav"));
}

#[test]
fn hanging_up_in_the_menu_leaves_by_question_mark() {
    let module = Module::load(runtime(), &example("menu")).expect("accepted");
    let call = PretendCall {
        hangs_up_after: Some(1),
        ..PretendCall::default()
    };
    let end = call.run(&module, Limits::default()).end;
    assert!(
        matches!(
            end,
            Step::Finished(Err(patchcord_control::words::Error::Interrupted(_)))
        ),
        "{end:?}"
    );
}

#[test]
fn code_and_prompts_are_one_artefact() {
    let core = example("menu");
    let prompts = vec![
        ("menu.wav".to_owned(), vec![1, 2, 3]),
        ("de/menu.wav".to_owned(), vec![4; 100_000]),
    ];
    let component = wrap(&core, &prompts).expect("it wraps");
    assert_eq!(
        component,
        wrap(&core, &prompts).expect("it wraps"),
        "the same input gives the same bytes"
    );
    assert!(component.len() < core.len(), "debug information is left out");
    let module = Module::load(runtime(), &component).expect("accepted");
    let carried: Vec<_> = module.prompts().map(|(name, content)| (name, content.len())).collect();
    assert_eq!(carried, [("de/menu.wav", 100_000), ("menu.wav", 3)]);
    assert_eq!((module.size(), module.hash().len()), (component.len(), 64));
    let other = Module::load(runtime(), &wrap(&core, &prompts[..1]).expect("it wraps")).expect("accepted");
    assert_ne!(module.hash(), other.hash(), "another prompt is another module");
}

#[test]
fn a_prompt_needs_a_name_of_its_own() {
    let core = example("hello");
    for names in [vec![""], vec!["a.wav", "a.wav"]] {
        let prompts: Vec<_> = names.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
        let name = names[0].to_owned();
        assert_eq!(wrap(&core, &prompts), Err(WrapError::PromptName(name)));
    }
}
