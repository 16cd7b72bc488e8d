/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the operator want a director to behave?
 *
 * director.json: the original's keys with their meaning, and our own. Read by the director and by
 * `glbctl replay`, so it lives here. config/director.schema.json documents every key.
 */
#ifndef CONF_DIRECTOR_H
#define CONF_DIRECTOR_H

#include <glb/generation.h>

#include "conf/input.h"
#include "conf/loops.h"
#include "sys/socket_file.h"

enum {
	PORT_NAME_LEN = 64,
	INTERFACE_NAME_LEN = 16,
	DIRECTORY_NAME_LEN = 256,
	CONTROL_SOCKET_LEN = 105, /* so that "-ro" fits into a socket's path, too; see unix(7) */
};

/* How one port is to be used; what says nothing of its own has the values of the top level. */
struct port_conf {
	char name[PORT_NAME_LEN]; /* of the DPDK device; "" at the top level */
	struct glb_port port;	  /* mac is the device's; mtu 0: the device's own, too */
	bool gateway_auto;	  /* gateway_mac is the kernel's answer for gateway_addr */
	struct glb_addr gateway_addr;
	char punt_port[PORT_NAME_LEN];	  /* device that takes what is punted on it alone, or "" */
	char send_through[PORT_NAME_LEN]; /* device of the port that packets leave by; "": itself */
	char gateway_interface[INTERFACE_NAME_LEN]; /* that knows the gateway; "": any */
};

/* Where glbctl looks for a director. */
#define CONTROL_SOCKET_DIRECTORY "/run/glb-director"
#define CONTROL_SOCKET_NAME	 "control.sock"
#define CONTROL_SOCKET_DEFAULT	 CONTROL_SOCKET_DIRECTORY "/" CONTROL_SOCKET_NAME

/*
 * Writes the path of the socket that is for reading alone: "-ro" behind the name of the other, in
 * front of what is behind its last dot. Returns out.
 */
const char *control_socket_readers(char out[SOCKET_PATH_LEN], const char *path);

/* The original's way to say where packets of a port leave, by DPDK port number. */
struct flow_path {
	bool is_set;
	uint8_t to;
	uint32_t at; /* its index in the list */
};

/* Where something listens; an address of version 0: nowhere. */
struct listen_conf {
	struct glb_addr addr;
	uint16_t port; /* 0: any */
};

struct director_conf {
	struct glb_settings settings; /* ports are left to the caller */
	struct port_conf defaults;    /* for ports that are not listed */
	struct port_conf ports[GLB_PORTS_MAX];
	unsigned int port_count;       /* of those listed */
	struct own_addrs own;	       /* for the report of the tables */
	char punt_port[PORT_NAME_LEN]; /* the first port's, and of those without one; or "" */
	struct flow_path paths[GLB_PORTS_MAX]; /* by the port that receives */
	uint32_t idle_sleep_us; /* how long an idle worker sleeps at a time; 0: never */
	bool punt_unmatched;	/* false: unmatched packets are dropped */
	bool rx_drop_en;	/* let the NIC drop when a receive ring is full */
	bool turn_times;	/* measure where the time of workers goes */
	uint32_t stall_ms;	/* a turn that takes longer is recorded; 0: none is */
	bool backend_counters;	/* count what goes to every table and backend */
	char live_device[INTERFACE_NAME_LEN];	  /* that is up while it is ready; "": none */
	char state_directory[DIRECTORY_NAME_LEN]; /* "": the service manager's, if any */
	bool keeps_state;			  /* false: not even there */
	uint32_t live_stall_ms;	 /* that a worker may stand still; 0: as long as it likes */
	uint32_t live_leave_ms;	 /* from taking live_device down to the stop of workers */
	bool has_control_socket; /* is it given? If not, there is a default for it */
	char control_socket[CONTROL_SOCKET_LEN]; /* path; "": none */
	bool has_http_listen;			 /* the same of */
	struct listen_conf http_listen;
	struct listen_conf statsd; /* to which the original's metrics go; port 0: nowhere */
};

/*
 * Reads the file at `path`, which must outlive the report. Returns 0 and sets *out; otherwise
 * leaves it alone: -errno of reading the file, -EINVAL for its content, -ENOMEM. The report tells
 * all problems of the file: at least one error after a failure; warnings about keys that are
 * unknown or accepted without effect also after a success.
 */
GLB_NODISCARD int director_conf_load(struct director_conf *out, const char *path,
				     struct report *report);

/* The same of a file that was read, or could not be, which is reported then. */
GLB_NODISCARD int director_conf_read(struct director_conf *out, const struct conf_input *input,
				     struct report *report);

/* Likewise from bytes in memory that came from `path`. */
GLB_NODISCARD int director_conf_parse(struct director_conf *out, const char *path,
				      const char *bytes, size_t len, struct report *report);

/* How the port of this name is to be used. */
const struct port_conf *director_conf_port(const struct director_conf *conf, const char *name);

#endif
