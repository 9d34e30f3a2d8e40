//! DynamoDB and SQS: the emulators that run in this process ([`emulators`]), the clients that the stack itself calls them with
//! ([`clients`], [`sqs`]), what creates there the table and the queues of the template ([`provision`]), and the proxy that the
//! functions call them through, which counts and breaks ([`proxy`]).

pub(crate) mod clients;
pub mod emulators;
pub mod provision;
pub mod proxy;
pub mod sqs;
