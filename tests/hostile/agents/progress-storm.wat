;; purpose: keeps the host busy with previews of sixteen megabytes that turn out to be no JSON
;; pages: 300
;; budget: fuel=1000000000000 wall-time=300ms
;; expect: limit
(import "hap:agent/progress@0.1.0" "report" (func $report (param i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (memory.fill (i32.const 65536) (i32.const 0x20) (i32.const 16000000))
  (loop $more
    (call $report (i32.const 2) (i32.const 65536) (i32.const 16000000))
    (br $more))
  unreachable)
