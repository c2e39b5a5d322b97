;; purpose: writes few but huge log records
;; pages: 32
;; expect: limit log-bytes
(import "hap:agent/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 1000000))
  (loop $more
    (call $log (i32.const 2) (i32.const 65536) (i32.const 1000000) (i32.const 0) (i32.const 0) (i32.const 0))
    (br $more))
  unreachable)
