;; purpose: uses a handle that it was never given
;; expect: trap handle
(import "hap:agent/resources@0.1.0" "[method]reader.read" (func $read (param i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $read (i32.const 77) (i32.const 10) (i32.const 2048))
  (call $ok_true))
