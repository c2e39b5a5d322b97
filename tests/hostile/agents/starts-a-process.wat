;; purpose: asks for an interface with which it could start processes
;; component: yes
;; expect: refused `acme:process/spawn@1.0.0`
(component (import "acme:process/spawn@1.0.0" (instance (export "spawn" (func (param "command" string))))))
