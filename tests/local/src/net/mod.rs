//! Servers on this machine: one that serves a router ([`listen`]), a small one that can close a connection without an
//! answer (`loopback`), and relays for containers, which cannot reach loopback (`containers`). `connections` closes the
//! connections of a frozen process, which `sockets` finds. This module knows nothing about Tidings, AWS or Lambda.

pub(crate) mod connections;
pub mod containers;
pub mod listen;
pub(crate) mod loopback;
pub(crate) mod sockets;
