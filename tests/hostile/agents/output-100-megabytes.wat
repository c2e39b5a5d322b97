;; purpose: returns a string of a hundred megabytes
;; pages: 1700
;; expect: limit output
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 100000000))
  (i32.store8 (i32.const 65536) (i32.const 0x22))
  (i32.store8 (i32.const 100065535) (i32.const 0x22))
  (call $ok (i32.const 65536) (i32.const 100000000)))
