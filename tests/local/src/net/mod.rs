//! Ways to listen on this machine: a router that is served and stopped ([`listen`]), a small server that can hang up without
//! an answer ([`loopback`]), relays for containers, which do not reach loopback ([`containers`]). It knows nothing of
//! Tidings, AWS or Lambda.

pub mod containers;
pub mod listen;
pub(crate) mod loopback;
