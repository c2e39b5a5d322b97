;; purpose: keeps the host busy with names of sixteen megabytes
;; pages: 300
;; budget: fuel=1000000000000 wall-time=300ms
;; grants: open/*
;; expect: limit wall-time
(import "hap:agent/resources@0.1.0" "open" (func $open (param i32 i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 16000000))
  (loop $more
    (call $open (i32.const 65536) (i32.const 16000000) (i32.const 2048))
    (br $more))
  unreachable)
