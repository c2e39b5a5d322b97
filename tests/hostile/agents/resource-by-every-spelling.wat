;; purpose: reads what is not granted by every spelling that might lead there
;; grants: open/*
;; expect: failed refused
(import "hap:agent/resources@0.1.0" "open" (func $open (param i32 i32 i32)))
;; Each name between two newlines.
(data (i32.const 16384) "secret/key.pem\nopen/../secret/key.pem\nopen/%2e%2e/secret/key.pem\nopen/..%2fsecret/key.pem\n")
(data (i32.const 16480) "open/..\\secret\\key.pem\n/secret/key.pem\n./secret/key.pem\nSECRET/KEY.PEM\nsecret//key.pem\n")
(data (i32.const 16576) "secret/key.pem/\nsecret/key.pem\00\nopen/a\00/../../secret/key.pem\nopen/./a\nopen//a\nopen/a/\nOpen/a\n")
(data (i32.const 16688) "file:///secret/key.pem\n/etc/passwd\n../../../../etc/passwd\nsecret/key.pe*\n*\n**\nsecret\n.\n..\n\n")
(data (i32.const 16800) "open/\e2\80\a6/secret/key.pem\nopen\ef\bc\8fa\n\e2\80\aaopen/a\nopen/\cd\84\n \n open/a\n")
(data (i32.const 100) "refused")
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (local $at i32) (local $start i32)
  (local.set $at (i32.const 16384))
  (local.set $start (i32.const 16384))
  (loop $next
    (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 10))
      (then
        (call $open (local.get $start) (i32.sub (local.get $at) (local.get $start)) (i32.const 2048))
        ;; It must be an error, and the one that says that there is no such document.
        (if (i32.ne (i32.load8_u (i32.const 2048)) (i32.const 1)) (then unreachable))
        (if (i32.load8_u offset=4 (i32.const 2048)) (then unreachable))
        (local.set $start (i32.add (local.get $at) (i32.const 1)))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $at) (i32.const 16900))))
  (call $error (i32.const 2) (i32.const 100) (i32.const 7)))
