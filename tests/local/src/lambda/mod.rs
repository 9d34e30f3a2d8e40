//! Lambda and its event sources. A function is a pool of processes ([`pool`]). Each process takes one invocation at a
//! time and calls the Runtime API ([`runtime_api`]). Three event sources invoke functions: API Gateway with an HTTP
//! request ([`gateway`]), the event source mapping with a batch of a queue ([`poller`]), and schedules ([`ticker`]).

pub mod gateway;
pub mod poller;
pub mod pool;
pub mod runtime_api;
pub mod ticker;
