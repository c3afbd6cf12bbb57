//! What definitions may say, and what they come to.

use super::{Amount, Context, Definition, Flag, FlagId, FlagKey, Kind, NoVerdict, Percent, Reason, Step};
use kernel::Time;
use serde_json::{Value, json};
use uuid::Uuid;

fn flag(mut definition: Value) -> Flag {
    let usual = json!({
        "kind": "boolean", "variants": { "on": true, "off": false }, "default": "off", "off": "off",
    });
    for (name, value) in usual.as_object().unwrap() {
        definition.as_object_mut().unwrap().entry(name).or_insert_with(|| value.clone());
    }
    let definition = Definition::parse(definition).unwrap_or_else(|fault| panic!("{fault}"));
    Flag::new(FlagId(Uuid::nil()), FlagKey::parse("new-editor").unwrap(), true, definition)
}

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

fn context(value: Value) -> Context {
    Context::parse(value).unwrap()
}

/// The variant and the reason that somebody gets on the first day of 2030.
fn told(flag: &Flag, of: Value) -> (String, Reason) {
    let context = context(of);
    let verdict = flag.evaluate(&context, at("2030-01-01T00:00:00Z")).unwrap();
    (verdict.variant.to_owned(), verdict.reason)
}

fn split(percent: Value) -> Value {
    json!({ "rules": [{ "split": { "shares": [{ "variant": "on", "percent": percent }] } }] })
}

/// Who of so many people gets it.
fn who_gets(flag: &Flag, people: u32, now: Time) -> Vec<u32> {
    let gets = |n: &u32| {
        let context = context(json!({ "targetingKey": format!("user-{n}") }));
        flag.evaluate(&context, now).unwrap().variant == "on"
    };
    (0..people).filter(gets).collect()
}

#[test]
fn percentage_is_what_it_says_and_the_same_people_get_it_again() {
    let now = at("2030-01-01T00:00:00Z");
    for percent in [1.0, 10.0, 33.3, 50.0, 99.0] {
        let flag = flag(split(json!(percent)));
        let got = who_gets(&flag, 100_000, now);
        let expected: f64 = percent * 1_000.0;
        // Four standard deviations of 100 000 independent draws.
        let tolerance = 4.0 * (expected * (1.0 - percent / 100.0)).sqrt();
        assert!((got.len() as f64 - expected).abs() < tolerance, "{} of 100 000 for {percent} %", got.len());
        assert_eq!(got, who_gets(&flag, 100_000, now));
    }
    assert!(who_gets(&flag(split(json!(0))), 10_000, now).is_empty());
    assert_eq!(who_gets(&flag(split(json!(100))), 10_000, now).len(), 10_000);
}

#[test]
fn who_has_it_keeps_it_while_the_percentage_grows() {
    let now = at("2030-01-01T00:00:00Z");
    let mut had = Vec::new();
    for percent in [0.5, 1.0, 5.0, 10.0, 42.0, 90.0, 100.0] {
        let got = who_gets(&flag(split(json!(percent))), 20_000, now);
        assert!(had.iter().all(|one| got.binary_search(one).is_ok()), "somebody lost it at {percent} %");
        assert!(got.len() > had.len());
        had = got;
    }
}

#[test]
fn progressive_rollout_grows_with_the_clock_and_moves_nobody_of_another_share() {
    let growing = json!({ "from": 0, "to": 50, "starts": "2030-01-01T00:00:00Z", "ends": "2030-01-11T00:00:00Z" });
    let shares = json!([{ "variant": "on", "percent": growing }, { "variant": "beta", "percent": 20 }]);
    let flag = flag(json!({
        "kind": "string", "variants": { "on": "1", "beta": "2", "off": "0" },
        "rules": [{ "split": { "shares": shares } }],
    }));
    let beta = |now| {
        let variant = |n: &u32| {
            let context = context(json!({ "targetingKey": format!("user-{n}") }));
            flag.evaluate(&context, now).unwrap().variant == "beta"
        };
        (0..5_000).filter(variant).collect::<Vec<u32>>()
    };
    let (mut had, first_beta) = (Vec::new(), beta(at("2029-12-31T00:00:00Z")));
    assert!(who_gets(&flag, 5_000, at("2029-12-31T00:00:00Z")).is_empty());
    for day in ["02", "03", "06", "10", "11", "20"] {
        let now = at(&format!("2030-01-{day}T00:00:00Z"));
        let got = who_gets(&flag, 5_000, now);
        assert!(had.iter().all(|one| got.binary_search(one).is_ok()), "somebody lost it on day {day}");
        assert_eq!(beta(now), first_beta, "day {day}");
        had = got;
    }
    assert!((2_300..2_700).contains(&had.len()), "{}", had.len());
}

#[test]
fn splits_with_other_salts_fall_otherwise() {
    let salted = |salt: &str| {
        let mut definition = split(json!(50));
        definition["rules"][0]["split"]["salt"] = json!(salt);
        who_gets(&flag(definition), 10_000, at("2030-01-01T00:00:00Z"))
    };
    let (one, other) = (salted("one"), salted("other"));
    let both = one.iter().filter(|n| other.binary_search(n).is_ok()).count();
    assert!((2_250..2_750).contains(&both), "{both} of 10 000 are in both halves");
}

#[test]
fn first_rule_that_applies_decides() {
    let flag = flag(json!({ "default": "off", "rules": [
        { "name": "Not there", "conditions": [{ "attribute": "country", "operator": "in", "value": ["de", "at"] },
                         { "attribute": "beta", "operator": "equals", "value": true, "not": true }], "variant": "off" },
        { "conditions": [{ "attribute": "email", "operator": "ends_with", "value": "@example.org" }], "variant": "on" },
        { "split": { "by": "company", "shares": [{ "variant": "on", "percent": 100 }] } },
    ]}));
    let email = "ada@example.org";
    assert_eq!(told(&flag, json!({ "country": "de", "email": email })), ("off".into(), Reason::TargetingMatch));
    let beta = json!({ "country": "de", "beta": true, "email": email });
    assert_eq!(told(&flag, beta.clone()), ("on".into(), Reason::TargetingMatch));
    assert_eq!(told(&flag, json!({ "company": 7 })), ("on".into(), Reason::Split));
    assert_eq!(told(&flag, json!({})), ("off".into(), Reason::Default));
    let (context, now) = (context(beta), at("2030-01-01T00:00:00Z"));
    assert_eq!(flag.evaluate(&context, now).unwrap().rule, Some(1));
    let steps = [("Not there", Step::Fails(1)), ("", Step::Gives("on")), ("", Step::NothingToSplitBy("company"))];
    assert_eq!(flag.steps(&context, now), steps);
}

#[test]
fn schedule_holds_from_its_first_instant_and_ends_before_its_last() {
    let (from, until) = ("2030-01-01T09:00:00Z", "2030-01-01T17:00:00+01:00");
    let flag = flag(json!({ "rules": [{ "from": from, "until": until, "variant": "on" }] }));
    for (now, variant) in [
        ("2030-01-01T08:59:59.999999Z", "off"),
        ("2030-01-01T09:00:00Z", "on"),
        ("2030-01-01T15:59:59.999999Z", "on"),
        ("2030-01-01T16:00:00Z", "off"),
    ] {
        assert_eq!(flag.evaluate(&Context::default(), at(now)).unwrap().variant, variant, "{now}");
    }
}

#[test]
fn flag_without_rules_is_static_and_one_switched_off_disabled() {
    let plain = flag(json!({ "default": "on" }));
    assert_eq!(told(&plain, json!({})), ("on".into(), Reason::Static));
    let off = flag(json!({ "default": "on", "rules": [{ "variant": "on" }] })).switch(false).unwrap().unwrap();
    assert_eq!(told(&off, json!({})), ("off".into(), Reason::Disabled));
}

#[test]
fn what_cannot_be_told_has_its_code() {
    let now = at("2030-01-01T00:00:00Z");
    for context in [json!({}), json!({ "targetingKey": "" }), json!({ "targetingKey": [1] })] {
        let refused = flag(split(json!(50))).evaluate(&Context::parse(context).unwrap(), now).map(drop);
        assert_eq!(refused, Err(NoVerdict::TargetingKeyMissing));
    }
    let wrong = flag(json!({})).evaluate_as(Some(Kind::String), &Context::default(), now).map(drop);
    assert_eq!(wrong, Err(NoVerdict::TypeMismatch));
    assert!(flag(json!({})).evaluate_as(Some(Kind::Boolean), &Context::default(), now).is_ok());
}

/// What is wrong with a rule, by place.
fn wrong_rule(rule: Value) -> Vec<String> {
    let definition = json!({
        "kind": "boolean", "variants": { "on": true, "off": false }, "default": "off", "off": "off",
        "rules": [{ "variant": "on" }, rule],
    });
    let fault = Definition::parse(definition).unwrap_err();
    fault.fields.into_iter().map(|fault| fault.field).collect()
}

#[test]
fn every_mistake_is_named_by_its_place_and_all_of_them_at_once() {
    let fault = Definition::parse(json!({
        "kind": "boolean", "variants": { "on": 1, "o ff": false }, "default": "up", "colour": "red",
        "rules": [{ "conditions": [{ "attribute": "a", "operator": "is", "value": 1 }], "variant": "on" }],
    }));
    let mut named: Vec<_> = fault.unwrap_err().fields.into_iter().map(|fault| fault.field).collect();
    named.sort_unstable();
    let expected = ["colour", "default", "off", "rules[0].conditions[0].operator", "variants.o ff", "variants.on"];
    assert_eq!(named, expected);
    assert_eq!(Definition::parse(json!([])).unwrap_err().fields[0].field, "definition");
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    let condition = |operator: &str, value: Value| json!({ "variant": "on", "conditions": [{ "attribute": "a", "operator": operator, "value": value }] });
    let shares = |shares: Value| json!({ "split": { "shares": shares } });
    let growing = |from: u32, to: u32, ends: &str| {
        let percent = json!({ "from": from, "to": to, "starts": "2030-01-02T00:00:00Z", "ends": ends });
        json!([{ "variant": "on", "percent": percent }])
    };
    for (rule, place) in [
        (json!({}), "rules[1]"),
        (json!({ "variant": "on", "split": {} }), "rules[1]"),
        (json!({ "variant": "up" }), "rules[1].variant"),
        (json!({ "variant": "on", "from": "tomorrow" }), "rules[1].from"),
        (json!({ "variant": "on", "from": "2030-01-02T00:00:00Z", "until": "2030-01-02T00:00:00Z" }), "rules[1].until"),
        (condition("exists", json!(1)), "rules[1].conditions[0].value"),
        (condition("equals", json!([])), "rules[1].conditions[0].value"),
        (condition("in", json!([])), "rules[1].conditions[0].value"),
        (condition("in", json!(["a", {}])), "rules[1].conditions[0].value[1]"),
        (condition("less_than", json!("1")), "rules[1].conditions[0].value"),
        (condition("semver_at_least", json!("two")), "rules[1].conditions[0].value"),
        (condition("before", json!("2030")), "rules[1].conditions[0].value"),
        (condition("starts_with", json!("")), "rules[1].conditions[0].value"),
        (condition("equals", json!("a\u{0}")), "rules[1].conditions[0].value"),
        (shares(json!([])), "rules[1].split.shares"),
        (
            shares(json!([{ "variant": "on", "percent": 60 }, { "variant": "off", "percent": 41 }])),
            "rules[1].split.shares",
        ),
        (shares(json!([{ "variant": "on", "percent": 101 }])), "rules[1].split.shares[0].percent"),
        (shares(growing(20, 10, "2030-01-03T00:00:00Z")), "rules[1].split.shares[0].percent.to"),
        (shares(growing(1, 10, "2030-01-01T00:00:00Z")), "rules[1].split.shares[0].percent.ends"),
    ] {
        assert_eq!(wrong_rule(rule.clone()), [place], "{rule}");
    }
}

#[test]
fn share_gets_another_percentage_and_nothing_else_changes() {
    let before = flag(split(json!(10))).definition;
    let after = before.with_percent(0, 0, Percent::parse(12.5).unwrap()).unwrap();
    assert_eq!(after.source()["rules"][0]["split"]["shares"][0]["percent"], json!(12.5));
    assert_eq!(after.shares()[0].amount, Amount::Fixed(Percent::parse(12.5).unwrap()));
    assert!(before.with_percent(0, 1, Percent::parse(1.0).unwrap()).is_err());
    assert_eq!(after.with_percent(0, 0, Percent::parse(10.0).unwrap()).unwrap(), before);
}

#[test]
fn share_with_others_behind_it_keeps_what_it_takes() {
    let split = json!({ "by": "targetingKey", "shares": [
        { "variant": "on", "percent": 10 }, { "variant": "off", "percent": 10 },
    ] });
    let source = json!({
        "kind": "boolean", "variants": { "on": true, "off": false }, "default": "off", "off": "off",
        "rules": [{ "split": split }],
    });
    let definition = Definition::parse(source).unwrap();
    let percent = |number| Percent::parse(number).unwrap();
    assert_eq!(definition.with_percent(0, 0, percent(20.0)).unwrap_err().fields[0].field, "share");
    assert!(definition.with_percent(0, 1, percent(20.0)).is_ok(), "nobody stands behind the last one");
}

#[test]
fn definition_is_not_nested_without_end() {
    let nested = |levels: usize| (0..levels).fold(json!(1), |inside, _| json!({ "in": inside }));
    let source = |value| json!({ "kind": "json", "variants": { "a": value }, "default": "a", "off": "a" });
    assert!(Definition::parse(source(nested(20))).is_ok());
    let refused = Definition::parse(source(nested(100))).unwrap_err();
    assert_eq!(refused.fields[0].field, "definition");
}
