;; purpose: does much work with few instructions: what it fills must cost fuel byte by byte
;; pages: 1024
;; expect: limit fuel
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (local $n i32)
  (loop $again
    (memory.fill (i32.const 65536) (i32.const 1) (i32.const 60000000))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $n) (i32.const 10))))
  (call $ok_true))
