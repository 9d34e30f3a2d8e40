use serde_json::json;

use super::*;

fn claims(value: Value) -> Claims {
    value.as_object().unwrap().clone()
}

fn names_of(setting: &str) -> ClaimNames {
    ClaimNames::parse(setting).unwrap()
}

fn roles(setting: &str, given: Value) -> Result<Vec<Role>, TokenFault> {
    names_of(setting).roles(&claims(given)).map(|roles| roles.into_iter().collect())
}

#[test]
fn without_a_setting_the_contracts_names_are_read() {
    let default = ClaimNames::default();
    assert_eq!(default, names_of("roles teams org aud "), "what the template's defaults say");
    let given = claims(json!({"roles": ["admin", "unheard of"], "teams": ["a b"], "org": "acme", "aud": "tidings"}));
    assert_eq!(default.roles(&given), Ok([Role::Admin].into()));
    assert_eq!(default.teams(&given), Ok(vec!["a b".to_owned()]));
    assert_eq!(default.org(&given), Ok(Some("acme".to_owned())));
    assert_eq!(default.check_audience(&given, "tidings"), Ok(()));
    let none = Claims::new();
    assert_eq!((default.roles(&none), default.teams(&none), default.org(&none)), (Ok([].into()), Ok(vec![]), Ok(None)));
}

#[test]
fn a_claim_is_found_by_its_whole_name_first_and_then_along_its_path() {
    for (path, given, found) in [
        ("roles", json!({"roles": "x"}), Some("x")),
        ("https://app.example/roles", json!({"https://app.example/roles": "x"}), Some("x")),
        ("cognito:groups", json!({"cognito:groups": "x"}), Some("x")),
        ("realm_access.roles", json!({"realm_access": {"roles": "x"}}), Some("x")),
        ("realm_access.roles", json!({"realm_access": {"roles": "y"}, "realm_access.roles": "x"}), Some("x")),
        ("realm_access.roles", json!({"realm_access": {"roles": "x"}, "realm_access.roles": null}), Some("x")),
        ("https://app.example/all.roles", json!({"https://app.example/all": {"roles": "x"}}), Some("x")),
        ("resource_access.my.client.roles", json!({"resource_access": {"my.client": {"roles": "x"}}}), Some("x")),
        ("a.b.c", json!({"a": {"b.c": "y", "b": {"c": "z"}}, "a.b": {"c": "x"}}), Some("x")),
        ("a.b.c", json!({"a.b": {}, "a": {"b.c": "x"}}), Some("x")),
        ("a.b", json!({"a": {}}), None),
        ("a.b", json!({"a": null}), None),
        ("a.b", json!({"b": "x"}), None),
        (".", json!({"": {"": "x"}}), Some("x")),
        ("a..b", json!({"a": {"": {"b": "x"}}}), Some("x")),
        ("ü.é", json!({"ü": {"é": "x"}}), Some("x")),
    ] {
        let claims = claims(given.clone());
        assert_eq!(find(&claims, path).map(|found| found.and_then(Value::as_str)), Ok(found), "{path} in {given}");
    }
    for (path, given) in
        [("a.b", json!({"a": "x"})), ("a.b", json!({"a": [{"b": "x"}]})), ("a.b.c", json!({"a": {"b": 1}}))]
    {
        assert_eq!(find(&claims(given.clone()), path), Err(TokenFault::Claims), "{path} in {given}");
    }
}

#[test]
fn roles_are_a_list_or_one_name_and_scopes_have_spaces_between_them() {
    use Role::{Admin, Operator, Service};
    for (given, expected) in [
        (json!(["admin", "service"]), Ok(vec![Admin, Service])),
        (json!("admin"), Ok(vec![Admin])),
        (json!("service  openid admin"), Ok(vec![])),
        (json!("Billing admin"), Ok(vec![])),
        (json!(""), Ok(vec![])),
        (json!([]), Ok(vec![])),
        (json!(null), Ok(vec![])),
        (json!(["Admin", "ADMIN", " admin", "admin ", "admin operator"]), Ok(vec![])),
        (json!(["operator", "operator"]), Ok(vec![Operator])),
        (json!(7), Err(TokenFault::Claims)),
        (json!({"admin": true}), Err(TokenFault::Claims)),
        (json!([["admin"]]), Err(TokenFault::Claims)),
        (json!(["admin", 7]), Err(TokenFault::Claims)),
        (json!([null]), Err(TokenFault::Claims)),
    ] {
        assert_eq!(roles("roles teams org aud ", json!({"roles": given})), expected, "{given}");
    }
    for (path, given) in
        [("scope", json!({"scope": "service  openid admin"})), ("a.scp", json!({"a": {"scp": "admin service"}}))]
    {
        assert_eq!(roles(&format!("{path} teams org aud "), given), Ok(vec![Admin, Service]), "{path}");
    }
    let spaced = roles("job teams org aud Tidings Staff=admin, support=operator", json!({"job": "Tidings Staff"}));
    assert_eq!(spaced, Ok(vec![Admin]), "one name may have spaces");
    let spaced = roles("job teams org aud Tidings Staff=admin, support=operator", json!({"job": "support"}));
    assert_eq!(spaced, Ok(vec![Operator]), "a space after the comma is no part of the name");
    let north = names_of("roles team org aud ").teams(&claims(json!({"team": "Sales North"})));
    assert_eq!(north, Ok(vec!["Sales North".to_owned()]));
}

#[test]
fn an_admin_whose_token_leaves_a_configured_organisation_out_is_no_admin() {
    use Role::{Admin, Operator, Service};
    let given = |org: Value| json!({"roles": ["admin", "operator", "service"], "org_id": org});
    for (setting, org, expected) in [
        ("roles teams org_id aud ", json!("acme"), Ok(vec![Admin, Service, Operator])),
        ("roles teams org_id aud ", Value::Null, Ok(vec![Service, Operator])),
        ("roles teams org_id aud ", json!(7), Err(TokenFault::Claims)),
        ("roles teams org aud ", Value::Null, Ok(vec![Admin, Service, Operator])),
    ] {
        let expected = expected.map(|mut roles: Vec<Role>| {
            roles.sort();
            roles
        });
        assert_eq!(roles(setting, given(org.clone())), expected, "{setting} {org}");
    }
}

#[test]
fn where_role_names_are_configured_only_they_count() {
    use Role::{Admin, Operator, Service};
    let setting =
        "cognito:groups,scope teams org aud admins=admin,support=operator,Tidings Staff=admin,tidings/send=service";
    let of = |groups: Value, scope: Value| roles(setting, json!({"cognito:groups": groups, "scope": scope}));
    assert_eq!(of(json!(["admins"]), Value::Null), Ok(vec![Admin]));
    assert_eq!(of(json!(["support", "admins"]), Value::Null), Ok(vec![Admin, Operator]));
    assert_eq!(of(json!(["Tidings Staff"]), Value::Null), Ok(vec![Admin]), "a name in a list may have spaces");
    assert_eq!(of(Value::Null, json!("openid tidings/send")), Ok(vec![Service]), "all claims count");
    // The issuer's own `admin` or `operator` may be anything.
    assert_eq!(of(json!(["admin", "operator", "service", "ADMINS"]), json!("admin operator")), Ok(vec![]));
    assert_eq!(
        roles("roles t org aud admin=user,ops=admin,ops=operator", json!({"roles": ["ops"]})),
        Ok(vec![Admin, Operator])
    );
    assert_eq!(
        roles("roles t org aud admin=user", json!({"roles": ["admin"]})),
        Ok(vec![Role::User]),
        "no more than that"
    );
}

#[test]
fn an_organisation_that_cannot_be_read_is_refused_and_never_none() {
    let org = |path: &str, given: Value| names_of(&format!("roles teams {path} aud ")).org(&claims(given));
    assert_eq!(org("org_id", json!({"org_id": "org_abc"})), Ok(Some("org_abc".to_owned())));
    assert_eq!(org("organization", json!({"organization": ["acme"]})), Ok(Some("acme".to_owned())), "Keycloak's");
    assert_eq!(org("org", json!({"org": ""})), Ok(Some(String::new())), "a name without letters opens nothing");
    assert_eq!(org("org", json!({"org": null})), Ok(None));
    assert_eq!(org("tenant.id", json!({"tenant": {"id": "acme"}})), Ok(Some("acme".to_owned())));
    for (path, hostile) in [
        ("org", json!({"org": 7})),
        ("org", json!({"org": true})),
        ("org", json!({"org": []})),
        ("org", json!({"org": ["a", "b"]})),
        ("org", json!({"org": [7]})),
        ("org", json!({"org": {"acme": {}}})),
        ("tenant.id", json!({"tenant": "acme"})),
        ("tenant.id", json!({"tenant": {"id": {}}})),
    ] {
        assert_eq!(org(path, hostile.clone()), Err(TokenFault::Claims), "{hostile}");
    }
}

#[test]
fn a_token_is_for_its_audience_or_for_its_client_where_that_is_configured() {
    let check = |audience: &str, accepted: &str, given: Value| {
        names_of(&format!("roles teams org {audience} ")).check_audience(&claims(given), accepted)
    };
    let (good, other) = (Ok(()), Err(TokenFault::Audience));
    for (given, expected) in [
        (json!({"aud": "a"}), good),
        (json!({"aud": ["x", "a"]}), good),
        (json!({"aud": ["x", "y"]}), other),
        (json!({"aud": []}), other),
        (json!({"aud": "x a"}), other),
        (json!({"aud": "x", "client_id": "a", "token_use": "access"}), other),
        (json!({"client_id": "a", "token_use": "access"}), Err(TokenFault::Claims)),
        (json!({"aud": 7}), Err(TokenFault::Claims)),
        (json!({"aud": ["a", 7]}), Err(TokenFault::Claims)),
        // Cognito's ID token, where its client is the audience, as ever.
        (json!({"aud": "a", "token_use": "id"}), good),
    ] {
        assert_eq!(check("aud", "a", given.clone()), expected, "{given}");
    }
    assert_eq!(check("aud", "a,b", json!({"aud": "a"})), other, "an aud may have a comma");
    for (given, expected) in [
        (json!({"client_id": "a", "token_use": "access"}), good),
        (json!({"client_id": "b", "token_use": "access"}), good),
        (json!({"client_id": "c", "token_use": "access"}), other),
        (json!({"client_id": "a,b", "token_use": "access"}), other),
        (json!({"client_id": "", "token_use": "access"}), other),
        // The client asked for a resource: then that counts.
        (json!({"client_id": "a", "token_use": "access", "aud": "https://other.example"}), other),
        (json!({"client_id": "a", "token_use": "access", "aud": []}), other),
        (json!({"client_id": "x", "token_use": "access", "aud": "b"}), good),
        (json!({"token_use": "access"}), Err(TokenFault::Claims)),
        (json!({"client_id": ["a"], "token_use": "access"}), Err(TokenFault::Claims)),
        // An ID token, and tokens that do not say what they are for.
        (json!({"aud": "a", "token_use": "id"}), Err(TokenFault::NotForAccess)),
        (json!({"client_id": "a", "token_use": "id"}), Err(TokenFault::NotForAccess)),
        (json!({"client_id": "a"}), Err(TokenFault::NotForAccess)),
        (json!({"client_id": "a", "token_use": ["access"]}), Err(TokenFault::NotForAccess)),
    ] {
        assert_eq!(check("client_id", "a, b,", given.clone()), expected, "{given}");
    }
}

#[test]
fn a_setting_that_cannot_be_read_says_what_would_be() {
    for bad in ["", "roles", "roles teams org", "roles teams org azp ", "roles  org aud ", "roles teams org  x=admin"] {
        assert_eq!(ClaimNames::parse(bad), Err(InvalidClaimNames::Parts), "{bad:?}");
    }
    for bad in ["x", "x=", "=admin", "x=root", "x=Admin", "x=admin,y", "x=admin;y=user", "x=y=admin"] {
        assert_eq!(ClaimNames::parse(&format!("r t o aud {bad}")), Err(InvalidClaimNames::RoleNames), "{bad}");
    }
    let text = InvalidClaimNames::RoleNames.to_string();
    assert!(text.ends_with("the roles are user, admin, broker, photographer, service, operator"), "{text}");
}
