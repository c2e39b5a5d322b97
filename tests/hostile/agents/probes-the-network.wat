;; purpose: looks for TCP, UDP and DNS, each of which must refuse
;; wasi: yes
;; expect: done true
(import "wasi:sockets/instance-network@0.2.6" "instance-network" (func $network (result i32)))
(import "wasi:sockets/tcp-create-socket@0.2.6" "create-tcp-socket" (func $tcp (param i32 i32)))
(import "wasi:sockets/udp-create-socket@0.2.6" "create-udp-socket" (func $udp (param i32 i32)))
(import "wasi:sockets/ip-name-lookup@0.2.6" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
(data (i32.const 1024) "localhost" "example.com")
;; The case `error`, then the code, which lies where a handle would.
(func $refused (param $code i32)
  (if (i32.ne (i32.load8_u (i32.const 2048)) (i32.const 1)) (then unreachable))
  (if (i32.ne (i32.load8_u offset=4 (i32.const 2048)) (local.get $code)) (then unreachable)))
;; `access-denied` for sockets; for names, the resolver fails for good.
(func $denied (call $refused (i32.const 1)))
(func $unresolved (call $refused (i32.const 20)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (local $network i32)
  (call $tcp (i32.const 0) (i32.const 2048)) (call $denied)
  (call $tcp (i32.const 1) (i32.const 2048)) (call $denied)
  (call $udp (i32.const 0) (i32.const 2048)) (call $denied)
  (call $udp (i32.const 1) (i32.const 2048)) (call $denied)
  (local.set $network (call $network))
  (call $resolve (local.get $network) (i32.const 1024) (i32.const 9) (i32.const 2048)) (call $unresolved)
  (call $resolve (local.get $network) (i32.const 1033) (i32.const 11) (i32.const 2048)) (call $unresolved)
  (call $ok_true))
