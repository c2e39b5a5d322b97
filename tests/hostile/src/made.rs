//! Components that are made by Rust, because their text would be too long to write or to parse.

use std::fmt::Write as _;

use anyhow::Result;

use crate::{ECHO, wat_agent};

/// The bytes that each core module, and each component, begins with.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// The kinds of sections of a component that are made here.
const CUSTOM: u8 = 0;
const CORE_MODULE: u8 = 1;
const CORE_INSTANCE: u8 = 2;
const NESTED: u8 = 4;
const TYPE: u8 = 7;

/// The most locals that a function may have.
const MAX_LOCALS: u32 = 50_000;

pub(crate) fn memories() -> Result<Vec<u8>> {
    instances_of(&[MODULE, &[5, 3, 1, 0, 1]].concat(), 40)
}

pub(crate) fn tables() -> Result<Vec<u8>> {
    // Two to a module, since there may be more tables than instances.
    instances_of(&[MODULE, &[4, 7, 2, 0x70, 0, 1, 0x70, 0, 1]].concat(), 40)
}

pub(crate) fn instances() -> Result<Vec<u8>> {
    instances_of(MODULE, 1000)
}

/// An honest agent with a further core module, and so many instances of it.
fn instances_of(module: &[u8], count: u32) -> Result<Vec<u8>> {
    let mut component = wat_agent(ECHO)?;
    let index = count_sections(&component, CORE_MODULE);
    push_section(&mut component, CORE_MODULE, module);
    let mut instances = leb(count);
    for _ in 0..count {
        // Instantiate the module, with nothing given to it.
        instances.push(0);
        instances.extend(leb(index));
        instances.push(0);
    }
    push_section(&mut component, CORE_INSTANCE, &instances);
    Ok(component)
}

pub(crate) fn imports() -> Result<Vec<u8>> {
    let mut text = "(component\n".to_owned();
    for number in 0..20_000 {
        writeln!(
            text,
            "(import \"wasi:attack/interface{number}@0.2.0\" (instance (export \"f\" (func))))"
        )?;
    }
    text.push_str(AGENT);
    text.push(')');
    Ok(wat::parse_str(text)?)
}

/// The exports of an agent, with other types.
const AGENT: &str = r#"
    (core module $m (func (export "f")))
    (core instance $i (instantiate $m))
    (func $f (canon lift (core func $i "f")))
    (instance $agent (export "describe" (func $f)) (export "invoke" (func $f)))
    (export "hap:agent/agent@0.1.0" (instance $agent))"#;

pub(crate) fn types() -> Result<Vec<u8>> {
    const COUNT: u32 = 1_100_000;
    let mut component = wat_agent(ECHO)?;
    let mut types = leb(COUNT);
    // Each is a list of u8.
    types.extend([0x70, 0x7d].repeat(COUNT as usize));
    push_section(&mut component, TYPE, &types);
    Ok(component)
}

pub(crate) fn exploding_type() -> Result<Vec<u8>> {
    let mut text = "(component\n(type $t0 (tuple u8))\n".to_owned();
    for level in 1..30 {
        let of = format!("$t{} ", level - 1).repeat(10);
        writeln!(text, "(type $t{level} (tuple {of}))")?;
    }
    text.push(')');
    Ok(wat::parse_str(text)?)
}

pub(crate) fn modules() -> Result<Vec<u8>> {
    let mut component = wat_agent(ECHO)?;
    for _ in 0..5000 {
        push_section(&mut component, CORE_MODULE, MODULE);
    }
    Ok(component)
}

pub(crate) fn components() -> Result<Vec<u8>> {
    let mut component = wat_agent(ECHO)?;
    for _ in 0..5000 {
        push_section(&mut component, NESTED, COMPONENT);
    }
    Ok(component)
}

pub(crate) fn nested() -> Result<Vec<u8>> {
    const LEVELS: usize = 10_000;
    let mut inner = COMPONENT.to_vec();
    for _ in 0..LEVELS {
        let mut outer = COMPONENT.to_vec();
        push_section(&mut outer, NESTED, &inner);
        inner = outer;
    }
    Ok(inner)
}

pub(crate) fn fifty_megabytes() -> Result<Vec<u8>> {
    padded(50 << 20)
}

pub(crate) fn over_the_limit() -> Result<Vec<u8>> {
    padded(65 << 20)
}

/// An honest agent with a custom section of that length.
fn padded(bytes: usize) -> Result<Vec<u8>> {
    let mut component = wat_agent(ECHO)?;
    let mut padding = vec![0x61; bytes];
    // The section's name: one letter.
    if let Some(length) = padding.first_mut() {
        *length = 1;
    }
    push_section(&mut component, CUSTOM, &padding);
    Ok(component)
}

pub(crate) fn truncated() -> Result<Vec<u8>> {
    let mut component = wat_agent(ECHO)?;
    component.truncate(component.len() / 2);
    Ok(component)
}

/// An honest agent with a module of a few kilobytes whose functions have as many locals as there may be.
pub(crate) fn slow_to_compile() -> Result<Vec<u8>> {
    const FUNCTIONS: u32 = 5_000;
    let mut types = vec![1, 0x60, 0, 0];
    let mut functions = leb(FUNCTIONS);
    functions.extend(vec![0; FUNCTIONS as usize]);
    // One group of locals of type i64; a loop around a read and a write of the last; the end.
    let last = leb(MAX_LOCALS - 1);
    let body = [
        &[1][..],
        &leb(MAX_LOCALS),
        &[0x7e, 0x03, 0x40, 0x20],
        &last,
        &[0x21],
        &last,
        &[0x0c, 0, 0x0b, 0x0b],
    ]
    .concat();
    let mut code = leb(FUNCTIONS);
    for _ in 0..FUNCTIONS {
        code.extend(leb(body.len() as u32));
        code.extend(&body);
    }
    let mut module = MODULE.to_vec();
    push_section(&mut module, 1, &std::mem::take(&mut types));
    push_section(&mut module, 3, &functions);
    push_section(&mut module, 10, &code);
    let mut component = wat_agent(ECHO)?;
    push_section(&mut component, CORE_MODULE, &module);
    Ok(component)
}

/// The place of the number in [`numbered`].
const PLACE: &[u8; 8] = b"%%%%%%%%";

/// Makes components that differ in their code: each answers `{"number":"00000042"}` with a number of its own.
pub(crate) fn numbered() -> Result<impl Fn(usize) -> Vec<u8>> {
    let body = r#"
        (data (i32.const 1024) "{\"number\":\"%%%%%%%%\"}")
        (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
          (call $ok (i32.const 1024) (i32.const 21)))"#;
    let component = wat_agent(body)?;
    let place = component.windows(PLACE.len()).position(|window| window == PLACE);
    let place = place.ok_or_else(|| anyhow::anyhow!("the place of the number is not in the component"))?;
    Ok(move |number: usize| {
        let mut component = component.clone();
        component.splice(place..place + PLACE.len(), format!("{number:08}").into_bytes());
        component
    })
}

/// How many sections of that kind stand at the top of a component.
fn count_sections(component: &[u8], kind: u8) -> u32 {
    let mut rest = component.get(COMPONENT.len()..).unwrap_or_default();
    let mut count = 0;
    while let Some((id, after)) = rest.split_first() {
        let Some((length, after)) = read_leb(after) else {
            break;
        };
        count += u32::from(*id == kind);
        rest = after.get(length..).unwrap_or_default();
    }
    count
}

fn push_section(to: &mut Vec<u8>, kind: u8, content: &[u8]) {
    to.push(kind);
    to.extend(leb(content.len() as u32));
    to.extend(content);
}

/// A number in LEB128.
fn leb(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn read_leb(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        number |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(index + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for number in [0, 1, 127, 128, 50_000, 50 << 20, u32::MAX] {
            assert_eq!(read_leb(&leb(number)), Some((number as usize, &[][..])));
        }
    }

    #[test]
    fn numbered_components_differ() {
        let numbered = numbered().unwrap();
        assert_ne!(numbered(1), numbered(2));
        assert_eq!(numbered(1).len(), numbered(2).len());
    }
}
