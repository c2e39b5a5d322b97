;; purpose: asks for four gibibytes at once
;; pages: 65000
;; expect: refused limit `memory`
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $ok_true))
