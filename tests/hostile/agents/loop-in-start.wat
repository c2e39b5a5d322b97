;; purpose: never finishes starting
;; expect: refused limit `
;; Which limit: fuel as a rule, real time on a busy machine.
(func $begin (loop $for_ever (br $for_ever)))
(start $begin)
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $ok_true))
