;; purpose: leaves a mark in its memory and aborts, to see whether it is ever called again in that state
;; runs: 2
;; expect: trap abort
(func (export "cabi_post_hap:agent/agent@0.1.0#invoke") (param i32) (i32.store (i32.const 4096) (i32.const 7)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (if (i32.load (i32.const 4096)) (then (return (call $ok_true))))
  (i32.store (i32.const 4096) (i32.const 7))
  unreachable)
