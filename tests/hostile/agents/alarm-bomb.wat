;; purpose: sets alarms and keeps every one
;; wasi: yes
;; expect: limit handles
(import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $alarm (param i64) (result i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (loop $more (drop (call $alarm (i64.const 1))) (br $more))
  unreachable)
