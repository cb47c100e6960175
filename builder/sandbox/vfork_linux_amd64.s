#include "textflag.h"

#define SYS_rt_sigprocmask 14
#define SYS_clone 56
#define SYS_exit_group 231

// func vforkRun(flags uintptr, ops *op, st *state) (pid int)
//
// The child shares the stack with its sleeping parent and therefore must not
// touch it: everything lives in R12 (op), R13 (state) and BX (flags), which the
// kernel preserves.
TEXT ·vforkRun(SB), NOSPLIT, $0-32
	MOVQ	ops+8(FP), R12
	MOVQ	st+16(FP), R13

	MOVQ	$SYS_rt_sigprocmask, AX
	MOVQ	$2, DI	// SIG_SETMASK
	LEAQ	0(R13), SI
	LEAQ	8(R13), DX
	MOVQ	$8, R10
	SYSCALL

	MOVQ	flags+0(FP), DI
	XORL	SI, SI
	XORL	DX, DX
	XORL	R10, R10
	XORL	R8, R8
	MOVQ	$SYS_clone, AX
	SYSCALL
	TESTQ	AX, AX
	JEQ	child

	MOVQ	AX, pid+24(FP)
	MOVQ	$SYS_rt_sigprocmask, AX
	MOVQ	$2, DI
	LEAQ	8(R13), SI
	XORL	DX, DX
	MOVQ	$8, R10
	SYSCALL
	RET

child:
	MOVQ	56(R12), BX
	MOVQ	0(R12), AX
	MOVQ	8(R12), DI
	MOVQ	16(R12), SI
	MOVQ	24(R12), DX
	MOVQ	32(R12), R10
	MOVQ	40(R12), R8
	MOVQ	48(R12), R9
	TESTQ	$4, BX
	JEQ	call
	MOVQ	16(R13), DI
call:
	SYSCALL
	CMPQ	AX, $0xfffffffffffff001
	JCC	failed
	TESTQ	$2, BX
	JEQ	next
	MOVQ	AX, 16(R13)
next:
	ADDQ	$64, R12
	JMP	child

failed:
	TESTQ	$1, BX
	JNE	next
	NEGQ	AX
	MOVQ	AX, 32(R13)
	MOVQ	R12, 24(R13)
	MOVQ	$SYS_exit_group, AX
	MOVQ	$127, DI
	SYSCALL
	INT	$3
	JMP	failed
