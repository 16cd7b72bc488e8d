; SPDX-License-Identifier: BSD-3-Clause
; glb_sum_fold() and glb_check_update() of glb/net.h in whole numbers. Every check-sat asks for a
; counterexample, so each must say unsat.
(set-logic QF_LIA)

; The four steps: q is what is above 32 or 16 bits of a sum, r the rest.
(declare-fun sum () Int)
(declare-fun q1 () Int) (declare-fun r1 () Int)
(declare-fun q2 () Int) (declare-fun r2 () Int)
(declare-fun q3 () Int) (declare-fun r3 () Int)
(declare-fun q4 () Int) (declare-fun r4 () Int)
(assert (and (<= 0 sum) (< sum 18446744073709551616)))
(assert (and (= sum (+ (* 4294967296 q1) r1)) (<= 0 r1) (< r1 4294967296)))
(assert (and (= (+ q1 r1) (+ (* 4294967296 q2) r2)) (<= 0 r2) (< r2 4294967296)))
(assert (and (= (+ q2 r2) (+ (* 65536 q3) r3)) (<= 0 r3) (< r3 65536)))
(assert (and (= (+ q3 r3) (+ (* 65536 q4) r4)) (<= 0 r4) (< r4 65536)))
(define-fun fold () Int (+ q4 r4))
; no carry is lost: it fits 16 bits
(push) (assert (or (< fold 0) (> fold 65535))) (check-sat) (pop)
; congruent modulo 0xffff: their difference is a multiple of it, as 2^32 - 1 is 65537 times 0xffff
(define-fun times () Int (+ (* 65537 (+ q1 q2)) q3 q4))
(push) (assert (not (= (- sum fold) (* 65535 times)))) (check-sat) (pop)
; 0 of 0 alone
(push) (assert (not (= (= fold 0) (= sum 0)))) (check-sat) (pop)
(reset)

; The update: from was in the sum under a checksum, and to is there now. What fold() is has been
; shown above. ~check is what the old sum folds to.
(set-logic QF_LIA)
(declare-fun sum () Int) (declare-fun from () Int) (declare-fun to () Int)
(declare-fun was () Int) (declare-fun updated () Int) (declare-fun new () Int)
(declare-fun k1 () Int) (declare-fun k2 () Int) (declare-fun k3 () Int)
(assert (and (<= 0 from) (< from 4294967296) (<= 0 to) (< to 4294967296)))
(assert (and (<= from sum) (< sum 18446744069414584320)))
(define-fun now () Int (+ (- sum from) to))
(define-fun update () Int (+ was (- 4294967295 from) to))
(assert (and (<= 0 was 65535) (= (- sum was) (* 65535 k1)) (= (= was 0) (= sum 0))))
(assert (and (<= 0 updated 65535) (= (- update updated) (* 65535 k2)) (= (= updated 0) (= update 0))))
(assert (and (<= 0 new 65535) (= (- now new) (* 65535 k3)) (= (= new 0) (= now 0))))
; the update is the sum made anew
(push) (assert (and (> now 0) (not (= updated new)))) (check-sat) (pop)
; but where all that is summed is 0 now, it may be the other zero
(push) (assert (and (= now 0) (not (= updated 65535)) (not (= updated new)))) (check-sat) (pop)
