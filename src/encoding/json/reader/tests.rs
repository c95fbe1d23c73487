use super::*;

#[test]
fn reads_every_kind_of_value() {
    let json = parse(r#" {"a":[null,true,7,-7,1.5,1e3],"b":"\u0041\n","c":{},"d":[]} "#).unwrap();
    let object = json.as_object().unwrap();
    assert_eq!(
        object.get("a"),
        Some(&Json::Array(vec![
            Json::Null,
            Json::Bool(true),
            Json::Unsigned(7),
            Json::Negative(-7),
            Json::Float,
            Json::Float,
        ]))
    );
    assert_eq!(object.get("b"), Some(&Json::String("A\n".into())));
    assert_eq!(object.get("c"), Some(&Json::Object(Object(vec![]))));
    assert_eq!(object.get("d"), Some(&Json::Array(vec![])));
    assert_eq!(object.get("e"), None);
}

#[test]
fn reads_numbers_outside_the_integers_as_floats() {
    assert_eq!(parse("18446744073709551615"), Some(Json::Unsigned(u64::MAX)));
    assert_eq!(parse("18446744073709551616"), Some(Json::Float));
    assert_eq!(parse("-9223372036854775808"), Some(Json::Negative(i64::MIN)));
    assert_eq!(parse("-9223372036854775809"), Some(Json::Float));
    assert_eq!(parse("1e999"), None);
    assert_eq!(parse(&"9".repeat(100)), Some(Json::Float));
}

#[test]
fn reports_a_member_that_occurs_twice() {
    let json = parse(r#"{"a":1,"b":2,"\u0061":3}"#).unwrap();
    let object = json.as_object().unwrap();
    assert!(object.is_duplicate("a") && !object.is_duplicate("b") && !object.is_duplicate("c"));
    assert_eq!(object.get("a"), Some(&Json::Unsigned(1)));
    assert_eq!(object.get("b"), Some(&Json::Unsigned(2)));
    assert_eq!(object.members().len(), 3);
    assert_eq!(json.duplicate(), Some("a"));
    assert_eq!(parse(r#"{"x":[{"y":{"z":1,"z":1}}]}"#).unwrap().duplicate(), Some("z"));
    assert_eq!(parse(r#"{"x":{"y":1},"y":[{"y":2},{"y":3}]}"#).unwrap().duplicate(), None);
}

#[test]
fn refuses_a_million_brackets_without_deep_recursion() {
    for open in ["[", "{\"a\":", "[{\"a\":"] {
        assert_eq!(parse(&open.repeat(1_000_000)), None);
    }
    let levels = usize::from(MAX_DEPTH);
    let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
    assert!(parse(&nested(levels)).is_some());
    assert_eq!(parse(&nested(levels + 1)), None);
}

#[test]
fn bounds_the_number_of_members() {
    let members = |n: usize| format!("{{{}}}", vec!["\"a\":0"; n].join(","));
    assert!(parse(&members(MAX_MEMBERS)).is_some());
    assert_eq!(parse(&members(MAX_MEMBERS + 1)), None);
}

#[test]
fn refuses_what_is_not_one_json_text() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "{}{}",
        "{} x",
        "{]",
        "[}",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "01",
        "+1",
        ".5",
        "1.",
        "NaN",
        "tru",
        "nul",
        "\"",
        "\"\n\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "\u{feff}{}",
        "\0",
        "{\"a\"}",
        "[1 2]",
    ] {
        assert_eq!(parse(text), None, "{text:?}");
    }
}
