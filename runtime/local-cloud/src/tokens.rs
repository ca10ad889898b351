//! Access tokens: whom they stand for. A token says it itself, so that it outlives the process that gave it. Nothing is
//! signed: there is nobody here to keep out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, header};
use serde_json::{Map, Value};

const OWN: &str = "local";

/// A token for an account, or for nobody in particular.
pub(crate) fn issue(email: Option<&str>) -> String {
    let id = crate::blobs::new_id();
    match email {
        Some(email) => format!("{OWN}.{id}.{}", URL_SAFE_NO_PAD.encode(email)),
        None => format!("{OWN}.{id}"),
    }
}

/// Whom the token of a request stands for: one that was issued here, or a JWT that a service account signed itself.
pub(crate) fn caller(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    match token.trim().split('.').collect::<Vec<_>>()[..] {
        [OWN, _] => None,
        [OWN, _, email] => String::from_utf8(URL_SAFE_NO_PAD.decode(email).ok()?).ok(),
        _ => subject(&claims(token.trim())?),
    }
}

/// What a JWT claims.
pub(crate) fn claims(jwt: &str) -> Option<Map<String, Value>> {
    let [_, claims, _] = jwt.split('.').collect::<Vec<_>>()[..] else {
        return None;
    };
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?).ok()
}

/// The address in the claims of a JWT: of whom it acts for before of who signed it.
pub(crate) fn subject(claims: &Map<String, Value>) -> Option<String> {
    ["email", "sub", "iss"]
        .iter()
        .filter_map(|name| claims.get(*name)?.as_str())
        .find(|text| text.contains('@'))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_says_whom_it_stands_for() {
        let jwt = |claims: &Value| format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims.to_string()));
        for (token, expected) in [
            (
                issue(Some("a@x.iam.gserviceaccount.com")),
                Some("a@x.iam.gserviceaccount.com"),
            ),
            (issue(None), None),
            (jwt(&json!({"iss": "a@x.com", "sub": "b@x.com"})), Some("b@x.com")),
            (
                jwt(&json!({"iss": "https://accounts.google.com", "sub": "123", "email": "c@x.com"})),
                Some("c@x.com"),
            ),
            (jwt(&json!({"iss": "https://accounts.google.com"})), None),
            ("ya29.opaque".to_owned(), None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
            assert_eq!(caller(&headers).as_deref(), expected, "{token}");
        }
        assert_eq!(caller(&HeaderMap::new()), None);
    }
}
