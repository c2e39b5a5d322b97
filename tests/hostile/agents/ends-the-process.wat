;; purpose: ends the process that it runs in
;; wasi: yes
;; expect: trap exit code
(import "wasi:cli/exit@0.2.6" "exit" (func $exit (param i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $exit (i32.const 0))
  (call $ok_true))
