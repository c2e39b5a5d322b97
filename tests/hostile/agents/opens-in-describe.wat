;; purpose: reads a document while it describes itself, when nothing is granted to it yet
;; grants: open/*
;; expect: done true
(import "hap:agent/resources@0.1.0" "open" (func $open (param i32 i32 i32)))
(data (i32.const 100) "open/a")
(func $describe (export "hap:agent/agent@0.1.0#describe") (result i32)
  (call $open (i32.const 100) (i32.const 6) (i32.const 2048))
  (if (i32.ne (i32.load8_u (i32.const 2048)) (i32.const 1)) (then unreachable))
  (i32.const 256))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $open (i32.const 100) (i32.const 6) (i32.const 2048))
  (if (i32.load8_u (i32.const 2048)) (then unreachable))
  (call $ok_true))
