;; purpose: keeps the host busy making randomness
;; wasi: yes
;; budget: fuel=1000000000000 wall-time=300ms
;; expect: limit wall-time
(import "wasi:random/random@0.2.6" "get-random-bytes" (func $random (param i64 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (loop $more
    (global.set $heap (i32.const 8192))
    (call $random (i64.const 65536) (i32.const 2048))
    (br $more))
  unreachable)
