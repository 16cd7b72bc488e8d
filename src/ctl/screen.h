/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program draw on a terminal repeatedly and restore it afterwards?
 *
 * On the alternate screen, without echo, with the few sequences that every current terminal
 * supports (ECMA-48, xterm). While a screen is open, signals that would terminate or stop the
 * program are held for screen_wait(), so nothing but SIGKILL leaves the terminal altered.
 */
#ifndef CTL_SCREEN_H
#define CTL_SCREEN_H

#include <signal.h>
#include <termios.h>

struct screen {
	struct termios was;
	sigset_t mask_was;
	int signals; /* a signalfd(2) */
};

/* Why screen_wait() returned. */
enum screen_event { SCREEN_TIME, SCREEN_RESIZED, SCREEN_END };

/* Takes over the terminal on standard input and output. Returns 0; -ENOTTY if one of them is not
 * a terminal; or another -errno. */
__attribute__((warn_unused_result)) int screen_open(struct screen *screen);

/* Draws as many lines of a text as fit; each is truncated at the right edge. */
void screen_draw(const char *text);

/*
 * Waits for `ms` milliseconds, for the terminal to be resized, or for the end: "q", Ctrl-C, Ctrl-D,
 * a signal, or the loss of the terminal.
 */
enum screen_event screen_wait(const struct screen *screen, unsigned int ms);

/* Restores the terminal. */
void screen_close(const struct screen *screen);

#endif
