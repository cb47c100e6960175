#include "textflag.h"

#define SYS_rt_sigprocmask 135
#define SYS_clone 220
#define SYS_exit_group 94

// func vforkRun(flags uintptr, ops *op, st *state) (pid int)
//
// See the amd64 version. R19 is the op, R20 the state, R21 the flags.
TEXT ·vforkRun(SB), NOSPLIT, $0-32
	MOVD	ops+8(FP), R19
	MOVD	st+16(FP), R20

	MOVD	$2, R0	// SIG_SETMASK
	ADD	$0, R20, R1
	ADD	$8, R20, R2
	MOVD	$8, R3
	MOVD	$SYS_rt_sigprocmask, R8
	SVC

	MOVD	flags+0(FP), R0
	MOVD	ZR, R1
	MOVD	ZR, R2
	MOVD	ZR, R3
	MOVD	ZR, R4
	MOVD	$SYS_clone, R8
	SVC
	CBZ	R0, child

	MOVD	R0, pid+24(FP)
	MOVD	$2, R0
	ADD	$8, R20, R1
	MOVD	ZR, R2
	MOVD	$8, R3
	MOVD	$SYS_rt_sigprocmask, R8
	SVC
	RET

child:
	MOVD	56(R19), R21
	MOVD	0(R19), R8
	MOVD	8(R19), R0
	MOVD	16(R19), R1
	MOVD	24(R19), R2
	MOVD	32(R19), R3
	MOVD	40(R19), R4
	MOVD	48(R19), R5
	TBZ	$2, R21, call
	MOVD	16(R20), R0
call:
	SVC
	CMN	$4095, R0
	BHS	failed
	TBZ	$1, R21, next
	MOVD	R0, 16(R20)
next:
	ADD	$64, R19
	B	child

failed:
	TBNZ	$0, R21, next
	NEG	R0, R0
	MOVD	R0, 32(R20)
	MOVD	R19, 24(R20)
	MOVD	$127, R0
	MOVD	$SYS_exit_group, R8
	SVC
	BRK
	B	failed
