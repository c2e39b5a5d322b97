;; purpose: returns a result that is neither ok nor error
;; expect: invalid-output discriminant
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (i32.store8 (i32.const 512) (i32.const 9))
  (i32.const 512))
