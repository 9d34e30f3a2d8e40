//! Why a template cannot be used.

/// Why a template cannot be used; each message says where and what was expected.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The text is not YAML.
    #[error("the template is not valid YAML")]
    Yaml(#[from] serde_yaml_ng::Error),
    /// A node has another shape than CloudFormation gives it.
    #[error("{at}: expected {expected}")]
    Shape {
        /// The node's path, dotted.
        at: String,
        /// What belongs there.
        expected: String,
    },
    /// An override names no parameter.
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
    /// An intrinsic function the local stack does not resolve.
    #[error("{at}: the local stack does not understand {name}")]
    Intrinsic {
        /// The node's path, dotted.
        at: String,
        /// The function, in its long form.
        name: String,
    },
    /// A reference leads nowhere the local stack knows.
    #[error("{at}: {target} {problem}")]
    Reference {
        /// The node's path, dotted.
        at: String,
        /// What is referred to.
        target: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A resource, event or property that has no local counterpart.
    #[error("{at}: the local stack has no stand-in for {what}")]
    Unsupported {
        /// The node's path, dotted.
        at: String,
        /// The type or property.
        what: String,
    },
}

impl TemplateError {
    /// A node at `at` that is not `expected`.
    pub(super) fn shape(at: &str, expected: impl Into<String>) -> Self {
        Self::Shape { at: at.to_owned(), expected: expected.into() }
    }

    /// A reference at `at` to `target`, which has a `problem`.
    pub(super) fn reference(at: &str, target: &str, problem: &str) -> Self {
        Self::Reference { at: at.to_owned(), target: target.to_owned(), problem: problem.to_owned() }
    }

    /// Something at `at` without a local counterpart.
    pub(super) fn unsupported(at: &str, what: impl Into<String>) -> Self {
        Self::Unsupported { at: at.to_owned(), what: what.into() }
    }
}
