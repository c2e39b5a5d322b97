;; purpose: asks for an interface that looks like WASI and is not
;; component: yes
;; expect: refused wasi:process/spawn@0.2.0
(component
  (import "wasi:process/spawn@0.2.0" (instance (export "spawn" (func (param "command" string)))))
  (core module $m (func (export "f")))
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (instance $agent (export "describe" (func $f)) (export "invoke" (func $f)))
  (export "hap:agent/agent@0.1.0" (instance $agent)))
