;; purpose: logs with a level that does not exist
;; expect: trap discriminant
(import "hap:agent/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $log (i32.const 99) (i32.const 64) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0))
  (call $ok_true))
