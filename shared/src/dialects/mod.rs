//! What several functions need of a dialect: how its refusals look, who may call, how its bodies are read and shown.
//!
//! A dialect has one name in the whole tree: `native` (contract 1, and all that is this service's own), `akana` (contract 2),
//! `notiflows` (3), `valara` (4), `flashback` (5). What one function alone needs of a dialect is in that function's folder
//! of the same name. Dialects use `http`, which knows none of them.

pub mod native;
pub mod notiflows;
