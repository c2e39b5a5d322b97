;; purpose: waits for the first of a thousand alarms, none of which rings
;; wasi: yes
;; budget: wall-time=300ms
;; expect: limit wall-time
(import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-instant" (func $alarm (param i64) (result i32)))
(import "wasi:io/poll@0.2.6" "poll" (func $poll (param i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (local $n i32)
  (loop $more
    (i32.store (i32.add (i32.const 16384) (i32.mul (local.get $n) (i32.const 4))) (call $alarm (i64.const -1)))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $more (i32.lt_u (local.get $n) (i32.const 400))))
  (call $poll (i32.const 16384) (i32.const 400) (i32.const 2048))
  (call $ok_true))
