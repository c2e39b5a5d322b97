//! Just enough of WebAssembly's binary format to take it apart at its sections and put it together again, so that bytes
//! can be changed inside without breaking every length around them.

/// The first eight bytes of a core module.
pub const MODULE: [u8; 8] = [0, b'a', b's', b'm', 1, 0, 0, 0];
/// The first eight bytes of a component.
pub const COMPONENT: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];

/// The sections with a core module and with a component, in a component.
const CORE_MODULE: u8 = 1;
const NESTED: u8 = 4;
/// The section with the bodies of functions, in a module.
const CODE: u8 = 10;

/// A section: its kind and what is in it.
pub type Section<'a> = (u8, &'a [u8]);

/// The preamble and the sections of a module or component, as far as they can be told apart.
pub fn sections(bytes: &[u8]) -> Option<(&[u8], Vec<Section<'_>>)> {
    let (preamble, mut left) = bytes.split_at_checked(8)?;
    let mut list = Vec::new();
    while let Some((kind, rest)) = left.split_first() {
        let (payload, rest) = sized(rest)?;
        list.push((*kind, payload));
        left = rest;
    }
    [&MODULE, &COMPONENT]
        .iter()
        .any(|known| *known == preamble)
        .then_some((preamble, list))
}

/// A module or component made of sections.
pub fn join(preamble: &[u8], sections: &[Section<'_>]) -> Vec<u8> {
    let mut out = preamble.to_vec();
    for (kind, payload) in sections {
        out.push(*kind);
        push_sized(&mut out, payload);
    }
    out
}

/// `component` with its first core module replaced.
pub fn with_module(component: &[u8], module: &[u8]) -> Option<Vec<u8>> {
    let (preamble, mut list) = sections(component)?;
    let slot = list.iter_mut().find(|(kind, _)| *kind == CORE_MODULE)?;
    slot.1 = module;
    Some(join(preamble, &list))
}

/// Changes one section with `change`, or one function's body; sections that are modules and components themselves are
/// gone into. `choose` gives a number below the one that it is given. False when the bytes cannot be taken apart.
pub fn change_inside(
    bytes: &mut Vec<u8>,
    choose: &mut dyn FnMut(usize) -> usize,
    change: &mut dyn FnMut(&mut Vec<u8>),
) -> bool {
    let Some((preamble, mut list)) = sections(bytes).filter(|(_, list)| !list.is_empty()) else {
        return false;
    };
    let at = choose(list.len());
    let (kind, payload) = list[at];
    let mut changed = payload.to_vec();
    let done = match kind {
        CORE_MODULE | NESTED if preamble == COMPONENT => change_inside(&mut changed, choose, change),
        CODE if preamble == MODULE => change_body(&mut changed, choose, change),
        _ => false,
    };
    // Sections may also go, or come twice.
    match (done, choose(8)) {
        (false, 0) => drop(list.remove(at)),
        (false, 1) => list.insert(at, (kind, payload)),
        _ => {
            if !done {
                change(&mut changed);
            }
            list[at].1 = &changed;
        }
    }
    *bytes = join(preamble, &list);
    true
}

/// Changes one body of a code section, whose length is adjusted.
fn change_body(
    code: &mut Vec<u8>,
    choose: &mut dyn FnMut(usize) -> usize,
    change: &mut dyn FnMut(&mut Vec<u8>),
) -> bool {
    let Some((count, mut left)) = number(code) else {
        return false;
    };
    let mut bodies = Vec::new();
    while let Some((body, rest)) = sized(left).filter(|_| !left.is_empty()) {
        bodies.push(body);
        left = rest;
    }
    if bodies.is_empty() || bodies.len() != count {
        return false;
    }
    let at = choose(bodies.len());
    let mut body = bodies[at].to_vec();
    change(&mut body);
    bodies[at] = &body;
    let mut out = Vec::new();
    push_number(&mut out, count);
    bodies.iter().for_each(|body| push_sized(&mut out, body));
    *code = out;
    true
}

/// What stands behind its own length, and what comes after it.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, rest) = number(bytes)?;
    rest.split_at_checked(size)
}

/// A number in LEB128 of at most 32 bits.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        value |= ((byte & 0x7f) as usize) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

fn push_sized(out: &mut Vec<u8>, payload: &[u8]) {
    push_number(out, payload.len());
    out.extend_from_slice(payload);
}

fn push_number(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
