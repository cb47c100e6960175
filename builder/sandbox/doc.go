// Package sandbox starts one process tree in a private world: its own user,
// mount, pid, network, ipc and uts namespaces, a root made of exactly the given
// binds, a system call filter, and an identity.
//
// # How it starts a process
//
// A Go program cannot fork and go on: the child has one thread and a runtime
// that expects many. Starting a copy of the program to prepare the sandbox works
// but costs several milliseconds a build. So the whole preparation is compiled
// beforehand into a program of system calls (number, six arguments, how to treat
// the result), and a few lines of assembly clone the child with shared memory,
// run that program in it and end with execve. The child runs no Go code and
// touches no stack; the parent's thread sleeps until execve, as with vfork.
// The first step that fails leaves its index and errno in memory, so every
// error names its step: "mount /proc: operation not permitted".
//
// # Who the builder is
//
// A normal user gets a user namespace in which it is Spec.UID and nobody else
// exists. Root with a build user prepares everything as root, and enters a
// prepared user namespace (build user <-> Spec.UID) as the last step before
// execve; so the builder has no rights over the mounts that surround it.
//
// The first process is process 1 of its pid namespace: when it ends or is
// killed, the kernel kills everything below it, daemons included.
package sandbox
