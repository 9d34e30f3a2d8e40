use super::*;

fn api(cors: &str) -> String {
    with(&format!("  Api:\n    Type: AWS::Serverless::HttpApi\n    Properties:\n      CorsConfiguration: {cors}\n"))
}

#[test]
fn an_api_says_who_may_call_it_from_a_browser() {
    assert_eq!(read(&with("  Api: { Type: AWS::Serverless::HttpApi }\n"), &[]).expect("understood").cors, None);
    let all = "{ AllowOrigins: !Split [',', 'https://a.example,https://b.example'], AllowMethods: [GET, PUT], \
               AllowHeaders: [etag], ExposeHeaders: [x], MaxAge: '600', AllowCredentials: true }";
    let conditions = "Conditions:\n  Yes: !Equals [a, a]\n  No: !Not [!Condition Yes]\n";
    let conditional =
        |condition: &str| conditions.to_owned() + &api(&format!("!If [{condition}, {all}, !Ref AWS::NoValue]"));
    assert_eq!(read(&conditional("No"), &[]).expect("understood").cors, None);
    let cors = read(&conditional("Yes"), &[]).expect("understood").cors.expect("some");
    assert_eq!(cors.allow_origins, ["https://a.example", "https://b.example"]);
    assert_eq!((cors.allow_methods, cors.allow_headers), (vec!["GET".into(), "PUT".into()], vec!["etag".into()]));
    assert_eq!((cors.expose_headers, cors.max_age, cors.allow_credentials), (vec!["x".into()], Some(600), true));
}

#[test]
fn what_api_gateway_would_refuse_or_nobody_understands_is_refused() {
    let at = "Resources.Api.Properties.CorsConfiguration";
    for (cors, sentence) in [
        ("true", format!("{at}: expected a mapping")),
        ("{ AllowOrigins: '*' }", format!("{at}.AllowOrigins: expected a list of texts")),
        (
            "{ AllowOrigins: !Split [',', 'a,b'] }",
            format!(
                "{at}.AllowOrigins: expected a list, as SAM takes a function there for the whole configuration and drops \
                 the rest"
            ),
        ),
        ("{ MaxAge: -1 }", format!("{at}.MaxAge: expected a whole number from 0 to 86400")),
        ("{ Allow: [a] }", format!("{at}.Allow: the local stack has no stand-in for CORS property Allow")),
        (
            "{ AllowOrigins: ['*'], AllowCredentials: true }",
            format!("{at}.AllowOrigins: expected origins by name, where cookies come along"),
        ),
    ] {
        assert_eq!(read(&api(cors), &[]).map(drop), Err(sentence));
    }
}
