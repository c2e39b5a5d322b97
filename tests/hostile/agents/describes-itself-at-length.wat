;; purpose: has a description of sixty megabytes
;; pages: 1000
;; expect: refused limit
(func $describe (export "hap:agent/agent@0.1.0#describe") (result i32)
  (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 60000000))
  (i32.store (i32.const 272) (i32.const 65536))
  (i32.store (i32.const 276) (i32.const 60000000))
  (i32.const 256))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $ok_true))
