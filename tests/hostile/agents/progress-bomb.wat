;; purpose: reports progress a million times
;; expect: limit progress-updates
(import "hap:agent/progress@0.1.0" "report" (func $report (param i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (local $n i32)
  (loop $more
    (call $report (i32.const 1) (i32.const 0) (i32.const 0))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $more (i32.lt_u (local.get $n) (i32.const 1000000))))
  (call $ok_true))
