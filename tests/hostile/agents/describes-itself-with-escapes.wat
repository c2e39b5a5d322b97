;; purpose: has a name that is no name
;; expect: refused kebab
(data (i32.const 16) "\1b[31mRED ")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $ok_true))
