//! The command line as a whole.

use super::*;
use clap::CommandFactory;

#[test]
fn the_options_of_all_verbs_make_sense() {
    Cli::command().debug_assert();
}

#[test]
fn every_verb_says_what_it_does() {
    for verb in Cli::command().get_subcommands() {
        assert!(verb.get_about().is_some(), "{} has no help", verb.get_name());
        for option in verb.get_arguments() {
            assert!(
                option.get_help().is_some(),
                "{} {} has no help",
                verb.get_name(),
                option.get_id()
            );
        }
    }
}

#[test]
fn lines_as_in_the_readme_are_understood() {
    for line in [
        "patchcord new support-line",
        "patchcord new support-line --template hello",
        "patchcord build examples/menu",
        "patchcord check menu.wasm",
        "patchcord dev examples/menu --sip 127.0.0.1:5060 --http 127.0.0.1:9060 --media-ports 20000-20199",
        "patchcord call sip:menu@127.0.0.1:5060 --keys 1,2# --record out.wav",
        "patchcord test",
        "patchcord serve --config patchcord.toml",
        "patchcord doctor --config patchcord.toml",
    ] {
        Cli::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

#[test]
fn nonsense_is_not_understood() {
    for line in [
        "patchcord",
        "patchcord fly",
        "patchcord call sip:a@b --keys x",
        "patchcord dev --media-ports 7",
    ] {
        let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}
