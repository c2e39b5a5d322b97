;; purpose: has no room for the list of documents that it asks for
;; grants: many/*
;; budget: memory=128KiB
;; expect: limit memory
(import "hap:agent/resources@0.1.0" "list" (func $list (param i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $list (i32.const 2048))
  (call $ok_true))
