;; purpose: logs records that are nothing but newlines
;; expect: limit log-bytes
(import "hap:agent/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (memory.fill (i32.const 16384) (i32.const 10) (i32.const 16384))
  (loop $more
    (call $log (i32.const 2) (i32.const 16384) (i32.const 16384) (i32.const 0) (i32.const 0) (i32.const 0))
    (br $more))
  unreachable)
