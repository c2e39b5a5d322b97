;; purpose: fills the log with terminal escapes
;; expect: limit log-bytes
(import "hap:agent/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32 i32)))
(data (i32.const 1024) "\1b[2J\1b]0;owned\07\c2\9b31m\e2\80\aegnp.exe\r\08")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (local $at i32)
  (loop $copy
    (memory.copy (i32.add (i32.const 16384) (local.get $at)) (i32.const 1024) (i32.const 32))
    (local.set $at (i32.add (local.get $at) (i32.const 32)))
    (br_if $copy (i32.lt_u (local.get $at) (i32.const 3200))))
  (loop $more
    (call $log (i32.const 4) (i32.const 16384) (i32.const 3200) (i32.const 1) (i32.const 16384) (i32.const 3200))
    (br $more))
  unreachable)
