;; purpose: returns what is not JSON
;; expect: invalid-output not JSON
(data (i32.const 100) "hello")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $ok (i32.const 100) (i32.const 5)))
