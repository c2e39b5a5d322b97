;; purpose: makes an integer of what is no number
;; expect: trap integer
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (i32.trunc_f64_s (f64.div (f64.const 0) (f64.convert_i32_u (i32.mul (local.get 1) (i32.const 0))))))
