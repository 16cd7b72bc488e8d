/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does a program draw on a terminal again and again, and leave it as it was?
 *
 * On the terminal's other screen, without echo, by a few sequences that every terminal of today
 * knows (ECMA-48, xterm). While a screen is open, signals that end or stop a program wait to be
 * asked for, so that nothing but SIGKILL leaves the terminal changed.
 */
#ifndef CTL_SCREEN_H
#define CTL_SCREEN_H

#include <signal.h>
#include <termios.h>

struct screen {
	struct termios was;
	sigset_t mask_was;
	int signals; /* of signalfd(2) */
};

/* Why screen_wait() returned. */
enum screen_event { SCREEN_TIME, SCREEN_RESIZED, SCREEN_END };

/* On standard input and output. 0, or -ENOTTY where one of them is no terminal, or -errno. */
__attribute__((warn_unused_result)) int screen_open(struct screen *screen);

/* Draws as many lines of a text as there is room for; each is cut at the right edge. */
void screen_draw(const char *text);

/*
 * Waits for so many milliseconds; for another size of the terminal; or for the end: "q", Ctrl-C,
 * Ctrl-D, a signal, or no terminal any more.
 */
enum screen_event screen_wait(const struct screen *screen, unsigned int ms);

/* Gives the terminal back as it was. */
void screen_close(const struct screen *screen);

#endif
