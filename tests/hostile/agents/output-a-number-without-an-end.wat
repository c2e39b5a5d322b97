;; purpose: returns a number of a million digits
;; pages: 32
;; expect: done 1111111
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (memory.fill (i32.const 65536) (i32.const 0x31) (i32.const 1000000))
  (call $ok (i32.const 65536) (i32.const 1000000)))
