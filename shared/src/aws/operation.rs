//! What an SDK knows of an operation.

use aws_smithy_types::config_bag::FrozenLayer;

pub(crate) use aws_smithy_types::config_bag::FrozenLayer as Layer;

/// An operation of an SDK, with the types that its own client would take and give.
pub trait Operation {
    /// What is asked.
    type Input: std::fmt::Debug + Send + Sync + 'static;
    /// What is answered.
    type Output: std::fmt::Debug + Send + Sync + 'static;
    /// What is refused.
    type Error: std::error::Error + Send + Sync + 'static;

    /// What the SDK would add to its configuration for this operation: its serialiser and its deserialiser among others.
    fn layer() -> Option<&'static FrozenLayer>;
}

/// Makes operations of an SDK callable: its crate, then the module, the operation, its input, output and error of each.
macro_rules! operations {
    ($sdk:ident: $($module:ident::$Name:ident($Input:ident, $Output:ident, $Error:ident)),+ $(,)?) => {$(
        impl $crate::aws::Operation for $sdk::operation::$module::$Name {
            type Input = $sdk::operation::$module::$Input;
            type Output = $sdk::operation::$module::$Output;
            type Error = $sdk::operation::$module::$Error;

            fn layer() -> Option<&'static $crate::aws::Layer> {
                use aws_smithy_runtime_api::client::runtime_plugin::RuntimePlugin;
                static LAYER: std::sync::LazyLock<Option<$crate::aws::Layer>> = std::sync::LazyLock::new(|| {
                    $sdk::operation::$module::$Name::new().config()
                });
                LAYER.as_ref()
            }
        }
    )+};
}

pub(crate) use operations;
