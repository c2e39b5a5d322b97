;; purpose: returns one byte more than it may
;; budget: output=1KiB
;; expect: limit output
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (memory.fill (i32.const 16384) (i32.const 0x31) (i32.const 1025))
  (call $ok (i32.const 16384) (i32.const 1025)))
