# SPDX-License-Identifier: BSD-3-Clause
"""Copies of the files by which the kernel describes a host, as glbctl doctor --root reads them."""

__all__ = ["OddHost"]

CPUS = 8
CPU = "sys/devices/system/cpu"
NODE = "sys/devices/system/node"
CLOCK = "sys/devices/system/clocksource/clocksource0/current_clocksource"


def stat_lines(stolen):
    """Two hundred seconds of every processor."""
    return "".join(f"cpu{n} 10000 0 1000 {9000 - stolen} 0 0 0 {stolen} 0 0\n" for n in range(CPUS))


class OddHost:
    """A host with eight processors at two nodes, of which 2, 3, 6 and 7 are free for workers at node 0."""

    def __init__(self, root):
        self.root = root
        for cpu in range(CPUS):
            self.write(f"{CPU}/cpu{cpu}/topology/thread_siblings_list", f"{cpu}\n")
            self.write(f"{CPU}/cpu{cpu}/cpufreq/scaling_governor", "performance\n")
        self.write(f"{CPU}/online", f"0-{CPUS - 1}\n")
        self.write(f"{CPU}/isolated", "2,3,6,7\n")
        self.write(f"{CPU}/nohz_full", "2-3,6-7\n")
        self.write(CLOCK, "tsc\n")
        self.write(f"{NODE}/node0/cpulist", "0-3\n")
        self.write(f"{NODE}/node1/cpulist", "4-7\n")
        for node in ("node0", "node1"):
            self.write(f"{NODE}/{node}/hugepages/hugepages-2048kB/nr_hugepages", "512\n")
        self.write("sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "1024\n")
        self.write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "900\n")
        self.write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n")
        self.write("proc/sys/kernel/numa_balancing", "0\n")
        self.write("proc/sys/net/ipv4/conf/all/rp_filter", "0\n")
        self.write("proc/meminfo", "MemTotal:       16000000 kB\nMemFree: 1 kB\nMemAvailable:   12000000 kB\n")
        self.write("proc/1/status", f"Name:\tsystemd\nCpus_allowed_list:\t0-{CPUS - 1}\n")
        self.write("proc/stat", f"cpu  1 2 3 4 5 6 7 8 9 10\n{stat_lines(0)}intr 5\n")
        self.irq(24, "0-1", 2 * [500] + 6 * [0])

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            file.write_bytes(text)
        else:
            file.write_text(text)
        return file

    def irq(self, number, cpus, times, name="eth0-rx-0"):
        """An interrupt, and how often it came to each processor."""
        self.write(f"proc/irq/{number}/effective_affinity_list", f"{cpus}\n")
        self.write(f"proc/irq/{number}/smp_affinity_list", f"0-{CPUS - 1}\n")
        self.write(f"sys/kernel/irq/{number}/per_cpu_count", ",".join(map(str, times)) + "\n")
        self.write(f"sys/kernel/irq/{number}/actions", f"{name}\n")

    def nic(self, name, node, width=16, speed="16.0 GT/s PCIe"):
        """A NIC in a slot for 16 lanes."""
        folder = f"sys/bus/pci/devices/{name}"
        self.write(f"{folder}/numa_node", f"{node}\n")
        for key, value in {"link_width": (width, 16), "link_speed": (speed, "16.0 GT/s PCIe")}.items():
            self.write(f"{folder}/current_{key}", f"{value[0]}\n")
            self.write(f"{folder}/max_{key}", f"{value[1]}\n")

    def process(self, pid, swapped=0, core="0"):
        """What the kernel says of a director."""
        self.write(f"proc/{pid}/status", f"Name:\tglb-director\nVmSwap:\t{swapped:8} kB\n")
        self.write(f"proc/{pid}/limits", f"Limit   Soft Limit  Hard Limit  Units\nMax core file size        {core}  0  bytes\n")
        self.write("proc/sys/kernel/core_pattern", "core\n")

    def device(self, name, mtu=1500, rp_filter=0):
        """A device of the kernel."""
        self.write(f"sys/class/net/{name}/mtu", f"{mtu}\n")
        self.write(f"proc/sys/net/ipv4/conf/{name}/rp_filter", f"{rp_filter}\n")

    def files(self, config, tables, mode=0o600):
        """Those of the director, where its unit has them."""
        for name, text in (("director", config), ("tables", tables)):
            self.write(f"etc/glb/{name}.json", text).chmod(mode)
