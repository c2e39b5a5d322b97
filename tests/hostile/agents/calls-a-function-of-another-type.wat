;; purpose: calls a function as if it were another
;; expect: trap type mismatch
(table $t funcref (elem $other))
(type $nothing (func))
(func $other (param i64 i64) (result i64) (local.get 0))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call_indirect $t (type $nothing) (i32.const 0))
  (call $ok_true))
