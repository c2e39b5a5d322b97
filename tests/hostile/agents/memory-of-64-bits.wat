;; purpose: uses a memory with addresses of 64 bits, which are switched off
;; component: yes
;; expect: refused invalid
(component (core module (memory i64 1)))
