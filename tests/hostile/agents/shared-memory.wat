;; purpose: uses threads, which are switched off
;; component: yes
;; expect: refused invalid
(component (core module (memory 1 1 shared)))
