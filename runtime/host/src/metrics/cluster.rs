//! How the node stands to its cluster, and the SIP between nodes. Not where it counts ([`crate::cluster`], [`crate::border`]).

use super::Page;
use crate::figures::Figures;
use patchcord_sip::border::NotPassed;

pub(super) fn lines(page: &mut Page, figures: &Figures) {
    let cluster = &figures.cluster;
    for (name, what, figure) in [
        ("joined", "1 while the node is in its cluster.", &cluster.joined),
        ("nodes", "Other nodes of the cluster that are there.", &cluster.nodes),
    ] {
        page.gauge(&format!("patchcord_cluster_{name}"), what, figure.get());
    }
    page.counter(
        "patchcord_cluster_cuts_total",
        "Times the node was cut off from its cluster and came back.",
        cluster.cuts.get(),
    );
    let presence = &figures.presence;
    page.gauge(
        "patchcord_cluster_registrations",
        "Devices that are registered at the nodes of the cluster, as this one knows.",
        presence.registrations.get(),
    );
    page.counter(
        "patchcord_cluster_presence_dropped_total",
        "Messages on devices and presence for other nodes that were dropped because too many waited.",
        presence.not_told.get(),
    );
    between_nodes(page, figures);
}

fn between_nodes(page: &mut Page, figures: &Figures) {
    let border = &figures.border;
    let (accepted, opened) = (border.accepted.get(), border.opened.get());
    page.gauge(
        "patchcord_cluster_sip_connections",
        "SIP connections with other nodes.",
        (accepted + opened).saturating_sub(border.ended.get()),
    );
    page.counters(
        "patchcord_cluster_sip_connections_total",
        "SIP connections with other nodes, by who opened them.",
        "by",
        &[("node", accepted), ("us", opened)],
    );
    page.counters(
        "patchcord_cluster_sip_connections_refused_total",
        "Peers at the door for nodes that were hung up on, and nodes that could not be reached, by reason.",
        "reason",
        &[
            ("no_certificate", border.no_certificate.get()),
            ("not_a_node", border.not_a_node.get()),
            ("not_opened", border.not_opened.get()),
        ],
    );
    page.counters(
        "patchcord_cluster_sip_passed_total",
        "SIP messages passed on between nodes and devices, by where they went.",
        "to",
        &[("device", border.to_devices.get()), ("node", border.to_nodes.get())],
    );
    let kinds = NotPassed::KINDS.into_iter().zip(&border.refused);
    let refused: Vec<_> = kinds.map(|(kind, figure)| (kind, figure.get())).collect();
    page.counters(
        "patchcord_cluster_sip_refused_total",
        "SIP messages that were to be passed on and were not, by reason.",
        "reason",
        &refused,
    );
    page.counter(
        "patchcord_cluster_sip_send_errors_total",
        "SIP datagrams to devices that the system did not take.",
        border.send_errors.get(),
    );
}
