;; purpose: reads the clock until a year has passed
;; wasi: yes
;; budget: fuel=1000000000000 wall-time=300ms
;; expect: limit wall-time
(import "wasi:clocks/monotonic-clock@0.2.6" "now" (func $now (result i64)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (loop $wait (br_if $wait (i64.lt_u (call $now) (i64.const 31536000000000000))))
  (call $ok_true))
