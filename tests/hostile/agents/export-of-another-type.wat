;; purpose: exports functions of the contract's names with other types
;; component: yes
;; expect: refused describe
(component
  (core module $m (func (export "f")))
  (core instance $i (instantiate $m))
  (func $f (canon lift (core func $i "f")))
  (instance $agent (export "describe" (func $f)) (export "invoke" (func $f)))
  (export "hap:agent/agent@0.1.0" (instance $agent)))
