;; purpose: exhausts its stack through functions that hold much and call each other by way of a table
;; expect: trap call stack
(table $t funcref (elem $down))
(type $step (func (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64)))
(func $down (type $step)
  (i64.add (local.get 0) (i64.mul (local.get 1) (i64.add (local.get 2) (i64.add (local.get 3)
    (call_indirect $t (type $step)
      (local.get 7) (local.get 6) (local.get 5) (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0)
      (i32.const 0)))))))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (drop (call $down (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8)))
  (call $ok_true))
