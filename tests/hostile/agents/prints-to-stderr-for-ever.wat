;; purpose: prints one line without an end to stderr
;; wasi: yes
;; expect: limit log-bytes
(import "wasi:cli/stderr@0.2.6" "get-stderr" (func $stderr (result i32)))
(import "wasi:io/streams@0.2.6" "[method]output-stream.check-write" (func $check (param i32 i32)))
(import "wasi:io/streams@0.2.6" "[method]output-stream.write" (func $write (param i32 i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (local $out i32)
  (memory.fill (i32.const 16384) (i32.const 0x61) (i32.const 4096))
  (local.set $out (call $stderr))
  (loop $more
    (call $check (local.get $out) (i32.const 2048))
    (call $write (local.get $out) (i32.const 16384) (i32.const 4096) (i32.const 2048))
    (br $more))
  unreachable)
