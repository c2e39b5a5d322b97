;; purpose: returns an object with three hundred thousand keys
;; pages: 300
;; budget: fuel=10G
;; expect: limit output-keys
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (local $at i32) (local $n i32) (local $digit i32) (local $rest i32)
  ;; Each member is `"aaaaa":1,`, ten bytes with its comma, with digits from `a` to `p`.
  (local.set $at (i32.const 65536))
  (i32.store8 (local.get $at) (i32.const 0x7b))
  (local.set $at (i32.add (local.get $at) (i32.const 1)))
  (loop $member
    (i32.store8 (local.get $at) (i32.const 0x22))
    (local.set $digit (i32.const 1))
    (local.set $rest (local.get $n))
    (loop $digits
      (i32.store8 (i32.add (local.get $at) (local.get $digit)) (i32.add (i32.const 97) (i32.and (local.get $rest) (i32.const 15))))
      (local.set $rest (i32.shr_u (local.get $rest) (i32.const 4)))
      (local.set $digit (i32.add (local.get $digit) (i32.const 1)))
      (br_if $digits (i32.lt_u (local.get $digit) (i32.const 6))))
    (i32.store (i32.add (local.get $at) (i32.const 6)) (i32.const 0x2c313a22))
    (local.set $at (i32.add (local.get $at) (i32.const 10)))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $member (i32.lt_u (local.get $n) (i32.const 300000))))
  (i32.store8 (i32.sub (local.get $at) (i32.const 1)) (i32.const 0x7d))
  (call $ok (i32.const 65536) (i32.sub (local.get $at) (i32.const 65536))))
