/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why does a command not do what it was asked to?
 */
#ifndef GLB_REDIRECT_REFUSAL_H
#define GLB_REDIRECT_REFUSAL_H

#include "sys/command.h"

/* An error of attachment.h in words. */
const char *redirect_reason(int error);

/* Logs why a command about a device failed. Returns EXIT_REFUSED. */
int redirect_refuse(const char *device, const char *why);

/* Ends the output of a command. Returns its exit status: EXIT_REFUSED if it could not be written.
 */
int redirect_flush(const char *device);

/*
 * The index of the device that is the command's first argument; 0 after logging that the network
 * namespace has no such device.
 */
int redirect_find_device(const struct command_line *line);

#endif
