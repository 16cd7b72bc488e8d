/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "screen.h"
#include "sys/clock.h"

enum { ROWS_USUAL = 24, CTRL_D = 4 };

/* Switches to the alternate screen, hides the cursor, disables line wrap; and back. */
static const char opening[] = "\033[?1049h\033[?25l\033[?7l";
static const char closing[] = "\033[?7h\033[?25h\033[?1049l";

static void screen_put(const char *text)
{
	(void)fputs(text, stdout);
	(void)fflush(stdout);
}

/* Returns 0 or -errno. */
static int take_signals(struct screen *screen)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};
	sigset_t set;

	(void)sigemptyset(&set);
	for (unsigned int i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		(void)sigaddset(&set, numbers[i]);
	screen->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (screen->signals < 0)
		return -errno;
	(void)sigprocmask(SIG_BLOCK, &set, &screen->mask_was);
	return 0;
}

int screen_open(struct screen *screen)
{
	struct termios quiet;
	int err;

	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &screen->was))
		return -ENOTTY;
	err = take_signals(screen);
	if (err)
		return err;
	quiet = screen->was;
	quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
	screen_put(opening);
	return 0;
}

/* The number of lines that fit. */
static unsigned int row_count(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row ? ROWS_USUAL : size.ws_row;
}

void screen_draw(const char *text)
{
	unsigned int rows = row_count();

	(void)fputs("\033[H", stdout);
	for (unsigned int row = 0; row < rows; row++) {
		size_t len = strcspn(text, "\n");

		/* clear what an earlier text left behind the line or below the last one */
		(void)printf("%s%.*s\033[K", row ? "\r\n" : "", (int)len, text);
		text += len + (text[len] == '\n');
		if (!*text)
			break;
	}
	screen_put("\033[J");
}

/* Reads what was typed. True: the user wants to quit. */
static bool wants_end(short events)
{
	char typed[64];
	ssize_t len = read(STDIN_FILENO, typed, sizeof(typed));

	if (len <= 0)
		return !len || errno != EINTR || events & POLLHUP;
	return memchr(typed, 'q', (size_t)len) || memchr(typed, 'Q', (size_t)len) ||
	       memchr(typed, CTRL_D, (size_t)len);
}

/* Consumes a signal. SCREEN_TIME: no reaction needed. */
static enum screen_event take_signal(const struct screen *screen)
{
	struct signalfd_siginfo info;

	if (read(screen->signals, &info, sizeof(info)) != sizeof(info) || info.ssi_signo == SIGTSTP)
		return SCREEN_TIME;
	return info.ssi_signo == SIGWINCH ? SCREEN_RESIZED : SCREEN_END;
}

enum screen_event screen_wait(const struct screen *screen, unsigned int ms)
{
	const uint64_t end_ms = clock_ms() + ms;
	enum screen_event event = SCREEN_TIME;

	for (uint64_t now = clock_ms(); now < end_ms && event == SCREEN_TIME; now = clock_ms()) {
		struct pollfd fds[] = {{.fd = screen->signals, .events = POLLIN},
				       {.fd = STDIN_FILENO, .events = POLLIN}};

		if (poll(fds, 2, (int)(end_ms - now)) <= 0)
			continue;
		if (fds[0].revents)
			event = take_signal(screen);
		if (fds[1].revents && wants_end(fds[1].revents))
			event = SCREEN_END;
	}
	return event;
}

void screen_close(const struct screen *screen)
{
	screen_put(closing);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &screen->was);
	(void)sigprocmask(SIG_SETMASK, &screen->mask_was, NULL);
	(void)close(screen->signals);
}
