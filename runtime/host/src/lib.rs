//! THE MACHINE: sockets, threads, the clock, files and the network around the cores, and the command line on top.
//!
//! The library is the machine: it wires sockets and threads to shards and media engines. The binary is the
//! command line. Nothing in here decides anything about a call.
