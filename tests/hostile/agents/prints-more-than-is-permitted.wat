;; purpose: writes more to a stream at once than the stream permits
;; pages: 64
;; wasi: yes
;; expect: limit log-bytes
(import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
(import "wasi:io/streams@0.2.6" "[method]output-stream.write" (func $write (param i32 i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $write (call $stdout) (i32.const 65536) (i32.const 3000000) (i32.const 2048))
  (call $ok_true))
