;; purpose: opens a document again and again and keeps every handle
;; grants: open/*
;; expect: limit handles
(import "hap:agent/resources@0.1.0" "open" (func $open (param i32 i32 i32)))
(data (i32.const 100) "open/a")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (loop $more
    (call $open (i32.const 100) (i32.const 6) (i32.const 2048))
    (br $more))
  unreachable)
