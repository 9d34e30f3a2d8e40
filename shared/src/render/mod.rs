//! Templates: the text of a notification in each language and on each channel, filled in for one recipient.
//!
//! The code is pure: its input is a template, variables and a recipient; its output is rendered content or an error.
//! Templates are written in Jinja's language, without macros, includes and globals. An undefined variable is an error,
//! and is never left out.
//!
//! Authors of templates are trusted like operators. Senders of variables are not: steps and the length of the output
//! are limited, and HTML and Slack's control characters in variables are escaped.

mod check;
mod engine;
mod fault;
mod figures;
mod fill;
mod filters;
mod links;
mod locale;
mod prepare;
mod recipient;
mod rehearsal;
mod safety;
mod source;
mod stand_in;
mod template;

#[cfg(test)]
mod tests;

pub use check::MAX_LOCALES;
pub use fault::{Fault, RenderError};
pub use fill::render;
pub use filters::{FilterNames, filter_names};
pub use links::{LINK_NAMES, Links, link_name};
pub use locale::{canonical, in_language};
pub use prepare::{Next, Prepared, prepare};
pub use recipient::{FIELDS as USER_FIELDS, Recipient, from_json, record_fields};
pub use template::{
    AlertTemplate, CODE_PATTERN, Email, MAX_CODE, Parts, Slack, Sms, Template, VersionedTemplate, is_code,
};
