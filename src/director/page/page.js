// SPDX-License-Identifier: BSD-3-Clause
// What does the director do just now? Asked again and again, and drawn. Everything that the answers
// contain is text, and goes into the page as such.
"use strict";

const REFRESH_MS = 2000;
const PATIENCE_MS = 10000;
const POINTS = 150; // five minutes of refreshes
const seen = new Map(); // rates of backends, by table and address

const find = (id) => document.getElementById(id);

function make(tag, className, text) {
	const element = document.createElement(tag);
	if (className) element.className = className;
	if (text !== undefined) element.textContent = text;
	return element;
}

// --- Figures ---

function figure(value) {
	if (value === undefined || value === null) return "–";
	for (const [unit, size] of [["G", 1e9], ["M", 1e6], ["k", 1e3]])
		if (value >= 1e4 && value >= size) return `${Number((value / size).toPrecision(3))} ${unit}`;
	return String(value);
}

function duration(seconds) {
	const minutes = Math.floor(seconds / 60);
	const hours = Math.floor(minutes / 60);
	if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
	if (hours) return `${hours} h ${minutes % 60} min`;
	return minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

// The end of a class of times, director/turns.h: 2 to the power of its number, in ns.
function classEnd(number) {
	const ns = 2 ** number;
	if (ns < 1e3) return `${ns} ns`;
	if (ns < 1e6) return `${(ns / 1e3).toPrecision(2)} µs`;
	return ns < 1e9 ? `${Number((ns / 1e6).toPrecision(2))} ms` : `${(ns / 1e9).toPrecision(2)} s`;
}

// --- Drawings ---

function drawing(width, height, label) {
	const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
	svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
	svg.setAttribute("preserveAspectRatio", "none");
	svg.setAttribute("role", "img");
	svg.setAttribute("aria-label", label);
	return svg;
}

function part(svg, tag, attributes) {
	const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
	for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
	svg.append(element);
}

// The newest value is at the right end, and five minutes are as wide as the drawing.
function line(values, points) {
	const most = Math.max(1, ...values);
	const svg = drawing(points - 1, 20, `last minutes: at most ${figure(most)}`);
	const first = points - values.length;
	const at = values.map((value, i) => `${first + i},${(19 - 18 * value / most).toFixed(1)}`);
	if (values.length > 1) part(svg, "polyline", { points: at.join(" ") });
	return svg;
}

// Bars of a histogram whose counts differ by powers of ten: all since the start, and of late.
function histogram(all, recent) {
	const used = all.findLastIndex((count) => count > 0);
	const late = recent.findLastIndex((count) => count > 0);
	const words = late < 0 ? "none of late" : `below ${classEnd(late)} of late`;
	const svg = drawing(all.length, 20, `gaps between polls: below ${classEnd(used)}, ${words}`);
	const scale = 19 / Math.log10(Math.max(10, ...all) + 1);
	for (const [counts, name] of [[all, "past"], [recent, "late"]])
		counts.forEach((count, i) => {
			const height = scale * Math.log10(count + 1);
			if (count) part(svg, "rect", { x: i, y: 20 - height, width: 0.8, height, class: name });
		});
	return svg;
}

// --- Tables ---

// Columns are [title, class of the cells]; cells are texts or elements.
function fill(id, columns, rows) {
	const head = make("tr");
	for (const [title, name] of columns) head.append(make("th", name, title));
	const body = make("tbody");
	for (const cells of rows) {
		const row = make("tr");
		cells.forEach((cell, i) => {
			const place = make("td", columns[i][1]);
			place.append(cell instanceof Node ? cell : String(cell ?? "–"));
			row.append(place);
		});
		body.append(row);
	}
	const top = make("thead");
	top.append(head);
	find(id).replaceChildren(top, body);
}

const titleOf = (one) => one.name ?? `(${one.table})`;

function showTables(answer) {
	const some = answer.tables.length < answer.table_count ? `the first ${answer.tables.length} of ` : "";
	find("tables-count").textContent = `${some}${answer.table_count}`;
	fill("tables", [
		["Table", "words"], ["VIPs", "words mono"], ["Backends", "number"], ["Healthy", "number"],
		["Packets/s", "number"], ["Bit/s", "number"], ["Five minutes"], ["Digest", "mono"],
	], answer.tables.map((one) => {
		const more = one.bind_count - one.binds.length;
		const binds = one.binds.join(", ") + (more > 0 ? ` and ${more} more` : "");
		const healthy = make("span", one.healthy < one.backends ? "bad" : "", one.healthy);
		return [titleOf(one), binds, one.backends, healthy, figure(one.packets_per_s),
			figure(one.bytes_per_s * 8 || 0), line(one.history, 60), one.digest];
	}));
}

function remember(one) {
	const key = `${one.table} ${one.name} ${one.ip}`;
	const values = seen.get(key) ?? [];
	values.push(one.packets_per_s ?? 0);
	if (values.length > POINTS) values.shift();
	seen.delete(key);
	seen.set(key, values); // the one that was not shown for longest is first
	if (seen.size > 1000) seen.delete(seen.keys().next().value);
	return values;
}

function showBackends(answer) {
	const shown = answer.backends.length;
	const all = shown < answer.backend_count ? `${shown} of ${answer.backend_count}, those that get most; ` : `${shown}; `;
	find("backends-count").textContent = `${all}${answer.unusual_count} not active or not healthy`;
	fill("backends", [
		["Table", "words"], ["Backend", "mono"], ["State"], ["Health"], ["Weight", "number"],
		["Packets/s", "number"], ["Bit/s", "number"], ["Packets", "number"], ["Since you look"],
	], answer.backends.map((one) => [
		titleOf(one), one.ip, make("span", one.state === "active" ? "" : "warn", one.state),
		make("span", one.healthy ? "good" : "bad", one.healthy ? "healthy" : "NOT HEALTHY"), one.weight,
		figure(one.packets_per_s), figure(one.bytes_per_s * 8 || 0), figure(one.backend_packets),
		line(remember(one), POINTS),
	]));
}

const isLoss = (name) => /drop|missed|error|no_mbuf|punt_limited/.test(name) && !/^punt_outer/.test(name);

function showCounters(answer) {
	const columns = [["Counter", "mono"], ["Packets/s", "number"], ["Since the start", "number"]];
	const named = Object.entries(answer.counters).filter(([, value]) => value > 0);
	const rows = (list) => list.map(([name, value]) => [name, figure(answer.rates[name]), value]);
	const losses = named.filter(([name]) => isLoss(name));
	losses.sort(([a], [b]) => (answer.rates[b] ?? 0) - (answer.rates[a] ?? 0));
	find("drops-count").textContent = losses.length ? "" : "nothing was dropped";
	fill("drops", columns, rows(losses));
	fill("counters", columns, rows(named.filter(([name]) => !isLoss(name))));
}

function showWorkers(answer) {
	const described = answer.status.workers;
	fill("workers", [
		["Worker", "number"], ["Core", "number"], ["Generation", "number"], ["Responds"], ["Packets/s", "number"],
		["Busy", "number"], ["Five minutes"], ["Gaps between polls"], ["Longest of late", "number"], ["Stalls", "number"],
	], answer.workers.map((one, i) => {
		const late = one.recent_gaps.findLastIndex((count) => count > 0);
		const responds = described[i].responds;
		return [one.worker, described[i].lcore, described[i].generation,
			make("span", responds ? "good" : "bad", responds ? "yes" : "NO"), figure(one.rx_per_s),
			`${(one.busy_permille / 10).toFixed(1)} %`, line(one.history, 60),
			histogram(one.gaps, one.recent_gaps), late < 0 ? "–" : `< ${classEnd(late)}`, one.stalls];
	}));
}

function showPorts(answer) {
	fill("ports", [
		["Port", "number"], ["Name", "words"], ["Interface", "words"], ["Link"], ["MAC", "mono"], ["MTU", "number"],
		["Gateway", "mono"], ["Its MAC", "mono"], ["Known"],
	], answer.status.ports.map((one) => [
		one.port, one.name, one.interface, make("span", one.link && one.link !== "up" ? "bad" : "", one.link ?? "–"),
		one.mac, one.mtu, one.gateway, one.gateway_mac,
		make("span", one.gateway_state === "lost" ? "bad" : "", one.gateway_state ?? "–"),
	]));
}

// --- In short ---

function tile(name, value, extra, className) {
	const item = make("li");
	item.append(make("div", "name", name), make("div", `value ${className ?? ""}`, value));
	if (extra) item.append(extra);
	return item;
}

function showSummary(answer) {
	const { status, rates, history } = answer;
	const last = (values) => figure(values.at(-1) ?? 0);
	const ready = find("readiness");
	ready.textContent = status.readiness;
	ready.className = `badge ${status.ready ? "good" : "bad"}`;
	document.title = `${status.readiness}: glb-director`;
	find("process").textContent = `${status.version}${status.commit ? ` (${status.commit})` : ""}, process ` +
		`${status.pid}, up ${duration(status.uptime_s)}; ${status.config}, ${status.tables_file}`;
	find("tiles").replaceChildren(
		tile("Generation", status.generation),
		tile("Backends healthy", `${status.healthy} of ${status.backends}`, null, status.healthy < status.backends ? "bad" : ""),
		tile("Received, packets/s", figure(rates.rx), line(history.rx, 60)),
		tile("Forwarded, packets/s", figure(rates.forward), line(history.forward, 60)),
		tile("Dropped, packets/s", last(history.drops), line(history.drops, 60)),
	);
	find("window").textContent = answer.window_ms ? `${(answer.window_ms / 1000).toFixed(1)} s` : "seconds";
}

// What needs attention.
function troubles(status) {
	const found = [];
	if (!status.ready) found.push(`Not ready: ${status.readiness_reason}.`);
	if (status.serving_last_good)
		found.push("The tables that were served last are served, as the file was no good at the start.");
	if (status.last_reload && status.last_reload.result !== "done")
		found.push(`Reload ${status.last_reload.result}: ${status.last_reload.reason ?? ""}`);
	return found.join(" ");
}

function notice(text) {
	find("notice").textContent = text;
	find("notice").hidden = !text;
}

// --- Again and again ---

function show(answer) {
	document.body.classList.remove("stale");
	notice(troubles(answer.status));
	for (const put of [showSummary, showTables, showBackends, showCounters, showWorkers, showPorts]) put(answer);
	find("updated").textContent = `As of ${new Date().toLocaleTimeString()}.`;
}

async function refresh() {
	try {
		const response = await fetch("status.json", { signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store" });
		if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
		show(await response.json());
	} catch (error) {
		document.body.classList.add("stale");
		find("readiness").textContent = "no answer";
		find("readiness").className = "badge bad";
		notice(`No answer from the director: ${error.message}. What is shown is old.`);
	}
}

// One request at a time, and none while the page is hidden.
async function follow() {
	if (!document.hidden) await refresh();
	setTimeout(follow, REFRESH_MS);
}

follow();
