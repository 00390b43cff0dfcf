//! What a counted call holds: its places and its money. Dropping any of it gives it back.

use super::counters::{Seats, Spending};
use crate::destinations::{Micros, Price};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// A place among things that are there at the same time.
#[derive(Debug)]
pub(super) struct Seat(Arc<Seats>);

impl Seat {
    pub(super) fn take(seats: &Arc<Seats>, limit: u32) -> Result<Seat, u64> {
        seats.take(limit).map(|()| Seat(seats.clone()))
    }

    pub(super) fn take_always(seats: &Arc<Seats>) -> Seat {
        seats.take_always();
        Seat(seats.clone())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// Money set aside for a day.
#[derive(Debug)]
pub(super) struct Reservation {
    spending: Arc<Spending>,
    day: u16,
    amount: u64,
}

impl Reservation {
    pub(super) fn make(
        spending: &Arc<Spending>,
        day: u16,
        wanted: RangeInclusive<u64>,
        limit: u64,
    ) -> Result<Reservation, u64> {
        let (day, amount) = spending.take(day, wanted, limit)?;
        Ok(Reservation {
            spending: spending.clone(),
            day,
            amount,
        })
    }

    pub(super) fn amount(&self) -> u64 {
        self.amount
    }

    fn settle(mut self, actual: u64) {
        self.spending.replace(self.day, self.amount, actual);
        self.amount = 0;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.amount > 0 {
            self.spending.replace(self.day, self.amount, 0);
        }
    }
}

/// A call that was counted. Settle it when the call ends; dropped, it counts as never connected.
#[derive(Debug)]
#[must_use = "a dropped permit gives back the call's place and money at once"]
pub struct Permit {
    tenant: Option<Seat>,
    trunk: Option<Seat>,
    reservation: Option<Reservation>,
    price: Price,
    longest: Duration,
}

impl Permit {
    pub(super) fn new(
        tenant: Option<Seat>,
        trunk: Option<Seat>,
        reservation: Option<Reservation>,
        price: Price,
        longest: Duration,
    ) -> Permit {
        Permit {
            tenant,
            trunk,
            reservation,
            price,
            longest,
        }
    }

    /// How long the call may be connected. Hang up then: what it costs beyond is booked, but above the limit.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// Whether it holds a place of a tenant; an emergency call of an unknown tenant does not.
    pub fn is_counted(&self) -> bool {
        self.tenant.is_some()
    }

    /// Ends the call after this long a connection: its places are free, and what it cost is booked on the day it was
    /// placed. Gives that cost.
    pub fn settle(mut self, connected: Duration) -> Micros {
        let cost = self.price.cost(connected);
        if let Some(reservation) = self.reservation.take() {
            reservation.settle(cost.0);
        }
        cost
    }

    pub(super) fn change_trunk(&mut self, seat: Seat) {
        self.trunk = Some(seat);
    }
}
