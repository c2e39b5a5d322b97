;; purpose: returns an address outside its memory
;; expect: invalid-output out of bounds
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (i32.const 0x7ffffff0))
