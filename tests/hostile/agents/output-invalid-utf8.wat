;; purpose: returns a string that is not UTF-8
;; expect: invalid-output utf-8
(data (i32.const 100) "\"\ff\fe\"")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $ok (i32.const 100) (i32.const 4)))
