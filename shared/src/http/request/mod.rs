//! Request bodies: one type that decodes a body, with all of its faults at once, and describes it in the OpenAPI document.
//!
//! ```text
//! request_body! {
//!     /// A new user.
//!     pub struct NewUser as "NewUser" {
//!         name: String = required(Line(200)),
//!         email: EmailAddress = required(EMAIL),
//!         /// `null` removes it.
//!         push_token: Field<String> = nullable(PUSH_TOKEN),
//!     }
//! }
//!
//! let NewUser { name, email, push_token } = NewUser::decode(request.body())?;
//! ```
//!
//! A line is a field: its name, what the handler gets, whether it must be there ([`member`]), what it may be ([`kinds`],
//! [`objects`], or a [`kind`] of one's own); its comment is its description in the document. Faults are told in the order of the lines. The name on the
//! wire may be another one: `user_id as "UserID": …`. A type that is named (`as "NewUser"`) is referred to in the document;
//! any other is shown where it stands.
//!
//! After the fields may come:
//! - `rule { … }`: what no field by itself can say. In it each field is an `Option`, `None` where it had a fault. It is
//!   `Some((field, reason, text))` where the rule is broken.
//! - `extend { … }`: members of the schema that say the same to the document's reader.
//!
//! Where a field can only be read with something else at hand, the type names it: `struct Settings (provider: Provider)`. The
//! lines then see `provider: Option<&Provider>`, which is `None` for the document, and it is decoded by `decode_with`.

mod decode;
pub mod fault;
pub mod fields;
pub mod kind;
pub mod kinds;
pub mod lists;
pub mod member;
pub mod objects;
pub mod shape;
#[cfg(test)]
mod tests;

pub use decode::{RequestBody, Undecodable};
pub use fault::{Fault, Faults, Reason};
pub use shape::Shape;

#[doc(hidden)]
pub use schemars;

/// A type of a request body: see [`request`](crate::http::request).
#[macro_export]
macro_rules! request_body {
    (
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident $(as $schema:literal)? $(($known:ident : $context:ty))? {
            $($(#[doc = $doc:literal])* $field:ident $(as $wire:literal)? : $type:ty = $member:expr),* $(,)?
        }
        $(rule $rule:block)?
        $(extend $extend:block)?
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, PartialEq)]
        #[allow(dead_code, missing_docs, reason = "a field may be taken and forgotten; its comment is for the document")]
        $vis struct $name {
            $($(#[doc = $doc])* pub $field: $type,)*
        }

        impl $crate::http::request::RequestBody for $name {
            type Context = $crate::request_body!(@context $($context)?);
            const FIELDS: &'static [&'static str] = &[$($crate::request_body!(@wire $field $($wire)?)),*];

            fn read(
                fields: &mut $crate::http::request::fields::Fields<'_>,
                context: &Self::Context,
            ) -> ::core::option::Option<Self> {
                use $crate::http::request::member::Member as _;
                let _ = context;
                $(let $known = ::core::option::Option::Some(context);)?
                $(let $field: ::core::option::Option<$type> =
                    ($member).read($crate::request_body!(@wire $field $($wire)?), fields);)*
                $(if let ::core::option::Option::Some((field, reason, text)) = $rule {
                    fields.fault(field, reason, text);
                })?
                ::core::option::Option::Some(Self { $($field: $field?,)* })
            }

            fn from_text() -> ::std::vec::Vec<&'static str> {
                use $crate::http::request::member::Member as _;
                $(let $known = ::core::option::Option::None::<&$context>;)?
                let fields = [$(($crate::request_body!(@wire $field $($wire)?), ($member).reads_text())),*];
                fields.into_iter().filter_map(|(name, reads_text)| reads_text.then_some(name)).collect()
            }

            fn describe(shape: &mut $crate::http::request::Shape<'_>) {
                use $crate::http::request::member::Member as _;
                $(let $known = ::core::option::Option::None::<&$context>;)?
                $(($member).describe($crate::request_body!(@wire $field $($wire)?), &[$($doc),*], shape);)*
                $(shape.extend($extend);)?
            }
        }

        impl $crate::http::request::schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                $crate::request_body!(@inline $($schema)?)
            }

            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                $crate::request_body!(@wire $name $($schema)?).into()
            }

            fn schema_id() -> ::std::borrow::Cow<'static, str> {
                ::core::concat!(::core::module_path!(), "::", ::core::stringify!($name)).into()
            }

            fn json_schema(
                schemas: &mut $crate::http::request::schemars::SchemaGenerator,
            ) -> $crate::http::request::schemars::Schema {
                $crate::http::request::Shape::of(
                    schemas,
                    &[$($about),*],
                    <Self as $crate::http::request::RequestBody>::describe,
                )
            }
        }
    };
    (@context) => { () };
    (@context $context:ty) => { $context };
    (@wire $field:ident) => { ::core::stringify!($field) };
    (@wire $field:ident $wire:literal) => { $wire };
    (@inline) => { true };
    (@inline $schema:literal) => { false };
}
