;; purpose: computes for ever
;; expect: limit fuel
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (loop $for_ever (br $for_ever))
  unreachable)
