;; purpose: looks for environment, arguments, a current folder and standard input
;; wasi: yes
;; expect: done true
(import "wasi:cli/environment@0.2.6" "get-environment" (func $environment (param i32)))
(import "wasi:cli/environment@0.2.6" "get-arguments" (func $arguments (param i32)))
(import "wasi:cli/environment@0.2.6" "initial-cwd" (func $folder (param i32)))
(import "wasi:cli/stdin@0.2.6" "get-stdin" (func $stdin (result i32)))
(import "wasi:io/streams@0.2.6" "[method]input-stream.read" (func $read (param i32 i64 i32)))
(func $empty (param i32) (if (i32.load offset=4 (local.get 0)) (then unreachable)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $environment (i32.const 2048)) (call $empty (i32.const 2048))
  (call $arguments (i32.const 2048)) (call $empty (i32.const 2048))
  (call $folder (i32.const 2048))
  (if (i32.load8_u (i32.const 2048)) (then unreachable))
  ;; An error, which says that the stream is closed.
  (call $read (call $stdin) (i64.const 100) (i32.const 2048))
  (if (i32.eqz (i32.load8_u (i32.const 2048))) (then unreachable))
  (if (i32.ne (i32.load8_u offset=4 (i32.const 2048)) (i32.const 1)) (then unreachable))
  (call $ok_true))
