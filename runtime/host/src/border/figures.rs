//! What the border and the connections between nodes count. Not where it stands on the page ([`crate::metrics`]).

use crate::figures::Figure;
use patchcord_sip::border::NotPassed;

/// Figures of the SIP between nodes. Each field is a line of the metrics page.
#[derive(Debug, Default)]
pub(crate) struct BorderFigures {
    /// Connections that other nodes opened, once they had proved who they are.
    pub(crate) accepted: Figure,
    /// Connections that were opened to other nodes, which have proved who they are.
    pub(crate) opened: Figure,
    /// Of both, how many have ended.
    pub(crate) ended: Figure,
    /// Peers hung up on: no TLS, no certificate, or one that does not hold.
    pub(crate) no_certificate: Figure,
    /// Peers hung up on: a certificate that holds, and in the name of no node.
    pub(crate) not_a_node: Figure,
    /// Nodes that could not be reached, or whose certificate is in another name.
    pub(crate) not_opened: Figure,
    /// Messages passed on to devices.
    pub(crate) to_devices: Figure,
    /// Messages passed on to other nodes.
    pub(crate) to_nodes: Figure,
    /// Messages not passed on, by the order of [`NotPassed::KINDS`].
    pub(crate) refused: [Figure; NotPassed::KINDS.len()],
    /// Datagrams that the kernel did not take.
    pub(crate) send_errors: Figure,
}
