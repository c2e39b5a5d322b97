;; purpose: asks for as much randomness as there can be
;; wasi: yes
;; expect: limit random-bytes
(import "wasi:random/random@0.2.6" "get-random-bytes" (func $random (param i64 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $random (i64.const -1) (i32.const 2048))
  (call $ok_true))
