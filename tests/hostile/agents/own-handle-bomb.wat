;; purpose: makes handles of a resource of its own, of which the host knows nothing, and keeps every one
;; resource: yes
;; expect: limit handles
(import "[export]test:owned/things" "[resource-new]thing" (func $new (param i32) (result i32)))
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (loop $more (drop (call $new (i32.const 1))) (br $more))
  unreachable)
