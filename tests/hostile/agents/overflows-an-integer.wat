;; purpose: divides the least integer by minus one
;; expect: trap integer overflow
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (i32.div_s (i32.const 0x80000000) (i32.sub (i32.const -1) (i32.mul (local.get 1) (i32.const 0)))))
