;; purpose: reads documents that nobody granted, and lists them
;; expect: failed refused
(import "hap:agent/resources@0.1.0" "open" (func $open (param i32 i32 i32)))
(import "hap:agent/resources@0.1.0" "list" (func $list (param i32)))
(data (i32.const 100) "secret/key.pem")
(data (i32.const 200) "refused")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $list (i32.const 2048))
  (if (i32.load offset=4 (i32.const 2048)) (then unreachable))
  (call $open (i32.const 100) (i32.const 14) (i32.const 2048))
  (if (i32.eqz (i32.load8_u (i32.const 2048))) (then unreachable))
  (call $error (i32.const 2) (i32.const 200) (i32.const 7)))
