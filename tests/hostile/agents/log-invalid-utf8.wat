;; purpose: logs a string that is not UTF-8
;; expect: trap utf-8
(import "hap:agent/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(data (i32.const 100) "\ff\fe\c0\80")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $log (i32.const 2) (i32.const 100) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 0))
  (call $ok_true))
