;; purpose: sleeps for five hundred years
;; wasi: yes
;; budget: wall-time=300ms
;; expect: limit wall-time
(import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $alarm (param i64) (result i32)))
(import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $block (call $alarm (i64.const -1)))
  (call $ok_true))
