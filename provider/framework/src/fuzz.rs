//! What the framework itself does with values and texts of others, attacked: see `tfplugin_proto::fuzz`.

use std::sync::OnceLock;

use tfplugin_proto::fuzz::{Rng, Target, value_of};
use tfplugin_proto::{Type, Value, msgpack};

use crate::schema::{equal, validate};
use crate::{Attribute, Path, Schema, Step, conflicts_with, exactly_one_of, nearest, parse_duration, pipeline};

pub use tfplugin_proto::fuzz::{Finding, run};

/// By name: those of the wire, and ours.
pub fn targets() -> Vec<(&'static str, Target)> {
    let wire = tfplugin_proto::fuzz::TARGETS.iter().copied();
    wire.chain([("plan", plan as Target), ("texts", texts)]).collect()
}

/// A schema with something of everything.
fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let text = Attribute::string;
        let inner = || {
            [
                (
                    "a",
                    text().required().requires_replace().validate(validate::length(1..=9)),
                ),
                (
                    "b",
                    text().optional().equivalent(equal::json).validate(validate::json()),
                ),
                ("c", text().default("x").validate(validate::one_of(["x", "y"]))),
                ("d", Attribute::number().optional().validate(validate::range(1..=9))),
            ]
        };
        let computed = || {
            inner()
                .into_iter()
                .chain([("e", text().computed().use_state_for_unknown())])
        };
        Schema::new([
            ("single", Attribute::object(computed()).optional()),
            (
                "list",
                Attribute::list_of(computed())
                    .optional()
                    .validate(validate::unique_by("a")),
            ),
            (
                "map",
                Attribute::map_of(computed())
                    .optional_computed()
                    .validate(validate::size(..=3)),
            ),
            (
                "set",
                Attribute::set_of(inner())
                    .optional()
                    .equivalent(equal::unordered_by(equal::ignore_case)),
            ),
            (
                "plain",
                Attribute::map(Type::String)
                    .optional()
                    .equivalent(equal::each(equal::sql)),
            ),
            (
                "numbers",
                Attribute::list(Type::Number).optional().validate(validate::unique()),
            ),
            ("any", Attribute::dynamic().optional()),
            ("secret", text().optional().write_only()),
            ("made", Attribute::number().computed()),
        ])
        .check(conflicts_with(["single.b", "secret"]))
        .check(exactly_one_of(["list[*].b", "list[*].d"]))
    })
}

/// Plans of any values: never a panic, and what comes out can be sent and is a plan that a second look leaves as it is.
fn plan(rng: &mut Rng) {
    let schema = schema();
    let ty = schema.ty();
    let prior = value_of(rng, &ty);
    let prior = if rng.once_in(3) {
        Value::Null
    } else {
        pipeline::settle(prior)
    };
    let config = value_of(rng, &ty);
    let core = if rng.once_in(2) {
        config.clone()
    } else {
        value_of(rng, &ty)
    };
    let _ = pipeline::validate(schema, &config);
    let mut planned = pipeline::propose(schema, &prior, &config, core);
    let _ = pipeline::check_plan("thing", schema, &prior, &config, &planned);
    let path = Path::attr(*rng.pick(&["list", "map", "any", "nothing"]))
        .step(Step::Index(rng.next() as i64))
        .child("a");
    let _ = pipeline::requires_replace(schema, &prior, &planned, &[path.clone(), Path::root()]);
    let Ok(bytes) = msgpack::encode(&planned, &ty) else {
        panic!("a plan that cannot be sent: {planned:?}")
    };
    assert!(msgpack::decode(&bytes, &ty).is_ok_and(|read| read == planned));
    let applied = value_of(rng, &ty);
    let _ = pipeline::check_applied("thing", schema, &planned, &applied);
    let _ = pipeline::check_read("thing", schema, &config, &applied);
    pipeline::keep_promises(&mut planned, &config, vec![(path, crate::Refinements::not_null())]);
    let mut state = pipeline::settle(applied);
    assert!(state.is_wholly_known());
    pipeline::keep_equivalent(&schema.attributes, &prior, &mut state);
    pipeline::forget_write_only(&schema.attributes, &mut state);
}

/// Rules about texts: they agree with themselves whichever way round, and a text is the same as itself.
fn texts(rng: &mut Rng) {
    const SEEDS: &[&str] = &[
        "{\"a\": [1, 2.50, \"x\"], \"b\": {\"c\": null}}",
        "SELECT r'\\'' AS `x`, '''y''' -- z\nFROM t /* u */ WHERE a = \"b\";",
        "1h30m0.5s",
        "2026-01-31T12:00:00.5+02:00",
        "Asia/Calcutta",
        "https://u@example.com:443/a?b#c",
        "a.b@example.com",
        "10.0.0.0/8",
        "2001:db8::/32",
        "-12.50e-3",
        "2024-02-29",
    ];
    type Same = fn(&Value, &Value) -> bool;
    const RULES: &[Same] = &[
        equal::json,
        equal::sql,
        equal::duration,
        equal::instant,
        equal::time_zone,
        equal::ignore_case,
        equal::number_text,
        equal::trailing_slash,
        equal::outer_space,
    ];
    let text = |rng: &mut Rng| {
        let mut bytes = rng.pick(SEEDS).as_bytes().to_vec();
        rng.damage(&mut bytes);
        if rng.once_in(8) {
            rng.text()
        } else {
            String::from_utf8_lossy(&bytes).into_owned()
        }
    };
    let (first, second) = (text(rng), text(rng));
    let _ = (parse_duration(&first), nearest(&first, [second.as_str(), "example"]));
    let (a, b) = (Value::from(first), Value::from(second));
    for rule in RULES {
        assert_eq!(rule(&a, &b), rule(&b, &a), "{a:?} {b:?}");
    }
    assert!(equal::json(&a, &a) && equal::sql(&a, &a) && equal::ignore_case(&a, &a));
    static VALIDATORS: OnceLock<Vec<crate::Validator>> = OnceLock::new();
    let validators = VALIDATORS.get_or_init(|| {
        vec![
            validate::json(),
            validate::json_object(),
            validate::url(["https"]),
            validate::email(),
            validate::cidr(),
            validate::instant(),
            validate::date(),
            validate::duration(),
            validate::one_of(["example", "other"]),
            validate::pattern("^[a-z]+$", "must be letters"),
            validate::byte_length(1..),
            validate::prefix("https://"),
        ]
    });
    for rule in validators {
        let _ = rule.check(&a, &Path::root());
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_moment_of_fuzzing_finds_nothing() {
        // Those of the wire have their moment in its own tests.
        for (name, target) in [("plan", super::plan as super::Target), ("texts", super::texts)] {
            let found = super::run(target, 2, 0..1_500);
            assert!(found.is_ok(), "{name}: {found:?}");
        }
    }
}
