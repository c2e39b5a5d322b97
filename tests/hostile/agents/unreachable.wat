;; purpose: aborts
;; expect: trap unreachable
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  unreachable)
