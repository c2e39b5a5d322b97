;; purpose: aborts while the host is writing an answer into its memory
;; expect: trap abort
;; whole-module
(module
  (import "hap:agent/run@0.1.0" "id" (func $id (param i32)))
  (memory (export "memory") 1)
  (global $armed (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (if (global.get $armed) (then unreachable))
    (i32.const 4096))
  (data (i32.const 16) "test-agent" "0.1.0" "for tests")
  (data (i32.const 256) "\10\00\00\00\0a\00\00\00" "\1a\00\00\00\05\00\00\00" "\1f\00\00\00\09\00\00\00")
  (func (export "hap:agent/agent@0.1.0#describe") (result i32) (i32.const 256))
  (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
    (global.set $armed (i32.const 1))
    (call $id (i32.const 2048))
    (i32.const 512)))
