;; purpose: returns an object that repeats a key in another spelling
;; expect: invalid-output stands twice
(data (i32.const 100) "{\"a\":1,\"\\u0061\":2}")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $ok (i32.const 100) (i32.const 18)))
