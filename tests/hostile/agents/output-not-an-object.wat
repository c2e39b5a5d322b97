;; purpose: returns a list, which the contract allows: it goes under the node's name
;; expect: done {"attack":[1,2]}
(data (i32.const 100) "[1,2]")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $ok (i32.const 100) (i32.const 5)))
