//! What a shard asks of others, none of whom it waits for. Where nobody can be asked, the shard hears so once it is done with
//! what it does.

use super::{Undone, Work};
use crate::dns::{Asked, LookUp};
use crate::fetch::{self, Wanted};
use crate::recordings;
use patchcord_control::ids::Tenant;
use patchcord_control::words::NotRecorded;
use patchcord_sip::Uri;
use patchcord_sip::identity::CertificateUrl;
use patchcord_switch::{
    PresenceAsk, Query, RecordingOrder, StreamOrder, ToAsk, ToFetch, ToRecognise, ToSpeak, ToStore,
};

impl Work {
    pub(super) fn resolve(&mut self, query: Query, uri: Uri) {
        let shard = self.index;
        if self.out.dns.ask(LookUp { shard, query, uri }) == Asked::Dropped {
            self.undone.push_back(Undone::Resolve(query));
        }
    }

    pub(super) fn fetch_certificate(&mut self, query: Query, url: CertificateUrl) {
        let shard = self.index;
        let fetch = self.out.fetch.as_ref();
        if fetch.map(|fetch| fetch.fetch(Wanted { shard, query, url })) != Some(fetch::Ordered::Yes) {
            self.undone.push_back(Undone::Fetch(query));
        }
    }

    pub(super) fn speak(&mut self, query: Query, wanted: ToSpeak) {
        let asked = self.out.aside.speak((self.index, query), wanted);
        self.undone.extend(asked.err().map(|why| Undone::Speak(query, why)));
    }

    pub(super) fn fetch_sound(&mut self, query: Query, wanted: ToFetch) {
        let asked = self.out.aside.fetch((self.index, query), wanted);
        self.undone.extend(asked.err().map(|why| Undone::Speak(query, why)));
    }

    pub(super) fn recognise(&mut self, query: Query, wanted: ToRecognise) {
        let asked = self.out.aside.recognise((self.index, query), wanted);
        self.undone.extend(asked.err().map(|why| Undone::Recognise(query, why)));
    }

    pub(super) fn store(&mut self, query: Query, wanted: ToStore) {
        let asked = self.out.aside.store((self.index, query), wanted);
        self.undone.extend(asked.err().map(|why| Undone::Store(query, why)));
    }

    /// The desk answers at once; what is watched comes by the inbox.
    pub(super) fn ask_presence(&mut self, query: Query, tenant: &Tenant, ask: &PresenceAsk) {
        let told = self.out.aside.presence.ask((self.index, query), tenant, ask);
        self.undone.extend(told.map(|told| Undone::Presence(query, told)));
    }

    pub(super) fn ask_web(&mut self, query: Query, wanted: ToAsk) {
        if self.out.aside.ask_web((self.index, query), wanted).is_err() {
            self.undone.push_back(Undone::AskWeb(query));
        }
    }

    pub(super) fn leave_web(&self, query: Query) {
        self.out.aside.leave_web((self.index, query));
    }

    pub(super) fn record(&mut self, order: RecordingOrder) {
        let ordered = match &self.out.recordings {
            Some(recordings) => recordings.order(self.index, order),
            None => {
                if let RecordingOrder::Begin { key, .. } = order {
                    self.undone.push_back(Undone::Record(key, NotRecorded::Storage));
                }
                return;
            }
        };
        if let recordings::Ordered::Refused(key, why) = ordered {
            self.undone.push_back(Undone::Record(key, why));
        }
    }

    pub(super) fn stream(&mut self, order: StreamOrder) {
        let ordered = self.out.live_streams.order(self.index, order);
        self.undone.extend(ordered.err().map(Undone::Stream));
    }
}
