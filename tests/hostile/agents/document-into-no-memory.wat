;; purpose: asks for a megabyte of a document where it has room for less
;; grants: open/*
;; budget: memory=128KiB
;; expect: limit memory
(import "hap:agent/resources@0.1.0" "open" (func $open (param i32 i32 i32)))
(import "hap:agent/resources@0.1.0" "[method]reader.read" (func $read (param i32 i32 i32)))
(data (i32.const 100) "open/large")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $open (i32.const 100) (i32.const 10) (i32.const 2048))
  (call $read (i32.load offset=4 (i32.const 2048)) (i32.const -1) (i32.const 2064))
  (call $ok_true))
