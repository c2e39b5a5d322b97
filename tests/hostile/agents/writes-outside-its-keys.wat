;; purpose: writes a key that the graph does not let it write
;; writes: other
;; expect: invalid-output not in the node's
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $ok_true))
