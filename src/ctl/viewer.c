/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "question.h"
#include "sys/base64.h"
#include "sys/log.h"
#include "sys/words.h"
#include "table_filter.h"
#include "viewer.h"

enum { SNAPSHOT_LEN = 262144 };

/* --- The request --- */

/* Joins the words of a filter, to be released with free(). NULL: out of memory. */
static char *viewer_join(char **words, int count)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (int i = 0; i < count; i++)
		(void)fprintf(out, "%s%s", i ? " " : "", words[i]);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

/*
 * An expression that also matches behind a VLAN tag: those of libpcap do not, unless they say
 * "vlan", and then match nothing else. To be released with free(); NULL: out of memory.
 */
static char *with_tagged(const char *expression)
{
	char *both = NULL;

	if (strstr(expression, "vlan"))
		return strdup(expression);
	return asprintf(&both, "(%s) or (vlan and (%s))", expression, expression) < 0 ? NULL : both;
}

static void write_program(struct writer *w, const struct bpf_program *program)
{
	write_open(w, "filter", '[');
	for (unsigned int i = 0; i < program->bf_len; i++) {
		const struct bpf_insn *one = &program->bf_insns[i];

		write_open(w, NULL, '[');
		write_uint(w, NULL, one->code);
		write_uint(w, NULL, one->jt);
		write_uint(w, NULL, one->jf);
		write_uint(w, NULL, one->k);
		write_close(w, ']');
	}
	write_close(w, ']');
}

/* Compiles an expression. Returns an exit status; release the program with pcap_freecode(). */
static int compile(struct bpf_program *out, const char *expression)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, SNAPSHOT_LEN);
	int status = EXIT_FAILED;

	if (!dead)
		log_error("out of memory");
	else if (pcap_compile(dead, out, expression, 1, PCAP_NETMASK_UNKNOWN))
		log_error("filter \"%s\": %s", expression, pcap_geterr(dead));
	else
		status = EXIT_OK;
	if (dead)
		pcap_close(dead);
	return status;
}

/* Is the user's part a valid expression by itself? Logs why not, quoting it unmodified. */
static int check_expression(const char *expression)
{
	struct bpf_program program;
	int status = compile(&program, expression);

	if (status == EXIT_OK)
		pcap_freecode(&program);
	return status == EXIT_OK ? EXIT_OK : EXIT_USAGE;
}

/* Compiles an expression into a member of a request. Returns an exit status. */
static int write_filter(struct writer *w, const char *expression)
{
	char *both = with_tagged(expression);
	struct bpf_program program;
	int status = EXIT_FAILED;

	if (both)
		status = compile(&program, both);
	else
		log_error("out of memory");
	if (status == EXIT_OK) {
		write_program(w, &program);
		pcap_freecode(&program);
	}
	free(both);
	return status;
}

static void write_verdicts(struct writer *w, const char *names)
{
	char name[64];

	write_open(w, "verdicts", '[');
	for (size_t len; *names; names += len + (names[len] == ',')) {
		len = strcspn(names, ",");
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, names);
		write_string(w, NULL, name);
	}
	write_close(w, ']');
}

/* Writes a number from the command line, if given. False after logging that it is not a number. */
static bool write_number(struct writer *w, const char *key, const char *option, const char *text)
{
	char *end;
	unsigned long long number;

	if (!text)
		return true;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || number > UINT32_MAX || !number) {
		log_error("--%s: \"%s\" is not a number from 1 to %u", option, text, UINT32_MAX);
		return false;
	}
	write_uint(w, key, number);
	return true;
}

/* Writes the combined filter of --table and the command line, if any. Returns an exit status. */
static int write_expression(struct writer *w, const struct viewer *viewer)
{
	const int words = viewer->line->arg_count - viewer->filter_at;
	char *table = NULL;
	char *said = NULL;
	char *both = NULL;
	int status = EXIT_OK;

	if (viewer->line->values[OPTION_TABLE])
		status = table_filter(&table, viewer->line);
	if (status == EXIT_OK && words > 0) {
		said = viewer_join(viewer->line->args + viewer->filter_at, words);
		if (!said || (table && asprintf(&both, "(%s) and (%s)", said, table) < 0)) {
			log_error("out of memory");
			status = EXIT_FAILED;
			both = NULL;
		}
	}
	if (status == EXIT_OK && said)
		status = check_expression(said);
	if (status == EXIT_OK && (said || table))
		status = write_filter(w, both ? both : said ? said : table);
	free(table);
	free(said);
	free(both);
	return status;
}

/* The first request, to be released with free(). Returns an exit status. */
static int write_start(char **out, const struct viewer *viewer)
{
	const struct command_line *line = viewer->line;
	const char *count = line->values[OPTION_PACKETS];
	struct draft draft;
	int status = EXIT_OK;

	if (!draft_begin(&draft, "trace"))
		return EXIT_FAILED;
	if (!write_number(&draft.w, "count", "count", count ? count : viewer->count) ||
	    !write_number(&draft.w, "seconds", "seconds", line->values[OPTION_SECONDS]) ||
	    !write_number(&draft.w, "snaplen", "snaplen", line->values[OPTION_SNAPLEN]))
		status = EXIT_USAGE;
	write_bool(&draft.w, "reasons", viewer->with_reasons);
	if (line->values[OPTION_VERDICT])
		write_verdicts(&draft.w, line->values[OPTION_VERDICT]);
	if (status == EXIT_OK)
		status = write_expression(&draft.w, viewer);
	*out = draft_end(&draft);
	return *out ? status : EXIT_FAILED;
}

/* --- Replies --- */

static uint64_t viewer_number_of(const struct conf_value *object, const char *key)
{
	struct conf_value value;
	uint64_t number = 0;

	if (conf_find(&value, object, key))
		(void)conf_count64(&number, &value);
	return number;
}

/* Reads a frame, null being an empty one. False: malformed. */
static bool read_frame(struct viewed_frame *out, const struct conf_value *packet, const char *key)
{
	struct conf_value frame;
	struct conf_value value;
	const char *text;
	ssize_t kept;

	out->len = out->kept = 0;
	if (!conf_find(&frame, packet, key))
		return false;
	if (!conf_is_object(&frame))
		return true;
	if (!conf_find(&value, &frame, "bytes") || conf_string(&text, &value))
		return false;
	kept = base64_decode(out->bytes, sizeof(out->bytes), text);
	out->kept = (uint32_t)kept;
	out->len = (uint32_t)viewer_number_of(&frame, "length");
	out->port = (uint32_t)viewer_number_of(&frame, "port");
	return kept >= 0 && out->len >= out->kept;
}

static bool read_packet(struct viewed *out, const struct conf_value *packet)
{
	struct conf_value value;

	out->time_ns = viewer_number_of(packet, "time_ns");
	out->worker = viewer_number_of(packet, "worker");
	out->generation = viewer_number_of(packet, "generation");
	(void)conf_find(&out->reasons, packet, "reasons");
	return conf_find(&value, packet, "verdict") && !conf_string(&out->verdict, &value) &&
	       read_frame(&out->received, packet, "received") &&
	       read_frame(&out->sent, packet, "sent");
}

/* The connection of a viewing command. */
struct session {
	const struct viewer *viewer;
	struct client client;
	struct views *views;
	struct viewed *packet; /* scratch space for one */
	uint64_t number;       /* number of the trace */
	int stop_fd;	       /* readable once a signal asks for the end */
	bool ended;
};

/* Processes the packets of a reply. Returns an exit status. */
static int take_all(struct session *session, const struct client_answer *answer)
{
	const struct viewer *viewer = session->viewer;
	struct conf_value value;
	struct conf_value list;
	int status = EXIT_OK;

	if (viewer->prints_answers)
		puts(answer->bytes);
	session->views->missed += viewer_number_of(&answer->root, "missed");
	session->ended = conf_find(&value, &answer->root, "ended") && conf_is_string(&value);
	if (!conf_find(&list, &answer->root, "frames"))
		return EXIT_OK;
	for (size_t i = 0; i < conf_count(&list) && status == EXIT_OK; i++) {
		struct conf_value one = conf_element(&list, i);

		if (!read_packet(session->packet, &one)) {
			log_error("the director's answer is not understood");
			return EXIT_FAILED;
		}
		session->views->packets++;
		status = viewer->take(viewer->arg, session->packet);
	}
	return status == EXIT_OK ? viewer->pause(viewer->arg) : status;
}

/* Waits for the reply. False: a signal came first. */
static bool await(const struct session *session)
{
	struct pollfd fds[] = {
		{.fd = session->client.fd, .events = POLLIN},
		{.fd = session->stop_fd, .events = POLLIN},
	};

	while (poll(fds, 2, CLIENT_PATIENCE_MS) < 0 && errno == EINTR)
		;
	return !fds[1].revents;
}

/* Polls until it is over. Returns an exit status. */
static int view(struct session *session)
{
	char request[96];
	const struct question question = {.request = request, .patience_ms = CLIENT_PATIENCE_MS};
	int status = EXIT_OK;

	(void)snprintf(request, sizeof(request),
		       "{\"glb\": 1, \"verb\": \"trace-next\", \"trace\": %" PRIu64 "}",
		       session->number);
	while (status == EXIT_OK && !session->ended) {
		struct client_answer answer;

		status = client_say(&session->client, &question);
		if (status != EXIT_OK || !await(session))
			break;
		status = client_hear(&answer, &session->client, &question);
		if (status == EXIT_OK)
			status = take_all(session, &answer);
		client_free(&answer);
	}
	return status;
}

/* Starts a trace and views it. */
static int viewer_start(struct session *session, const struct question *question)
{
	const struct viewer *viewer = session->viewer;
	struct client_answer answer;
	int status = client_say(&session->client, question);

	if (status != EXIT_OK)
		return status;
	status = client_hear(&answer, &session->client, question);
	if (status == EXIT_OK) {
		session->number = viewer_number_of(&answer.root, "trace");
		status = viewer->begin(viewer->arg, &answer.root);
	}
	client_free(&answer);
	return status == EXIT_OK ? view(session) : status;
}

/* Returns a descriptor that becomes readable when SIGINT or SIGTERM arrives, neither of which
 * terminates the process any more. */
static int watch_signals(void)
{
	sigset_t ends;

	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGINT);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL);
	return signalfd(-1, &ends, SFD_CLOEXEC);
}

int viewer_run(struct views *out, const struct viewer *viewer)
{
	struct question question = {.changes = true, .patience_ms = CLIENT_PATIENCE_MS};
	struct viewed *room = malloc(sizeof(*room));
	struct session session = {.viewer = viewer, .views = out, .packet = room};
	char *request = NULL;
	int status = room ? write_start(&request, viewer) : EXIT_FAILED;

	*out = (struct views){0};
	question.request = request;
	if (status == EXIT_OK)
		status = client_open(&session.client, viewer->line, &question);
	if (status == EXIT_OK) {
		session.stop_fd = watch_signals();
		status = viewer_start(&session, &question);
		client_close(&session.client);
		(void)close(session.stop_fd);
	}
	if (out->missed)
		log_warning("%" PRIu64 " more packet%s that the filter takes came too fast to be "
			    "kept",
			    out->missed, plural(out->missed));
	free(request);
	free(room);
	return status;
}
