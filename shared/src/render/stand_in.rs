//! Stand-ins for values that are not known yet.

use std::sync::Arc;

use minijinja::{
    Value,
    value::{Enumerator, Object, ObjectRepr},
};

/// A stand-in for a value that is not known yet. It has every attribute, every filter returns it unchanged, and it is
/// printed as nothing. A loop over a stand-in that counts as true runs once.
#[derive(Debug)]
pub(super) struct StandIn {
    pub is_true: bool,
}

impl Object for StandIn {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        Some(Value::from_dyn_object(self.clone()))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        if self.is_true { Enumerator::Values(vec![Value::from_dyn_object(self.clone())]) } else { Enumerator::Empty }
    }

    fn render(self: &Arc<Self>, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

/// Whether a value is a stand-in.
pub(super) fn is_stand_in(value: &Value) -> bool {
    value.downcast_object_ref::<StandIn>().is_some()
}
