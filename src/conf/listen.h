/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where is a program to listen, according to its file?
 */
#ifndef CONF_LISTEN_H
#define CONF_LISTEN_H

#include "conf/director.h"
#include "conf/json.h"

/* Reads the absolute path of a socket, or "": none. Returns 0, or -EINVAL with *out untouched. */
int conf_socket(char out[CONTROL_SOCKET_LEN], const struct conf_value *value);

/*
 * Reads an address with a port, or "": *out has version 0. Returns 0, or -EINVAL with *out
 * untouched.
 *
 * port  for the example in the message
 */
int conf_listen(struct listen_conf *out, uint16_t port, const struct conf_value *value);

#endif
