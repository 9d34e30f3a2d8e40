//! Lambda, and what invokes functions there. A function is a pool of processes, one invocation at a time each ([`pool`]), which
//! talk to the Runtime API ([`runtime_api`]). Three things invoke it: API Gateway with an HTTP request ([`gateway`]), the
//! event source mapping with a batch of a queue ([`poller`]), and the schedules ([`ticker`]).

pub mod gateway;
pub mod poller;
pub mod pool;
pub mod runtime_api;
pub mod ticker;
