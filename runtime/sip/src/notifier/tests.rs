//! Subscriptions by a pretend clock, request for request.

use super::*;
use crate::message::Message;
use crate::parse::parse;

const MINUTE: Duration = Duration::from_secs(60);

/// A notifier, a clock, and a telephone with lamps.
struct Desk {
    notifier: Notifier,
    now: Instant,
    cseq: u32,
}

fn flow() -> Flow {
    Flow::udp(([10, 0, 0, 7], 5060).into())
}

fn owner(name: &str) -> (Arc<str>, Arc<str>) {
    ("acme".into(), format!("{name}@office.example").into())
}

fn bob(calls: u32) -> Person {
    Person {
        entity: "sip:bob@office.example".to_owned(),
        basic: Basic::Open,
        activity: (calls > 0).then_some(Activity::OnThePhone),
        note: String::new(),
        calls,
        ringing: 0,
    }
}

fn text(notice: &Notice) -> String {
    String::from_utf8(notice.body.clone()).expect("XML is text")
}

impl Desk {
    #[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
    fn new() -> Self {
        Self {
            notifier: Notifier::default(),
            now: Instant::now(),
            cseq: 0,
        }
    }

    fn request(&mut self, to_tag: Option<&str>, fields: &str) -> Request {
        self.cseq += 1;
        let tag = to_tag.map_or_else(String::new, |tag| format!(";tag={tag}"));
        let text = format!(
            "SUBSCRIBE sip:bob@office.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.7;branch=z9hG4bK{cseq}\r\nMax-Forwards: 70\r\n\
             From: <sip:alice@office.example>;tag=theirs\r\nTo: <sip:bob@office.example>{tag}\r\nCall-ID: lamps\r\n\
             CSeq: {cseq} SUBSCRIBE\r\nContact: <sip:alice@10.0.0.7>\r\n{fields}Content-Length: 0\r\n\r\n",
            cseq = self.cseq,
        );
        match parse(text.as_bytes()) {
            Ok(Message::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    fn subscribe(&mut self, fields: &str) -> Result<(Reply, SubscriptionId), Reply> {
        self.subscribe_until(None, fields)
    }

    /// By a client whose token ends then.
    fn subscribe_until(&mut self, until: Option<Instant>, fields: &str) -> Result<(Reply, SubscriptionId), Reply> {
        let request = self.request(None, fields);
        let (tenant, aor) = owner("alice");
        let tag = format!("ours{}", self.cseq);
        let owner = Owner {
            tenant: &tenant,
            aor: &aor,
            until,
        };
        self.notifier.subscribe(self.now, flow(), &request, (owner, &tag))
    }

    fn renew(&mut self, tag: &str, fields: &str) -> Result<(Reply, Option<Notice>), Reply> {
        let request = self.request(Some(tag), fields);
        self.notifier.renew(self.now, flow(), &request)
    }

    fn news(&mut self, id: SubscriptionId, person: Person) -> Option<Notice> {
        self.notifier.news(self.now, id, person)
    }

    fn taken(&mut self, id: SubscriptionId) -> Option<Notice> {
        self.notifier.answered(self.now, id, Some(200))
    }
}

fn header<'a>(reply: &'a Reply, name: &str) -> &'a str {
    let found = reply.headers.iter().find(|(known, _)| known == name);
    found.map_or("", |(_, value)| value.as_str())
}

#[test]
fn a_lamp_is_told_at_once_then_of_changes_alone_and_of_the_newest_state() {
    let mut desk = Desk::new();
    let (reply, id) = desk
        .subscribe("Event: dialog\r\nExpires: 600\r\n")
        .expect("it is taken");
    assert_eq!((reply.status, header(&reply, "Expires")), (200, "600"));
    let first = desk.news(id, bob(0)).expect("how bob is");
    assert_eq!(
        (first.state.as_str(), first.event.as_str(), first.cseq),
        ("active;expires=600", "dialog", 1)
    );
    assert!(text(&first).contains("version=\"0\"") && text(&first).contains("<state>terminated</state>"));
    assert!(first.from.ends_with(";tag=ours1") && first.to.ends_with(";tag=theirs"));
    assert_eq!(desk.news(id, bob(0)), None, "nothing is new");
    assert_eq!(desk.news(id, bob(1)), None, "the first is on its way");
    assert_eq!(desk.news(id, bob(2)), None);
    let second = desk.taken(id).expect("then the newest");
    assert!(
        text(&second).contains("version=\"1\"") && text(&second).contains("call2"),
        "{}",
        text(&second)
    );
    assert_eq!(desk.taken(id), None);
    assert_eq!(desk.news(id, bob(2)), None);
}

#[test]
fn a_lamp_flashes_while_it_rings() {
    let mut desk = Desk::new();
    let (_, calls) = desk.subscribe("Event: dialog\r\n").expect("it is taken");
    let ringing = Person { ringing: 2, ..bob(1) };
    let notice = desk.news(calls, ringing).expect("how bob is");
    let document = text(&notice);
    assert_eq!(document.matches("<state>early</state>").count(), 2, "{document}");
    assert_eq!(document.matches("<state>confirmed</state>").count(), 1, "{document}");
    assert!(
        document.contains("id=\"ring1\" direction=\"recipient\"") && !document.contains("terminated"),
        "{document}"
    );
    let (_, presence) = desk.subscribe("Event: presence\r\n").expect("it is taken");
    assert!(desk.notifier.is_of_calls(calls) && !desk.notifier.is_of_calls(presence));
}

#[test]
fn it_is_renewed_ends_by_time_and_is_ended() {
    let mut desk = Desk::new();
    let (_, id) = desk
        .subscribe("Event: presence;id=7\r\nExpires: 60\r\n")
        .expect("it is taken");
    desk.news(id, bob(0)).expect("how bob is");
    desk.taken(id);
    desk.now += MINUTE / 2;
    let (reply, notice) = desk
        .renew("ours1", "Event: presence;id=7\r\nExpires: 60\r\n")
        .expect("it is renewed");
    assert_eq!(reply.status, 200);
    let notice = notice.expect("a renewal is told though nothing changed");
    assert_eq!(
        (notice.event.as_str(), notice.state.as_str()),
        ("presence;id=7", "active;expires=60")
    );
    desk.taken(id);
    assert_eq!(desk.notifier.wake_at(), Some(desk.now + MINUTE));
    desk.now += MINUTE;
    let last = desk.notifier.deadline(desk.now);
    assert_eq!(last.len(), 1);
    assert_eq!(last[0].state, "terminated;reason=timeout");
    assert_eq!(desk.taken(id), None);
    assert!(desk.notifier.is_empty() && desk.notifier.wake_at().is_none());

    let (_, id) = desk.subscribe("Event: dialog\r\n").expect("it is taken");
    desk.news(id, bob(0)).expect("how bob is");
    desk.taken(id);
    let tag = format!("ours{}", desk.cseq);
    let (_, last) = desk
        .renew(&tag, "Event: dialog\r\nExpires: 0\r\n")
        .expect("it is ended");
    assert_eq!(last.expect("the last").state, "terminated;reason=timeout");
    assert_eq!(
        desk.renew(&tag, "Event: dialog\r\n")
            .map(|_| ())
            .map_err(|reply| reply.status),
        Err(481)
    );
    desk.taken(id);
    assert!(desk.notifier.is_empty() && desk.notifier.index.is_empty() && desk.notifier.watchers.is_empty());
}

#[test]
fn it_ends_with_the_token_of_whoever_subscribed() {
    let mut desk = Desk::new();
    let end = desk.now + MINUTE;
    let (reply, id) = desk
        .subscribe_until(Some(end), "Event: presence\r\nExpires: 600\r\n")
        .expect("it is taken");
    assert_eq!(header(&reply, "Expires"), "60");
    desk.news(id, bob(0)).expect("how bob is");
    desk.taken(id);
    desk.now += MINUTE / 2;
    let (reply, _) = desk
        .renew("ours1", "Event: presence\r\nExpires: 600\r\n")
        .expect("it is renewed");
    assert_eq!(header(&reply, "Expires"), "30");
    desk.taken(id);
    assert_eq!(desk.notifier.wake_at(), Some(end));
}

#[test]
fn who_asks_once_is_told_once() {
    let mut desk = Desk::new();
    let (_, id) = desk
        .subscribe("Event: presence\r\nExpires: 0\r\n")
        .expect("it is taken");
    let only = desk.news(id, bob(1)).expect("how bob is");
    assert_eq!(only.state, "terminated;reason=timeout");
    assert!(text(&only).contains("<rpid:on-the-phone/>") && text(&only).contains("<basic>open</basic>"));
    assert_eq!(desk.taken(id), None);
    assert!(desk.notifier.is_empty());
}

#[test]
fn what_is_not_right_is_refused_by_its_status() {
    let mut desk = Desk::new();
    let cases = [
        ("Event: winfo\r\n", 489, "Allow-Events", "presence, dialog"),
        ("", 489, "Allow-Events", "presence, dialog"),
        ("Event: presence\r\nExpires: 5\r\n", 423, "Min-Expires", "60"),
        ("Event: presence\r\nExpires: soon\r\n", 400, "", ""),
        (
            "Event: dialog\r\nAccept: application/pidf+xml\r\n",
            406,
            "Accept",
            "application/dialog-info+xml",
        ),
    ];
    for (fields, status, name, value) in cases {
        let reply = desk.subscribe(fields).expect_err(fields);
        assert_eq!((reply.status, header(&reply, name)), (status, value), "{fields}");
    }
    let most = desk
        .subscribe("Event: presence\r\nExpires: 999999\r\n")
        .expect("it is cut");
    assert_eq!(header(&most.0, "Expires"), "3600");
    let other = desk
        .renew("ours6", "Event: dialog\r\n")
        .expect_err("it is of the other package");
    assert_eq!(other.status, 489);
    desk.cseq = 1;
    let old = desk
        .renew("ours6", "Event: presence\r\n")
        .expect_err("it comes too late");
    assert_eq!(old.status, 500);
    assert_eq!(
        desk.renew("nobody", "Event: presence\r\n")
            .expect_err("there is none")
            .status,
        481
    );
}

#[test]
fn a_telephone_that_is_gone_is_told_no_more() {
    let mut desk = Desk::new();
    for status in [Some(481), None] {
        let (_, id) = desk.subscribe("Event: dialog\r\n").expect("it is taken");
        desk.news(id, bob(0)).expect("how bob is");
        assert_eq!(desk.notifier.answered(desk.now, id, status), None);
        assert!(!desk.notifier.has(id));
    }
    let (_, id) = desk.subscribe("Event: dialog\r\n").expect("it is taken");
    desk.news(id, bob(0)).expect("how bob is");
    desk.now += UNANSWERED;
    assert_eq!(desk.notifier.deadline(desk.now), []);
    assert!(desk.notifier.is_empty());
}

#[test]
fn a_user_has_so_many_and_a_shard_so_many() {
    let mut desk = Desk::new();
    for _ in 0..SUBSCRIPTIONS_PER_USER {
        desk.subscribe("Event: dialog\r\n").expect("there is room");
    }
    assert_eq!(desk.subscribe("Event: dialog\r\n").expect_err("no more").status, 403);
    assert_eq!(desk.notifier.len(), SUBSCRIPTIONS_PER_USER);
}

#[test]
fn words_of_people_cannot_break_the_document() {
    let mut desk = Desk::new();
    let (_, id) = desk.subscribe("Event: presence\r\n").expect("it is taken");
    let said = Person {
        note: "</note><basic>open</basic> & \"x\" \u{1}".to_owned(),
        ..bob(0)
    };
    let notice = desk.news(id, said).expect("how bob is");
    let expected = "<note>&lt;/note&gt;&lt;basic&gt;open&lt;/basic&gt; &amp; &quot;x&quot; </note>";
    assert!(text(&notice).contains(expected), "{}", text(&notice));
}
