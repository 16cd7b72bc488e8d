/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where is a program to listen, going by its file?
 */
#ifndef CONF_LISTEN_H
#define CONF_LISTEN_H

#include "conf/director.h"
#include "conf/json.h"

/* The absolute path of a socket, or "": none. 0, or -EINVAL with *out untouched. */
int conf_socket(char out[CONTROL_SOCKET_LEN], const struct conf_value *value);

/*
 * An address with a port, or "": *out has version 0. 0, or -EINVAL with *out untouched.
 *
 * port  that an example in the message has
 */
int conf_listen(struct listen_conf *out, uint16_t port, const struct conf_value *value);

#endif
