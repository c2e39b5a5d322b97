;; purpose: asks for a large table at once
;; expect: refused limit `table-elements`
(table $t 900000 funcref)
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $ok_true))
