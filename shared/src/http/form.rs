//! Forms as browsers and mail programs post them: `application/x-www-form-urlencoded` and `multipart/form-data` (RFC 7578).

use lambda_http::{
    Body,
    http::{HeaderMap, header},
};
use url::form_urlencoded;

use super::body::{BodyError, MAX_BYTES};

/// The value of the first field with that name, whatever the case of the name. A body whose content type is multipart
/// is read as multipart, any other body as urlencoded.
pub fn field(headers: &HeaderMap, body: &Body, name: &str) -> Result<Option<String>, BodyError> {
    let body: &[u8] = body;
    if body.len() > MAX_BYTES {
        return Err(BodyError::TooLarge);
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Ok(match boundary(content_type) {
        Some(boundary) => part(&String::from_utf8_lossy(body), boundary, name),
        None => {
            let mut pairs = form_urlencoded::parse(body);
            pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned())
        }
    })
}

/// Every field of a urlencoded form with its value, in their order.
pub fn pairs(body: &Body) -> Result<Vec<(String, String)>, BodyError> {
    let body: &[u8] = body;
    if body.len() > MAX_BYTES {
        return Err(BodyError::TooLarge);
    }
    Ok(form_urlencoded::parse(body).into_owned().collect())
}

fn boundary(content_type: &str) -> Option<&str> {
    let (essence, parameters) = content_type.split_once(';')?;
    let multipart = essence.trim().eq_ignore_ascii_case("multipart/form-data");
    parameter(parameters, "boundary").filter(|boundary| multipart && !boundary.is_empty())
}

/// The value of a parameter as headers have them: `; name=value`, or with the value in quotation marks.
fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

/// The text of the first part of that name.
fn part(body: &str, boundary: &str, name: &str) -> Option<String> {
    let body = format!("\n{}", body.replace("\r\n", "\n"));
    // Text before the first delimiter belongs to no part.
    body.split(&format!("\n--{boundary}")).skip(1).find_map(|part| {
        let (head, text) = part.split_once("\n\n")?;
        let mut disposition = head.lines().filter_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
        });
        let named = disposition.next().and_then(|value| parameter(value, "name"))?;
        named.eq_ignore_ascii_case(name).then(|| text.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content_type: &str, body: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        field(&headers, &Body::from(body.as_bytes().to_vec()), "List-Unsubscribe").unwrap()
    }

    #[test]
    fn a_field_is_found_among_others_however_it_is_escaped() {
        for body in [
            "List-Unsubscribe=One-Click",
            "a=1&List%2DUnsubscribe=One%2DClick&List-Unsubscribe=other",
            "list-unsubscribe=One-Click&",
        ] {
            for content_type in
                ["application/x-www-form-urlencoded; charset=UTF-8", "text/plain", "multipart/form-data"]
            {
                assert_eq!(of(content_type, body).as_deref(), Some("One-Click"), "{content_type} {body}");
            }
        }
        assert_eq!(of("application/x-www-form-urlencoded", "List-Unsubscribe=a+b%20c").as_deref(), Some("a b c"));
        for none in ["", "&&=", "other=List-Unsubscribe", "{\"List-Unsubscribe\":\"One-Click\"}", "\u{0}\u{fffd}"] {
            assert_eq!(of("application/x-www-form-urlencoded", none), None, "{none}");
        }
    }

    #[test]
    fn a_part_is_found_among_others_with_any_line_ends() {
        let body = "before\r\n--b1\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nList-Unsubscribe\r\n\
                    --b1\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name=List-Unsubscribe\r\n\r\n\
                    One-Click\r\n--b1--\r\n";
        for body in [body, &body.replace("\r\n", "\n"), body.split_once("\r\n").unwrap().1] {
            for content_type in ["multipart/form-data; boundary=b1", "Multipart/Form-Data; charset=x; Boundary=\"b1\""]
            {
                assert_eq!(of(content_type, body).as_deref(), Some("One-Click"), "{content_type} {body}");
            }
            assert_eq!(of("multipart/form-data; boundary=b2", body), None);
        }
        for none in ["", "--b1", "--b1\r\n\r\n", "--b1--", "--b1\r\nContent-Disposition: form-data\r\n\r\nOne-Click"] {
            assert_eq!(of("multipart/form-data; boundary=b1", none), None, "{none}");
        }
    }

    #[test]
    fn all_fields_are_told_in_their_order_and_as_often_as_they_come() {
        let all = pairs(&Body::from("day=mon&a=%3C+%26&day=sun&b")).unwrap();
        let all: Vec<_> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(all, [("day", "mon"), ("a", "< &"), ("day", "sun"), ("b", "")]);
        assert_eq!(pairs(&Body::from(vec![b'x'; MAX_BYTES + 1])), Err(BodyError::TooLarge));
    }

    #[test]
    fn a_form_is_bounded_as_every_body_is() {
        let of = |bytes| field(&HeaderMap::new(), &Body::from(vec![b'x'; bytes]), "x");
        assert_eq!(of(MAX_BYTES), Ok(None));
        assert_eq!(of(MAX_BYTES + 1), Err(BodyError::TooLarge));
    }
}
