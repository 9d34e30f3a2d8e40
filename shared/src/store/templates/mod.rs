//! Templates. What is published has one item a locale, and one more, the head, with the version, which rises with every change. The
//! draft and the versions that were replaced stand in a partition of their own, and workers never read it.
//!
//! A change first reads the template and computes the new one. Then it writes it in one transaction, on the condition
//! that the head has not changed since the read. So two changes at once never mix: the second one is refused and begins
//! again.

mod content;
mod drafts;
mod history;
mod live;
#[cfg(test)]
mod tests;

pub use content::TemplateError;
pub use history::KeptVersion;
pub use live::WrittenTemplate;
