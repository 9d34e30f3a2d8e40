//! DynamoDB and SQS. [`emulators`] run in this process. The stack itself calls them with `clients` and `sqs`.
//! [`provision`] creates the template's table and queues there. The functions call them through [`proxy`], which counts
//! calls and injects faults.

pub(crate) mod clients;
pub mod emulators;
pub mod provision;
pub mod proxy;
pub mod sqs;
