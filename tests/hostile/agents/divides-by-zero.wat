;; purpose: divides by zero
;; expect: trap divide by zero
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (i32.div_u (i32.const 1) (i32.mul (local.get 1) (i32.const 0))))
