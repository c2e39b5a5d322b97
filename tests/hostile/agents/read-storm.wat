;; purpose: reads a document again and again, as much of it at once as it may
;; pages: 64
;; budget: fuel=1000000000000 wall-time=300ms
;; grants: open/*
;; expect: limit wall-time
(import "hap:agent/resources@0.1.0" "open" (func $open (param i32 i32 i32)))
(import "hap:agent/resources@0.1.0" "[resource-drop]reader" (func $drop (param i32)))
(import "hap:agent/resources@0.1.0" "[method]reader.read" (func $read (param i32 i32 i32)))
(data (i32.const 100) "open/large")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (loop $more
    (global.set $heap (i32.const 8192))
    (call $open (i32.const 100) (i32.const 10) (i32.const 2048))
    (call $read (i32.load offset=4 (i32.const 2048)) (i32.const -1) (i32.const 2064))
    (call $drop (i32.load offset=4 (i32.const 2048)))
    (br $more))
  unreachable)
