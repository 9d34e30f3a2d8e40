//! Bodies of contract 1's user requests.

use serde_json::{Map, Value};
use shared::{
    dialects::native::{
        Fields, Problem,
        fields::{self, A_NAME, A_PUSH_TOKEN, AN_EMAIL},
    },
    domain::{Field, UserChange, UserId, text, user_change::NewUser},
};

/// The most teams of one user.
pub const MOST_TEAMS: usize = 50;

/// The body of `POST /api/v1/users`.
pub fn new_user(body: Map<String, Value>) -> Result<NewUser, Problem> {
    let mut fields = Fields::new(body);
    let name = fields.required("name", A_NAME, fields::name);
    let email = fields.required("email", AN_EMAIL, fields::email);
    let push_token = fields.read("push_token", A_PUSH_TOKEN, fields::push_token);
    let channels = if fields.has("preferences") { fields.channels("preferences") } else { Some([].into()) };
    password(&mut fields);
    let new = name.zip(email).zip(channels).map(|((name, email), channels)| NewUser {
        id: UserId::random(),
        name,
        email,
        push_token: push_token.value().cloned(),
        channels,
        teams: Vec::new(),
        org: None,
    });
    fields.finish(new)
}

/// The body of `PUT /api/v1/users/{id}`.
pub fn change(body: Map<String, Value>) -> Result<UserChange, Problem> {
    let mut fields = Fields::new(body);
    let change = UserChange {
        name: fields.optional("name", A_NAME, fields::name),
        email: fields.optional("email", AN_EMAIL, fields::email),
        push_token: fields.read("push_token", A_PUSH_TOKEN, fields::push_token),
        channels: if fields.has("preferences") {
            fields.channels("preferences").unwrap_or_default()
        } else {
            [].into()
        },
        teams: fields.optional("teams", "a list of at most 50 team names", teams),
        ..UserChange::default()
    };
    password(&mut fields);
    fields.finish(Some(change))
}

/// Clients of contract 1 send a password; this service has no log-in, and forgets it here.
fn password(fields: &mut Fields) {
    let _: Field<()> = fields.read("password", "a string", |value| value.is_string().then_some(()));
}

fn teams(value: Value) -> Option<Vec<String>> {
    let Value::Array(teams) = value else { return None };
    let mut names = Vec::with_capacity(teams.len());
    for team in teams {
        let name = fields::string(team).filter(|name| text::is_line(name, 128))?;
        if !names.contains(&name) {
            names.push(name);
        }
        if names.len() > MOST_TEAMS {
            return None;
        }
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::dialects::native::Own;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn every_fault_of_a_new_user_is_told() {
        let body = json!({"email": "nobody", "push_token": "", "preferences": {"email": 1}, "admin": true});
        let Err(Problem::Own(Own::Validation(faults))) = new_user(object(body)) else { panic!("taken") };
        assert_eq!(
            faults,
            [
                "name is required: it must be a line of 1 to 200 characters",
                "email must be an email address",
                "push_token must be a device token of 1 to 4096 bytes without spaces, or null",
                "preferences.email must be true or false",
                "admin is not a known field",
            ]
        );
    }

    #[test]
    fn a_change_keeps_absent_null_and_value_apart() {
        let of = |body| change(object(body)).unwrap().push_token;
        assert_eq!(of(json!({})), Field::Absent);
        assert_eq!(of(json!({"push_token": null})), Field::Null);
        assert_eq!(of(json!({"push_token": "t"})), Field::Value("t".into()));
        assert!(change(object(json!({"name": null}))).is_err());
    }

    #[test]
    fn a_password_is_taken_and_forgotten() {
        let body = json!({"name": "J", "email": "j@example.com", "password": "hunter2"});
        let new = new_user(object(body)).unwrap();
        assert!(!format!("{new:?}").contains("hunter2"));
    }
}
