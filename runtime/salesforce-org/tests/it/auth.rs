//! Logging in, in every way, and what ends a session.

use base64::Engine;
use serde_json::{Value, json};

use crate::harness::{DATA, Org, refusal};

const TOKEN: &str = "/services/oauth2/token";

fn assertion(claims: &Value) -> String {
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let key = pem::parse(include_str!("data/key.pem")).unwrap();
    let key = ring::rsa::KeyPair::from_pkcs8(key.contents()).unwrap();
    let signed = format!(
        "{}.{}",
        engine.encode(r#"{"alg":"RS256"}"#),
        engine.encode(claims.to_string())
    );
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &ring::signature::RSA_PKCS1_SHA256,
        &ring::rand::SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", engine.encode(signature))
}

#[tokio::test]
async fn client_credentials_and_passwords() {
    let org = Org::start().await;
    let user = headwater_salesforce_org::INTEGRATION_USER;
    type Form<'a> = &'a [(&'a str, &'a str)];
    let cases: &[(Form<'_>, u16, &str)] = &[
        (
            &[
                ("grant_type", "client_credentials"),
                ("client_id", "headwater-client"),
                ("client_secret", "wrong"),
            ],
            400,
            "invalid_client",
        ),
        (
            &[
                ("grant_type", "client_credentials"),
                ("client_id", "nobody"),
                ("client_secret", "headwater-secret"),
            ],
            400,
            "invalid_client_id",
        ),
        (&[("grant_type", "magic")], 400, "unsupported_grant_type"),
        (&[], 400, "unsupported_grant_type"),
        (
            &[
                ("grant_type", "refresh_token"),
                ("client_id", "headwater-client"),
                ("refresh_token", "x"),
            ],
            400,
            "invalid_grant",
        ),
        (
            &[
                ("grant_type", "password"),
                ("client_id", "headwater-client"),
                ("client_secret", "headwater-secret"),
                ("username", user),
                ("password", "x"),
            ],
            400,
            "invalid_grant",
        ),
    ];
    for (form, status, error) in cases {
        let response = org.post(TOKEN).form(form).send().await.unwrap();
        assert_eq!(response.status(), *status, "{form:?}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["error"], *error, "{form:?}");
        assert!(!body.to_string().contains("headwater-secret"));
    }
    let form = [
        ("grant_type", "password"),
        ("client_id", "headwater-client"),
        ("client_secret", "headwater-secret"),
        ("username", user),
        ("password", "headwater-password"),
    ];
    let body: Value = org.post(TOKEN).form(&form).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (body["token_type"].as_str(), body["instance_url"].as_str()),
        (Some("Bearer"), Some(org.simulator.base_url()))
    );
    let refresh = body["refresh_token"].as_str().unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "headwater-client"),
        ("refresh_token", refresh),
    ];
    assert_eq!(org.post(TOKEN).form(&form).send().await.unwrap().status(), 200);
    let basic = org
        .client
        .post(format!("{}{TOKEN}", org.simulator.base_url()))
        .basic_auth("headwater-client", Some("headwater-secret"));
    assert_eq!(
        basic
            .form(&[("grant_type", "client_credentials")])
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    let info = org.json("/services/oauth2/userinfo").await;
    assert_eq!(info["preferred_username"], user);
}

#[tokio::test]
async fn jwt_bearer() {
    let user = headwater_salesforce_org::INTEGRATION_USER;
    let org = Org::with(|o| o.jwt_certificate = Some(include_str!("data/certificate.pem").into())).await;
    let now = org.json("/_control/clock").await["now_ms"].as_i64().unwrap() / 1000;
    let good = json!({ "iss": "headwater-client", "sub": user, "aud": org.simulator.base_url(), "exp": now + 120 });
    let with = |key: &str, value: Value| {
        let mut claims = good.clone();
        claims[key] = value;
        assertion(&claims)
    };
    let mut forged = assertion(&good);
    forged.replace_range(forged.len() - 6..forged.len() - 4, "AB");
    for (assertion, expected) in [
        (assertion(&good), None),
        (with("aud", json!("https://login.salesforce.com")), None),
        (with("exp", json!((now + 100).to_string())), None),
        (
            with("aud", json!("https://elsewhere.example")),
            Some("audience is invalid"),
        ),
        (with("exp", json!(now - 1)), Some("expired authorization code")),
        (
            with("exp", json!(now + 4000)),
            Some("assertion must expire within 3 minutes"),
        ),
        (
            with("sub", json!("nobody@example.com")),
            Some("user hasn't approved this consumer"),
        ),
        (with("iss", json!("nobody")), Some("client identifier invalid")),
        (forged, Some("invalid assertion")),
        ("nonsense".into(), Some("invalid assertion")),
    ] {
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", assertion.as_str()),
        ];
        let response = org.post(TOKEN).form(&form).send().await.unwrap();
        assert_eq!(
            response.status(),
            if expected.is_none() { 200 } else { 400 },
            "{expected:?}"
        );
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["error_description"].as_str(), expected);
    }
}

#[tokio::test]
async fn sessions_end() {
    let mut org = Org::with(|o| o.session = std::time::Duration::from_secs(60)).await;
    let path = format!("{DATA}/limits");
    assert_eq!(org.get(&path).send().await.unwrap().status(), 200);
    org.control("clock", json!({ "advance_seconds": 61 })).await;
    assert_eq!(
        refusal(org.get(&path).send().await.unwrap()).await,
        (401, "INVALID_SESSION_ID".into())
    );
    org.login().await;
    assert_eq!(org.get(&path).send().await.unwrap().status(), 200);
    let revoked = org
        .post("/services/oauth2/revoke")
        .form(&[("token", org.token.as_str())])
        .send()
        .await
        .unwrap();
    assert_eq!(revoked.status(), 200);
    assert_eq!(org.get(&path).send().await.unwrap().status(), 401);
    let anonymous = org
        .client
        .get(format!("{}{path}", org.simulator.base_url()))
        .send()
        .await
        .unwrap();
    assert_eq!(anonymous.status(), 401);
}

#[tokio::test]
async fn soap_login() {
    let org = Org::start().await;
    let envelope = |password: &str| {
        format!(
            r#"<e:Envelope><e:Body><n1:login xmlns:n1="urn:partner.soap.sforce.com"><n1:username>{}</n1:username><n1:password>{password}</n1:password></n1:login></e:Body></e:Envelope>"#,
            headwater_salesforce_org::INTEGRATION_USER
        )
    };
    let good = org
        .post("/services/Soap/u/59.0")
        .body(envelope("headwater-passwordheadwater-token"))
        .send()
        .await
        .unwrap();
    assert_eq!(good.status(), 200);
    let text = good.text().await.unwrap();
    let token = text.split("<sessionId>").nth(1).unwrap().split('<').next().unwrap();
    let limits = org
        .client
        .get(format!("{}{DATA}/limits", org.simulator.base_url()))
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!(limits.status(), 200);
    let bad = org
        .post("/services/Soap/u/59.0")
        .body(envelope("x"))
        .send()
        .await
        .unwrap();
    assert_eq!(bad.status(), 500);
    assert!(bad.text().await.unwrap().contains("INVALID_LOGIN"));
}
