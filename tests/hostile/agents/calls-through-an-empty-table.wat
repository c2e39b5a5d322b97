;; purpose: calls a function that is not in its table
;; expect: trap uninitialized
(table $t 10 funcref)
(type $nothing (func))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call_indirect $t (type $nothing) (i32.const 3))
  (call $ok_true))
