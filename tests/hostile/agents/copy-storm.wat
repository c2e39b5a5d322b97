;; purpose: burns time with few instructions, by copying memory again and again
;; pages: 1024
;; budget: fuel=1000000000000 wall-time=300ms
;; expect: limit wall-time
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (loop $for_ever
    (memory.copy (i32.const 65536) (i32.const 66000) (i32.const 60000000))
    (br $for_ever))
  unreachable)
