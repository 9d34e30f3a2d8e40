//! Servers on this machine: one that serves a router ([`listen`]), a small one that can close a connection without an
//! answer (`loopback`), and relays for containers, which cannot reach loopback (`containers`). This module knows
//! nothing about Tidings, AWS or Lambda.

pub mod containers;
pub mod listen;
pub(crate) mod loopback;
