;; purpose: hands the host a list of sixteen million handles
;; pages: 1100
;; wasi: yes
;; expect: limit host-call-bytes
(import "wasi:io/poll@0.2.6" "poll" (func $poll (param i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $poll (i32.const 65536) (i32.const 16000000) (i32.const 2048))
  (call $ok_true))
