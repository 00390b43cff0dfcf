//! The peer of the random sequences: requests in any order, responses to whatever we sent, some of both broken.

use super::Run;
use crate::tests::{SDP, phone_address, request_with};
use crate::{Credentials, Event, Flow, Headers, Message, Method, OutgoingRequest};

/// Events that have to be reached.
pub(super) const NAMES: [&str; 15] = [
    "Invite",
    "Confirmed",
    "EarlyAnswer",
    "Reinvite",
    "Progress",
    "Answered",
    "Refused",
    "ReinviteAnswered",
    "Key",
    "Refer",
    "ReferProgress",
    "Request",
    "Response",
    "Ended",
    "Replaces",
];

const METHODS: [&str; 18] = [
    "INVITE", "INVITE", "INVITE", "ACK", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "UPDATE", "UPDATE", "PRACK",
    "PRACK", "REFER", "NOTIFY", "NOTIFY", "REGISTER", "JUMP",
];

const STATUSES: [u16; 20] = [
    100, 180, 183, 183, 200, 200, 200, 200, 202, 302, 401, 407, 408, 422, 481, 486, 487, 491, 503, 603,
];

pub(super) fn name(event: &Event) -> &'static str {
    match event {
        Event::Invite { replaces: Some(_), .. } => "Replaces",
        Event::Invite { .. } => "Invite",
        Event::Confirmed { .. } => "Confirmed",
        Event::EarlyAnswer { .. } => "EarlyAnswer",
        Event::Reinvite { .. } => "Reinvite",
        Event::Progress { .. } => "Progress",
        Event::Answered { .. } => "Answered",
        Event::Refused { .. } => "Refused",
        Event::ReinviteAnswered { .. } => "ReinviteAnswered",
        Event::Key { .. } => "Key",
        Event::Refer { .. } => "Refer",
        Event::ReferProgress { .. } => "ReferProgress",
        Event::Request { .. } => "Request",
        Event::Response { .. } => "Response",
        Event::Ended { .. } => "Ended",
    }
}

pub(super) fn credentials() -> Credentials {
    Credentials {
        username: "near".to_owned(),
        password: "secret".to_owned(),
        realm: Some("far".to_owned()),
    }
}

pub(super) fn options() -> OutgoingRequest {
    OutgoingRequest {
        method: Method::Options,
        uri: "sip:far@192.0.2.1:5062".parse().expect("an address"),
        target: Flow::udp(phone_address()).into(),
        from: crate::NameAddr::parse("sip:near@198.51.100.2").expect("an address"),
        to: None,
        headers: Vec::new(),
        body: Vec::new(),
        credentials: Some(credentials()),
        routes: Vec::new(),
    }
}

/// A call as the peer knows it.
#[derive(Clone)]
pub(super) struct Call {
    call_id: String,
    /// Our tag and the peer's.
    tags: (String, String),
    /// The number of the peer's last request, and of its last INVITE.
    cseq: u32,
    invite: u32,
    rseq: String,
}

impl Run {
    pub(super) fn feed_request(&mut self) {
        let method = Self::pick(&mut self.dice, &METHODS);
        self.branches += 1;
        let fresh = format!("f{}", self.branches);
        if method == "INVITE" && self.chance(3) {
            let extra = self.extra_fields(method, None);
            let body = if self.chance(3) { "" } else { SDP };
            let raw = request_with(method, &fresh, 1, None, &extra, body);
            return self.feed_maybe_broken(raw.replace("call-1", &format!("call-{fresh}")).into_bytes());
        }
        if self.calls.is_empty() || self.chance(4) {
            return self.feed_nonsense(method);
        }
        // Mostly in the newest calls, and mostly as a peer does that counts.
        let at = self.calls.len() - 1 - self.dice.below(self.calls.len().min(3) as u64) as usize;
        let call = &mut self.calls[at];
        let cseq = if method == "ACK" {
            call.invite
        } else {
            call.cseq += 1;
            call.cseq
        };
        if method == "INVITE" {
            call.invite = cseq;
        }
        let call = call.clone();
        let extra = self.extra_fields(method, Some(&call));
        let body = self.body_of(method);
        let raw = request_with(method, &fresh, cseq, Some(&call.tags.0), &extra, body)
            .replace("call-1", &call.call_id)
            .replace("tag=phone", &format!("tag={}", call.tags.1));
        self.feed_maybe_broken(typed(method, raw).into_bytes());
    }

    fn body_of(&mut self, method: &str) -> &'static str {
        match method {
            "INFO" => ["Signal=5\r\nDuration=160\r\n", "", "x"][self.dice.below(3) as usize],
            "NOTIFY" => ["SIP/2.0 100 Trying\r\n", "SIP/2.0 200 OK\r\n", ""][self.dice.below(3) as usize],
            "REFER" => "",
            _ if self.chance(2) => SDP,
            _ => "",
        }
    }

    /// A request with numbers, tags and branches of any call, or of none.
    fn feed_nonsense(&mut self, method: &str) {
        let inside = self.dice.below(3) > 0 && method != "REGISTER";
        let tag = Self::pick(&mut self.dice, &self.tags);
        let extra = self.extra_fields(method, None);
        let body = self.body_of(method);
        let branch = format!("b{}", self.dice.below(12));
        let cseq = 1 + self.dice.below(12) as u32;
        let call_id = Self::pick(&mut self.dice, &self.call_ids);
        let theirs = ["phone", "far0", "far1", "far2"][self.dice.below(4) as usize];
        let raw = request_with(method, &branch, cseq, inside.then_some(tag.as_str()), &extra, body)
            .replace("call-1", &call_id)
            .replace("tag=phone", &format!("tag={theirs}"));
        self.feed_maybe_broken(typed(method, raw).into_bytes());
    }

    fn extra_fields(&mut self, method: &str, call: Option<&Call>) -> String {
        let mut fields = String::new();
        if matches!(method, "INVITE" | "UPDATE") {
            let known = [
                "",
                "Supported: 100rel, timer\r\nAllow: INVITE, UPDATE\r\n",
                "Require: 100rel\r\n",
                "Supported: timer\r\nSession-Expires: 120;refresher=uas\r\n",
                "Supported: timer\r\nSession-Expires: 20\r\n",
                "Supported: 100rel, timer\r\nSession-Expires: 100;refresher=uac\r\n",
            ];
            fields.push_str(Self::pick(&mut self.dice, &known));
        }
        // Of some call, not always one that is still there.
        let other = match self.calls.len() {
            0 => None,
            len => Some(self.calls[self.dice.below(len as u64) as usize].clone()),
        };
        let named = other.map_or("x;to-tag=y;from-tag=z".to_owned(), |call| {
            format!("{};to-tag={};from-tag={}", call.call_id, call.tags.0, call.tags.1)
        });
        match method {
            "INVITE" if call.is_none() && self.chance(3) => {
                fields.push_str(&format!("Replaces: {named}\r\n"));
            }
            "PRACK" => {
                let (rseq, invite) = match call {
                    Some(call) => (call.rseq.clone(), call.invite),
                    None => ("1".to_owned(), 1),
                };
                fields.push_str(&format!("RAck: {rseq} {invite} INVITE\r\n"));
            }
            "REFER" => {
                let quiet = if self.chance(3) { "Refer-Sub: false\r\n" } else { "" };
                let named = format!("?Replaces={}", named.replace(';', "%3B").replace('=', "%3D"));
                let named = if self.chance(2) { named } else { String::new() };
                fields.push_str(&format!("Refer-To: <sip:c@192.0.2.3{named}>\r\n{quiet}"));
            }
            "NOTIFY" => {
                let state = ["active;expires=60", "terminated;reason=noresource", "pending"];
                let state = Self::pick(&mut self.dice, &state);
                fields.push_str(&format!("Event: refer\r\nSubscription-State: {state}\r\n"));
            }
            _ => {}
        }
        fields
    }

    pub(super) fn feed_response(&mut self) {
        if self.requests.is_empty() {
            return;
        }
        // Mostly to something recent, so that calls get somewhere.
        let recent = self.requests.len().saturating_sub(4) as u64;
        let from = if self.chance(4) { 0 } else { recent };
        let pick = from + self.dice.below(self.requests.len() as u64 - from);
        let Message::Request(request) = self.requests[pick as usize].clone() else {
            return;
        };
        let status = Self::pick(&mut self.dice, &STATUSES);
        let mut headers = Headers::new();
        for name in ["Via", "From", "Call-ID", "CSeq"] {
            headers.push(name, request.headers.first(name).unwrap_or_default());
        }
        let to = request.headers.first("To").unwrap_or_default();
        let tag = if to.contains("tag=") {
            String::new()
        } else {
            let known = self
                .calls
                .iter()
                .find(|call| Some(call.call_id.as_str()) == request.call_id());
            match known {
                Some(call) if self.dice.below(4) > 0 => format!(";tag={}", call.tags.1),
                _ => format!(";tag=far{}", self.dice.below(3)),
            }
        };
        headers.push("To", &format!("{to}{tag}"));
        headers.push("Contact", "<sip:far@192.0.2.1:5062>");
        if self.chance(2) {
            headers.push("Allow", "INVITE, ACK, BYE, UPDATE");
        }
        if status == 183 && self.chance(2) {
            headers.push("Require", "100rel");
            headers.push("RSeq", &(1 + self.dice.below(3)).to_string());
        }
        if self.chance(3) {
            headers.push(
                "Session-Expires",
                ["90;refresher=uac", "90;refresher=uas"][self.dice.below(2) as usize],
            );
        }
        match status {
            401 => headers.push("WWW-Authenticate", "Digest realm=\"far\", nonce=\"n1\""),
            407 => headers.push("Proxy-Authenticate", "Digest realm=\"far\", nonce=\"n2\", stale=true"),
            422 => headers.push("Min-SE", "2000"),
            _ => {}
        }
        let body: Vec<u8> = if self.chance(2) { SDP.into() } else { Vec::new() };
        if !body.is_empty() {
            headers.push("Content-Type", "application/sdp");
        }
        let response = crate::Response {
            status,
            reason: "R".to_owned(),
            headers,
            body,
        };
        self.feed_maybe_broken(response.to_bytes());
    }

    fn feed_maybe_broken(&mut self, mut raw: Vec<u8>) {
        if self.chance(8) {
            for _ in 0..=self.dice.below(3) {
                let at = self.dice.below(raw.len() as u64) as usize;
                raw[at] = b"\r\n ;:<>\"\0\xff9x"[self.dice.below(12) as usize];
            }
        }
        self.bench.feed_from(phone_address(), &raw);
    }

    pub(super) fn learn(&mut self, message: Message) {
        match &message {
            Message::Response(response) => {
                let is_invite = response.cseq().is_ok_and(|cseq| cseq.method == Method::Invite);
                let (Some(ours), true) = (response.tag_of_to(), is_invite) else {
                    return;
                };
                let theirs = response.tag_of_from().unwrap_or_default().to_owned();
                let rseq = response.headers.first("RSeq");
                self.meet(response.call_id().unwrap_or_default(), (ours, &theirs), rseq, 1);
            }
            Message::Request(request) => {
                let ours = request.tag_of_from().unwrap_or_default().to_owned();
                // It answers as one of three, see `feed_response`.
                let theirs = format!("far{}", self.dice.below(3));
                if request.method == Method::Invite && request.tag_of_to().is_none() {
                    self.meet(request.call_id().unwrap_or_default(), (&ours, &theirs), None, 0);
                }
                if request.method != Method::Ack {
                    self.requests.push(message);
                }
            }
        }
    }

    fn meet(&mut self, call_id: &str, tags: (&str, &str), rseq: Option<&str>, cseq: u32) {
        let is_known = |call: &&mut Call| call.call_id == call_id && call.tags.0 == tags.0;
        if let Some(call) = self.calls.iter_mut().find(is_known) {
            call.rseq = rseq.unwrap_or(&call.rseq).to_owned();
            return;
        }
        if !self.tags.iter().any(|known| known == tags.0) {
            self.tags.push(tags.0.to_owned());
            self.call_ids.push(call_id.to_owned());
        }
        self.calls.push(Call {
            call_id: call_id.to_owned(),
            tags: (tags.0.to_owned(), tags.1.to_owned()),
            cseq,
            invite: cseq,
            rseq: rseq.unwrap_or("1").to_owned(),
        });
    }
}

/// The body's type by method.
fn typed(method: &str, raw: String) -> String {
    match method {
        "INFO" => raw.replace("application/sdp", "application/dtmf-relay"),
        "NOTIFY" => raw.replace("application/sdp", "message/sipfrag"),
        _ => raw,
    }
}
