;; purpose: gives one handle back twice
;; grants: open/*
;; expect: trap handle
(import "hap:agent/resources@0.1.0" "open" (func $open (param i32 i32 i32)))
(import "hap:agent/resources@0.1.0" "[resource-drop]reader" (func $drop (param i32)))
(data (i32.const 100) "open/a")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $open (i32.const 100) (i32.const 6) (i32.const 2048))
  (call $drop (i32.load offset=4 (i32.const 2048)))
  (call $drop (i32.load offset=4 (i32.const 2048)))
  (call $ok_true))
