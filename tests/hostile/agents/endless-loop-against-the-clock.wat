;; purpose: computes for longer than its time, with fuel to spare
;; budget: fuel=1000000000000 wall-time=300ms
;; expect: limit wall-time
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (loop $for_ever (br $for_ever))
  unreachable)
