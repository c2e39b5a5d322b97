;; purpose: asks for memory until there is no more
;; expect: limit memory
(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
  (loop $more (br_if $more (i32.ne (memory.grow (i32.const 256)) (i32.const -1))))
  unreachable)
