;; purpose: writes nothing to a stream, again and again
;; wasi: yes
;; budget: fuel=1000000000000 wall-time=300ms
;; expect: limit wall-time
(import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
(import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (local $out i32)
  (local.set $out (call $stdout))
  (loop $more
    (call $write (local.get $out) (i32.const 16384) (i32.const 0) (i32.const 2048))
    (br $more))
  unreachable)
