//! A machine with two networks: a network namespace, with two links to where the tests run, of which one leads to the node at first.

use crate::lab;
use std::net::Ipv4Addr;
use std::process::Command;

/// Both networks: the node's end of each has the address 1, the namespace's 2. Of the range for private use (RFC 1918).
const NETWORKS: [[u8; 3]; 2] = [[10, 213, 71], [10, 213, 72]];
const NAMESPACE: &str = "patchcord-moves";

/// Gone when dropped, with its links.
pub struct Network {
    /// Where the node is, from either network.
    pub node: Ipv4Addr,
}

fn ip(words: &str) -> Command {
    let mut command = Command::new("ip");
    command.args(words.split(' '));
    command
}

/// The same in the namespace.
fn inside(words: &str) {
    lab::run(&mut ip(&format!("-n {NAMESPACE} {words}")));
}

fn address(network: usize, end: u8) -> Ipv4Addr {
    let [a, b, c] = NETWORKS[network];
    Ipv4Addr::new(a, b, c, end)
}

/// The names of a link's ends: where the tests run, and in the namespace.
fn link(network: usize) -> [String; 2] {
    ["pcnode", "pcmoves"].map(|end| format!("{end}{network}"))
}

impl Network {
    /// Needs to be root.
    pub fn make() -> Self {
        lab::need("ip");
        // Of a run before that was killed; else there is none.
        let _ = ip(&format!("netns del {NAMESPACE}")).output();
        lab::run(&mut ip(&format!("netns add {NAMESPACE}")));
        let made = Self { node: address(0, 1) };
        inside("link set lo up");
        for network in 0..NETWORKS.len() {
            let [here, there] = link(network);
            lab::run(&mut ip(&format!(
                "link add {here} type veth peer name {there} netns {NAMESPACE}"
            )));
            lab::run(&mut ip(&format!("addr add {}/24 dev {here}", address(network, 1))));
            lab::run(&mut ip(&format!("link set {here} up")));
        }
        made.connect(0);
        made
    }

    /// What addresses of the namespace in a network begin with.
    pub fn prefix(network: usize) -> String {
        let [a, b, c] = NETWORKS[network];
        format!("{a}.{b}.{c}.")
    }

    /// A program that runs there.
    pub fn command(&self, program: &str) -> Command {
        ip(&format!("netns exec {NAMESPACE} {program}"))
    }

    /// A network comes up there, and becomes the way to the node once there is no other.
    pub fn connect(&self, network: usize) {
        let [_, there] = link(network);
        inside(&format!("addr add {}/24 dev {there}", address(network, 2)));
        inside(&format!("link set {there} up"));
        inside(&format!(
            "route add default via {} metric {}",
            address(network, 1),
            network + 1
        ));
    }

    /// A network goes, without a word to whoever uses it.
    pub fn cut(&self, network: usize) {
        let [_, there] = link(network);
        inside(&format!("link set {there} down"));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The links go with it.
        let _ = ip(&format!("netns del {NAMESPACE}")).output();
    }
}
