;; purpose: fills a table again and again
;; budget: fuel=1000000000000 wall-time=300ms
;; expect: limit wall-time
(table $t 90000 funcref)
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (loop $for_ever
    (table.fill $t (i32.const 0) (ref.null func) (i32.const 90000))
    (br $for_ever))
  unreachable)
