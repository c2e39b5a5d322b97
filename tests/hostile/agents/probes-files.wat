;; purpose: looks for folders that are open, then uses descriptors that it was never given
;; wasi: yes
;; expect: trap handle
(import "wasi:filesystem/preopens@0.2.6" "get-directories" (func $directories (param i32)))
(import "wasi:filesystem/types@0.2.6" "[method]descriptor.sync" (func $sync (param i32 i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (call $directories (i32.const 2048))
  (if (i32.load offset=4 (i32.const 2048)) (then (return (call $ok_true))))
  (call $sync (i32.const 3) (i32.const 2048))
  (call $ok_true))
