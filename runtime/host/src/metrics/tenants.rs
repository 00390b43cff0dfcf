//! What the metrics page says of tenants: which limits they met, and never which tenant it was, for labels are to be few.

use super::Page;
use patchcord_control::tenancy::{Limit, Tenancy};

pub(super) fn lines(page: &mut Page, tenancy: &Tenancy) {
    let refused = Limit::ALL.map(|limit| (limit.name(), tenancy.refused(limit)));
    page.counters(
        "patchcord_tenant_refused_total",
        "What tenants were refused, by the limit they had reached.",
        "limit",
        &refused,
    );
    page.counter(
        "patchcord_tenant_turns_held_total",
        "Turns of handlers that had to wait for their tenant's fuel.",
        tenancy.turns_held(),
    );
}
