;; purpose: fails with a message of a megabyte that is full of escapes
;; pages: 32
;; expect: failed …
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (memory.fill (i32.const 65536) (i32.const 0x1b) (i32.const 1000000))
  (call $error (i32.const 2) (i32.const 65536) (i32.const 1000000)))
