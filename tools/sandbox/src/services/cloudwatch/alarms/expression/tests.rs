use proptest::prelude::*;

use super::*;

fn value(text: &str) -> Option<f64> {
    let expression: Expression = text.parse().unwrap();
    expression.value(&|id| match id {
        "two" => Some(2.0),
        "zero" => Some(0.0),
        _ => None,
    })
}

fn refusal(text: &str) -> String {
    text.parse::<Expression>().unwrap_err().to_string()
}

#[test]
fn operators_bind_as_in_arithmetic_and_group_to_the_left() {
    assert_eq!(value("1 + 2 * 3"), Some(7.0));
    assert_eq!(value("(1 + 2) * 3"), Some(9.0));
    assert_eq!(value("10 - 4 - 3"), Some(3.0));
    assert_eq!(value("8 / 4 / two"), Some(1.0));
    assert_eq!(value("-two * 3 + 1"), Some(-5.0));
    assert_eq!(value("1 + 1 == two AND 3 > two OR zero"), Some(1.0));
    assert_eq!(value("zero && zero || 1"), Some(1.0));
}

#[test]
fn comparisons_are_1_or_0() {
    assert_eq!(value("two >= 2"), Some(1.0));
    assert_eq!(value("two != 2"), Some(0.0));
    assert_eq!(value("two < .5"), Some(0.0));
    assert_eq!(value("two <= 2.0"), Some(1.0));
}

#[test]
fn if_gives_one_side_and_does_not_need_the_other() {
    assert_eq!(value("IF(two >= 2, 100 * zero / two, 7)"), Some(0.0));
    assert_eq!(value("IF(zero, missing, 7)"), Some(7.0));
    assert_eq!(value("IF(missing, 1, 2)"), None);
}

#[test]
fn what_is_missing_makes_the_result_missing_except_through_fill() {
    assert_eq!(value("missing + 1"), None);
    assert_eq!(value("FILL(missing, 3) + 1"), Some(4.0));
    assert_eq!(value("FILL(two, 3)"), Some(2.0));
}

#[test]
fn a_division_by_zero_has_no_value() {
    assert_eq!(value("two / zero"), None);
    assert_eq!(value("zero / zero"), None);
}

#[test]
fn what_is_not_served_is_refused_by_name() {
    assert!(refusal("RATE(two)").ends_with("not RATE"));
    assert!(refusal("SUM(METRICS())").ends_with("not SUM"));
    assert_eq!(refusal("IF(two)"), "IF takes 3 arguments");
    assert_eq!(refusal("two +"), "unexpected end at character 6");
    assert_eq!(refusal("two ^ 2"), "unexpected '^' at character 5");
    assert_eq!(refusal("1.2.3"), "unexpected 1.2.3 at character 1");
    assert!(refusal("SELECT AVG(x)").contains("SELECT"));
    assert!(refusal(&"(".repeat(10_000)).contains("nesting"));
    assert!(refusal(&"-".repeat(10_000)).contains("nesting"));
}

fn expressions() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![
        (0_u32..1000).prop_map(|n| Expression::Number(f64::from(n) / 8.0)),
        "[a-z][a-zA-Z0-9_]{0,5}".prop_map(Expression::Id),
    ];
    let operators = prop::sample::select(Operator::ALL.to_vec());
    leaf.prop_recursive(5, 40, 3, move |inner| {
        let three = (inner.clone(), inner.clone(), inner.clone());
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            inner.clone().prop_map(|x| Expression::Negated(Box::new(x))),
            (inner.clone(), operators.clone(), inner)
                .prop_map(|(x, (o, _), y)| Expression::Binary(Box::new(x), o, Box::new(y))),
            three.prop_map(|(x, y, z)| Expression::If(Box::new([x, y, z]))),
            two.prop_map(|(x, y)| Expression::Fill(Box::new([x, y]))),
        ]
    })
}

proptest! {
    #[test]
    fn every_expression_is_read_back_as_it_was_written(expression in expressions()) {
        prop_assert_eq!(expression.to_string().parse(), Ok(expression));
    }

    #[test]
    fn no_text_makes_the_parser_fail_badly(text in "\\PC{0,60}") {
        let _ = text.parse::<Expression>();
    }

    #[test]
    fn a_value_is_always_a_number(expression in expressions(), given in prop::option::of(-1e9..1e9)) {
        let value = expression.value(&|_| given);
        prop_assert!(value.is_none_or(f64::is_finite));
    }
}
