;; purpose: returns JSON with half a character (a lone surrogate), which no text can hold
;; expect: invalid-output hex escape
(data (i32.const 100) "{\"a\":\"\\ud800\"}")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $ok (i32.const 100) (i32.const 14)))
