//! Why a template cannot be used.

/// Why a template cannot be used. Each message says the place and what was expected.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The text is not YAML.
    #[error("the template is not valid YAML")]
    Yaml(#[from] serde_yaml_ng::Error),
    /// A node has a wrong type or value.
    #[error("{at}: expected {expected}")]
    Shape {
        /// The node's path, dotted.
        at: String,
        /// The expected type or value.
        expected: String,
    },
    /// A given value has a name that no parameter has.
    #[error("the template has no parameter {name}; it has: {known}")]
    UnknownParameter {
        /// The name that was given.
        name: String,
        /// The template's parameters.
        known: String,
    },
    /// A parameter without a default was not given.
    #[error("parameter {name} has no default and was not given (--parameter {name}=…)")]
    MissingParameter {
        /// The parameter.
        name: String,
    },
    /// A parameter's value breaks one of its rules.
    #[error("parameter {name} cannot be {value:?}: {rule}")]
    Parameter {
        /// The parameter.
        name: String,
        /// The value that was given.
        value: String,
        /// The rule it breaks.
        rule: String,
    },
    /// The parameters break a rule that they must meet together.
    #[error("rule {name} of the template: {sentence}")]
    Rule {
        /// The rule.
        name: String,
        /// What it says.
        sentence: String,
    },
    /// The local stack does not support an intrinsic function.
    #[error("{at}: the local stack does not understand {name}")]
    Intrinsic {
        /// The node's path, dotted.
        at: String,
        /// The function, in its long form.
        name: String,
    },
    /// The target of a reference is not known to the local stack.
    #[error("{at}: {target} {problem}")]
    Reference {
        /// The node's path, dotted.
        at: String,
        /// The target of the reference.
        target: String,
        /// The problem with the target.
        problem: String,
    },
    /// The local stack has no stand-in for a resource, an event or a property.
    #[error("{at}: the local stack has no stand-in for {what}")]
    Unsupported {
        /// The node's path, dotted.
        at: String,
        /// The type or property.
        what: String,
    },
}

impl TemplateError {
    /// The error of a node at `at` that is not `expected`.
    pub(super) fn shape(at: &str, expected: impl Into<String>) -> Self {
        Self::Shape { at: at.to_owned(), expected: expected.into() }
    }

    /// The error of a reference at `at` to `target`.
    pub(super) fn reference(at: &str, target: &str, problem: &str) -> Self {
        Self::Reference { at: at.to_owned(), target: target.to_owned(), problem: problem.to_owned() }
    }

    /// The error of something at `at` without a stand-in.
    pub(super) fn unsupported(at: &str, what: impl Into<String>) -> Self {
        Self::Unsupported { at: at.to_owned(), what: what.into() }
    }
}
