-- SPDX-License-Identifier: BSD-3-Clause
--
-- Shows what a director puts between UDP and the client's packet: GUE with a list of hops. The
-- layout is in include/glb/gue.h.
--
--   wireshark -X lua_script:glb_gue.lua, or a copy in the folder "Personal Lua Plugins" (Help, About)
--   tshark -X lua_script:glb_gue.lua -r fabric.pcap -T fields -e glb.hop -e tcp.dstport
--
-- Filters: glb.next_hop > 0 is what a proxy has passed on; glb.returned what no hop knew.

local glb = Proto("glb", "GLB second chance (GUE)")

local PORT = 19523
local BASE_LEN, ROUTE_LEN = 4, 4
local IPV4_HOPS, IPV6_HOPS = 0, 1
local protocols = { [4] = "IPv4", [41] = "IPv6" }
local types = { [IPV4_HOPS] = "IPv4 hops", [IPV6_HOPS] = "IPv6 hops" }
local inner = { [4] = Dissector.get("ip"), [41] = Dissector.get("ipv6") }

local f = {
	version = ProtoField.uint8("glb.version", "Variant", base.DEC, nil, 0xc0),
	control = ProtoField.bool("glb.control", "Control", 8, nil, 0x20),
	words = ProtoField.uint8("glb.words", "Words behind the first", base.DEC, nil, 0x1f),
	proto = ProtoField.uint8("glb.proto", "Packet inside", base.DEC, protocols),
	flags = ProtoField.uint16("glb.flags", "Flags", base.HEX),
	type = ProtoField.uint16("glb.type", "Private type", base.DEC, types),
	next_hop = ProtoField.uint8("glb.next_hop", "Index of the next hop"),
	hop_count = ProtoField.uint8("glb.hop_count", "Hops behind the first"),
	hop = ProtoField.ipv4("glb.hop", "Hop"),
	hop6 = ProtoField.ipv6("glb.hop6", "Hop"),
	left = ProtoField.uint8("glb.left", "Hops left to try"),
	returned = ProtoField.bool("glb.returned", "Returned to the first hop"),
}
glb.fields = {}
for _, field in pairs(f) do
	table.insert(glb.fields, field)
end

local e = {
	malformed = ProtoExpert.new("glb.malformed", "Not what a director writes", expert.group.MALFORMED,
		expert.severity.ERROR),
	passed_on = ProtoExpert.new("glb.passed_on", "Passed on by a proxy", expert.group.SEQUENCE,
		expert.severity.CHAT),
}
glb.experts = { e.malformed, e.passed_on }

-- Why a proxy of ours drops the header, or nil.
local function complaint(buffer)
	local first = buffer(0, 1):uint()

	if buffer:len() < BASE_LEN + ROUTE_LEN then
		return "too short"
	elseif first >= 0x20 then
		return "another variant, or a control message"
	elseif not protocols[buffer(1, 1):uint()] then
		return "what is inside is neither IPv4 nor IPv6"
	elseif buffer(2, 2):uint() ~= 0 then
		return "flags"
	end

	local type = buffer(4, 2):uint()

	if not types[type] then
		return "unknown private type"
	end

	local words = buffer(7, 1):uint() * (type == IPV6_HOPS and 4 or 1) + 1

	if first ~= words then
		return "length and hop count disagree"
	elseif buffer:len() < BASE_LEN + 4 * words then
		return "the list of hops is cut off"
	end
	return nil
end

-- What a hop is to this packet: hops count from 0, and with index N the packet is for hop N - 1.
local function role(hop, index, count)
	if index == count + 1 then
		return hop == 0 and " (address of the host that had it first)" or " (does not know the flow)"
	elseif hop == index - 1 then
		return " (this packet is for it)"
	elseif hop < index then
		return " (does not know the flow)"
	end
	return hop == index and " (next)" or ""
end

local function show_hops(tree, buffer, ipv6, index, count)
	local len = ipv6 and 16 or 4

	for hop = 0, count - 1 do
		local range = buffer(BASE_LEN + ROUTE_LEN + hop * len, len)

		tree:add(ipv6 and f.hop6 or f.hop, range):append_text(role(hop, index, count))
	end
end

function glb.dissector(buffer, pinfo, root)
	local why = complaint(buffer)

	pinfo.cols.protocol = "GLB"
	if why then
		local tree = root:add(glb, buffer())

		tree:append_text(", " .. why)
		tree:add_proto_expert_info(e.malformed, "Not what a director writes: " .. why)
		pinfo.cols.info = "Not what a director writes: " .. why
		return buffer:len()
	end

	local len = BASE_LEN + 4 * buffer(0, 1):bitfield(3, 5)
	local proto = buffer(1, 1):uint()
	local ipv6 = buffer(4, 2):uint() == IPV6_HOPS
	local index, count = buffer(6, 1):uint(), buffer(7, 1):uint()
	local tree = root:add(glb, buffer(0, len))

	tree:append_text(string.format(", next hop %d of %d", index, count))
	for _, name in ipairs({ "version", "control", "words" }) do
		tree:add(f[name], buffer(0, 1))
	end
	tree:add(f.proto, buffer(1, 1))
	tree:add(f.flags, buffer(2, 2))
	tree:add(f.type, buffer(4, 2))
	tree:add(f.next_hop, buffer(6, 1))
	tree:add(f.hop_count, buffer(7, 1))
	show_hops(tree, buffer, ipv6, index, count)
	tree:add(f.left, math.max(0, count - index)):set_generated()
	tree:add(f.returned, index == count + 1):set_generated()
	if index > 0 then
		tree:add_proto_expert_info(e.passed_on)
	end
	inner[proto]:call(buffer(len):tvb(), pinfo, root)
	return buffer:len()
end

DissectorTable.get("udp.port"):add(PORT, glb)
