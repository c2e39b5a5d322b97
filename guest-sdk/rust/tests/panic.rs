//! A panic reaches the host as one record. On its own, because the hook belongs to the whole process.

use hap_guest::{glue, log::Level, testing::Host};
use serde_json::json;
use std::panic;

#[test]
fn a_panic_is_one_record_with_message_and_place() {
    glue::report_panics();
    let (line, fail) = (line!(), || panic!("no {} left", "paper"));
    let call = Host::new().run(json!({}), |_| panic::catch_unwind(fail));
    // The hook above would hide what the assertions below have to say.
    drop(panic::take_hook());

    assert!(call.result.is_err());
    let [record] = &call.records[..] else {
        panic!("{:?}", call.records)
    };
    assert_eq!(record.level, Level::Error);
    assert!(
        record.message.contains(&format!("tests/panic.rs:{line}:")),
        "{}",
        record.message
    );
    assert!(record.message.starts_with("panicked at "), "{}", record.message);
    assert!(record.message.ends_with(": no paper left"), "{}", record.message);
    assert_eq!(record.fields, Some(json!({ "panic": true })));
}
