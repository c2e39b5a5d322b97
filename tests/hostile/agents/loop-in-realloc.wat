;; purpose: never returns from the function that makes room for its input
;; expect: limit fuel
;; whole-module
(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (loop $for_ever (br $for_ever)) unreachable)
  (data (i32.const 16) "test-agent" "0.1.0" "for tests")
  (data (i32.const 256) "\10\00\00\00\0a\00\00\00" "\1a\00\00\00\05\00\00\00" "\1f\00\00\00\09\00\00\00")
  (func (export "hap:agent/agent@0.1.0#describe") (result i32) (i32.const 256))
  (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32) (i32.const 512)))
