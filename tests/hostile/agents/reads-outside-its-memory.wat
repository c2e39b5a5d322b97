;; purpose: reads beyond the end of its memory
;; expect: trap out of bounds
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (i32.load (i32.const 0x7ffffff0)))
