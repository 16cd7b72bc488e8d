/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How does the operator want a director to behave?
 *
 * director.json: the original's keys with their meaning, and our own. Read by the director and by
 * `glbctl replay`, hence in this layer. config/director.schema.json documents every key.
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
	DIRECTORY_NAME_LEN = 256, /* of directories, and of the deny file */
	CONTROL_SOCKET_LEN = 105, /* leaves room for "-ro" in the path of a socket; see unix(7) */
};

/* A limit on the packets of a VIP. */
struct meter_conf {
	struct glb_meter_rule rule; /* its VIP has no host bits */
	uint32_t line;		    /* of the file */
};

/* How one port is to be used; values not given are those of the top level. */
struct port_conf {
	char name[PORT_NAME_LEN]; /* of the DPDK device; "" at the top level */
	struct glb_port port;	  /* mac and, if 0, mtu are taken from the device */
	bool bifurcate;		  /* the kernel keeps what is for no VIP */
	bool gateway_auto;	  /* gateway_mac is looked up by the kernel for gateway_addr */
	bool is_steered; /* the NIC is shared: rules of rte_flow say what the port receives */
	struct glb_addr gateway_addr;
	char punt_port[PORT_NAME_LEN];	  /* device for packets punted on this port only, or "" */
	char send_through[PORT_NAME_LEN]; /* device of the port that packets leave through; "":
					     itself */
	char gateway_interface[INTERFACE_NAME_LEN]; /* on which the gateway is looked up; "": any */
};

/* Where glbctl looks for a director. */
#define CONTROL_SOCKET_DIRECTORY "/run/glb-director"
#define CONTROL_SOCKET_NAME	 "control.sock"
#define CONTROL_SOCKET_DEFAULT	 CONTROL_SOCKET_DIRECTORY "/" CONTROL_SOCKET_NAME

/*
 * Writes the path of the read-only socket: the other's with "-ro" inserted before its last dot, or
 * appended. Returns out.
 */
const char *control_socket_readers(char out[SOCKET_PATH_LEN], const char *path);

/* The original's way to specify where packets of a port leave, by DPDK port number. */
struct flow_path {
	bool is_set;
	uint8_t to;
	uint32_t at; /* index in the list */
};

/* An address to listen on; version 0: none. */
struct listen_conf {
	struct glb_addr addr;
	uint16_t port; /* 0: any */
};

struct director_conf {
	struct glb_settings settings; /* ports, denied sources and meters are filled in by the
					 caller */
	struct port_conf defaults;    /* for ports not listed */
	struct port_conf ports[GLB_PORTS_MAX];
	unsigned int port_count;	       /* ports listed */
	struct own_addrs own;		       /* for the report on the tables */
	char punt_port[PORT_NAME_LEN];	       /* of the first port and those without one; or "" */
	struct flow_path paths[GLB_PORTS_MAX]; /* by receiving port */
	uint32_t idle_sleep_us;		       /* sleep of an idle worker; 0: never */
	bool punt_unmatched;		       /* false: unmatched packets are dropped */
	bool rx_drop_en;       /* let the NIC drop packets when a receive ring is full */
	bool turn_times;       /* measure where workers' time goes */
	uint32_t stall_ms;     /* longer turns are recorded; 0: none */
	bool backend_counters; /* count packets of every table and backend */
	char live_device[INTERFACE_NAME_LEN];	  /* kept up while ready; "": none */
	char state_directory[DIRECTORY_NAME_LEN]; /* "": the service manager's, if any */
	char deny[DIRECTORY_NAME_LEN];		  /* path of the deny file; "": none */
	struct meter_conf meters[GLB_METERS_MAX];
	uint32_t meter_count;
	bool keeps_state;	 /* false: do not use the service manager's either */
	uint32_t live_stall_ms;	 /* time that a worker may be stalled; 0: no limit */
	uint32_t live_leave_ms;	 /* from taking live_device down to stopping the workers */
	bool has_control_socket; /* is it given? If not, there is a default */
	char control_socket[CONTROL_SOCKET_LEN]; /* path; "": none */
	bool has_http_listen;			 /* the same for */
	struct listen_conf http_listen;
	struct listen_conf statsd; /* destination of the original's metrics; port 0: none */
};

/*
 * Reads the file at `path`, which must outlive the report. Returns 0 and sets *out; otherwise
 * leaves it alone: -errno of reading the file, -EINVAL for its content, or -ENOMEM. The report has
 * all problems of the file: at least one error after a failure; warnings about keys that are
 * unknown or have no effect even after a success.
 */
GLB_NODISCARD int director_conf_load(struct director_conf *out, const char *path,
				     struct report *report);

/* The same for a file that was read already, or could not be, which is then reported. */
GLB_NODISCARD int director_conf_read(struct director_conf *out, const struct conf_input *input,
				     struct report *report);

/* The same for bytes in memory that came from `path`. */
GLB_NODISCARD int director_conf_parse(struct director_conf *out, const char *path,
				      const char *bytes, size_t len, struct report *report);

/* How the port with this name is to be used. */
const struct port_conf *director_conf_port(const struct director_conf *conf, const char *name);

#endif
