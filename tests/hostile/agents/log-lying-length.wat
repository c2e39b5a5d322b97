;; purpose: logs a string that is longer than its memory
;; expect: trap out of bounds
(import "hap:agent/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $log (i32.const 2) (i32.const 65536) (i32.const 0x7fffffff) (i32.const 0) (i32.const 0) (i32.const 0))
  (call $ok_true))
