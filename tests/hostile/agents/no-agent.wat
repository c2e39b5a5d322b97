;; purpose: is a component that is no agent
;; component: yes
;; expect: refused does not export
(component)
