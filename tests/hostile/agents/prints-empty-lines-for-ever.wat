;; purpose: prints newlines only, each of which is a record
;; wasi: yes
;; expect: limit log-records
(import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
(import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (local $out i32)
  (memory.fill (i32.const 16384) (i32.const 10) (i32.const 4096))
  (local.set $out (call $stdout))
  (loop $more
    (call $write (local.get $out) (i32.const 16384) (i32.const 4096) (i32.const 2048))
    (br $more))
  unreachable)
