;; purpose: asks for its standard output again and again and keeps every stream
;; wasi: yes
;; expect: limit handles
(import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (loop $more (drop (call $stdout)) (br $more))
  unreachable)
