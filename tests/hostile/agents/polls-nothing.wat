;; purpose: waits for the first of no alarms
;; wasi: yes
;; expect: trap empty
(import "wasi:io/poll@0.2.6" "poll" (func $poll (param i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $poll (i32.const 65536) (i32.const 0) (i32.const 2048))
  (call $ok_true))
