;; purpose: never finishes cleaning up after its answer
;; expect: limit fuel
(func (export "cabi_post_hap:agent/agent@0.1.0#invoke") (param i32) (loop $for_ever (br $for_ever)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $ok_true))
