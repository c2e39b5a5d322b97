;; purpose: panics as a Rust agent does, with escapes in its message
;; expect: trap panicked at
(import "hap:agent/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(data (i32.const 100) "panicked at \1b[2Jsrc/lib.rs:1: \07boom")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $log (i32.const 4) (i32.const 100) (i32.const 34) (i32.const 0) (i32.const 0) (i32.const 0))
  unreachable)
