//! Hold: music while the flow allows it, no time-out, and the bridge after it.

use super::*;

fn flow(flow: Flow) -> Plan {
    Plan {
        flow,
        timeout: Some(Duration::from_secs(2)),
        ..plan_of_b()
    }
}

fn music(bridge: &mut Bridge) {
    let prompt = Prompt {
        segments: vec![clip(16_000)],
        times: 0,
    };
    bridge.bench.command(Command::Play {
        session: B,
        play: PlayId(1),
        prompt,
        stop_on_key: StopOnKey::PlayOn,
    });
}

#[test]
fn a_held_party_hears_music_and_then_the_bridge_again() {
    let mut bridge = Bridge::new(RelayKeys::Keep);
    bridge.relay(B, Some(A), RelayKeys::Keep);
    bridge.update_b(flow(Flow::SendRecv));
    bridge.talk(5, 1);
    bridge.update_b(flow(Flow::SendOnly));
    music(&mut bridge);
    // Ten minutes: B's far end does not send, or sends what is not wanted; A talks on and is not heard.
    let loud = crate::g711::encode(Law::Pcmu, 4_000);
    for n in 0..30_000u32 {
        if n < 100 {
            let bytes = packet(0, n as u16, n * 160, 5, &[0x33; 160]);
            bridge.bench.packet(B, Lane::Rtp, b(), &bytes);
        }
        bridge.talk(1, 2);
        if n % 1_000 == 999 {
            let heard = bridge.to_b();
            assert!(heard.iter().rev().take(900).all(|packet| packet.payload == [loud; 160]));
            bridge.bench.sink.sent.truncate(0);
        }
    }
    assert_eq!(bridge.bench.reports, [], "no time-out and no end of the music");
    assert!(
        bridge
            .bench
            .sent_to(a())
            .iter()
            .all(|packet| packet.payload == [0xff; 160])
    );
    bridge.talk(1, 2);
    bridge.bench.command(Command::Stop {
        session: B,
        play: PlayId(1),
    });
    bridge.update_b(flow(Flow::SendRecv));
    bridge.talk(5, 3);
    let heard = bridge.to_b();
    assert_without_a_seam(&heard);
    assert_eq!(first_bytes(&heard), [loud, 3, 3, 3, 3, 3]);
    bridge
        .bench
        .packet(B, Lane::Rtp, b(), &packet(0, 100, 16_000, 5, &[0x33; 160]));
    assert_eq!(bridge.bench.sent_to(a()).last().expect("sent").payload, [0x33; 160]);
}

#[test]
fn an_inactive_party_hears_nothing_and_the_music_waits() {
    let mut bridge = Bridge::new(RelayKeys::Keep);
    bridge.update_b(flow(Flow::SendRecv));
    bridge.talk(5, 1);
    bridge.update_b(flow(Flow::Inactive));
    music(&mut bridge);
    bridge.talk(1_000, 2);
    assert_eq!((bridge.to_b().len(), bridge.bench.ended().len()), (5, 0));
    assert!(!bridge.bench.reports.contains(&Report::Silent { session: B }));
    bridge.update_b(flow(Flow::SendOnly));
    bridge.talk(3, 2);
    bridge.bench.command(Command::Stop {
        session: B,
        play: PlayId(1),
    });
    assert_eq!(bridge.bench.ended(), [(1, 60, PlayEnd::Stopped)]);
    bridge.update_b(flow(Flow::SendRecv));
    bridge.talk(3, 3);
    let heard = bridge.to_b();
    assert_without_a_seam(&heard[5..]);
    assert_eq!(heard[5].header.sequence, heard[4].header.sequence.wrapping_add(1));
    assert_eq!(
        heard[5].header.timestamp.wrapping_sub(heard[4].header.timestamp),
        1_001 * 160
    );
    assert!(heard[5].header.marker);
    assert_eq!(first_bytes(&heard)[8..], [3, 3, 3]);
}
