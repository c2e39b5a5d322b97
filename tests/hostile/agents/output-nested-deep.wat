;; purpose: returns a list nested ten thousand levels deep
;; expect: limit json-depth
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (memory.fill (i32.const 16384) (i32.const 0x5b) (i32.const 10000))
  (memory.fill (i32.const 26384) (i32.const 0x5d) (i32.const 10000))
  (call $ok (i32.const 16384) (i32.const 20000)))
