//! DynamoDB and SQS. [`emulators`] run in this process. The stack itself calls them with `clients` and `sqs`.
//! [`provision`] creates the template's table and queues there. The functions call them through [`proxy`], which counts
//! calls and injects faults. With a data folder, `kept_sqs` keeps the queues' messages across runs. Beyond that it refuses what AWS would refuse, with `partitions` and the table's `schema`, and reads
//! indexes from [`late_index`].

pub(crate) mod clients;
pub mod emulators;
mod kept_sqs;
pub mod late_index;
pub(crate) mod partitions;
pub mod provision;
pub mod proxy;
pub mod schema;
pub mod sqs;
