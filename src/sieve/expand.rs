//! Writes a `string` test with several keys as one test for each key.
//!
//! The engine lets the last key alone decide; by RFC 5229 §5 with RFC 5228 §2.7.1 any key may. Does not change other
//! tests: the engine answers those with several keys rightly.

use serde_json::{Value, json};

/// Expands in place and moves the targets of all jumps.
pub(super) fn expand(instructions: &mut Vec<Value>) {
    let mut moved = Vec::with_capacity(instructions.len() + 1);
    let mut expanded: Vec<Value> = Vec::with_capacity(instructions.len());
    // Jumps that stay within one expanded test: position and target, in the new count.
    let mut own_jumps = Vec::new();
    for instruction in instructions.drain(..) {
        moved.push(expanded.len());
        let tests = one_for_each_key(&instruction);
        let end = expanded.len() + tests.len() * 2 - 1;
        let last = tests.len() - 1;
        for (at, test) in tests.into_iter().enumerate() {
            // Any key may hit: go on at the end as soon as one does. Of a negated test none may: as soon as one fails.
            let jump = if is_negated(&test) { "Jz" } else { "Jnz" };
            expanded.push(test);
            if at < last {
                own_jumps.push(expanded.len());
                expanded.push(json!({ jump: end }));
            }
        }
    }
    moved.push(expanded.len());
    for (at, instruction) in expanded.iter_mut().enumerate() {
        if own_jumps.binary_search(&at).is_err() {
            move_targets(instruction, &moved);
        }
    }
    *instructions = expanded;
}

/// The instruction itself, or one test for each of its keys.
fn one_for_each_key(instruction: &Value) -> Vec<Value> {
    let whole = || vec![instruction.clone()];
    let Some(fields) = instruction.pointer("/Test/String") else { return whole() };
    let Some(keys) = fields.get("key_list").and_then(Value::as_array).filter(|keys| keys.len() > 1) else {
        return whole();
    };
    if fields.pointer("/match_type/Count").is_some() {
        return whole();
    }
    keys.iter()
        .map(|key| {
            let mut test = instruction.clone();
            if let Some(list) = test.pointer_mut("/Test/String/key_list") {
                *list = json!([key]);
            }
            test
        })
        .collect()
}

fn is_negated(test: &Value) -> bool {
    test.pointer("/Test/String/is_not") == Some(&json!(true))
}

fn move_targets(instruction: &mut Value, moved: &[usize]) {
    for place in ["/Jmp", "/Jz", "/Jnz", "/ForEveryPart/jz_pos"] {
        let Some(target) = instruction.pointer_mut(place) else { continue };
        let old = target.as_u64().and_then(|t| usize::try_from(t).ok());
        if let Some(new) = old.and_then(|old| moved.get(old)) {
            *target = json!(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_reach_the_same_instructions_after_expansion() {
        let test = |keys: &[&str], is_not: bool| json!({"Test": {"String": {"key_list": keys, "is_not": is_not}}});
        let mut instructions = vec![test(&["a", "b"], false), json!({"Jz": 3}), json!("Stop"), json!("Return")];
        expand(&mut instructions);
        assert_eq!(
            instructions,
            [
                test(&["a"], false),
                json!({"Jnz": 3}),
                test(&["b"], false),
                json!({"Jz": 5}),
                json!("Stop"),
                json!("Return")
            ]
        );
        let mut instructions = vec![json!({"Jmp": 2}), test(&["a", "b", "c"], true), json!("Stop")];
        expand(&mut instructions);
        assert_eq!(instructions.first(), Some(&json!({"Jmp": 6})));
        assert_eq!(instructions.get(2), Some(&json!({"Jz": 6})));
    }
}
