;; purpose: has forty memories in one module
;; component: yes
;; expect: refused memories
(component (core module
  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)
  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)
  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)
  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)
  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)  (memory 1)
))
