;; purpose: was built against a contract that this host does not serve
;; component: yes
;; expect: refused built against hap:agent 0.9.0
(component
  (import "hap:agent/log@0.9.0" (instance))
  (instance $agent)
  (export "hap:agent/agent@0.9.0" (instance $agent)))
