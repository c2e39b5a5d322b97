;; purpose: returns a string that is longer than its memory
;; expect: invalid-output out of bounds
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $ok (i32.const 65536) (i32.const 0x7fffffff)))
