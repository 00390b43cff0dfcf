//! What can be tested of a handler without a call.

use super::{TEAMS, of_one, people_of};
use patchcord::presence::{Availability, Reason, Status};

#[test]
fn a_team_is_its_people_and_everybody_else_is_a_person() {
    for (team, people) in TEAMS {
        assert_eq!(people_of(team), *people);
    }
    assert_eq!(people_of("bob"), ["bob"]);
}

#[test]
fn somebodys_own_words_come_before_ours() {
    let quiet = Status::new(Availability::DoNotDisturb);
    assert_eq!(of_one("bob", &quiet), "bob does not want to be disturbed.");
    assert_eq!(
        of_one("bob", &quiet.with_text("In the cinema.")),
        "bob says: In the cinema."
    );
    let talks = Status {
        reason: Some(Reason::OnACall),
        ..Status::new(Availability::Busy)
    };
    assert_eq!(of_one("bob", &talks), "bob is on the phone.");
}
