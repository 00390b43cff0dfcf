//! Answers, records for a second, tells something of its own, and dials somebody. Called as `reports-subscribes` it has a webhook told,
//! too; as `reports-breaks` it breaks, and as `reports-plays` it plays two tones and tells something between them.

use patchcord::events::Kind;
use patchcord::prelude::*;
use patchcord::report;

patchcord::handler!(handle);

fn handle(caller: Leg) -> Result<()> {
    let to = caller.info().to;
    let what = to.split('-').nth(1).unwrap_or_default();
    if what == "subscribes" {
        let kinds = [Kind::Custom, Kind::CallEnded];
        report::subscribe("https://crm.example.com/hooks?token=t-1", &kinds, "crm-key")?;
        info!(
            "elsewhere: {:?}",
            report::subscribe("https://else.example.com/", &[], "crm-key")
        );
    }
    caller.answer()?;
    if what == "plays" {
        caller.play(tone(440, secs(1)))?;
        report::emit("half-time", "a&b=ü")?;
        caller.play(tone(880, secs(1)))?;
        return Ok(());
    }
    caller.record(Record::default().longest(secs(1)))?;
    report::emit("order-paid", "{\"cents\":1250}")?;
    assert!(what != "breaks", "as its name says");
    caller.dial(Dial::user("bob").ring_for(secs(5)))?;
    Ok(())
}
