//! A notiflow: what contract 3 calls the kind of a notification, by its handle.

use uuid::Uuid;

/// The handle of a notification that has no kind.
pub const NO_HANDLE: &str = "none";

/// The id of the notiflow with this handle: its UUIDv5 in the deployment's namespace, so that no look-up is needed.
pub fn notiflow_id(namespace: Uuid, handle: &str) -> Uuid {
    Uuid::new_v5(&namespace, handle.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_has_one_id_in_a_deployment() {
        let of = |namespace, handle| notiflow_id(Uuid::from_u128(namespace), handle);
        assert_eq!((of(1, "news"), of(1, "news").get_version_num()), (of(1, "news"), 5));
        assert!(of(1, "news") != of(1, NO_HANDLE) && of(1, "news") != of(2, "news"));
    }
}
