;; purpose: hands the host one log record of a hundred megabytes
;; pages: 1700
;; expect: limit host-call-bytes
(import "hap:agent/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 100000000))
  (call $log (i32.const 2) (i32.const 65536) (i32.const 100000000) (i32.const 0) (i32.const 0) (i32.const 0))
  (call $ok_true))
