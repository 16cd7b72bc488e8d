/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which checks of which backends do the files request, and how is the checker to judge?
 *
 * healthcheck.json names the files and sets the behaviour of the checker. What is checked, and how
 * often, is in the source of the tables, where the original has it: "healthchecks" of the file, of
 * a table and of a backend (docs/health.md, config/tables.schema.json).
 */
#ifndef CONF_HEALTH_H
#define CONF_HEALTH_H

#include <glb/spec.h>

#include "conf/director.h"
#include "conf/input.h"

/* constant, word; in the order in which they are shown */
#define HEALTH_CHECKS(X)                                                                           \
	X(TCP, "tcp")	    /* a connection to the backend's own address */                        \
	X(HTTP, "http")	    /* a request to it */                                                  \
	X(HTTPS, "https")   /* a request to it over TLS */                                         \
	X(UDP, "udp")	    /* a datagram to it, and its reply */                                  \
	X(EXEC, "exec")	    /* the verdict of a program */                                         \
	X(GUE, "gue")	    /* the original's: ICMP echo to it in GUE */                           \
	X(FOU, "fou")	    /* the original's: ICMP echo to it in GRE */                           \
	X(TUNNEL, "tunnel") /* a connection, or a request, to the VIP, in a director's GUE */      \
	/* a packet of an unknown flow must be forwarded to the next hop */                        \
	X(SECOND_CHANCE, "second_chance")

enum health_check_type {
#define HEALTH_CHECK_CONSTANT(constant, word) HEALTH_##constant,
	HEALTH_CHECKS(HEALTH_CHECK_CONSTANT)
#undef HEALTH_CHECK_CONSTANT
		HEALTH_TYPE_COUNT,
};

/* The word for a type in the files. */
const char *health_check_word(enum health_check_type type);

enum { HEALTH_STATUS_RANGES_MAX = 8, HEALTH_FULL_SIZE_LEAST = 576 };

struct health_status_range {
	uint16_t first;
	uint16_t last; /* inclusive */
};

/* A request and the expected response: HTTP, HTTPS, TUNNEL with `http`. */
struct health_request {
	char *method;	/* "GET" */
	char *path;	/* "/" */
	char *host;	/* for the Host field, and the server name in TLS; NULL: the address */
	char **headers; /* "Name: value", ends with NULL; or NULL */
	char *body;	/* must be in the first 64 KiB of the response; NULL: any */
	struct health_status_range statuses[HEALTH_STATUS_RANGES_MAX];
	unsigned int status_count; /* at least 1; default: only 200 */
	bool verify; /* verify the certificate for the host's name with the system's CAs */
};

/* One check of one backend. Checks with equal names are the same. */
struct health_check {
	char *name; /* what it probes and expects, for people and files: "http 10.0.0.2:80 /" */
	enum health_check_type type;
	struct glb_addr backend;
	uint16_t port;	     /* of the backend; TUNNEL: of the VIP; EXEC, SECOND_CHANCE: 0 */
	struct glb_addr vip; /* TUNNEL: the VIP, from a bind of the table; otherwise version 0 */
	bool is_http;	     /* TUNNEL: with a request, not only a connection */
	bool is_tls;	     /* TUNNEL with is_http */
	uint16_t full_size;  /* TUNNEL: bytes of a client's packet that must get through, or 0 */
	struct health_request request;
	char *send; /* UDP: the datagram */
	size_t send_len;
	char *expect; /* UDP: the beginning of the reply; NULL: any reply */
	size_t expect_len;
	char **command; /* EXEC: its words, followed by NULL; no shell is involved */
	uint32_t timeout_ms;
	uint32_t interval_ms;
	uint8_t rise; /* consecutive good results after which it is up */
	uint8_t fall; /* consecutive bad results after which it is down */
};

/* A backend of a table. */
struct health_backend {
	unsigned int table; /* index in the file */
	unsigned int index; /* index in the table */
	struct glb_addr addr;
	enum glb_state state;
	bool healthy;		  /* as in the source; false if it is not given */
	unsigned int *checks;	  /* indexes in the plan's list */
	unsigned int check_count; /* 0: it counts as healthy, as in the original */
};

/* Upper bounds of limits. */
enum { HEALTH_CHANGES_MAX = GLB_BACKENDS_MAX, HEALTH_FLAPS_MAX = 16 };

/* How much a table may change: "healthchecks" of the file, or of the table. */
struct health_limits {
	uint8_t max_unhealthy_percent;	 /* of backends that take flows; beyond this the table fails
					    open */
	uint16_t max_changes_per_minute; /* per table; 0: no limit */
	uint16_t flap_limit;		 /* changes after which a backend is held down; 0: never */
	uint32_t flap_window_s;		 /* in which changes count */
	uint32_t notice_ms; /* computed: the longest time that one of its checks can take to notice
			       a failure */
};

struct health_table {
	char *name; /* "" if the file gives none */
	struct health_limits limits;
	unsigned int first_backend; /* in the plan */
	unsigned int backend_count;
};

struct health_memory;

/* All checks requested by one tables file. */
struct health_plan {
	struct health_table *tables;
	struct health_backend *backends; /* table by table */
	struct health_check *checks;	 /* each once, however many backends share it */
	unsigned int table_count;
	unsigned int backend_count;
	unsigned int check_count;
	struct health_memory *memory; /* what checks and backends point to */
};

/*
 * Parses the source of tables at `path`, which must outlive the report, as strictly as spec_load().
 * Returns 0 and sets *out, to be released with health_plan_free(); or -EINVAL or -ENOMEM with the
 * reasons in the report. Inactive backends have no checks.
 */
GLB_NODISCARD int health_plan_parse(struct health_plan *out, const char *path, const char *bytes,
				    size_t len, struct report *report);

void health_plan_free(struct health_plan *plan);

/*
 * The text of a tables file with different values of "healthy", in the order of the plan's
 * backends; everything else in it is unchanged, to the byte. The text must be one that
 * health_plan_parse() accepts. To be released with free(); NULL: out of memory.
 */
char *health_fill_in(size_t *len_out, const char *path, const char *bytes, size_t len,
		     const bool *healthy, unsigned int count);

enum {
	HEALTH_PATH_LEN = 256,
	HEALTH_COMMAND_LEN = 1024,
	HEALTH_HTTP_PORT = 19520, /* the original's */
};

/* Where glbctl looks for a checker. */
#define HEALTH_SOCKET_DIRECTORY "/run/glb-healthcheck"
#define HEALTH_SOCKET_DEFAULT	HEALTH_SOCKET_DIRECTORY "/" CONTROL_SOCKET_NAME

/* The content of healthcheck.json. */
struct health_conf {
	char source[HEALTH_PATH_LEN];		 /* "forwarding_table": {"src": ...} */
	char checked[HEALTH_PATH_LEN];		 /* ... "dst": ...}; another file than the source */
	char reload_command[HEALTH_COMMAND_LEN]; /* run by /bin/sh -c, as in the original; "": none
						  */
	char director_socket[CONTROL_SOCKET_LEN]; /* default: the director's own; "": none */
	char control_socket[CONTROL_SOCKET_LEN];  /* default HEALTH_SOCKET_DEFAULT; "": none */
	struct listen_conf http_listen; /* default 127.0.0.1:HEALTH_HTTP_PORT; version 0: none */
	char state_directory[HEALTH_PATH_LEN]; /* "": the service manager's, if any */
	uint32_t hold_ms; /* between two writes of the file; default 500, the original's 10000 */
	uint32_t parallel_max;			   /* concurrent probes; default 1024 */
	struct glb_addr tunnel_src;		   /* like the director's outbound_src_ip */
	struct glb_addr tunnel_src6;		   /* like its outbound_src_ip6 */
	char tunnel_interface[INTERFACE_NAME_LEN]; /* through which VIPs are routed; "": none */
};

/* Parses healthcheck.json. As director_conf_read(). */
GLB_NODISCARD int health_conf_read(struct health_conf *out, const struct conf_input *input,
				   struct report *report);
GLB_NODISCARD int health_conf_parse(struct health_conf *out, const char *path, const char *bytes,
				    size_t len, struct report *report);

#endif
