;; purpose: never finishes describing itself
;; expect: refused limit `
;; Which limit: fuel as a rule, real time on a busy machine.
(func $describe (export "hap:agent/agent@0.1.0#describe") (result i32) (loop $for_ever (br $for_ever)) unreachable)
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $ok_true))
