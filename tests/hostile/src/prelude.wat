  ;; What every test agent has: one memory, a bump allocator, a manifest, and ways to return.
  (memory (export "memory") PAGES)
  (global $heap (mut i32) (i32.const 8192))

  (func $realloc (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $size)))
    (block $enough
      (loop $grow
        (br_if $enough (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $grow (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))
        unreachable))
    (memory.copy (local.get $at) (local.get $old) (local.get $old_size))
    (local.get $at))

  ;; The manifest, at 256: name, version and description; no schemas, no hints.
  (data (i32.const 16) "test-agent" "0.1.0" "for tests")
  (data (i32.const 256) "\10\00\00\00\0a\00\00\00" "\1a\00\00\00\05\00\00\00" "\1f\00\00\00\09\00\00\00")
  (func $manifest (result i32) (i32.const 256))

  ;; result<output, error> at 512: the case, then the payload, which is aligned to 8.
  (func $ok (param $text i32) (param $length i32) (result i32)
    (i32.store8 (i32.const 512) (i32.const 0))
    (i32.store (i32.const 520) (local.get $text))
    (i32.store (i32.const 524) (local.get $length))
    (i32.const 512))
  ;; error: 0 invalid-input, 1 unavailable, 2 failed, without details and without a delay.
  (func $error (param $case i32) (param $text i32) (param $length i32) (result i32)
    (i32.store8 (i32.const 512) (i32.const 1))
    (i32.store8 (i32.const 520) (local.get $case))
    (i32.store (i32.const 528) (local.get $text))
    (i32.store (i32.const 532) (local.get $length))
    (i32.const 512))
  (data (i32.const 64) "{\"ok\":true}")
  (func $ok_true (result i32) (call $ok (i32.const 64) (i32.const 11)))
