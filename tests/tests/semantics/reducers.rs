//! The laws of the reducers, for any values that they take.

use hap::{Json, Reducer};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::values;

fn json(value: &Value) -> Json {
    Json::parse(&value.to_string(), 100).unwrap()
}

/// Some JSON value; few of each kind, so that equal ones meet.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..4i64).prop_map(Value::from),
        prop::sample::select(&["", "a", "é\n"][..]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let key = prop::sample::select(&["a", "b", "c"][..]).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4)
                .prop_map(|keys| Value::Object(keys.into_iter().collect())),
        ]
    })
}

/// Contributions that the reducer takes.
fn contributions(reducer: Reducer, at_least: usize) -> BoxedStrategy<Vec<Value>> {
    let value = match reducer {
        Reducer::Append | Reducer::Union => prop::collection::vec(any_value(), 0..4)
            .prop_map(Value::from)
            .boxed(),
        Reducer::Merge => any_value()
            .prop_map(|value| {
                if value.is_object() {
                    value
                } else {
                    json!({"a": value})
                }
            })
            .boxed(),
        Reducer::Sum | Reducer::Min | Reducer::Max => any::<i32>().prop_map(Value::from).boxed(),
        Reducer::First | Reducer::Last => any_value().boxed(),
    };
    prop::collection::vec(value, at_least..6).boxed()
}

fn fold(reducer: Reducer, values: &[Value]) -> Value {
    let values: Vec<Json> = values.iter().map(json).collect();
    for value in &values {
        assert_eq!(reducer.refuses(value), None);
    }
    let folded = reducer.fold(&values.iter().collect::<Vec<_>>()).unwrap();
    assert_eq!(reducer.refuses(&folded), None, "what comes out can go in");
    folded.to().unwrap()
}

fn hold<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, law: impl Fn(T)) {
    let config = ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let held = runner.run(&strategy, |values| {
        law(values);
        Ok(())
    });
    if let Err(error) = held {
        panic!("{error}");
    }
}

#[test]
fn every_reducer_does_what_the_reference_does() {
    for (name, reducer) in Reducer::NAMES {
        hold(contributions(reducer, 1), |values| {
            let references: Vec<&Value> = values.iter().collect();
            assert_eq!(fold(reducer, &values), values::fold(name, &references), "{name}");
        });
    }
}

#[test]
fn it_does_not_matter_which_contributions_are_combined_first() {
    for (name, reducer) in Reducer::NAMES {
        let cut = contributions(reducer, 2).prop_flat_map(|values| (1..values.len(), Just(values)));
        hold(cut, |(cut, values)| {
            let (left, right) = values.split_at(cut);
            let halves = [fold(reducer, left), fold(reducer, right)];
            assert_eq!(fold(reducer, &halves), fold(reducer, &values), "{name}");
        });
    }
}

#[test]
fn sums_and_extremes_of_integers_do_not_depend_on_the_order() {
    for reducer in [Reducer::Sum, Reducer::Min, Reducer::Max] {
        let shuffled = contributions(reducer, 1)
            .prop_flat_map(|values| (Just(values.clone()), Just(values).prop_shuffle()));
        hold(shuffled, |(values, shuffled)| {
            assert_eq!(fold(reducer, &values), fold(reducer, &shuffled), "{reducer}")
        });
    }
}

#[test]
fn what_is_there_already_changes_nothing() {
    for reducer in [
        Reducer::Union,
        Reducer::Merge,
        Reducer::Min,
        Reducer::Max,
        Reducer::First,
        Reducer::Last,
    ] {
        hold(contributions(reducer, 1), |values| {
            let once = fold(reducer, &values);
            assert_eq!(fold(reducer, &[once.clone(), once.clone()]), once, "{reducer}");
        });
    }
}

#[test]
fn nothing_added_changes_nothing() {
    for (reducer, nothing) in [
        (Reducer::Append, json!([])),
        (Reducer::Union, json!([])),
        (Reducer::Merge, json!({})),
        (Reducer::Sum, json!(0)),
    ] {
        hold(contributions(reducer, 1), |values| {
            let alone = fold(reducer, &values);
            assert_eq!(
                fold(reducer, &[nothing.clone(), alone.clone()]),
                alone,
                "{reducer}"
            );
            assert_eq!(
                fold(reducer, &[alone.clone(), nothing.clone()]),
                alone,
                "{reducer}"
            );
        });
    }
}

#[test]
fn a_union_keeps_each_value_once_and_loses_none() {
    hold(contributions(Reducer::Union, 1), |values| {
        let union = fold(Reducer::Union, &values);
        let kept = union.as_array().unwrap();
        let all = values.iter().flat_map(|list| list.as_array().unwrap());
        all.clone().for_each(|value| assert!(kept.contains(value)));
        kept.iter()
            .for_each(|value| assert_eq!(kept.iter().filter(|other| *other == value).count(), 1));
    });
}

#[test]
fn the_first_and_the_last_are_each_others_mirror() {
    hold(contributions(Reducer::First, 1), |mut values| {
        let first = fold(Reducer::First, &values);
        assert_eq!(first, values[0]);
        values.reverse();
        assert_eq!(fold(Reducer::Last, &values), first);
    });
}
